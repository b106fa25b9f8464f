"""What the tests of the audit share: models, parameter groups, the page's function with what it prints."""

import contextlib
import io
from functools import cache

import torch
from cells import run_cells
from torch import nn

DECAY, RATE, N = 0.1, 0.01, 1000


@cache
def page():
    return run_cells("audit")


def audited(*arguments, **options):
    """Return (fates, printed text) of one audit."""
    audit = page()["audit"]
    with contextlib.redirect_stdout(io.StringIO()) as text:
        return audit(*arguments, **options), text.getvalue()


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
