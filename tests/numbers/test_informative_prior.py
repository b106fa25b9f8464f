"""Priors with a mean and a covariance: oracles are numpy, scipy and scikit-learn."""

import runpy

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from normal_equations import map_by_precision
from scipy import stats
from sklearn.linear_model import Ridge

import models


@pytest.fixture(scope="module")
def snippet():
    """The names that the snippet leaves behind; float64 stays on while they are used."""
    default = torch.get_default_dtype()
    yield runpy.run_path("snippets/informative_prior.py")
    torch.set_default_dtype(default)
    plt.close("all")


@pytest.fixture(scope="module")
def values(computed):
    return computed("informative_prior").values


def test_decay_towards_mu_equals_autograd_of_the_squared_distance(snippet, values):
    # A third road: the penalty stands in the loss. 200 steps in float64 agree to about 1e-12.
    network = models.Net()
    network.load_state_dict(snippet["start"].state_dict())
    mu = [p.detach() for p in snippet["pretrained"].parameters()]
    for _ in range(values["steps"]):
        loss = ((snippet["y"] - network(snippet["x"])) ** 2).mean()
        away = sum(((p - m) ** 2).sum() for p, m in zip(network.parameters(), mu))
        gradients = torch.autograd.grad(loss + 0.1 / 2 * away, list(network.parameters()))
        with torch.no_grad():
            for p, gradient in zip(network.parameters(), gradients):
                p -= 0.05 * gradient
    for ours, theirs in zip(network.parameters(), snippet["model"].parameters()):
        np.testing.assert_allclose(ours.detach(), theirs.detach(), rtol=0, atol=1e-8)
    distance = sum(((p - m) ** 2).sum() for p, m in zip(network.parameters(), mu)).sqrt()
    assert values["from_mu"] == pytest.approx(distance.item(), abs=1e-7)


def dense_prior(snippet):
    """Mean and covariance of the low-rank prior, from the protocol's seed."""
    torch.manual_seed(1)
    mean = 0.7 * torch.randn(20)
    factor = (0.5 * torch.randn(20, 3)).numpy()
    return mean.numpy(), factor @ factor.T + 0.05 * np.eye(20)


def test_gradient_of_the_prior_equals_finite_differences_of_scipys_density(snippet):
    # Central differences with step 1e-5 on values of order 100: error below 1e-5.
    mean, covariance = dense_prior(snippet)
    torch.manual_seed(1)
    torch.randn(20), torch.randn(20, 3)
    theta = torch.randn(20).numpy()
    log_density = stats.multivariate_normal(mean, covariance).logpdf
    steps = 1e-5 * np.eye(20)
    numeric = [(log_density(theta + s) - log_density(theta - s)) / 2e-5 for s in steps]
    np.testing.assert_allclose(snippet["gradient"].numpy(), numeric, rtol=1e-5, atol=1e-5)


def test_trained_map_equals_the_normal_equations(snippet):
    mean, covariance = dense_prior(snippet)
    expected = map_by_precision(snippet["x20"].numpy(), snippet["y20"].numpy(), mean, covariance)
    # L-BFGS stops at a gradient of 1e-12 or where the loss is flat to rounding
    np.testing.assert_allclose(snippet["closed"].numpy(), expected, rtol=0, atol=1e-10)
    assert snippet["map_error"] < 1e-6


def test_map_estimate_equals_ridge_in_whitened_coordinates(snippet):
    # theta = mean + S z with S S' = covariance turns the prior into N(0, I) on z.
    rng = np.random.default_rng(3)
    x, y, mean = rng.normal(size=(15, 6)), rng.normal(size=15), rng.normal(size=6)
    root = rng.normal(size=(6, 6))
    ridge = Ridge(alpha=0.7, fit_intercept=False).fit(x @ root, y - x @ mean)
    ours = snippet["map_estimate"](*map(torch.tensor, (x, y, mean, root @ root.T)), 0.7)
    np.testing.assert_allclose(ours.numpy(), mean + root @ ridge.coef_, rtol=1e-8)


def test_stored_numbers_are_counted_right(snippet, values):
    tensors = (snippet["factor"], snippet["diagonal"])
    assert values["stored"] == sum(t.numel() for t in tensors) + values["dimension"]
    assert values["stored_full"] == 20 * 21 // 2 + 20
