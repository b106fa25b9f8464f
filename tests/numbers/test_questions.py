"""The answers: their form, their links into PyTorch, and the cells on the penalty and its parameters.

Oracle: closed forms in plain Python, written without the snippets' code.
"""

import math
import re
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "questions.md").read_text(encoding="utf-8")
ANSWERS = {
    match[2]: match[3]
    for match in re.finditer(r"^### (.+?) \{#([\w-]+).*?\}\n(.*?)(?=^##|\Z)", PAGE, re.M | re.S)
}
VERSION = torch.__version__.split("+")[0]
SOURCES = {  # what the line of PyTorch that an answer links must say
    ("optim/sgd.py", 355): "grad = grad.add(param, alpha=weight_decay)",
    ("optim/sgd.py", 87): 'for p in group["params"]',
    ("optim/sgd.py", 88): "if p.grad is not None",
    ("optim/sgd.py", 364): "buf.mul_(momentum).add_(grad",
    ("optim/sgd.py", 379): "param.add_(grad, alpha=-lr)",
    ("optim/adam.py", 428): "grad = grad.add(param, alpha=weight_decay)",
    ("optim/adam.py", 419): "param.mul_(1 - lr * weight_decay)",
    ("optim/adagrad.py", 398): "not compatible with sparse gradients",
    ("optim/optimizer.py", 1024): "set_to_none: bool = True",
    ("optim/optimizer.py", 1157): "for name, default in self.defaults.items()",
    ("amp/grad_scaler.py", 371): "if not sum(v.item() for v in optimizer_state[",
    ("distributions/normal.py", 98): "-((value - self.loc) ** 2) / (2 * var)",
}


@pytest.fixture(scope="module")
def penalty(computed):
    return computed("questions").values


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_links_the_place_that_settles_it(name):
    assert re.search(r"\]\(https://|\[@", ANSWERS[name])


def test_links_to_pytorch_are_to_the_version_of_this_build():
    short = ".".join(VERSION.split(".")[:2])
    for link in re.findall(r"https://(?:[^)]*pytorch\.org|github\.com/pytorch/pytorch/blob)[^)]*", PAGE):
        tagged = f"https://github.com/pytorch/pytorch/blob/v{VERSION}/torch/"
        assert link.startswith((f"https://docs.pytorch.org/docs/{short}/", tagged)), link


def test_every_linked_line_of_pytorch_says_what_the_answer_says():
    for path, line in re.findall(r"/torch/([\w/]+\.py)#L(\d+)", PAGE):
        text = (Path(torch.__file__).parent / path).read_text(encoding="utf-8").split("\n")
        linked = text[int(line) - 1]
        assert SOURCES.get((path, int(line)), "") in linked, f"{path}:{line} now says {linked!r}"
        assert re.match(" *[^ #]", linked), f"{path}:{line} is no code: {linked!r}"


def test_prelu_documentation_advises_against_decay():
    assert "weight decay should not be used" in torch.nn.PReLU.__doc__


def test_step_applies_gradient_plus_decay_and_leaves_grad(penalty):
    assert penalty["applied"] == pytest.approx(0.3 + penalty["weight_decay"] * 2, abs=1e-12)
    assert penalty["gradient"] == 0.3


def test_mse_of_the_parameters_pulls_by_two_over_d(penalty):
    assert penalty["mse_gradient"] == pytest.approx(2 / 4 * 3)
    assert penalty["half_gradient"] == pytest.approx(3)


def test_the_square_pulls_twice_and_the_norm_less_far_out(penalty):
    assert penalty["pull_squared"] == pytest.approx(2)
    assert penalty["pull_norm_far"] == pytest.approx(1 / 10)


def test_manual_penalties_differ_by_a_few_roundings(penalty):
    assert 0 < penalty["differing_entries"] <= penalty["net_parameters"]
    assert penalty["worst_penalty"] < 3 * 2**-23  # three roundings of float32, each half an ulp, twice over


def test_every_bias_shrinks_by_one_minus_lr_lambda(penalty):
    assert penalty["bias_ratio"] == pytest.approx(1 - 0.1 * 0.01, abs=1e-6)  # float32


def test_groups_split_by_dimension_and_tied_weights_count_once(penalty):
    assert (penalty["decayed_tensors"], penalty["free_tensors"]) == (2, 5)
    assert penalty["tied_parameters"] == 1
    weight = torch.nn.Parameter(torch.ones(2))
    with pytest.raises(ValueError, match="more than one parameter group"):
        torch.optim.SGD([{"params": [weight]}, {"params": [weight], "weight_decay": 0.1}], lr=0.1)


def test_the_shape_rule_decays_what_is_stored_with_extra_dimensions(penalty, computed):
    kept = computed("questions").stdout["exempt"].split("dimensions")[0]
    assert (
        penalty["exempt_missed"]
        == 3
        == sum(name in kept for name in ("position", "class_token", "layer_scale"))
    )
    assert "logit_scale" not in kept and "norm" not in kept


def test_rows_that_no_batch_looks_up_decay(penalty):
    assert (
        penalty["unused_row"] == penalty["padding_row"] == pytest.approx(1 - 0.1 * 0.01, abs=1e-6)
    )  # float32
    table = torch.nn.Embedding(3, 2, padding_idx=0)
    assert not table.weight[0].any()  # where it starts


def test_rows_decay_at_their_own_rates(penalty):
    expected = {"row_slow": 1 - 0.1 * 0.01, "row_fast": 1 - 0.1 * 0.1, "row_free": 1.0}
    for key, value in expected.items():
        assert penalty[key] == pytest.approx(value, abs=1e-6)  # float32


def test_frozen_weights_stay_only_without_a_gradient(penalty):
    theta, buffer = 1.0, 0.0
    for step in range(4):  # three steps with gradient 1, then one with gradient 0
        gradient = (step < 3) + 0.01 * theta
        buffer = gradient if step == 0 else 0.9 * buffer + gradient
        before, theta = theta, theta - 0.1 * buffer
    assert penalty["frozen_none"] == 0
    assert penalty["frozen_zero"] == pytest.approx(-0.1 * 0.01, abs=1e-15)
    assert penalty["frozen_momentum"] == pytest.approx(theta - before, abs=1e-12)


def test_the_optimizer_skips_unused_weights_and_the_penalty_does_not(penalty):
    assert penalty["unused_optimizer"] == 1
    assert penalty["unused_penalty"] == pytest.approx(1 - 0.1 * 0.01, abs=1e-6)  # float32


def test_prelu_decays_geometrically_from_a_quarter(penalty):
    assert penalty["prelu_start"] == 0.25
    assert penalty["prelu_slope"] == pytest.approx(0.25 * 0.999**1000, rel=1e-4)  # 1000 roundings of float32


def test_normal_pulls_linearly_and_laplace_constantly(penalty):
    assert penalty["pull_normal"] == pytest.approx(0.01, rel=1e-12)
    assert penalty["pull_normal_far"] == pytest.approx(0.02, rel=1e-12)
    spread = math.sqrt(1 / (60 * 0.01) / 2)  # Laplace of the same variance
    assert (
        penalty["pull_laplace"] == penalty["pull_laplace_far"] == pytest.approx(1 / (60 * spread), rel=1e-12)
    )


def test_a_mean_penalty_pulls_d_times_less(penalty):
    assert penalty["net_parameters"] == 2 * 10 + 10 + 2 * (10 * 10 + 10) + 10 + 1
    assert penalty["mean_pull"] == pytest.approx(0.01 / 261, rel=1e-6)
