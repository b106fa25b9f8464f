"""A Laplace prior as an L1 penalty: oracles are scikit-learn's Lasso, scipy's densities and numpy."""

import re
import runpy

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from scipy import stats
from sklearn.linear_model import Lasso, Ridge


@pytest.fixture(scope="module")
def snippet():
    """The names that the snippet leaves behind; float64 stays on while they are used."""
    default = torch.get_default_dtype()
    yield runpy.run_path("snippets/laplace_prior.py")
    torch.set_default_dtype(default)
    plt.close("all")


@pytest.fixture(scope="module")
def values(computed):
    return computed("laplace_prior").values


def lasso(x, y, alpha):
    """scikit-learn minimizes |y - Xw|^2 / (2n) + alpha |w|_1: alpha = 1/(nb) at noise variance 1."""
    return Lasso(alpha=alpha, fit_intercept=False, tol=1e-14, max_iter=100_000).fit(x, y).coef_


def test_penalty_is_the_negative_log_density_per_example(snippet, computed):
    # Printed with ten decimals.
    theta = snippet["theta"].detach().numpy()
    expected = -stats.laplace(scale=1 / (60 * 0.3)).logpdf(theta).sum() / 60
    printed = re.findall(r"\d+\.\d{10}", computed("laplace_prior").stdout["penalty"])
    assert [float(number) for number in printed] == pytest.approx([expected] * 2, abs=1e-10)


def test_gradient_is_the_strength_times_the_sign(snippet):
    # Central differences of scipy's density; none of the entries lies within 1e-6 of zero.
    theta, step = snippet["theta"].detach().numpy(), 1e-6
    density = stats.laplace(scale=1 / (60 * 0.3))
    numeric = -(density.logpdf(theta + step) - density.logpdf(theta - step)) / (2 * step) / 60
    np.testing.assert_allclose(snippet["gradient"].numpy(), numeric, atol=1e-8)
    np.testing.assert_allclose(np.abs(numeric), 0.3, atol=1e-8)


def test_the_two_priors_have_the_same_variance(values):
    laplace = stats.laplace(scale=values["scale"]).std()
    assert values["prior_std"] == pytest.approx(laplace, rel=1e-12)
    assert values["weight_decay"] == pytest.approx(1 / (60 * laplace**2), rel=1e-12)


def orthogonal_data(snippet):
    x = snippet["x"].numpy()
    z = snippet["least_squares"].numpy()
    return x, x @ z  # the part of y in the span of x decides both penalized fits


def test_soft_threshold_is_the_lasso_on_orthogonal_features(snippet, values):
    # Coordinate descent is exact here after one sweep; what remains is rounding.
    coefficients = lasso(*orthogonal_data(snippet), values["l1"])
    ours = [values[f"laplace_{i}"] for i in range(values["orthogonal_dimension"])]
    np.testing.assert_allclose(ours, coefficients, rtol=0, atol=1e-10)
    assert values["laplace_zeros"] == (coefficients == 0).sum()
    assert list(coefficients != 0) == [True] * 3 + [False] * 7  # the three large entries of the truth
    assert list(snippet["truth"].numpy() != 0) == list(coefficients != 0)


def test_scaling_is_ridge_on_orthogonal_features(snippet, values):
    x, y = orthogonal_data(snippet)
    ridge = Ridge(alpha=60 * values["weight_decay"], fit_intercept=False).fit(x, y)
    np.testing.assert_allclose(snippet["gaussian_map"].numpy(), ridge.coef_, rtol=0, atol=1e-10)
    assert values["gaussian_zeros"] == 0


def test_proximal_gradient_reaches_the_lasso(snippet, values):
    # Both converge linearly; 1e-8 leaves room for scikit-learn's duality-gap stop.
    coefficients = lasso(snippet["mixed"].numpy(), snippet["y"].numpy(), values["l1"])
    ours = np.array([values[f"proximal_{i}"] for i in range(values["dimension"])])
    np.testing.assert_allclose(ours, coefficients, rtol=0, atol=1e-8)
    np.testing.assert_array_equal(ours == 0, coefficients == 0)


def test_autograd_through_abs_ends_worse_and_without_zeros(snippet, values):
    x, y = snippet["mixed"].numpy(), snippet["y"].numpy()

    def loss(theta):
        return ((y - x @ theta) ** 2).mean() / 2 + values["l1"] * np.abs(theta).sum()

    jittering = snippet["jittering"].numpy()
    best = lasso(x, y, values["l1"])
    assert values["subgradient_zeros"] == (jittering == 0).sum() == 0
    assert values["subgradient_excess"] == pytest.approx(loss(jittering) - loss(best), abs=1e-8)
    assert values["subgradient_excess"] > 0


def test_jitter_shrinks_with_the_learning_rate(snippet, values):
    # One entry whose optimum is zero: f = theta^2 / 2, penalty l1 |theta|. Started off the
    # lattice of steps, it never comes to rest; its size stays within a step of zero.
    sizes = []
    for lr in (0.1, 0.01):
        theta = torch.tensor(0.0371, requires_grad=True)
        for _ in range(2000):
            loss = theta**2 / 2 + values["l1"] * theta.abs()
            theta = (theta - lr * torch.autograd.grad(loss, theta)[0]).detach().requires_grad_()
        sizes.append(abs(theta.item()))
        assert 0 < sizes[-1] <= lr * values["l1"]
    assert sizes[1] < sizes[0]


def test_soft_threshold_minimizes_its_objective_by_brute_force(snippet):
    # argmin over t of (t - z)^2 / 2 + a |t| on a grid of step 1e-4.
    grid = np.linspace(-3, 3, 60_001)
    for z, a in [(1.234, 0.5), (-0.3, 0.5), (-2.2, 0.1), (0.5, 0.0), (0.7, 0.7)]:
        best = grid[np.argmin((grid - z) ** 2 / 2 + a * np.abs(grid))]
        ours = snippet["soft_threshold"](torch.tensor(z), a).item()
        assert ours == pytest.approx(best, abs=1.01e-4)


def test_draws_are_never_zero_and_have_the_stated_variance(snippet, values):
    draws = snippet["draws"].numpy()
    assert values["draws_zero"] == (draws == 0).sum() == 0
    # kurtosis 6: the relative standard error of a variance from 1e5 draws is 0.7 percent
    assert draws.var() == pytest.approx(2 * values["scale"] ** 2, rel=0.03)
