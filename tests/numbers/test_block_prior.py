"""Parameter groups as a block prior: oracles are scikit-learn, numpy and finite differences."""

import runpy

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from sklearn.linear_model import Ridge
from torch import nn
from torch.nn.utils.parametrizations import weight_norm


@pytest.fixture(scope="module")
def snippet():
    """The names that the snippet leaves behind; float64 stays on while they are used."""
    default = torch.get_default_dtype()
    yield runpy.run_path("snippets/block_prior.py")
    torch.set_default_dtype(default)
    plt.close("all")


@pytest.fixture(scope="module")
def values(computed):
    return computed("block_prior").values


def regression(snippet):
    return snippet["features"].numpy(), snippet["target"].numpy()


def test_two_groups_reach_ridge_with_an_unpenalized_intercept(snippet, values):
    # Ridge minimizes |y - Xw - b|^2 + alpha |w|^2 and leaves b alone: alpha = n lambda
    # at noise variance 1. Both sides converge to about 1e-12.
    x, y = regression(snippet)
    ridge = Ridge(alpha=values["n"] * values["weight_decay"]).fit(x, y)
    slopes = [values[f"slope_{i}_flat"] for i in (1, 2, 3)]
    np.testing.assert_allclose(slopes, ridge.coef_, rtol=0, atol=1e-8)
    assert values["intercept_flat"] == pytest.approx(ridge.intercept_, abs=1e-8)


def test_one_group_reaches_ridge_with_a_penalized_intercept(snippet, values):
    # A column of ones makes the intercept a slope like the others.
    x, y = regression(snippet)
    ones = np.column_stack([x, np.ones(len(x))])
    alpha = values["n"] * values["weight_decay"]
    ridge = Ridge(alpha=alpha, fit_intercept=False).fit(ones, y)
    fit = [values[f"slope_{i}_decayed"] for i in (1, 2, 3)] + [values["intercept_decayed"]]
    np.testing.assert_allclose(fit, ridge.coef_, rtol=0, atol=1e-8)


def test_closed_form_equals_ridge_on_other_data(snippet):
    rng = np.random.default_rng(7)
    x, y = rng.normal(2, 3, (25, 6)), rng.normal(-50, 4, 25)
    ridge = Ridge(alpha=25 * 0.3).fit(x, y)
    fit = snippet["map_estimate"](torch.tensor(x), torch.tensor(y), 0.3).numpy()
    np.testing.assert_allclose(fit, [*ridge.coef_, ridge.intercept_], rtol=1e-10)


def test_decayed_intercept_leaves_a_mean_residual_of_lambda_times_it(values):
    # Stationarity in b: mean residual = lambda b.
    expected = values["weight_decay"] * values["intercept_decayed"]
    assert values["mean_residual_decayed"] == pytest.approx(expected, abs=1e-8)


def neg_log_joint_per_example(parameters, x, y, prior_variance):
    """The block prior's objective in numpy: biases have no prior factor."""
    hidden, penalty = x, 0.0
    for layer in range(0, len(parameters), 2):
        weight, bias = parameters[layer], parameters[layer + 1]
        hidden = hidden @ weight.T + bias
        if layer < len(parameters) - 2:
            hidden = np.maximum(hidden, 0)
        penalty += (weight**2).sum() / (2 * prior_variance)
    return (((y - hidden) ** 2).sum() / 2 + penalty) / len(x)


def test_map_gradient_equals_finite_differences_of_the_log_joint(snippet):
    # Central differences with step 1e-6: error about 1e-9 for values of order 1.
    x, y = snippet["x"].numpy(), snippet["y"].numpy()
    parameters = [p.numpy().copy() for p in snippet["start"]]
    tau, step = 1 / (60 * 1e-2), 1e-6
    for parameter, gradient in zip(parameters, snippet["bayes"]):
        numeric = np.empty_like(parameter)
        for index in np.ndindex(parameter.shape):
            kept = parameter[index]
            parameter[index] = kept + step
            above = neg_log_joint_per_example(parameters, x, y, tau)
            parameter[index] = kept - step
            below = neg_log_joint_per_example(parameters, x, y, tau)
            parameter[index] = kept
            numeric[index] = (above - below) / (2 * step)
        np.testing.assert_allclose(gradient.numpy(), numeric, rtol=0, atol=1e-7)


def test_the_optimizer_applied_the_block_prior_gradient(snippet):
    # (before - after) / lr loses two digits to lr = 1e-2: 1e-13 is a few of them.
    applied = snippet["applied"](snippet["param_groups"](snippet["model"], 1e-2))
    for step, gradient in zip(applied, snippet["bayes"]):
        np.testing.assert_allclose(step.numpy(), gradient.numpy(), rtol=0, atol=1e-12)


def test_uniform_decay_differs_by_lambda_times_the_biases(snippet, values):
    biases = np.concatenate([p.numpy() for p in snippet["start"] if p.ndim == 1])
    expected = 1e-2 * np.linalg.norm(biases)
    assert values["uniform_gap"] == pytest.approx(expected, rel=1e-9)
    assert values["biases_decay"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("layer", [nn.LayerNorm(4), nn.BatchNorm1d(4), nn.GroupNorm(2, 4),
                                   nn.PReLU(4), nn.RMSNorm(4)], ids=lambda m: type(m).__name__)
def test_norms_and_prelu_are_flat(snippet, layer):
    decayed, flat = snippet["param_groups"](layer, 0.1)
    assert not decayed["params"] and len(flat["params"]) == len(list(layer.parameters()))


@pytest.mark.parametrize("layer", [nn.Linear(3, 4), nn.Conv2d(2, 3, 3), nn.Conv1d(2, 2, 3)],
                         ids=lambda m: type(m).__name__)
def test_weights_decay_and_biases_do_not(snippet, layer):
    decayed, flat = snippet["param_groups"](layer, 0.1)
    assert [p is layer.weight for p in decayed["params"]] == [True]
    assert [p is layer.bias for p in flat["params"]] == [True]
    assert (decayed["weight_decay"], flat["weight_decay"]) == (0.1, 0.0)


def test_every_parameter_is_in_exactly_one_group(snippet):
    model = snippet["TinyLanguageModel"]()
    groups = snippet["param_groups"](model, 0.1)
    ids = [id(p) for group in groups for p in group["params"]]
    assert sorted(ids) == sorted({id(p) for p in model.parameters()})


def test_weight_norm_decays_lengths_and_not_directions(snippet):
    layer = weight_norm(nn.Linear(3, 5, bias=False))
    decayed, flat = snippet["param_groups"](layer, 0.1)
    assert [tuple(p.shape) for p in decayed["params"]] == [(5, 1)]
    assert [tuple(p.shape) for p in flat["params"]] == [(5, 3)]


def test_the_older_weight_norm_is_split_the_same_way(snippet):
    with pytest.warns(FutureWarning):
        layer = torch.nn.utils.weight_norm(nn.Linear(3, 5, bias=False))
    decayed, flat = snippet["param_groups"](layer, 0.1)
    assert [tuple(p.shape) for p in decayed["params"]] == [(5, 1)]
    assert [tuple(p.shape) for p in flat["params"]] == [(5, 3)]


def test_half_the_squared_lengths_is_half_the_squared_matrix(snippet, values):
    matrix = snippet["mix"].weight.detach().numpy()
    expected = 0.5 * (np.linalg.norm(matrix, axis=1) ** 2).sum()
    assert values["penalty_lengths"] == pytest.approx(expected, rel=1e-12)
    assert values["penalty_matrix"] == pytest.approx(expected, rel=1e-12)


def language_model_in_numpy(parts, tokens):
    """Return the outputs; `parts` by the names of `named_parameters()`."""
    x = parts["embed.weight"][tokens]
    x = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)  # LayerNorm's eps
    x = x * parts["norm.weight"] + parts["norm.bias"]
    v = parts["mix.parametrizations.weight.original1"]
    matrix = parts["mix.parametrizations.weight.original0"] * v / np.linalg.norm(v, axis=1, keepdims=True)
    x = x @ matrix.T + parts["mix.bias"]
    return np.where(x > 0, x, parts["act.weight"] * x) @ parts["embed.weight"].T


def test_a_flat_gain_lets_the_penalty_fall_while_the_output_stays(snippet, computed):
    model, tokens = snippet["language_model"], np.arange(50)
    parts = {name: p.detach().numpy().copy() for name, p in model.named_parameters()}
    before = language_model_in_numpy(parts, tokens)
    np.testing.assert_allclose(snippet["output"].numpy(), before, rtol=0, atol=1e-10)
    assert np.abs(parts["norm.bias"]).min() > 0 and before.std() > 0.1
    rows = [line.split() for line in computed("block_prior").stdout["flat_gain"].splitlines()[1:]]
    assert [row[0] for row in rows] == ["1", "10", "100"]
    lengths = parts["mix.parametrizations.weight.original0"]
    for c, penalty, moved in np.array(rows, dtype=float):
        scales = {"norm.weight": c, "norm.bias": c, "mix.parametrizations.weight.original0": 1 / c}
        after = language_model_in_numpy({k: p * scales.get(k, 1) for k, p in parts.items()}, tokens)
        np.testing.assert_allclose(after, before, rtol=0, atol=1e-10)
        assert moved == 0
        assert penalty == pytest.approx(0.5 * (lengths**2).sum() / c**2, abs=6e-9)  # eight decimals


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


def test_a_flat_gain_leaves_no_minimum_before_relu_and_may_leave_one_before_others(snippet):
    relu = lowest_by_gain(torch.relu)
    assert (np.diff(relu) < 0).all() and relu[-1] < 1e-10  # ever lower, the larger the gain
    for smooth in (nn.functional.gelu, nn.functional.silu, torch.tanh):
        losses = lowest_by_gain(smooth)
        best = GAINS[losses.argmin()]
        assert 0.1 < best < 10 and losses.min() < losses[[0, -1]].min() / 3  # attained, and not far out
        mirrored = lowest_by_gain(smooth, -1)  # tanh is odd: the same there
        assert mirrored.min() > (1 - 1e-9) * losses.min() and mirrored[-1] > 3 * losses.min()


def test_a_tied_weight_is_counted_once_by_parameters_and_twice_by_state_dict(values):
    assert values["penalty_twice"] == pytest.approx(2 * values["penalty_once"], rel=1e-12)


def test_shifting_the_target_moves_slopes_only_if_the_intercept_decays(snippet, values):
    x, y = regression(snippet)
    alpha = values["n"] * values["weight_decay"]
    ones = np.column_stack([x, np.ones(len(x))])
    ridge = Ridge(alpha=alpha, fit_intercept=False)
    moved = ridge.fit(ones, y + 273.15).coef_ - ridge.fit(ones, y).coef_
    assert values["shift_slopes_decayed"] == pytest.approx(np.linalg.norm(moved[:3]), rel=1e-6)
    flat = Ridge(alpha=alpha)
    still = flat.fit(x, y + 273.15).coef_ - flat.fit(x, y).coef_
    assert np.linalg.norm(still) < 1e-10
