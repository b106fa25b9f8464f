"""The article's network for many seeds at once: by hand in NumPy, and step by step in PyTorch."""

from __future__ import annotations

import numpy as np
import torch
from own_training import DECAY, LENGTHS, SHAPES, N


class Batch:
    """Vectors (networks, D) in NumPy, with backpropagation by hand."""

    def __init__(self, vectors: np.ndarray, features: np.ndarray, y: np.ndarray) -> None:
        self.vectors, self.features, self.y = vectors, features, y
        pieces = np.split(vectors, np.cumsum(LENGTHS)[:-1], axis=1)  # views: steps in place reach them
        self.weights = [p.reshape(-1, *shape) for p, shape in zip(pieces[::2], SHAPES[::2], strict=True)]
        self.biases = [p[:, None] for p in pieces[1::2]]

    def predict(self) -> np.ndarray:
        self.hiddens = [np.broadcast_to(self.features, (len(self.vectors), N, 2))]
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            product = self.hiddens[-1] @ weight.swapaxes(1, 2) + bias
            self.hiddens.append(product if layer == 3 else np.maximum(product, 0))
        return self.hiddens[-1]

    def gradient(self) -> tuple[np.ndarray, np.ndarray]:
        """Return each network's mean squared error, and its gradient."""
        residual = self.predict() - self.y
        delta, slopes = 2 / N * residual, []
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
