"""Where optimizers end on linear regression, against scikit-learn, SciPy and NumPy update rules."""

from functools import partial
from itertools import product

import numpy as np
import pytest
from breaks_cells import run_cells
from scipy.optimize import lsq_linear
from sklearn.linear_model import Ridge


@pytest.fixture(scope="module")
def page():
    return run_cells("ridge", "data", "exact", "descend", "run", "distances", "minibatch", "weighted_ridge")


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


@pytest.mark.parametrize("weight_decay", [0.03, 0.1, 0.4, 2.0])
def test_ridge_is_the_posterior_mean_with_prior_variance_one_over_n_lambda(page, data, double, weight_decay):
    x, y = data
    precision = x.T @ x + np.eye(2) * len(y) * weight_decay  # σ² = 1, 1/τ = nλ
    np.testing.assert_allclose(page["ridge"](weight_decay), np.linalg.solve(precision, x.T @ y), rtol=1e-12)
    np.testing.assert_allclose(page["ridge"](weight_decay), sklearn_ridge(data, weight_decay), rtol=1e-10)


@pytest.mark.parametrize("radius", [0.3, 1.0, 2.5, 3.0, 10.0])
def test_boxed_least_squares_agrees_with_scipy(page, data, double, radius):
    np.testing.assert_allclose(page["boxed"](radius), scipy_boxed(data, radius), atol=1e-10)


@pytest.mark.parametrize("name, weight_decay", list(product(["SGD", "SGD, momentum", "Adam"], [0.1, 0.4])))
def test_coupled_decay_ends_on_scikit_learns_ridge(page, data, name, weight_decay):
    end = page["paths"][name, weight_decay][-1].numpy()
    # SGD converges to rounding; Adam keeps a jitter of a tenth of its last learning rate, 0.015.
    tolerance = 2e-3 if name == "Adam" else 1e-10
    np.testing.assert_allclose(end, sklearn_ridge(data, weight_decay), atol=tolerance)


def test_adamw_with_a_wide_ball_ends_on_ordinary_least_squares(page, data):
    ols = np.linalg.lstsq(*data, rcond=None)[0]
    assert np.abs(ols).max() < 1 / 0.1
    np.testing.assert_allclose(page["paths"]["AdamW", 0.1][-1], ols, atol=2e-3)
    assert np.linalg.norm(ols - sklearn_ridge(data, 0.1)) > 100 * 2e-3


def test_adamw_with_a_narrow_ball_ends_on_least_squares_inside_it(page, data):
    inside = scipy_boxed(data, 1 / 0.4)
    assert np.abs(np.linalg.lstsq(*data, rcond=None)[0]).max() > 1 / 0.4
    np.testing.assert_allclose(page["paths"]["AdamW", 0.4][-1], inside, atol=2e-3)
    assert np.linalg.norm(inside - sklearn_ridge(data, 0.4)) > 100 * 2e-3


def rate(step, start, hold=300):
    return start / max(1, step / hold)


def test_momentum_path_is_the_documented_update(page, data):
    theta, buffer = np.zeros(2), np.zeros(2)
    for step in range(500):
        buffer = 0.9 * buffer + objective_gradient(data, theta) + 0.4 * theta
        theta = theta - rate(step, 0.1) * buffer
    np.testing.assert_allclose(page["paths"]["SGD, momentum", 0.4][500], theta, atol=1e-12)


@pytest.mark.parametrize("name, coupled, decoupled", [("Adam", 0.4, 0.0), ("AdamW", 0.0, 0.4)])
def test_adam_and_adamw_paths_are_the_published_updates(page, data, name, coupled, decoupled):
    theta, first, second = np.zeros(2), np.zeros(2), np.zeros(2)
    for step in range(100):
        gradient = objective_gradient(data, theta) + coupled * theta
        first = 0.9 * first + 0.1 * gradient
        second = 0.95 * second + 0.05 * gradient**2
        corrected = first / (1 - 0.9 ** (step + 1)), second / (1 - 0.95 ** (step + 1))
        eta = rate(step, 0.1)
        theta = (1 - eta * decoupled) * theta - eta * corrected[0] / (np.sqrt(corrected[1]) + 1e-8)
    np.testing.assert_allclose(page["paths"][name, 0.4][100], theta, atol=1e-10)


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


def test_minibatch_adamw_ends_there_and_not_on_ridge(page, data, double):
    end = page["minibatch_adamw"](4, 0.1).numpy()
    balance = page["weighted_ridge"](4, 0.1)[0].numpy()
    # One seed; the spread over seeds is about 0.01, the gap to ridge about 0.18.
    assert np.linalg.norm(end - balance) < 0.03
    assert np.linalg.norm(end - sklearn_ridge(data, 0.1)) > 0.1


def test_the_larger_the_batch_the_weaker_the_decay(computed, page):
    """Both factors fall, and they are the roots of the mean square of a batch's gradient at the balance."""
    lines = [line.split() for line in computed("ridge").stdout["minibatch_ends"].splitlines()]
    table = {int(size): [float(a), float(b)] for size, a, b in (line for line in lines[-3:])}
    assert list(table) == [1, 4, 16]
    assert np.all(np.diff(list(table.values()), axis=0) < 0)
    values = computed("ridge").values
    assert [values["scale_one"], values["scale_sixteen"]] == pytest.approx(
        [table[1][0], table[16][0]], abs=0.005
    )


def test_printed_distances_are_those_to_the_oracles(computed, page, data):
    numbers = {}
    for line in computed("ridge").stdout["distances"].splitlines()[1:]:
        if line.startswith("weight_decay"):
            weight_decay = float(line.split("=")[1].split(",")[0])
        else:
            *words, a, b, c = line.split()
            numbers[" ".join(words), weight_decay] = [float(a), float(b), float(c)]
    ols = np.linalg.lstsq(*data, rcond=None)[0]
    for key, printed in numbers.items():
        goals = sklearn_ridge(data, key[1]), ols, scipy_boxed(data, 1 / key[1])
        end = page["paths"][key][-1].numpy()
        expected = [np.linalg.norm(end - goal) for goal in goals]
        np.testing.assert_allclose(printed, expected, atol=6e-5)  # printed with four digits
    assert len(numbers) == 8
