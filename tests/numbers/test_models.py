"""The network is what the article says: MLP 2-10-10-10-1, ReLU, D = 261, default initialization."""

import torch

import models


def test_the_layers_are_2_10_10_10_1_with_relu_between():
    layers = list(models.Net().layers)
    shapes = [(m.in_features, m.out_features) for m in layers if isinstance(m, torch.nn.Linear)]
    assert shapes == [(2, 10), (10, 10), (10, 10), (10, 1)]
    assert [type(m).__name__ for m in layers[1::2]] == ["ReLU"] * 3


def test_it_has_261_parameters():
    assert sum(p.numel() for p in models.Net().parameters()) == 261


def test_initial_parameters_are_uniform_within_one_over_root_of_inputs():
    torch.manual_seed(0)
    draws = [models.Net() for _ in range(200)]
    for layer, inputs in ((0, 2), (2, 10), (4, 10), (6, 10)):
        values = torch.cat([p.detach().flatten() for net in draws for p in net.layers[layer].parameters()])
        bound = inputs**-0.5
        assert values.abs().max() <= bound
        assert abs(values.std().item() / (bound / 3**0.5) - 1) < 0.03  # sd of a uniform; 2,200 draws or more
