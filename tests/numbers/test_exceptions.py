"""Clipping, missing gradients and accumulation, against NumPy, SciPy and scikit-learn."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.special import huber
from sklearn.linear_model import Ridge

CELLS = "setup balance overshoot unused_head accumulate"


@pytest.fixture(scope="module")
def data(page):
    return page["X"].numpy(), page["y"].numpy()


@pytest.fixture(scope="module")
def ridge(data):
    """Return the MAP estimate."""
    x, y = data
    return Ridge(alpha=0.1 * len(y), fit_intercept=False, tol=1e-12).fit(x, y).coef_


def test_clipping_that_stops_leaves_the_map_estimate_where_it_is(page, ridge):
    theta, norms = torch.full((3,), 4.0, dtype=torch.float64, requires_grad=True), []
    optimizer = torch.optim.SGD([theta], lr=0.1, weight_decay=0.1)
    for _ in range(2000):
        optimizer.zero_grad()
        page["nll"](theta).backward()
        norms.append(torch.nn.utils.clip_grad_norm_([theta], 1.0).item())
        optimizer.step()
    np.testing.assert_allclose(theta.detach(), ridge, atol=1e-8)
    assert norms[0] > 1 and max(norms[200:]) < 1  # it clips at first, and stops long before the end


def test_with_one_example_a_step_clipping_and_decay_minimize_a_huber_loss_with_ridge(page, data, ridge):
    x, y = data
    threshold = 1 / np.linalg.norm(x, axis=1)  # ‖xᵢrᵢ‖ ≤ 1 where |rᵢ| ≤ 1/‖xᵢ‖

    def objective(theta):
        return huber(threshold, x @ theta - y).mean() + 0.05 * theta @ theta

    best = minimize(objective, np.zeros(3), method="BFGS", options={"gtol": 1e-7}).x
    np.testing.assert_allclose(page["ends"]["weight_decay"], best, atol=1e-5)
    np.testing.assert_allclose(page["ends"]["no clipping (MAP)"], ridge, atol=1e-8)
    assert np.linalg.norm(best - ridge) > 0.3


def test_penalty_in_the_loss_balances_jointly_clipped_gradients(page, data):
    x, y = data
    theta = page["ends"]["penalty in the loss"].numpy()
    joint = x * (x @ theta - y)[:, None] + 0.1 * theta
    norms = np.linalg.norm(joint, axis=1, keepdims=True)
    np.testing.assert_allclose((joint / np.maximum(norms, 1)).mean(0), 0, atol=1e-8)


def test_distances_to_the_map_estimate_are_those_of_the_two_ends(values, page, ridge):
    """The ends are checked above; the two gaps are not each other's."""
    for key, end in (("clipped_in_loss_gap", "penalty in the loss"), ("clipped_decay_gap", "weight_decay")):
        assert values[key] == pytest.approx(np.linalg.norm(page["ends"][end].numpy() - ridge), abs=1e-7)


def test_clipping_bounds_no_decay_with_lr_times_decay_above_two(page, double):
    """By hand: a bounded step and a factor of |1 - ηλ| at each of a hundred steps."""
    size = page["size_after"]
    for kind in (torch.optim.SGD, torch.optim.AdamW):
        assert size(kind, 1.9) < 1 / (2 - 1.9)  # a step of at most 1 and a factor of -0.9
        assert size(kind, 2.1) > 0.1 * 1.1**100
    for strong in (1.9, 2.1, 20.0):
        assert size(torch.optim.SGD, 0.0, penalty=strong) < 3


def test_an_unused_head_keeps_its_norm_unless_its_gradient_is_a_zero_tensor(page, double):
    left = page["head_left"]
    shrunk = pytest.approx((1 - 0.5 * 0.1) ** 20, rel=1e-12)
    assert left(penalty=0.1) == shrunk == left(weight_decay=0.1, set_to_none=False)
    assert left(weight_decay=0.1) == 1


def test_undivided_penalty_counts_once_per_micro_batch(page, double):
    for k in (1, 2, 3, 5):  # micro-batches of equal size
        assert page["decay_found"](k, 0.1) == pytest.approx(k * 0.1, rel=1e-10)
        assert page["decay_found"](k, 0.1 / k) == pytest.approx(0.1, rel=1e-10)
