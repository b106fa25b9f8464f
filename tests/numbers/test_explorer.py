"""The explorer's fits, checked in numpy float64 and with scipy: no code is shared with the snippet."""

import contextlib
import io
import json
import math
import runpy
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.optimize import nnls

import models

ROOT = Path(__file__).parents[2]
SHAPES = [(10, 2), (10,), (10, 10), (10,), (10, 10), (10,), (1, 10), (1,)]
CONSTANT = 0.5 * math.log(2 * math.pi * 0.25)  # of a Gaussian log-density with variance 1/4


@pytest.fixture(scope="module")
def run():
    """Everything the snippet leaves behind, on one thread as the site's build runs it."""
    import matplotlib.pyplot as plt

    assert torch.get_num_threads() == 1
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield runpy.run_path(str(ROOT / "snippets/explorer.py"))
    finally:
        plt.close("all")


@pytest.fixture(scope="module")
def data(run):
    """What the page carries, as the browser reads it."""
    return json.loads(json.dumps(run["report"]))


def layers(theta):
    """Split parameters (261,) into weights and biases, in torch's order."""
    ends = np.cumsum([math.prod(shape) for shape in SHAPES])
    return [part.reshape(shape) for part, shape in zip(np.split(theta, ends[:-1]), SHAPES)]


def forward(theta, inputs):
    """Return outputs (n,) of one network and its ReLUs' inputs (n, 30)."""
    parts, hidden, before = layers(theta), inputs, []
    for k in range(0, 8, 2):
        hidden = np.einsum("ni,oi->no", hidden, parts[k]) + parts[k + 1]
        if k < 6:
            before.append(hidden)
            hidden = np.where(hidden > 0, hidden, 0.0)
    return hidden[:, 0], np.concatenate(before, axis=1)


def standardized(x):
    """Features (x, x²), shifted and scaled as those of the article's 60 points are."""
    grid = np.concatenate([np.linspace(a, a + 4, 20) for a in (-10, -2, 6)])
    both = [np.stack([z, z**2], axis=1) for z in (grid, x)]
    return (both[1] - both[0].mean(0)) / both[0].std(0, ddof=1)


def loss(theta, inputs, y, weight):
    """NLL per example under variance 1/4, plus half of λ times the squared norm."""
    output, _ = forward(theta, inputs)
    return CONSTANT + 2 * np.mean((output - y) ** 2) + weight / 2 * theta @ theta


def fits(run):
    """Yield (index, θ, λ, the inputs and targets that this fit uses)."""
    inputs, y = run["inputs"].numpy(), run["y"].numpy()
    for k, theta in enumerate(run["theta"].numpy()):
        step = 60 // (15, 30, 60)[k // 21]
        yield k, theta, 2.0 ** ((k % 21 - 14) / 2), inputs[::step], y[::step]


def test_data_and_start_are_the_protocols_three_draws(run):
    torch.manual_seed(1)
    truth, noise, start = models.Net(), torch.randn(60, 1), models.Net()
    x = torch.cat([torch.linspace(-10, -6, 20), torch.linspace(-2, 2, 20), torch.linspace(6, 10, 20)])
    y = truth(torch.stack([x, x**2], 1)) + 0.5 * noise
    start = torch.cat([p.flatten() for p in start.parameters()])
    assert torch.allclose(run["y"].float(), y.squeeze(1), rtol=0, atol=1e-6)  # float32 rounding
    assert torch.equal(run["theta_0"].float(), start)


def test_features_are_standardized(run):
    inputs = run["inputs"].numpy()
    assert np.allclose(inputs.mean(0), 0, atol=1e-12) and np.allclose(inputs.std(0, ddof=1), 1)
    grid = np.concatenate([np.linspace(a, a + 4, 20) for a in (-10, -2, 6)])
    assert np.allclose(inputs, standardized(grid), atol=1e-5)  # the snippet's x is float32


def test_grid_has_enough_values_and_the_subsets_are_nested(run, data):
    assert len(data["lambda"]) >= 15 and data["n"] == [15, 30, 60]
    assert np.allclose(data["lambda"], [2 ** (k / 2) for k in range(-14, 7)], rtol=1e-11)
    used = [set(np.flatnonzero(run["used"][k].numpy())) for k in (0, 21, 42)]
    assert used[0] < used[1] < used[2] and [len(part) for part in used] == [15, 30, 60]


def test_prior_variance_is_one_over_n_lambda_and_doubling_n_halves_lambda(data):
    for i, n in enumerate(data["n"]):
        for k, weight in enumerate(data["lambda"]):
            here = i * 21 + k
            assert data["prior_variance"][here] == pytest.approx(1 / (n * weight), rel=1e-5)  # 6 digits
            assert data["prior_std"][here] ** 2 == pytest.approx(1 / (n * weight), rel=2e-5)
            if i and k >= 2:
                assert data["prior_std"][here - 2] == data["prior_std"][here - 21]


def test_nll_penalty_and_loss_are_those_of_a_numpy_forward_pass(run, data):
    for k, theta, weight, inputs, y in fits(run):
        penalty = weight / 2 * np.sum(theta**2)
        total = loss(theta, inputs, y, weight)
        assert data["nll"][k] == pytest.approx(total - penalty, rel=1e-5)  # printed with 6 digits
        assert data["penalty"][k] == pytest.approx(penalty, rel=1e-5)
        assert data["loss"][k] == pytest.approx(total, rel=1e-5)


def test_nll_of_new_labels_is_the_average_over_many_drawn_labels(run, data):
    clean, generator = run["clean"].numpy(), np.random.default_rng(0)
    labels = clean + 0.5 * generator.standard_normal((4000, 60))
    for k in (0, 20, 25, 50, 62):
        output, _ = forward(run["theta"][k].numpy(), run["inputs"].numpy())
        scores = CONSTANT + 2 * np.mean((labels - output) ** 2, axis=1)
        error = scores.std() / math.sqrt(len(scores))
        assert abs(scores.mean() - data["new_nll"][k]) < 5 * error  # five standard errors


def test_curves_are_the_networks_outputs_to_the_printed_digit(run, data):
    inputs = standardized(np.array(data["curve_x"]))
    for k, theta in enumerate(run["theta"].numpy()):
        output, _ = forward(theta, inputs)
        assert np.abs(output - data["curves"][k]).max() < 0.0051  # rounded to hundredths


def test_gradient_norms_are_those_of_models_net_under_autograd(run, data):
    network = models.Net().double()
    for k, theta, weight, inputs, y in fits(run):
        torch.nn.utils.vector_to_parameters(torch.tensor(theta), network.parameters())
        squares = (network(torch.tensor(inputs)).squeeze(1) - torch.tensor(y)) ** 2
        norm = sum((p**2).sum() for p in network.parameters())
        gradient = torch.autograd.grad(2 * squares.mean() + weight / 2 * norm, list(network.parameters()))
        length = math.sqrt(sum(float((g**2).sum()) for g in gradient))
        assert data["grad_norm"][k] == pytest.approx(length, rel=1e-5, abs=1e-10)


def test_smooth_fits_have_a_short_gradient_by_finite_differences(run, data):
    smooth = [k for k, state in enumerate(data["state"]) if state == "smooth"]
    assert len(smooth) > 10
    for k, theta, weight, inputs, y in fits(run):
        if k in smooth[::5]:
            steps = 1e-6 * np.eye(261)  # float64: error about 1e-9 an entry
            slopes = [
                (loss(theta + e, inputs, y, weight) - loss(theta - e, inputs, y, weight)) / 2e-6
                for e in steps
            ]
            assert np.linalg.norm(slopes) < 1e-3


def test_shortest_average_agrees_with_nonnegative_least_squares(run, data):
    gradients = torch.stack(run["last_gradients"], 1).numpy()
    for k, rows in enumerate(gradients):
        heavy = 1e3 * np.abs(rows).max() + 1e-30  # holds the sum of the weights at 1
        weights, _ = nnls(np.vstack([rows.T, np.full(len(rows), heavy)]), np.append(np.zeros(261), heavy))
        best = np.linalg.norm(weights / weights.sum() @ rows)
        assert data["shortest"][k] > best - 1e-6
        assert data["shortest"][k] < best + 3e-4  # Gilbert's algorithm stops early; an average all the same


def test_states_follow_from_the_two_norms(data):
    for state, gradient, average in zip(data["state"], data["grad_norm"], data["shortest"]):
        assert state == ("smooth" if gradient < 1e-3 else "kink" if average < 1e-3 else "flagged")


def test_fits_on_a_kink_touch_one_and_cannot_follow_their_gradient_down(run, data):
    for k, theta, weight, inputs, y in fits(run):
        if data["state"][k] == "kink":
            _, before = forward(theta, inputs)
            assert np.abs(before).min() < 1e-3  # some ReLU is about to switch at some point
            direction = run["last_gradients"][-1][k].numpy()
            step = 1e-2 * direction / np.linalg.norm(direction)
            fall = loss(theta, inputs, y, weight) - loss(theta - step, inputs, y, weight)
            assert fall < 1e-2 * np.linalg.norm(direction) / 2  # on a smooth slope: the whole product


def test_flat_fits_at_the_largest_lambda_are_the_closed_form_of_one_bias(run):
    for _, theta, weight, inputs, y in fits(run):
        if weight == 8:
            output, _ = forward(theta, inputs)
            assert np.abs(output - y.mean() / (1 + 0.25 * weight)).max() < 1e-4
            assert np.linalg.norm(theta[:-1]) < 1e-3  # the last entry is the last bias


def test_beaten_fits_lose_at_their_own_lambda(run, data):
    known = list(fits(run))
    for k, theta, weight, inputs, y in known:
        mine = loss(theta, inputs, y, weight)
        rivals = [loss(other, inputs, y, weight) for j, other, *_ in known if j // 21 == k // 21]
        assert data["beaten"][k] == (min(rivals) < mine - 1e-6)


def test_fits_that_lose_are_counted_by_whether_they_converged(computed, data):
    states = [state for state, loses in zip(data["state"], data["beaten"]) if loses]
    unfinished = states.count("flagged")
    lines = computed("explorer").stdout["local"].splitlines()
    assert lines[0].startswith(f"{len(states)} of 63 ")
    assert lines[1] == f"{unfinished} of these have not converged, {len(states) - unfinished} have"
    flat = [max(curve) == min(curve) for curve in data["curves"]]  # to the printed hundredth
    rows = zip(data["beaten"], flat, data["state"])
    counted = sum(loses and level and state != "flagged" for loses, level, state in rows)
    assert computed("explorer").values["beaten_flat"] == counted


def test_states_are_counted_as_the_page_says(computed, data):
    counts, values = Counter(data["state"]), computed("explorer").values
    assert [values[state] for state in ("smooth", "kink", "flagged")] == [
        counts[state] for state in ("smooth", "kink", "flagged")
    ]
    assert values["converged"] == counts["smooth"] + counts["kink"] and values["fits"] == counts.total()
    assert values["beaten"] == sum(data["beaten"])
    losing = Counter(state for state, loses in zip(data["state"], data["beaten"]) if loses)
    assert values["beaten_flagged"] == losing["flagged"]
    assert values["beaten_converged"] == losing["smooth"] + losing["kink"]


def test_smallest_and_largest_lambda_differ_by_more_than_the_noise(run):
    outputs = [forward(theta, run["inputs"].numpy())[0] for theta in run["theta"].numpy()]
    for first in (0, 21, 42):
        assert math.sqrt(np.mean((outputs[first] - outputs[first + 20]) ** 2)) > 0.5


def test_plain_run_prints_the_same_data_in_fewer_than_40_kb(computed, data):
    printed = computed("explorer").stdout["data"]
    assert max(map(len, printed.splitlines())) <= 76
    assert json.loads(printed) == data
    assert len(json.dumps(data, separators=(",", ":"))) < 40_000


def test_table_says_what_the_data_say(computed, data):
    rows = [line.split(" | ") for line in computed("explorer").stdout["table"].splitlines()[2:]]
    assert len(rows) == 63
    for k, row in enumerate(rows):
        assert row[:2] == [str(data["n"][k // 21]), data["lambda_text"][k % 21]]
        names = ("prior_std", "nll", "penalty", "new_nll")
        assert [float(cell) for cell in row[2:6]] == pytest.approx([data[n][k] for n in names], rel=1e-3)
