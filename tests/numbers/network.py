"""The article's network without nn or optim: in PyTorch rounding by rounding, in NumPy by hand.

The gradient of the mean squared error is autograd's, on slices of one vector, or backpropagation's, written
out; what a program adds to it, and how the sum is rounded, is written out too. Many seeds go through at once.
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


def points(count: int) -> np.ndarray:
    """Return so many inputs in each of the article's three groups."""
    return np.concatenate([np.linspace(a, a + 4, count) for a in (-10, -2, 6)])


def standardized(x: np.ndarray) -> np.ndarray:
    """Return the features (x, x²) in NumPy, shifted and scaled as those of the article's 60 points are."""
    raw, own = (np.stack([z, z**2], axis=1) for z in (x, points(20)))
    return (raw - own.mean(axis=0)) / own.std(axis=0, ddof=1)


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


def nearest(exact: Fraction, digits: int = 24) -> Fraction:
    """Round to this many binary digits, ties to even: float32 has 24, bfloat16 has 8."""
    spacing = Fraction(2) ** (math.floor(math.log2(abs(exact))) - digits + 1)
    return round(exact / spacing) * spacing


class Batch:
    """Vectors (networks, D) in NumPy, with backpropagation by hand; y (n, 1) or (networks, n, 1)."""

    def __init__(self, vectors: np.ndarray, features: np.ndarray, y: np.ndarray) -> None:
        self.vectors, self.features, self.y = vectors, features, y
        pieces = np.split(vectors, np.cumsum(LENGTHS)[:-1], axis=1)  # views: steps in place reach them
        self.weights = [p.reshape(-1, *shape) for p, shape in zip(pieces[::2], SHAPES[::2], strict=True)]
        self.biases = [p[:, None] for p in pieces[1::2]]

    def predict(self) -> np.ndarray:
        shape = len(self.vectors), *self.features.shape
        self.hiddens, self.sums = [np.broadcast_to(self.features, shape)], []
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            product = self.hiddens[-1] @ weight.swapaxes(1, 2) + bias
            self.sums.append(product)
            self.hiddens.append(product if layer == 3 else np.maximum(product, 0))
        return self.hiddens[-1]

    def gradient(self) -> tuple[np.ndarray, np.ndarray]:
        """Return each network's mean squared error, and its gradient."""
        residual = self.predict() - self.y
        delta, slopes = 2 / residual.shape[1] * residual, []
        for layer in (3, 2, 1, 0):
            hidden = self.hiddens[layer]
            slopes[:0] = (delta.swapaxes(1, 2) @ hidden).reshape(len(delta), -1), delta.sum(axis=1)
            if layer:
                delta = (delta @ self.weights[layer]) * (hidden > 0)
        return np.mean(residual**2, axis=(1, 2)), np.concatenate(slopes, axis=1)


def fits(vectors: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
    """Return predictions (networks, 1, N) for features (2, N); float32 as a loop with baddbmm rounds it."""
    hidden, pieces = features.expand(len(vectors), 2, N), vectors.split(LENGTHS, dim=1)
    for layer in range(0, 8, 2):
        weight, bias = pieces[layer].view(-1, *SHAPES[layer]), pieces[layer + 1]
        hidden = torch.baddbmm(bias[:, :, None], weight, hidden)
        hidden = hidden.relu() if layer < 6 else hidden
    return hidden


def train_two(starts: torch.Tensor, features: torch.Tensor, y: torch.Tensor, lr: float, keep: range):
    """Train by hand and as SGD sums; return final fits of both, PyTorch's errors, its vectors at `keep`."""
    vectors, y, errors, kept = starts.repeat(2, 1), y.repeat(2, 1, 1), [], []
    for step in range(1000):
        if step in keep:
            kept.append(vectors.chunk(2)[1])
        leaf = vectors.detach().requires_grad_()
        error = ((y - fits(leaf, features)) ** 2).mean(dim=(1, 2))
        (g, h), (v, w) = (t.chunk(2) for t in (torch.autograd.grad(error.sum(), leaf)[0], vectors))
        errors.append(error.detach().chunk(2)[1])
        vectors = vectors.add(torch.cat([g + DECAY * v, h.add(w, alpha=DECAY)]), alpha=-lr)
    return *fits(vectors, features).chunk(2), torch.stack(errors), kept
