"""The explorer's fits, checked in NumPy float64 and with SciPy: no code is shared with the snippet."""

import json
import math

import numpy as np
import pytest
import torch
from cells import run_cells, table
from network import Batch, draws, standardized
from scipy.optimize import nnls

import models

CONSTANT = 0.5 * math.log(2 * math.pi * 0.25)  # of a Gaussian log-density with variance 1/4


@pytest.fixture(scope="module")
def run():
    """Everything the snippet leaves behind."""
    return run_cells("explorer")


@pytest.fixture(scope="module")
def data(computed):
    """What the page carries, as the browser reads it."""
    return json.loads(computed("explorer").stdout["data"])


def forward(theta, inputs):
    """Return outputs (n,) of one network and its ReLUs' inputs (n, 30)."""
    network = Batch(theta[None], inputs, np.zeros((len(inputs), 1)))
    return network.predict()[0, :, 0], np.concatenate(network.sums[:3], axis=2)[0]


def loss(theta, inputs, y, weight):
    """NLL per example under variance 1/4, plus half of λ times the squared norm."""
    output, _ = forward(theta, inputs)
    return CONSTANT + 2 * np.mean((output - y) ** 2) + weight / 2 * theta @ theta


def fits(run):
    """Yield (index, θ, λ, the inputs and targets that this fit uses)."""
    inputs, y = run["inputs"].numpy(), run["y"].numpy()
    for k, theta in enumerate(run["theta"].numpy()):
        step = 60 // (15, 30, 60)[k // 9]
        yield k, theta, 2.0 ** (k % 9 - 5), inputs[::step], y[::step]


def test_data_and_start_are_the_protocols_three_draws_and_features_are_standardized(run):
    _, y, start = draws(1)
    assert torch.allclose(run["y"].float(), y.squeeze(1), rtol=0, atol=1e-6)  # float32 rounding
    assert torch.equal(run["theta_0"].float(), start)
    points = np.concatenate([np.linspace(a, a + 4, 20) for a in (-10, -2, 6)])
    assert np.allclose(run["inputs"], standardized(points), atol=1e-5)  # the snippet's x is float32


def test_the_subsets_are_nested_and_the_grid_goes_in_factors_of_two(run, data):
    assert data["n"] == [15, 30, 60] and data["lambda"] == [2.0**k for k in range(-5, 4)]
    used = [set(np.flatnonzero(run["used"][k].numpy())) for k in (0, 9, 18)]
    assert used[0] < used[1] < used[2] and [len(part) for part in used] == [15, 30, 60]


def test_prior_variance_is_one_over_n_lambda_and_doubling_n_halves_lambda(data):
    for i, n in enumerate(data["n"]):
        for k, weight in enumerate(data["lambda"]):
            here = i * 9 + k
            assert data["prior_variance"][here] == pytest.approx(1 / (n * weight), rel=1e-5)  # 6 digits
            assert data["prior_std"][here] ** 2 == pytest.approx(1 / (n * weight), rel=2e-5)
            if i and k:
                assert data["prior_std"][here - 1] == data["prior_std"][here - 9]


def test_nll_penalty_and_loss_are_those_of_a_numpy_forward_pass(run, data):
    for k, theta, weight, inputs, y in fits(run):
        penalty = weight / 2 * np.sum(theta**2)
        total = loss(theta, inputs, y, weight)
        assert data["nll"][k] == pytest.approx(total - penalty, rel=1e-5)  # printed with 6 digits
        assert data["penalty"][k] == pytest.approx(penalty, rel=1e-5)
        assert data["loss"][k] == pytest.approx(total, rel=1e-5)


def test_curves_are_the_networks_outputs_to_the_printed_digit(run, data):
    inputs = standardized(np.array(data["curve_x"]))
    for k, theta in enumerate(run["theta"].numpy()):
        output, _ = forward(theta, inputs)
        assert np.allclose(output, data["curves"][k], rtol=6e-4)  # four digits


def test_gradient_norms_are_those_of_models_net_under_autograd(run, data):
    network = models.Net().double()
    for k, theta, weight, inputs, y in fits(run):
        torch.nn.utils.vector_to_parameters(torch.tensor(theta), network.parameters())
        squares = (network(torch.tensor(inputs)).squeeze(1) - torch.tensor(y)) ** 2
        norm = sum((p**2).sum() for p in network.parameters())
        gradient = torch.autograd.grad(2 * squares.mean() + weight / 2 * norm, list(network.parameters()))
        length = math.sqrt(sum(float((g**2).sum()) for g in gradient))
        assert data["grad_norm"][k] == pytest.approx(length, rel=1e-5, abs=1e-10)


def test_shortest_average_agrees_with_nonnegative_least_squares(run, data):
    gradients = torch.stack(run["last_gradients"], 1).numpy()
    for k, rows in enumerate(gradients):
        heavy = 1e3 * np.abs(rows).max() + 1e-30  # holds the sum of the weights at 1
        weights, _ = nnls(np.vstack([rows.T, np.full(len(rows), heavy)]), np.append(np.zeros(261), heavy))
        best = np.linalg.norm(weights / weights.sum() @ rows)
        assert data["shortest"][k] > best - 1e-6
        assert data["shortest"][k] < best + 3e-4  # Gilbert's algorithm stops early; an average all the same
        assert data["shortest"][k] < 1e-3  # every fit has converged


def test_fits_on_a_kink_touch_one_and_cannot_follow_their_gradient_down(run, data):
    for k, theta, weight, inputs, y in fits(run):
        assert data["state"][k] == ("smooth" if data["grad_norm"][k] < 1e-3 else "kink")
        if data["state"][k] == "kink":
            _, sums = forward(theta, inputs)
            assert np.abs(sums).min() < 1e-3  # some ReLU is about to switch at some point
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
        rivals = [loss(other, inputs, y, weight) for j, other, *_ in known if j // 9 == k // 9]
        assert data["beaten"][k] == (min(rivals) < loss(theta, inputs, y, weight) - 1e-6)


@pytest.fixture(scope="module")
def scores(run):
    """NLL, NLL of new labels and outputs of each fit, of shape (sizes, λ), by the forward pass above."""
    clean, inputs = run["clean"].numpy(), run["inputs"].numpy()
    nll, new, outputs = [], [], []
    for _, theta, _, its_inputs, y in fits(run):
        nll.append(loss(theta, its_inputs, y, 0))
        outputs.append(forward(theta, inputs)[0])
        new.append(CONSTANT + 0.5 + 2 * np.mean((outputs[-1] - clean) ** 2))
    return np.reshape(nll, (3, 9)), np.reshape(new, (3, 9)), np.reshape(outputs, (3, 9, 60))


def test_nll_of_new_labels_and_the_quoted_counts_are_those_of_the_data(computed, data, scores):
    v = computed("explorer").values
    assert data["new_nll"] == pytest.approx(scores[1].ravel().tolist(), rel=1e-5)  # printed with 6 digits
    assert v["fits"] == len(data["state"]) and v["kink"] == data["state"].count("kink")
    assert v["beaten"] == sum(data["beaten"])
    assert (v["threshold"], v["lambda_min"]) == (data["threshold"], data["lambda"][0])
    assert v["lowest_nll"] == pytest.approx(0.5 * math.log(2 * math.pi * math.e * v["noise_std"] ** 2))


def test_small_lambda_follows_the_noise_where_data_are_few(computed, scores):
    v, (nll, new, _) = computed("explorer").values, scores
    assert [v["first_nll_15"], v["first_new_15"]] == pytest.approx([nll[0, 0], new[0, 0]], rel=1e-9)
    assert v["first_rms_15"] == pytest.approx(((nll[0, 0] - CONSTANT) / 2) ** 0.5, rel=1e-9)
    assert v["best_new_15"] == pytest.approx(new[0].min(), rel=1e-9)
    assert v["first_cost_60"] == pytest.approx(new[2, 0] - new[2].min(), rel=1e-9)
    assert nll[0, 0] < v["lowest_nll"] < new[0, 0] and v["first_rms_15"] < 0.8 * v["noise_std"]
    assert 5 * v["first_cost_60"] < new[0, 0] - new[0].min()


def kept(new):
    """By how much one prior, and one λ, are above each size's best at most: (nats, λ for 60 points) each."""
    above = new - new.min(1, keepdims=True)
    prior = {k: max(above[2, k], above[1, k + 1], above[0, k + 2]) for k in range(7)}
    decay = {k: above[:, k].max() for k in range(9)}
    return [min((nats, 2.0 ** (k - 5)) for k, nats in one.items()) for one in (prior, decay)]


def test_best_lambdas_and_what_keeping_one_prior_or_one_lambda_costs(computed, scores):
    v, (_, new, _) = computed("explorer").values, scores
    assert [v[f"best_lambda_{n}"] for n in (15, 30, 60)] == [2.0 ** (k - 5) for k in new.argmin(1)]
    (by_prior, weight), (by_decay, _) = kept(new)
    assert [v["kept_prior"], v["kept_decay"]] == pytest.approx([by_prior, by_decay], abs=1e-9)
    assert [v[f"kept_lambda_{n}"] for n in (15, 30, 60)] == [4 * weight, 2 * weight, weight]
    assert v["kept_std"] == pytest.approx((60 * weight) ** -0.5)


@pytest.mark.nightly
def test_with_other_noise_the_order_can_turn_around(computed, run):
    """Three more draws of the noise, trained by the page's own cells."""
    wins = set()
    for seed in range(3):
        names = dict(run)
        noise = torch.randn(60, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        names["y"] = run["clean"] + 0.5 * noise
        for cell in ("predict", "losses", "train", "measure"):
            exec(computed("explorer").sources[cell], names)
        (by_prior, _), (by_decay, _) = kept(names["new_nll"].view(3, 9).numpy())
        assert by_prior < 0.06 and by_decay < 0.06
        wins.add(by_prior < by_decay)
    assert False in wins


def test_large_lambda_ends_in_collapse(computed, scores):
    v, (nll, _, outputs) = computed("explorer").values, scores
    flat = np.ptp(outputs[2], axis=1) < 1e-6
    first = int(flat.argmax())
    assert flat[first:].all() and not flat[:first].any()
    assert [v["before_lambda"], v["flat_lambda"]] == [2.0 ** (first - 6), 2.0 ** (first - 5)]
    assert [v["before_nll"], v["flat_nll"]] == pytest.approx([nll[2, first - 1], nll[2, first]], rel=1e-9)
    assert v["flat_nll"] > 3 * v["before_nll"]


def test_table_says_what_the_data_say(computed, data):
    rows = table(computed("explorer").stdout["table"])
    assert len(rows) == len(data["state"])
    for k, row in enumerate(rows):
        assert row[:2] == [str(data["n"][k // 9]), data["lambda_text"][k % 9]]
        names = ("prior_std", "nll", "penalty", "new_nll")
        assert [float(cell) for cell in row[2:6]] == pytest.approx([data[n][k] for n in names], rel=1e-3)
