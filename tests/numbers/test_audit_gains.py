"""Flat gains that leave no MAP estimate, as the audit finds them by scaling.

Whether gains can be traded for weights is decided here in float64 by directional derivatives (Euler's
identity), not by scaling anything.
"""

import copy
import re

import pytest
import torch
from audited import RATE, N, audited, conv, encoder, mlp, moved, off_zero, split
from torch import nn
from torch.nn.utils.parametrizations import weight_norm
from torch.optim import SGD


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
def test_gains_reported_can_be_traded_and_no_other(make, pairs):
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


class Branch(nn.Module):
    """A normalized output that is read by a linear layer, and added to what that layer gives."""

    def __init__(self):
        super().__init__()
        self.norm, self.linear = nn.LayerNorm(4), nn.Linear(4, 4)

    def forward(self, x):
        y = self.norm(x)
        return y + self.linear(y)


def zeroed(module):
    """Fresh layers can be zero, which makes all outputs equal, or hides that a gain is read twice."""
    for p in module.parameters():
        nn.init.zeros_(p)
    return module


def branch_of_zeros():
    branch = Branch()
    zeroed(branch.linear)
    return branch


TRIED = {
    "GELU between": (nn.Sequential(nn.LayerNorm(4), nn.GELU(), nn.Linear(4, 4)), False),
    "ReLU between": (nn.Sequential(nn.LayerNorm(4), nn.ReLU(), nn.Linear(4, 4)), True),
    "PReLU between": (nn.Sequential(nn.LayerNorm(4), nn.PReLU(), nn.Linear(4, 4)), True),
    "a skip connection": (Branch(), False),
    "weight_norm": (nn.Sequential(nn.LayerNorm(4), weight_norm(nn.Linear(4, 4))), True),
    "a head of zeros": (nn.Sequential(Branch(), zeroed(nn.Linear(4, 2))), False),
    "a skip over zeros": (nn.Sequential(branch_of_zeros(), nn.Linear(4, 2)), False),
    "no gain": (nn.Sequential(nn.LayerNorm(4, elementwise_affine=False), nn.Linear(4, 4)), False),
}


@pytest.mark.parametrize("case", TRIED)
def test_what_stands_between_decides(case):
    model, expected = copy.deepcopy(TRIED[case][0]), TRIED[case][1]
    x = torch.randn(3, 4)
    fates, _ = audited(model, SGD(split(model), lr=RATE), N, lambda model: model(x))
    assert any(fates[n] == "no MAP" for n in fates if not n.endswith("original1")) == expected


def test_a_decayed_direction_of_weight_norm_leaves_no_map_estimate():
    model, x = weight_norm(nn.Linear(3, 2)), torch.randn(4, 3)
    optimizer = SGD(split(model), lr=RATE)
    fates, text = audited(model, optimizer, N, lambda model: model(x))
    assert fates["parametrizations.weight.original1"] == "no MAP" and "these grow: nothing" in text
    assert fates["parametrizations.weight.original0"] == "decayed"
    assert moved(model, optimizer) == {name: name != "bias" for name in fates}
