"""Parameter groups as a block prior: oracles are scikit-learn and NumPy."""

import numpy as np
import pytest
import torch
from network import Batch
from sklearn.linear_model import Ridge
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

CELLS = "groups who_decays flat_gains weight_norm log_joint applied intercept"


@pytest.mark.parametrize(
    "module",
    [nn.LayerNorm(4), nn.BatchNorm1d(4), nn.GroupNorm(2, 4), nn.PReLU(4), nn.RMSNorm(4), nn.Linear(3, 4),
     nn.Conv2d(2, 3, 3), nn.GRU(2, 3), nn.MultiheadAttention(4, 2, add_bias_kv=True), nn.Embedding(3, 2)],
    ids=lambda module: type(module).__name__,
)
def test_biases_stay_flat_and_all_else_decays(page, module):
    decayed, flat = page["param_groups"](module, 0.1)
    by_id = {id(p): name for name, p in module.named_parameters()}
    assert all("bias" in by_id[id(p)].split(".")[-1] for p in flat["params"])
    assert not any("bias" in by_id[id(p)].split(".")[-1] for p in decayed["params"])
    assert len(decayed["params"]) + len(flat["params"]) == len(by_id)
    assert (decayed["weight_decay"], flat["weight_decay"]) == (0.1, 0.0)


def test_a_flat_gain_a_hundred_times_larger_divides_the_penalty_by_ten_thousand(run):
    for line in run.stdout["flat_gains"].splitlines()[1:]:
        before, after, moved = map(float, line.split()[-3:])
        assert moved == 0 and before / after == pytest.approx(1e4, rel=0.01)


def test_weight_norm_decays_lengths_and_not_directions(page):
    old = pytest.warns(FutureWarning, torch.nn.utils.weight_norm, nn.Linear(3, 5, bias=False))
    for layer in (weight_norm(nn.Linear(3, 5, bias=False)), old):
        decayed, flat = page["param_groups"](layer, 0.1)
        assert [tuple(p.shape) for p in decayed["params"]] == [(5, 1)]
        assert [tuple(p.shape) for p in flat["params"]] == [(5, 3)]


def test_larger_gains_and_smaller_consumers_leave_a_pre_norm_block_as_it_was(page):
    def outputs(scales):
        scaled = {name: p * scales.get(name, 1) for name, p in page["block"].named_parameters()}
        return torch.func.functional_call(page["block"], scaled, page["tokens"]).detach().numpy()

    scales = {"norm1.weight": 7, "norm1.bias": 7, "norm2.weight": 1 / 3, "norm2.bias": 1 / 3,
              "self_attn.in_proj_weight": 1 / 7, "linear1.weight": 3}
    np.testing.assert_allclose(outputs(scales), outputs({}), atol=1e-10)
    half = outputs({"norm1.weight": 7}) - outputs({})
    assert np.abs(half).max() > 1e-3  # the gain alone does change the output


def lowest_by_gain(activation, sign: int = 1) -> np.ndarray:
    """Return the lowest penalized loss at each gain g: over biases b, over the next weight w in closed form.

    One normalized input z, w * activation(g z + b) against activation(z); w decays, g and b are flat.
    """
    z = torch.linspace(-2, 2, 81)
    z = (z - z.mean()) / z.std(unbiased=False)
    y, decay = activation(z), 1e-3
    biases = torch.cat([torch.zeros(1), *(side * torch.logspace(-2, 5, 141) for side in (1, -1))])
    lowest = []
    for gain in GAINS:
        a = activation(sign * gain * z + biases[:, None])
        w = (y * a).mean(1) / ((a * a).mean(1) + decay)
        loss = ((y - w[:, None] * a) ** 2).mean(1) / 2 + decay / 2 * w**2
        lowest.append(loss.min().item())
    return np.array(lowest)


GAINS = torch.logspace(-3, 5, 161, dtype=torch.float64)


def test_a_flat_gain_leaves_no_minimum_before_relu_and_may_leave_one_before_others(double):
    relu = lowest_by_gain(torch.relu)
    assert (np.diff(relu) < 0).all() and relu[-1] < 1e-10  # ever lower, the larger the gain
    for smooth in (nn.functional.gelu, nn.functional.silu, torch.tanh):
        losses = lowest_by_gain(smooth)
        best = GAINS[losses.argmin()]
        assert 0.1 < best < 10 and losses.min() < losses[[0, -1]].min() / 3  # attained, and not far out
        mirrored = lowest_by_gain(smooth, -1)  # tanh is odd: the same there
        assert mirrored.min() > (1 - 1e-9) * losses.min() and mirrored[-1] > 3 * losses.min()


def test_the_step_equals_the_gradient_of_the_log_joint_by_hand(run, page):
    """Half of the mean squared error's, by backpropagation in NumPy, and θ/(nτ) of the weights alone."""
    x, y = page["x"].numpy(), page["y"].numpy()
    theta, applied = (np.concatenate([p.numpy().ravel() for p in page[k]]) for k in ("before", "applied"))
    (slope,) = Batch(theta[None], x, y).gradient()[1]
    is_weight = np.concatenate([np.full(p.numel(), p.ndim > 1) for p in page["before"]])
    np.testing.assert_allclose(applied, slope / 2 + 1e-2 * theta * is_weight, rtol=0, atol=1e-12)
    assert "True" in run.stdout["applied"]


@pytest.mark.parametrize("shift", [0.0, 273.15])
def test_both_fits_are_ridge_with_and_without_a_penalized_intercept(values, page, double, shift):
    # Ridge minimizes |y - Xw - b|² + alpha |w|²: alpha = n lambda at noise variance 1, with b free;
    # a column of ones makes the intercept a slope like the others.
    x, y = page["features"].numpy(), page["target"].numpy() + shift
    free = Ridge(alpha=40 * 0.1, tol=1e-14).fit(x, y)
    ones = Ridge(alpha=40 * 0.1, fit_intercept=False, tol=1e-14).fit(np.column_stack([x, np.ones(40)]), y)
    expected = {False: [*free.coef_, free.intercept_], True: ones.coef_}
    for everything in (False, True):
        np.testing.assert_allclose(page["fit"](everything, shift), expected[everything], rtol=1e-7)
    if not shift:
        assert values["intercept_flat"] == pytest.approx(free.intercept_, rel=1e-7)
        assert values["intercept_decayed"] == pytest.approx(ones.coef_[3], rel=1e-7)
        assert values["prior_std"] == pytest.approx((1 / (40 * 0.1)) ** 0.5)
