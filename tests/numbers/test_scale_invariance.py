"""Normalized weights: exact rescaling, no minimum without ε, and a minimum with it."""

import numpy as np
import pytest
import torch
from breaks_cells import run_cells
from scipy.optimize import minimize_scalar


@pytest.fixture(scope="module")
def page():
    return run_cells("scale_invariance", "model", "train", "compare", "map_estimate", "map_scale")


@pytest.fixture(autouse=True)
def double():
    """The snippet computes in float64; so do calls into it."""
    dtype = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(dtype)


def penalized(page, w, v, eps, decay=0.01):
    """L in NumPy: softplus, biased batch variance and half the squared norms written out."""
    x, y, w, v = (np.asarray(t) for t in (page["X"], page["y"], w, v))
    z = x @ w
    z = (z - z.mean(0)) / np.sqrt(z.var(0) + eps)
    return ((np.logaddexp(0, z) @ v - y) ** 2).mean() + decay / 2 * ((w**2).sum() + (v**2).sum())


def test_normalization_by_hand_is_batch_norm(page):
    layer = torch.nn.BatchNorm1d(4, eps=1e-3, affine=False)
    w, v = page["W0"], page["V0"]
    expected = torch.nn.functional.softplus(layer(page["X"] @ w)) @ v
    torch.testing.assert_close(page["predict"](w, v, 1e-3), expected, rtol=1e-12, atol=1e-12)


def test_rescaling_by_powers_of_two_changes_no_bit_of_any_loss(computed, page):
    values = computed("scale_invariance").values
    assert values["exact_differ"] == values["exact_differ_momentum"] == 0
    eta, decay = page["ETA"], page["LAMBDA"]
    for momentum in (0.0, 0.9):
        one = page["losses"](1, eta, decay, momentum=momentum)
        eight = page["losses"](8, 64 * eta, decay / 64, momentum=momentum)
        assert torch.equal(one, eight)
        assert one[0] - one[-1] > 0.1  # and the runs do learn


def test_rescaling_by_three_agrees_up_to_rounding(page):
    eta, decay = page["ETA"], page["LAMBDA"]
    gap = (page["losses"](1, eta, decay) - page["losses"](3, 9 * eta, decay / 9)).abs().max()
    assert 0 < gap < 1e-12


def test_training_is_the_update_written_in_numpy_with_numerical_gradients(page):
    w, v = page["W0"].numpy().copy(), page["V0"].numpy().copy()
    losses, step = [], 1e-6
    for _ in range(5):
        losses.append(penalized(page, w, v, 0.0, decay=0.0))
        slopes = []
        for block in (w, v):
            slope = np.zeros_like(block)
            for index in np.ndindex(block.shape):
                kept, pair = block[index], []
                for sign in (1, -1):
                    block[index] = kept + sign * step
                    pair.append(penalized(page, w, v, 0.0))
                block[index] = kept
                slope[index] = (pair[0] - pair[1]) / (2 * step)
            slopes.append(slope)
        w, v = w - 0.02 * slopes[0], v - 0.02 * slopes[1]
    recorded = page["losses"](1, 0.02, 0.01)[:5]
    np.testing.assert_allclose(recorded, losses, atol=1e-8)  # central differences: about 1e-9


def test_gradient_of_normalized_weights_is_orthogonal_to_them(page):
    w, v, step = page["W0"].numpy(), page["V0"].numpy(), 1e-5
    up, down = (penalized(page, (1 + s) * w, v, 0.0, decay=0.0) for s in (step, -step))
    assert abs(up - down) / (2 * step) < 1e-9


def test_without_eps_every_halving_lowers_the_loss_and_zero_has_none(page):
    w, v = page["W0"].numpy(), page["V0"].numpy()
    losses = [penalized(page, w / 2**k, v, 0.0) for k in range(20)]
    assert all(np.diff(losses) < 0)
    with np.errstate(invalid="ignore"):
        assert np.isnan(penalized(page, 0 * w, v, 0.0))


@pytest.mark.parametrize("eps", [1e-1, 1e-3, 1e-5])
def test_with_eps_the_estimate_is_a_minimum_in_every_direction_tried(page, eps):
    w, v, slope = page["maps"][eps]
    assert slope < 1e-5
    base, rng = penalized(page, w, v, eps), np.random.default_rng(0)
    for _ in range(200):
        dw, dv = rng.normal(size=w.shape), rng.normal(size=v.shape)
        # Steps of a hundredth of the estimate's size, where the curvature outweighs ‖∇L‖.
        size = 0.01 * float(w.norm()) / np.linalg.norm(dw)
        assert penalized(page, w.numpy() + size * dw, v.numpy() + size * dv, eps) > base


@pytest.mark.parametrize("eps", [1e-1, 1e-3, 1e-5])
def test_scale_of_the_estimate_is_that_of_scipys_search_along_its_ray(page, eps):
    w, v, _ = page["maps"][eps]
    found = minimize_scalar(
        lambda log: penalized(page, np.exp(log) * w.numpy(), v, eps), bounds=(-2, 2), method="bounded",
        options={"xatol": 1e-9},
    )
    assert found.x == pytest.approx(0, abs=1e-4)


def test_ten_times_the_weights_with_a_hundred_times_eps_is_the_same_function(page):
    w, v = page["W0"].numpy(), page["V0"].numpy()
    small, large = penalized(page, w, v, 1e-2, decay=0.0), penalized(page, 10 * w, v, 1.0, decay=0.0)
    assert large == pytest.approx(small, rel=1e-12)


def test_scale_of_the_estimate_grows_like_the_fourth_root_of_eps(computed):
    values = computed("scale_invariance").values
    ratio = values["map_norm_large_eps"] / values["map_norm_small_eps"]
    assert ratio == pytest.approx(1e4**0.25, rel=0.01)  # leading order in ε
