"""The audit says of every tensor what the optimizer then does to it: real steps on the real model."""

import contextlib
import copy
import math
import re
from functools import partial

import pytest
import torch
from audited import DECAY, RATE, N, audited, conv, encoder, mlp, moved, off_zero, split, whole
from cells import run_cells
from torch import nn
from torch.optim import SGD, Adam, AdamW
from torch.optim.lr_scheduler import CosineAnnealingLR


@pytest.mark.parametrize("groups", [whole, split])
@pytest.mark.parametrize("kind", [SGD, Adam, AdamW, partial(AdamW, maximize=True)])
@pytest.mark.parametrize("make", [mlp, conv, encoder])
def test_decayed_is_what_a_step_without_gradient_moves(make, kind, groups):
    model = off_zero(make()[0])
    optimizer = kind(groups(model), lr=RATE, weight_decay=0.0)
    fates, _ = audited(model, optimizer, N)
    assert moved(model, optimizer) == {name: fate == "decayed" for name, fate in fates.items()}


@pytest.fixture(scope="module")
def probe(values):
    return run_cells("optimizers", "trajectory", "probe")["probe"]


EXPORTED = [one for one in vars(torch.optim).values() if hasattr(one, "step")]
CLASSES = [one for one in EXPORTED if one is not torch.optim.Optimizer]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_the_kind_of_decay_is_that_of_the_table_of_optimizers(probe, kind):
    """Whose probe shares no code with the audit, and is tested on optimizers of known decay."""
    model, found = nn.Linear(2, 3, bias=False), probe(kind).split(" ")[0]
    options = {} if found == "no" else {"lr": RATE, "weight_decay": DECAY}
    fates, text = audited(model, kind(model.parameters(), **options), N)
    assert fates == {"weight": "decayed" if options else "flat"}
    assert (f"  {found}: " if options else "  no decay") in text


class Shrinker(SGD):
    """Decays by a fixed share of the weight, whatever the learning rate: neither kind."""

    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                p.data.mul_(1 - group["weight_decay"]).sub_(group["lr"] * p.grad)


def test_another_kind_of_decay_is_called_by_no_name():
    model = nn.Linear(2, 2)
    _, text = audited(model, Shrinker(model.parameters(), weight_decay=DECAY), N)
    assert "neither coupled nor decoupled" in text and "N(0, τ)" not in text


@pytest.mark.parametrize(
    ("kind", "settings", "n"),
    [
        (SGD, {"weight_decay": 5e-4}, 50_000),
        (SGD, {"weight_decay": 1e-1, "maximize": True}, 10**9),
        (torch.optim.ASGD, {"lambd": 1e-3}, N),
        (torch.optim.ASGD, {"lambd": 0.05, "weight_decay": DECAY}, N),  # both decay
    ],
)
def test_tau_is_the_variance_whose_normal_pulls_as_the_step_does(kind, settings, n):
    model = nn.Linear(1, 1, bias=False).double()
    optimizer = kind(model.parameters(), lr=RATE, **settings)
    _, text = audited(model, optimizer, n)
    tau, root = (float(x) for x in re.search(r" τ = (\S+), √τ = (\S+)", text).groups())
    start = model.weight.detach().clone().requires_grad_()
    scale = torch.tensor(tau, dtype=torch.float64).sqrt()
    (-torch.distributions.Normal(torch.zeros_like(scale), scale).log_prob(start).sum() / n).backward()
    moved(model, optimizer)
    assert (start - model.weight).item() / RATE == pytest.approx(start.grad.item(), rel=0.01)
    assert root == pytest.approx(tau**0.5, rel=0.01)


def test_the_memory_of_adamw_is_the_time_of_its_shrinking():
    model = nn.Linear(1, 1, bias=False).double()
    optimizer = AdamW(model.parameters(), lr=RATE, weight_decay=DECAY)
    memory = re.search(r"memory ([\d,]+) steps", audited(model, optimizer, N)[1])[1]
    before = model.weight.item()
    moved(model, optimizer)
    steps = -1 / math.log(model.weight.item() / before)
    assert int(memory.replace(",", "")) == pytest.approx(steps, rel=0.01)
    optimizer.param_groups[0]["lr"] = 0.0
    assert "endless at lr 0" in audited(model, optimizer, N)[1]


def test_tied_weights_are_one_tensor_with_two_names(values):
    model = nn.Sequential(nn.Embedding(5, 3), nn.LayerNorm(3), nn.Linear(3, 5, bias=False))
    model[2].weight = model[0].weight
    tokens = torch.tensor([[0, 1, 4]])
    fates, text = audited(model, SGD(split(model), lr=RATE), N, lambda model: model(tokens))
    assert "0.weight = 2.weight" in text and list(fates) == ["0.weight", "1.weight", "1.bias"]
    assert "no MAP" not in fates.values()  # halving the head would halve the embedding too


@pytest.mark.parametrize("left_over", [False, True])
@pytest.mark.parametrize("in_optimizer", [False, True])
def test_frozen_weights_move_only_with_a_gradient_left_over(left_over, in_optimizer):
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    if left_over:
        model[0].weight.grad = torch.zeros(2, 2)
    model[0].requires_grad_(False)
    parameters = model.parameters() if in_optimizer else model[1].parameters()
    optimizer = SGD(parameters, lr=RATE, weight_decay=DECAY)
    fates, _ = audited(model, optimizer, N)
    assert moved(model, optimizer) == {name: fate == "decayed" for name, fate in fates.items()}
    assert (fates["0.weight"] == "decayed") == (left_over and in_optimizer)
    assert fates["0.bias"] == "never moved"


@pytest.mark.parametrize("decay", [0.0, DECAY])
def test_a_sparse_embedding_is_refused_where_step_raises(decay):
    model = nn.Embedding(4, 2, sparse=True)
    optimizer = SGD(model.parameters(), lr=RATE, weight_decay=decay)
    fates, _ = audited(model, optimizer, N)
    model(torch.tensor([1])).sum().backward()
    raises = pytest.raises(RuntimeError, match="sparse") if decay else contextlib.nullcontext()
    with raises:
        optimizer.step()
    assert fates == {"weight": "refused" if decay else "flat"}


def test_an_empty_group_is_shown_and_does_no_harm():
    model = nn.Linear(2, 2)
    groups = [{"params": [], "weight_decay": 0.5}, {"params": model.parameters()}]
    fates, text = audited(model, SGD(groups, lr=RATE, weight_decay=DECAY), N)
    assert "group 0: weight_decay 0.5, tensors: 0" in text
    assert fates == {"weight": "decayed", "bias": "decayed"}


def test_a_tensor_of_the_loss_is_shown_by_its_shape():
    model, noise = nn.Linear(2, 2), nn.Parameter(torch.zeros(7))
    fates, text = audited(model, SGD([*model.parameters(), noise], lr=RATE, weight_decay=DECAY), N)
    assert "(7,) of no module" in text and len(fates) == 3


@pytest.mark.parametrize("n", [0, -1, math.nan, math.inf, None, "60"])
def test_an_n_that_is_no_number_of_examples_is_an_error(n):
    model = nn.Linear(2, 2)
    with pytest.raises(ValueError, match="n must be the number of training examples, not"):
        audited(model, SGD(model.parameters(), lr=RATE), n)


def test_a_trainable_tensor_in_no_group_is_an_error_that_names_it():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    with pytest.raises(ValueError, match=r"in no group: 1\.weight, 1\.bias"):
        audited(model, SGD(model[0].parameters(), lr=RATE), N)


def test_outputs_that_are_not_finite_are_an_error():
    model = nn.Linear(2, 2)
    with pytest.raises(ValueError, match="not finite"):
        audited(model, SGD(split(model), lr=RATE), N, lambda model: model(torch.full((1, 2), math.nan)))


def test_without_run_the_search_is_said_to_be_left_out(run):
    model = nn.Linear(2, 2)
    assert "run is missing" in audited(model, SGD(split(model), lr=RATE), N)[1]


def test_an_audit_leaves_model_optimizer_schedule_and_random_numbers_as_they_were():
    model, x = conv()
    optimizer = SGD(split(model), lr=RATE, momentum=0.9)
    schedule = CosineAnnealingLR(optimizer, 10)  # wraps step()
    model(x).sum().backward()
    optimizer.step()
    model(x).sum().backward()
    states = (model.state_dict, optimizer.state_dict, schedule.state_dict)
    before = copy.deepcopy([state() for state in states]), torch.get_rng_state()
    audited(model, optimizer, N, lambda model: model(x))
    after = [state() for state in states], torch.get_rng_state()
    assert str(before) == str(after) and model.training
    assert all(not module._forward_pre_hooks for module in model.modules())


def test_the_page_counts_what_the_steps_show(values):
    assert values["prior_std"] == pytest.approx(math.sqrt(1 / (values["n"] * values["weight_decay"])))
    assert values["conv_no_map"] == 4  # two BatchNorms, each a gain and a shift, before a layer that decays
    assert values["encoder_no_map"] == 4  # two LayerNorms of a pre-norm layer
    assert values["encoder_last_no_map"] == 0
