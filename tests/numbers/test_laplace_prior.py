"""A Laplace prior as an L1 penalty: oracles are scikit-learn's Lasso, scipy's densities and numpy."""

import re

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.linear_model import Lasso, Ridge

CELLS = "penalty thresholds proximal through_abs"


@pytest.fixture(scope="module")
def data(page):
    return page["x"].numpy(), page["y"].numpy()


def lasso(x, y, alpha):
    """scikit-learn minimizes |y - Xw|² / (2n) + alpha |w|₁: alpha = 1/(ns) at noise variance 1."""
    return Lasso(alpha=alpha, fit_intercept=False, tol=1e-14, max_iter=100_000).fit(x, y).coef_


def test_penalty_is_the_negative_log_density_per_example(run, page):
    torch.manual_seed(0)
    theta = torch.randn(20, dtype=torch.float64).numpy()
    expected = -stats.laplace(scale=1 / (60 * 0.3)).logpdf(theta).sum() / 60
    printed = re.findall(r"\d+\.\d{10}", run.stdout["penalty"])
    assert [float(number) for number in printed] == pytest.approx([expected] * 2, abs=1e-10)


def test_thresholds_minimize_their_objectives_by_brute_force(page):
    # On a grid of step 1e-4: (t - z)²/2 + a |t| and (t - z)²/2 + (a/2) t².
    grid = np.linspace(-3, 3, 60_001)
    for z, a in [(1.234, 0.5), (-0.3, 0.5), (-2.2, 0.1), (0.5, 0.0), (0.7, 0.7)]:
        for name, penalty in (("soft_threshold", a * np.abs(grid)), ("shrink", a / 2 * grid**2)):
            best = grid[np.argmin((grid - z) ** 2 / 2 + penalty)]
            assert page[name](torch.tensor(z), a).item() == pytest.approx(best, abs=1.01e-4)


def test_proximal_gradient_reaches_the_lasso_and_ridge_has_no_zeros(values, data):
    # Both converge linearly; 1e-8 leaves room for scikit-learn's duality-gap stop.
    coefficients = lasso(*data, 0.3)
    ours = np.array([values[f"proximal_{i}"] for i in range(values["dimension"])])
    np.testing.assert_allclose(ours, coefficients, rtol=0, atol=1e-8)
    np.testing.assert_array_equal(ours == 0, coefficients == 0)
    assert values["proximal_zeros"] == (coefficients == 0).sum() > 10
    assert (Ridge(alpha=10, fit_intercept=False).fit(*data).coef_ != 0).all()


def subgradient_descent(x, y, lr, steps):
    theta = np.zeros(x.shape[1])
    for _ in range(steps):
        theta = theta - lr * (x.T @ (x @ theta - y) / len(y) + 0.3 * np.sign(theta))
    return theta


def test_autograd_through_abs_leaves_no_zeros_and_more_steps_do_not_help(values, data):
    """The same descent in numpy; and on other data, where only the order of sizes is the same."""
    runs = {"jitter": (0.1, 1000), "jitter_longer": (0.1, 5000), "jitter_slower": (0.02, 5000)}
    zero = lasso(*data, 0.3) == 0
    for key, (lr, steps) in runs.items():
        end = subgradient_descent(*data, lr, steps)
        assert (end != 0).all()
        # Jumps across zero double rounding at times; what is left is of the order of one step.
        assert values[key] == pytest.approx(np.abs(end[zero]).max(), rel=0.5)
        assert values[key] < 2 * lr * 0.3
    rng = np.random.default_rng(5)
    x = rng.normal(size=(60, 20))
    y = x[:, 0] * 2 + rng.normal(size=60)
    zero = lasso(x, y, 0.3) == 0
    left = [np.abs(subgradient_descent(x, y, lr, steps)[zero]).max() for lr, steps in runs.values()]
    assert left[1] > left[0] / 3 and left[2] < left[0] / 2
