"""The article's network trained without nn, optim or distributions, rounding by rounding.

The gradient of the mean squared error is autograd's, on slices of one vector; what a program adds to
it, and how the sum is rounded, is written out here.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import torch

import models

LR = DECAY = 1e-2
N = 60
SHAPES = ((10, 2), (10,), (10, 10), (10,), (10, 10), (10,), (1, 10), (1,))
LENGTHS = [math.prod(shape) for shape in SHAPES]


def draws(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return features, targets and the initial vector, drawn in the post's order."""
    torch.manual_seed(seed)
    x = torch.cat([torch.linspace(a, b, 20) for a, b in ((-10, -6), (-2, 2), (6, 10))])
    features = torch.cat([x[:, None], x[:, None] ** 2], dim=1)
    y = models.Net()(features).detach() + torch.randn(N, 1) * 0.5
    return features, y, torch.cat([p.detach().flatten() for p in models.Net().parameters()])


def predict(vector: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
    pieces = [piece.view(shape) for piece, shape in zip(vector.split(LENGTHS), SHAPES, strict=True)]
    for weight, bias in zip(pieces[0:6:2], pieces[1:6:2], strict=True):
        features = torch.nn.functional.linear(features, weight, bias).relu()
    return torch.nn.functional.linear(features, *pieces[6:])


def gradient(vector: torch.Tensor, features: torch.Tensor, y: torch.Tensor) -> tuple[float, torch.Tensor]:
    """Return the mean squared error and its gradient, in the dtype of what is passed."""
    leaf = vector.detach().clone().requires_grad_()  # where PyTorch aligns it: sums can depend on that
    error = torch.mean((y - predict(leaf, features)) ** 2)
    return error.item(), torch.autograd.grad(error, leaf)[0]


def prior_coefficient(dtype: type = np.float32) -> np.floating:
    """Return what the log-prior's gradient multiplies θ by, each operation rounded to dtype."""
    scale = dtype(math.sqrt(1 / (N * DECAY)))
    return dtype(1 / N) / (dtype(2) * (scale * scale)) * dtype(2)  # the last, of θ², is exact


def rounded_twice(a: np.ndarray, b: np.ndarray, factor: float) -> np.ndarray:
    """Return a + factor · b in float32, the product rounded and then the sum."""
    return a + np.float32(factor) * b


def rounded_once(a: np.ndarray, b: np.ndarray, factor: float) -> np.ndarray:
    """Return a + factor · b in float32 as a fused multiply-add does.

    The product of two float32 is exact in float64. The sum is rounded to odd there, so that rounding
    that to float32 gives what rounding the exact sum would.
    """
    product, a = np.float64(np.float32(factor)) * b.astype(np.float64), a.astype(np.float64)
    total = product + a
    part = total - product
    lost = (product - (total - part)) + (a - part)  # exactly what the float64 sum has lost
    even = total.view(np.int64) % 2 == 0
    beyond = np.nextafter(total, np.where(lost > 0, np.inf, -np.inf))
    return np.where((lost != 0) & even, beyond, total).astype(np.float32)


def nearest(exact: Fraction) -> np.float32:
    """Return the float32 nearest to a rational number, ties to the even one."""
    guess = np.float32(float(exact))
    around = (np.nextafter(guess, np.float32(-np.inf)), guess, np.nextafter(guess, np.float32(np.inf)))
    return min(around, key=lambda c: (abs(Fraction(float(c)) - exact), int(c.view(np.int32)) % 2))


def sum_of_sgd(slope: torch.Tensor, vector: torch.Tensor, decay: float) -> np.ndarray:
    """Return what SGD makes of gradient and decay: its first momentum buffer is a copy of that sum."""
    leaves = [piece.clone().requires_grad_() for piece in vector.split(LENGTHS)]
    for leaf, piece in zip(leaves, slope.split(LENGTHS), strict=True):
        leaf.grad = piece.clone()
    sgd = torch.optim.SGD(leaves, lr=1.0, momentum=0.5, weight_decay=decay)
    sgd.step()
    return torch.cat([sgd.state[leaf]["momentum_buffer"] for leaf in leaves]).numpy()
