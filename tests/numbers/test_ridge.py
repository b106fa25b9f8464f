"""Where optimizers end on linear regression, against scikit-learn, SciPy and NumPy update rules."""

from functools import partial
from itertools import product

import numpy as np
import pytest
from samples import demand_mean
from scipy.optimize import lsq_linear
from sklearn.linear_model import Ridge

CELLS = "data exact descend run weighted_ridge"


@pytest.fixture(scope="module")
def data(page):
    return page["X"].numpy(), page["y"].numpy()


def sklearn_ridge(data, weight_decay):
    x, y = data
    return Ridge(alpha=len(y) * weight_decay, fit_intercept=False, tol=1e-12).fit(x, y).coef_


def scipy_boxed(data, radius):
    return lsq_linear(*data, bounds=(-radius, radius), tol=1e-14, method="bvls").x


def objective_gradient(data, theta):
    x, y = data
    return x.T @ (x @ theta - y) / len(y)


@pytest.mark.parametrize("weight_decay", [0.03, 0.4, 2.0])
def test_ridge_is_the_posterior_mean_with_prior_variance_one_over_n_lambda(page, data, double, weight_decay):
    x, y = data
    precision = x.T @ x + np.eye(2) * len(y) * weight_decay  # σ² = 1, 1/τ = nλ
    np.testing.assert_allclose(page["ridge"](weight_decay), np.linalg.solve(precision, x.T @ y), rtol=1e-12)


@pytest.mark.parametrize("radius", [0.3, 1.0, 2.5, 3.0, 10.0])
def test_boxed_least_squares_agrees_with_scipy(page, data, double, radius):
    np.testing.assert_allclose(page["boxed"](radius), scipy_boxed(data, radius), atol=1e-10)


@pytest.mark.parametrize("name, weight_decay", list(product(["SGD", "SGD, momentum", "Adam"], [0.1, 0.4])))
def test_coupled_decay_ends_on_scikit_learns_ridge(page, data, name, weight_decay):
    end = page["paths"][name, weight_decay][-1].numpy()
    # SGD converges to rounding; Adam keeps a jitter of a tenth of its last learning rate, 0.015.
    tolerance = 2e-3 if name == "Adam" else 1e-10
    np.testing.assert_allclose(end, sklearn_ridge(data, weight_decay), atol=tolerance)


@pytest.mark.parametrize("weight_decay", [0.05, 0.3, 1.0])
def test_adamw_ends_in_the_ball_of_xie_and_li_for_other_decays(page, data, double, weight_decay):
    end = page["descend"](partial(page["optimizers"]["AdamW"], weight_decay=weight_decay))[-1]
    # Near the edge (0.3 is next to 1/3.04) the last stretch is the slowest.
    np.testing.assert_allclose(end, scipy_boxed(data, 1 / weight_decay), atol=1e-2)


def test_weighted_ridge_balances_the_mean_squared_gradient_over_all_batches(page, data, double):
    x, y = data
    theta, scale = (t.numpy() for t in page["weighted_ridge"](2, 0.1))
    rows = x * (x @ theta - y)[:, None]
    batches = (rows[:, None] + rows[None]) / 2  # every batch of two, with replacement
    np.testing.assert_allclose(scale, np.sqrt((batches**2).mean((0, 1))), rtol=1e-10)
    np.testing.assert_allclose(objective_gradient(data, theta) + 0.1 * scale * theta, 0, atol=1e-10)


def adamw_on_batches(data, size, runs, steps=2000):
    """AdamW in NumPy on other batches: the mean over the second half of each run, shape (runs, 2)."""
    x, y = data
    rng = np.random.default_rng(size)
    theta = np.tile(np.linalg.lstsq(*data, rcond=None)[0], (runs, 1))
    first, second, total = np.zeros((runs, 2)), np.zeros((runs, 2)), np.zeros((runs, 2))
    for step in range(1, steps + 1):
        rows = rng.integers(len(y), size=(runs, size))
        residual = np.einsum("rbj,rj->rb", x[rows], theta) - y[rows]
        gradient = np.einsum("rbj,rb->rj", x[rows], residual) / size
        first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
        moments = first / (1 - 0.9**step), second / (1 - 0.999**step)
        theta = theta - 0.01 * (0.1 * theta + moments[0] / (np.sqrt(moments[1]) + 1e-8))
        total += theta * (step > steps // 2)
    return total / (steps // 2)


@pytest.mark.parametrize("size", [1, 4, 16])
def test_minibatch_adamw_ends_where_another_hundred_runs_end(values, page, data, size):
    other = adamw_on_batches(data, size, 100)
    # A spread estimated from 100 runs: 7 percent, five times.
    demand_mean(values, f"minibatch_{size}", other[:, 0], values["runs"], factor=1.35)
    error = other[:, 0].std(ddof=1) * (1 / 100 + 1 / values["runs"]) ** 0.5
    balance = page["weighted_ridge"](size, 0.1)[0].numpy()
    assert np.linalg.norm(other.mean(0) - balance) < values["minibatch_worst"] + 4 * error
    assert other[:, 0].mean() - sklearn_ridge(data, 0.1)[0] > 0.05  # and none is ridge


def test_the_larger_the_batch_the_weaker_the_decay(values):
    ends, errors = ([values[f"minibatch_{size}{of}"] for size in (1, 4, 16)] for of in ("", "_error"))
    assert np.all(np.diff(ends) > 10 * max(errors))


def test_adamw_ends_on_least_squares_in_its_box_far_from_ridge(values, page, data):
    ols = np.linalg.lstsq(*data, rcond=None)[0]
    weak, strong = (page["paths"]["AdamW", decay][-1].numpy() for decay in (0.1, 0.4))
    expected = {
        "adamw_ols_weak": np.linalg.norm(weak - ols),
        "adamw_ridge_weak": np.linalg.norm(weak - sklearn_ridge(data, 0.1)),
        "adamw_box_strong": np.linalg.norm(strong - scipy_boxed(data, 1 / 0.4)),
        "strong_radius": 1 / 0.4,
    }
    for key, distance in expected.items():
        assert values[key] == pytest.approx(distance, abs=5e-5), key
    assert max(values["adamw_ols_weak"], values["adamw_box_strong"]) < 2e-3 < values["adamw_ridge_weak"] / 100
    assert np.abs(ols).max() > values["strong_radius"]  # the box cuts the minimum off
    assert np.linalg.norm(scipy_boxed(data, 2.5) - sklearn_ridge(data, 0.4)) > 100 * 2e-3
