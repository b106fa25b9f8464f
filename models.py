"""The one network of the article: a small MLP on the two features (x, x²)."""

import torch
from torch import nn


class Net(nn.Module):
    """Multilayer perceptron 2-10-10-10-1 with ReLU between its linear layers.

    D = 261 parameters, initialized as `torch.nn.Linear` does by default:
    uniform on ±1/√(inputs), weights and biases alike. The 2024 post imports a
    `models.py` that it does not show; these are the layers of its authors' own.
    """

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(2, 10),
            nn.ReLU(),
            nn.Linear(10, 10),
            nn.ReLU(),
            nn.Linear(10, 10),
            nn.ReLU(),
            nn.Linear(10, 1),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return predictions of shape (n, 1) for features of shape (n, 2)."""
        return self.layers(x)
