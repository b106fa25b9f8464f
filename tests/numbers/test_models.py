"""The network is what the article says: MLP 2-10-10-10-1, ReLU, D = 261."""

import torch

import models


def test_the_layers_are_2_10_10_10_1_with_relu_between():
    layers = list(models.Net().layers)
    shapes = [(m.in_features, m.out_features) for m in layers if isinstance(m, torch.nn.Linear)]
    assert shapes == [(2, 10), (10, 10), (10, 10), (10, 1)]
    assert [type(m).__name__ for m in layers[1::2]] == ["ReLU"] * 3


def test_it_has_261_parameters():
    assert sum(p.numel() for p in models.Net().parameters()) == 261
