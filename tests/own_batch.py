"""The article's network for many parameter vectors at once, by hand in NumPy."""

from __future__ import annotations

import numpy as np
from own_training import LENGTHS, SHAPES, N


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
