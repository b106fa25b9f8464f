"""The twenty answers: their form, their links into PyTorch, and their cells.

Oracle: closed forms in plain Python, written without the snippets' code.
"""

import math
import re
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "questions.md").read_text(encoding="utf-8")
SECTIONS = {
    match[2]: match[3]
    for match in re.finditer(r"^## (.+?) \{#([\w-]+)\}\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)
}
ANSWERS = {name: text for name, text in SECTIONS.items() if name != "practice"}
EMBED = re.compile(r'^--8<-- "(.+?)"$', re.M)
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
    ("distributions/normal.py", 98): "-((value - self.loc) ** 2) / (2 * var)",
}


@pytest.fixture(scope="module")
def penalty(computed):
    return computed("questions").values


@pytest.fixture(scope="module")
def optimizer(computed):
    return computed("questions_optimizers").values


def test_there_are_twenty_questions():
    assert len(ANSWERS) == 20
    assert all(
        line.endswith("}") and "?" in line for line in re.findall(r"^## (?!What to do).*$", PAGE, re.M)
    )


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_has_at_most_120_words(name):
    prose = EMBED.sub("", ANSWERS[name])
    prose = re.sub(r"\]\([^)]*\)", "]", prose)  # the address of a link is not read
    prose = re.sub(r"@\w+", "Author et al. 2024", prose)
    assert len(prose.split()) <= 120, len(prose.split())


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_links_the_pytorch_of_this_build(name):
    links = re.findall(r"\]\((https://[^)]*pytorch[^)]*)\)", ANSWERS[name])
    short = ".".join(VERSION.split(".")[:2])
    assert links
    for link in links:
        assert link.startswith(
            (
                f"https://docs.pytorch.org/docs/{short}/",
                f"https://github.com/pytorch/pytorch/blob/v{VERSION}/torch/",
            )
        )


def test_at_least_fourteen_answers_embed_a_cell():
    assert sum(bool(EMBED.search(text)) for text in ANSWERS.values()) >= 14


def test_every_linked_line_of_pytorch_says_what_the_answer_says():
    linked = {(path, int(line)) for path, line in re.findall(r"/torch/([\w/]+\.py)#L(\d+)", PAGE)}
    assert linked == SOURCES.keys()
    for (path, line), expected in SOURCES.items():
        text = (Path(torch.__file__).parent / path).read_text(encoding="utf-8").split("\n")
        assert expected in text[line - 1], f"{path}:{line} now says {text[line - 1]!r}"


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


def test_adam_moves_by_lr_and_adamw_by_lr_lambda(optimizer):
    assert optimizer["adam_small"] == pytest.approx(0.1, rel=1e-5)  # up to Adam's eps
    assert optimizer["adam_large"] == pytest.approx(0.1, rel=1e-5)
    assert optimizer["adamw_small"] == pytest.approx(0.1 * 0.01, rel=1e-9)
    assert optimizer["adamw_large"] == pytest.approx(0.1 * 0.1, rel=1e-9)


def test_adamw_shrinks_by_the_product_of_lr_and_lambda(optimizer):
    assert optimizer["adamw_shrink"] == optimizer["adamw_shrink_same"] == pytest.approx(0.999, abs=1e-12)
    assert optimizer["adamw_shrink_half"] == pytest.approx(0.9995, abs=1e-12)


def test_a_schedule_shrinks_by_the_product_over_its_rates(optimizer):
    rates = [0.05 * (1 + math.cos(math.pi * t / 1000)) for t in range(1000)]
    assert optimizer["constant_shrink"] == pytest.approx((1 - 0.001) ** 1000, rel=1e-9)
    assert optimizer["cosine_shrink"] == pytest.approx(math.prod(1 - 0.01 * rate for rate in rates), rel=1e-9)


def test_lambda_alone_decides_the_end_and_lr_the_start(optimizer):
    def after(lr, decay, steps):
        return (1 - (1 - lr * (1 + decay)) ** steps) / (1 + decay)

    for number, (lr, decay) in enumerate(((0.1, 0.1), (0.05, 0.1), (0.05, 0.2)), 1):
        assert optimizer[f"early_{number}"] == pytest.approx(after(lr, decay, 10), rel=1e-9)
        assert optimizer[f"late_{number}"] == pytest.approx(1 / (1 + decay), rel=1e-9)


def test_sgdw_rests_at_the_minimum_for_a_smaller_lambda(optimizer):
    assert optimizer["rest_sgd"] == pytest.approx(1 / (1 + 0.1), rel=1e-9)
    assert optimizer["rest_sgdw"] == pytest.approx(1 / (1 + 0.1 * (1 - 0.9)), rel=1e-9)


def test_sparse_gradients_and_decay_exclude_each_other(computed):
    printed = computed("questions_optimizers").stdout["sparse"]
    assert printed.count("RuntimeError") == 2 and printed.count("moves rows [1]") == 2
    assert (
        "weight_decay"
        not in torch.optim.SparseAdam(torch.nn.Embedding(2, 2, sparse=True).parameters()).defaults
    )


def test_a_smaller_rate_ends_where_the_larger_does_and_decay_does_not(optimizer):
    assert optimizer["end_lr"] == pytest.approx(1, abs=1e-9)
    assert optimizer["end_half_lr"] == pytest.approx(1, abs=1e-9)
    assert optimizer["end_decay"] == pytest.approx(1 / 1.1, abs=1e-9)
