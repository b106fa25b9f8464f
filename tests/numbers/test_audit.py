"""The audit says of every tensor what the optimizer then does to it.

Oracle: steps of the real optimizer on the real model. Whether flat gains can be traded for weights is decided
in float64 by directional derivatives (Euler's identity), not by scaling anything.
"""

import contextlib
import copy
import io
import math
import re
import runpy

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW
from torch.optim.lr_scheduler import CosineAnnealingLR

DECAY, RATE, N = 0.1, 0.01, 1000


@pytest.fixture(scope="module")
def snippet():
    with contextlib.redirect_stdout(io.StringIO()):
        return runpy.run_path("snippets/audit.py")


@pytest.fixture
def audited(snippet):
    """Return a function that gives (fates, printed text) of one audit."""

    def call(*arguments, **options):
        text = io.StringIO()
        with contextlib.redirect_stdout(text):
            fates = snippet["audit"](*arguments, **options)
        return fates, text.getvalue()

    return call


def mlp():
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)), torch.randn(5, 3)


def conv():
    layers = nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Conv2d(3, 2, 3), nn.Flatten()
    return nn.Sequential(*layers), torch.randn(4, 2, 6, 6)


def encoder(norm_first=True):
    layer = nn.TransformerEncoderLayer(4, 2, 6, norm_first=norm_first)
    return nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), torch.randn(3, 2, 4)


def split(model):
    """One group whose tensors have at least two dimensions, and a flat one."""
    return [
        {"params": [p for p in model.parameters() if p.ndim > 1], "weight_decay": DECAY},
        {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0},
    ]


def whole(model):
    return [{"params": list(model.parameters()), "weight_decay": DECAY}]


def moved(model, optimizer):
    """Return {name: whether one step moves it although every gradient that exists is zero}."""
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    for p in model.parameters():
        if p.requires_grad:
            p.grad = torch.zeros_like(p)
    optimizer.step()
    return {name: not torch.equal(before[name], p) for name, p in model.named_parameters()}


def off_zero(model):
    """Move every tensor away from the zeros at which decay would not be seen."""
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.3 * torch.randn_like(p) + 0.1)
    return model


@pytest.mark.parametrize("groups", [whole, split])
@pytest.mark.parametrize("kind", [SGD, Adam, AdamW])
@pytest.mark.parametrize("make", [mlp, conv, encoder])
def test_decayed_is_what_a_step_without_gradient_moves(audited, make, kind, groups):
    model = off_zero(make()[0])
    optimizer = kind(groups(model), lr=RATE, weight_decay=0.0)
    fates, _ = audited(model, optimizer, N)
    assert moved(model, optimizer) == {name: fate == "decayed" for name, fate in fates.items()}


def kind_of_steps(kind, **settings):
    """Say where the class decays, by three steps on one vector with decay added by hand instead."""
    ends = {}
    for way, decay in (("real", DECAY), ("coupled", 0.0), ("decoupled", 0.0)):
        theta = nn.Parameter(torch.tensor([[2.0, -1.0]], dtype=torch.float64))
        optimizer = kind([theta], lr=RATE, weight_decay=decay, **settings)
        for gradient in (3.0, 1.0, -2.0):
            old = theta.detach().clone()
            theta.grad = torch.full_like(theta, gradient) + DECAY * old * (way == "coupled")
            optimizer.step()
            theta.data -= RATE * DECAY * old * (way == "decoupled")
        ends[way] = theta.detach()
    return next(way for way in ("coupled", "decoupled") if torch.allclose(ends[way], ends["real"], atol=1e-7))


CLASSES = [
    getattr(torch.optim, name) for name in dir(torch.optim) if isinstance(getattr(torch.optim, name), type)
]
DECAYING = [c for c in CLASSES if "weight_decay" in c.__init__.__annotations__]


@pytest.mark.parametrize("kind", DECAYING, ids=lambda kind: kind.__name__)
def test_the_kind_of_decay_is_that_of_the_steps(audited, kind):
    model = nn.Linear(2, 3, bias=False)
    _, text = audited(model, kind(model.parameters(), lr=RATE, weight_decay=DECAY), N)
    assert f"  {kind_of_steps(kind)}: " in text


def test_every_class_that_decays_was_tried():
    assert {"SGD", "Adam", "AdamW", "Muon", "Adafactor", "ASGD"} <= {kind.__name__ for kind in DECAYING}
    assert {kind_of_steps(kind) for kind in DECAYING} == {"coupled", "decoupled"}


class Shrinker(torch.optim.Optimizer):
    """Decays by a fixed share of the weight, whatever the learning rate: neither kind."""

    def __init__(self, params, lr=0.1, weight_decay=0.0):
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                p.data.mul_(1 - group["weight_decay"]).sub_(group["lr"] * p.grad)


def test_another_kind_of_decay_is_called_by_no_name(audited):
    model = nn.Linear(2, 2)
    _, text = audited(model, Shrinker(model.parameters(), weight_decay=DECAY), N)
    assert "neither coupled nor decoupled" in text and "N(0, τ)" not in text


@pytest.mark.parametrize("settings", [{"lambd": 1e-3}, {"lambd": 0.05, "weight_decay": DECAY}])
def test_the_decay_of_asgd_counts_both_its_arguments(audited, settings):
    model = nn.Linear(1, 1, bias=False).double()
    optimizer = torch.optim.ASGD(model.parameters(), lr=RATE, **settings)
    _, text = audited(model, optimizer, N)
    before = model.weight.item()
    moved(model, optimizer)
    pull = (before - model.weight.item()) / before / RATE  # λ as the step shows it, to first order in lr
    assert float(re.search(r" τ = ([\d.e-]+)", text)[1]) == pytest.approx(1 / (N * pull), rel=0.01)


@pytest.mark.parametrize(("decay", "n"), [(5e-4, 50_000), (1e-2, 60), (1e-1, 10**9)])
def test_tau_is_the_variance_whose_normal_pulls_as_the_step_does(audited, decay, n):
    model = nn.Linear(1, 1, bias=False).double()
    optimizer = SGD(model.parameters(), lr=RATE, weight_decay=decay)
    _, text = audited(model, optimizer, n)
    tau, root = (float(x) for x in re.search(r" τ = (\S+), √τ = (\S+)", text).groups())
    start = model.weight.detach().clone().requires_grad_()
    scale = torch.tensor(tau, dtype=torch.float64).sqrt()
    (-torch.distributions.Normal(torch.zeros_like(scale), scale).log_prob(start).sum() / n).backward()
    moved(model, optimizer)
    assert (start - model.weight).item() / RATE == pytest.approx(start.grad.item(), rel=0.01)
    assert root == pytest.approx(tau**0.5, rel=0.01)


def test_the_memory_of_adamw_is_the_time_of_its_shrinking(audited):
    model = nn.Linear(1, 1, bias=False).double()
    optimizer = AdamW(model.parameters(), lr=RATE, weight_decay=DECAY)
    _, text = audited(model, optimizer, N)
    before = model.weight.item()
    moved(model, optimizer)
    steps = -1 / math.log(model.weight.item() / before)
    assert int(re.search(r"memory ([\d,]+) steps", text)[1].replace(",", "")) == pytest.approx(
        steps, rel=0.01
    )
    optimizer.param_groups[0]["lr"] = 0.0
    assert "endless at lr 0" in audited(model, optimizer, N)[1]


# --- gains that leave no MAP estimate


def tradable(model, x, gains, weights):
    """Say whether θ·∇ summed over the gains equals that over the weights, for twenty outputs at random."""
    parameters = dict(model.named_parameters())
    for _ in range(20):
        output = model(x)
        push = torch.autograd.grad((output * torch.randn_like(output)).sum(), parameters.values())
        euler = {name: (p * g).sum() for (name, p), g in zip(parameters.items(), push)}
        difference = sum(euler[g] for g in gains) - sum(euler[w] for w in weights)
        if abs(difference) > 1e-9 * sum(abs(e) for e in euler.values()):
            return False
    return True


PAIRS = re.compile(r"these grow: (.+?)\n  these shrink: (.+?)\n(?=\S|\Z)", re.S)


@pytest.mark.parametrize(("make", "pairs"), [(mlp, 0), (conv, 1), (encoder, 4), (lambda: encoder(False), 0)])
def test_gains_reported_can_be_traded_and_no_other(audited, make, pairs):
    torch.manual_seed(1)
    model, x = make()
    fates, text = audited(model, SGD(split(model), lr=RATE), N, lambda model: model(x))
    model, x = off_zero(model).double().eval(), x.double()
    found = [[names.replace("\n    ", " ").split(", ") for names in pair] for pair in PAIRS.findall(text)]
    assert len(found) == pairs
    for gains, weights in found:
        assert tradable(model, x, gains, weights)
        assert all(fates[gain] == "no MAP" for gain in gains)
    named = {gain for gains, _ in found for gain in gains}
    for name, module in model.named_modules():  # every other normalization against every decayed tensor
        own = [f"{name}.weight", f"{name}.bias"]
        if isinstance(module, nn.LayerNorm | nn.BatchNorm2d) and not named.intersection(own):
            decayed = [w for w in fates if fates[w] == "decayed"]
            assert not any(tradable(model, x, own, [w]) for w in decayed)


def test_trading_lowers_the_penalty_and_leaves_the_outputs(audited):
    torch.manual_seed(2)
    model, x = encoder()
    _, text = audited(model, SGD(split(model), lr=RATE), N, lambda model: model(x))
    model, x = off_zero(model).double().eval(), x.double()
    parameters, before = dict(model.named_parameters()), model(x)
    decayed = [p for p in model.parameters() if p.ndim > 1]
    penalty = sum(p.square().sum() for p in decayed).item()
    with torch.no_grad():
        for gains, weights in PAIRS.findall(text):
            for name in gains.replace("\n   ", "").split(", "):
                parameters[name] *= 100
            for name in weights.split(", "):
                parameters[name] /= 100
    assert torch.allclose(model(x), before, rtol=1e-9)
    assert sum(p.square().sum() for p in decayed).item() < 0.8 * penalty


class Branch(nn.Module):
    """A normalized output that is read by a linear layer, and added to what that layer gives."""

    def __init__(self):
        super().__init__()
        self.norm, self.linear = nn.LayerNorm(4), nn.Linear(4, 4)

    def forward(self, x):
        y = self.norm(x)
        return y + self.linear(y)


TRIED = {
    "GELU between": (nn.Sequential(nn.LayerNorm(4), nn.GELU(), nn.Linear(4, 4)), False),
    "ReLU between": (nn.Sequential(nn.LayerNorm(4), nn.ReLU(), nn.Linear(4, 4)), True),
    "PReLU between": (nn.Sequential(nn.LayerNorm(4), nn.PReLU(), nn.Linear(4, 4)), True),
    "a skip connection": (Branch(), False),
    "weight_norm": (
        nn.Sequential(nn.LayerNorm(4), nn.utils.parametrizations.weight_norm(nn.Linear(4, 4))),
        True,
    ),
    "no gain": (nn.Sequential(nn.LayerNorm(4, elementwise_affine=False), nn.Linear(4, 4)), False),
}


@pytest.mark.parametrize("case", TRIED)
def test_what_stands_between_decides(audited, case):
    model, expected = copy.deepcopy(TRIED[case][0]), TRIED[case][1]
    x = torch.randn(3, 4)
    fates, _ = audited(model, SGD(split(model), lr=RATE), N, lambda model: model(x))
    assert any(fates[n] == "no MAP" for n in fates if not n.endswith("original1")) == expected


def test_a_decayed_direction_of_weight_norm_leaves_no_map_estimate(audited):
    model, x = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2)), torch.randn(4, 3)
    optimizer = SGD(split(model), lr=RATE)
    fates, text = audited(model, optimizer, N, lambda model: model(x))
    assert fates["parametrizations.weight.original1"] == "no MAP" and "these grow: nothing" in text
    assert fates["parametrizations.weight.original0"] == "decayed"
    assert moved(model, optimizer) == {name: name != "bias" for name in fates}


@pytest.mark.parametrize("zeroed", ["head", "bias"])
def test_a_fresh_zero_hides_nothing(audited, zeroed):
    """A head of zeros makes every output equal; a skip of zeros hides that a gain is read twice."""
    model, x = nn.Sequential(Branch(), nn.Linear(4, 2)), torch.randn(3, 4)
    target = model[1] if zeroed == "head" else model[0].linear
    for p in target.parameters():
        nn.init.zeros_(p)
    fates, _ = audited(model, SGD(split(model), lr=RATE), N, lambda model: model(x))
    assert "no MAP" not in fates.values()


# --- the corners


def test_tied_weights_are_one_tensor_with_two_names(audited):
    model = nn.Sequential(nn.Embedding(5, 3), nn.LayerNorm(3), nn.Linear(3, 5, bias=False))
    model[2].weight = model[0].weight
    tokens = torch.tensor([[0, 1, 4]])
    fates, text = audited(model, SGD(split(model), lr=RATE), N, lambda model: model(tokens))
    assert "0.weight = 2.weight" in text and list(fates) == ["0.weight", "1.weight", "1.bias"]
    assert "no MAP" not in fates.values()  # halving the head would halve the embedding too


@pytest.mark.parametrize("left_over", [False, True])
@pytest.mark.parametrize("in_optimizer", [False, True])
def test_frozen_weights_move_only_with_a_gradient_left_over(audited, left_over, in_optimizer):
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    if left_over:
        model[0].weight.grad = torch.zeros(2, 2)
    model[0].requires_grad_(False)
    optimizer = SGD(
        model.parameters() if in_optimizer else model[1].parameters(), lr=RATE, weight_decay=DECAY
    )
    fates, _ = audited(model, optimizer, N)
    assert moved(model, optimizer) == {name: fate == "decayed" for name, fate in fates.items()}
    assert (fates["0.weight"] == "decayed") == (left_over and in_optimizer)
    assert fates["0.bias"] == "never moved"


@pytest.mark.parametrize("decay", [0.0, DECAY])
def test_a_sparse_embedding_is_refused_where_step_raises(audited, decay):
    model = nn.Embedding(4, 2, sparse=True)
    optimizer = SGD(model.parameters(), lr=RATE, weight_decay=decay)
    fates, _ = audited(model, optimizer, N)
    model(torch.tensor([1])).sum().backward()
    raises = pytest.raises(RuntimeError, match="sparse") if decay else contextlib.nullcontext()
    with raises:
        optimizer.step()
    assert fates == {"weight": "refused" if decay else "flat"}


def test_sparse_adam_lbfgs_and_rprop_have_no_decay(audited):
    for kind in (torch.optim.SparseAdam, torch.optim.LBFGS, torch.optim.Rprop):
        model = nn.Linear(2, 2)
        fates, text = audited(model, kind(model.parameters()), N)
        assert set(fates.values()) == {"flat"} and "no decay" in text


@pytest.mark.parametrize("kind", [SGD, Adam, AdamW])
def test_maximize_changes_nothing_about_the_decay(audited, kind):
    model = nn.Linear(2, 2)
    plain, climbing = (
        kind(model.parameters(), lr=RATE, weight_decay=DECAY, maximize=m) for m in (False, True)
    )
    assert audited(model, plain, N) == audited(model, climbing, N)
    assert all(moved(model, climbing).values())


def test_an_empty_group_is_shown_and_does_no_harm(audited):
    model = nn.Linear(2, 2)
    groups = [{"params": [], "weight_decay": 0.5}, {"params": model.parameters()}]
    fates, text = audited(model, SGD(groups, lr=RATE, weight_decay=DECAY), N)
    assert "group 0: weight_decay 0.5, tensors: 0" in text and fates == {
        "weight": "decayed",
        "bias": "decayed",
    }


def test_a_tensor_of_the_loss_is_shown_by_its_shape(audited):
    model, noise = nn.Linear(2, 2), nn.Parameter(torch.zeros(7))
    fates, text = audited(model, SGD([*model.parameters(), noise], lr=RATE, weight_decay=DECAY), N)
    assert "(7,) of no module" in text and len(fates) == 3


@pytest.mark.parametrize("n", [0, -1, math.nan, math.inf, None, "60"])
def test_an_n_that_is_no_number_of_examples_is_an_error(audited, n):
    model = nn.Linear(2, 2)
    with pytest.raises(ValueError, match="n must be the number of training examples, not"):
        audited(model, SGD(model.parameters(), lr=RATE), n)


def test_a_missing_n_is_an_error(audited):
    with pytest.raises(TypeError, match="'n'"):
        audited(nn.Linear(2, 2), SGD(nn.Linear(2, 2).parameters()))


def test_a_trainable_tensor_in_no_group_is_an_error_that_names_it(audited):
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    with pytest.raises(ValueError, match=r"in no group: 1\.weight, 1\.bias"):
        audited(model, SGD(model[0].parameters(), lr=RATE), N)


def test_outputs_that_are_not_finite_are_an_error(audited):
    model = nn.Linear(2, 2)
    with pytest.raises(ValueError, match="not finite"):
        audited(model, SGD(split(model), lr=RATE), N, lambda model: model(torch.full((1, 2), math.nan)))


def test_without_run_the_search_is_said_to_be_left_out(audited):
    model = nn.Linear(2, 2)
    assert "run is missing" in audited(model, SGD(split(model), lr=RATE), N)[1]


def test_an_audit_leaves_model_optimizer_schedule_and_random_numbers_as_they_were(audited):
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


def test_the_page_counts_what_the_steps_show(computed):
    values = computed("audit").values
    assert values["prior_std"] == pytest.approx(math.sqrt(1 / (values["n"] * values["weight_decay"])))
    assert values["conv_no_map"] == 4  # two BatchNorms, each a gain and a shift, before a layer that decays
    assert values["encoder_no_map"] == 4  # two LayerNorms of a pre-norm layer
    assert values["encoder_last_no_map"] == 0
