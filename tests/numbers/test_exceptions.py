"""Clipping, missing gradients and accumulation, against NumPy, SciPy and scikit-learn."""

import numpy as np
import pytest
import torch
from breaks_cells import run_cells
from scipy.optimize import minimize
from scipy.special import huber
from sklearn.linear_model import Ridge


@pytest.fixture(scope="module")
def page():
    return run_cells("exceptions", "setup", "clip_once", "balance", "unused_head", "accumulate")


@pytest.fixture(scope="module")
def data(page):
    return page["X"].numpy(), page["y"].numpy()


def clipped(vector, norm=1.0):
    return vector * min(1.0, norm / (np.linalg.norm(vector) + 1e-6))  # PyTorch's 1e-6


def test_decay_is_added_after_clipping_and_a_penalty_is_clipped_with_the_rest(page, data):
    x, y = data
    theta = np.full(3, 4.0)
    gradient = x.T @ (x @ theta - y) / len(y)
    np.testing.assert_allclose(page["by_torch"], clipped(gradient) + 0.1 * theta, rtol=1e-10)
    np.testing.assert_allclose(page["by_hand"], clipped(gradient + 0.1 * theta), rtol=1e-10)


def test_clipping_that_stops_leaves_the_map_estimate_where_it_is(page, data):
    x, y = data
    theta, norms = torch.full((3,), 4.0, dtype=torch.float64, requires_grad=True), []
    optimizer = torch.optim.SGD([theta], lr=0.1, weight_decay=0.1)
    for _ in range(2000):
        optimizer.zero_grad()
        page["nll"](theta).backward()
        norms.append(torch.nn.utils.clip_grad_norm_([theta], 1.0).item())
        optimizer.step()
    ridge = Ridge(alpha=0.1 * len(y), fit_intercept=False, tol=1e-12).fit(x, y).coef_
    np.testing.assert_allclose(theta.detach(), ridge, atol=1e-8)
    assert norms[0] > 1 and max(norms[200:]) < 1  # it clips at first, and stops long before the end


def test_with_one_example_a_step_clipping_and_decay_minimize_a_huber_loss_with_ridge(page, data):
    x, y = data
    threshold = 1 / np.linalg.norm(x, axis=1)  # ‖xᵢrᵢ‖ ≤ 1 where |rᵢ| ≤ 1/‖xᵢ‖

    def objective(theta):
        return huber(threshold, x @ theta - y).mean() + 0.05 * theta @ theta

    best = minimize(objective, np.zeros(3), method="BFGS", options={"gtol": 1e-7}).x
    np.testing.assert_allclose(page["ends"]["weight_decay"], best, atol=1e-5)
    ridge = Ridge(alpha=0.1 * len(y), fit_intercept=False, tol=1e-12).fit(x, y).coef_
    np.testing.assert_allclose(page["ends"]["no clipping (MAP)"], ridge, atol=1e-8)
    assert np.linalg.norm(best - ridge) > 0.3


def test_penalty_in_the_loss_balances_jointly_clipped_gradients(page, data):
    x, y = data
    theta = page["ends"]["penalty in the loss"].numpy()
    joint = x * (x @ theta - y)[:, None] + 0.1 * theta
    norms = np.linalg.norm(joint, axis=1, keepdims=True)
    np.testing.assert_allclose((joint / np.maximum(norms, 1)).mean(0), 0, atol=1e-8)


def test_distances_to_the_map_estimate_are_those_of_the_two_ends(computed, page, data):
    """The ends are checked above; the two gaps are not each other's."""
    x, y = data
    ridge = Ridge(alpha=0.1 * len(y), fit_intercept=False, tol=1e-12).fit(x, y).coef_
    values = computed("exceptions").values
    for key, end in (("clipped_in_loss_gap", "penalty in the loss"), ("clipped_decay_gap", "weight_decay")):
        assert values[key] == pytest.approx(np.linalg.norm(page["ends"][end].numpy() - ridge), abs=1e-7)


def test_clipped_sgd_settles_on_the_predicted_balance(computed):
    values = computed("exceptions").values
    # The noise of one run at lr 0.02 is about 0.03; the distance to the MAP estimate is 0.5.
    assert values["clipped_end_gap"] < 0.05 < 0.3 < values["clipped_decay_gap"]


@pytest.mark.parametrize("steps", [1, 7, 20])
def test_an_unused_head_keeps_its_norm_unless_its_gradient_is_a_zero_tensor(page, double, steps):
    left = page["head_left"]
    shrunk = pytest.approx((1 - 0.5 * 0.1) ** steps, rel=1e-12)
    assert left(penalty=0.1, steps=steps) == shrunk
    assert left(weight_decay=0.1, set_to_none=False, steps=steps) == shrunk
    assert left(weight_decay=0.1, steps=steps) == 1


def test_undivided_penalty_counts_once_per_micro_batch(page, data, double):
    x, y = data
    theta = np.array([0.3, -1.0, 2.0])
    for k in (1, 2, 3, 5):
        expected = x.T @ (x @ theta - y) / len(y) + k * 0.1 * theta
        found = page["accumulated"](torch.tensor(theta), k, 0.1)
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_undivided_penalty_over_four_micro_batches_is_ridge_with_four_lambda(computed, data):
    x, y = data
    ends = [Ridge(alpha=k * 0.1 * len(y), fit_intercept=False, tol=1e-12).fit(x, y).coef_ for k in (1, 4)]
    values = computed("exceptions").values
    assert values["accumulated_gap"] == pytest.approx(np.linalg.norm(ends[0] - ends[1]), rel=1e-6)
    assert values["accumulated_gap_four"] < 1e-9
