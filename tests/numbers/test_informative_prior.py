"""Priors with a mean and a covariance: oracles are numpy, scipy and scikit-learn."""

import numpy as np
import torch
from normal_equations import map_by_precision
from scipy import stats

import models

CELLS = "setup two_models towards_mu offset same_path low_rank penalized_loss map_estimate trained plane"


def test_decay_towards_mu_equals_autograd_of_the_squared_distance(page, double):
    # A third road: the penalty stands in the loss. 200 steps in float64 agree to about 1e-12.
    network = models.Net()
    network.load_state_dict(page["start"].state_dict())
    mu = [p.detach() for p in page["pretrained"].parameters()]
    for _ in range(200):
        loss = ((page["y"] - network(page["x"])) ** 2).mean()
        away = sum(((p - m) ** 2).sum() for p, m in zip(network.parameters(), mu))
        gradients = torch.autograd.grad(loss + 0.1 / 2 * away, list(network.parameters()))
        with torch.no_grad():
            for p, gradient in zip(network.parameters(), gradients):
                p -= 0.05 * gradient
    for ours, by_gradient, by_offset in zip(network.parameters(), page["model"].parameters(), page["ends"]):
        np.testing.assert_allclose(ours.detach(), by_gradient.detach(), rtol=0, atol=1e-8)
        np.testing.assert_allclose(ours.detach(), by_offset, rtol=0, atol=1e-8)


def dense_prior():
    """Mean and covariance of the low-rank prior, from the protocol's seed."""
    torch.manual_seed(1)
    mean = 0.7 * torch.randn(20)
    factor = (0.5 * torch.randn(20, 3)).numpy()
    return mean.numpy(), factor @ factor.T + 0.05 * np.eye(20), torch.randn(20).numpy()


def test_gradient_of_the_prior_equals_finite_differences_of_scipys_density(values, page, double):
    # Central differences with step 1e-5 on values of order 100: error below 1e-5.
    mean, covariance, theta = dense_prior()
    log_density = stats.multivariate_normal(mean, covariance).logpdf
    steps = 1e-5 * np.eye(20)
    numeric = [(log_density(theta + s) - log_density(theta - s)) / 2e-5 for s in steps]
    np.testing.assert_allclose(page["gradient"].numpy(), numeric, rtol=1e-5, atol=1e-5)


def test_trained_map_equals_the_normal_equations(page, double):
    mean, covariance, _ = dense_prior()
    expected = map_by_precision(page["x20"].numpy(), page["y20"].numpy(), mean, covariance)
    # L-BFGS stops at a gradient of 1e-12 or where the loss is flat to rounding
    np.testing.assert_allclose(page["closed"].numpy(), expected, rtol=0, atol=1e-10)
    np.testing.assert_allclose(page["theta"].detach().numpy(), expected, rtol=0, atol=1e-6)


def test_each_prior_of_the_figure_ends_nearer_to_the_truth_than_the_one_before(values, page):
    truth = page["truth"].numpy()
    data = page["x2"].numpy(), page["y2"].numpy()
    fits = [map_by_precision(*data, m.numpy(), s.numpy(), 0.25) for m, s in page["three"].values()]
    far = [np.linalg.norm(fit - truth) for fit in fits]
    assert far[0] > far[1] > far[2]


def test_stored_numbers_are_counted_right(values):
    D, rank = values["dimension"], values["rank"]
    assert values["stored"] == D + D * rank + D  # mean, factor, diagonal
    assert values["stored_full"] == D + len(np.triu_indices(D)[0])  # mean, and of a symmetric matrix a half
