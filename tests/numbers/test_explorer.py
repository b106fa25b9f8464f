"""The explorer's fits, checked in NumPy float64 and with SciPy: no code is shared with the snippet."""

import json
import math

import numpy as np
import pytest
import torch
from cells import table
from network import Batch, draws, points, standardized
from scipy.optimize import nnls

CONSTANT = 0.5 * math.log(2 * math.pi * 0.25)  # of a Gaussian log-density with variance 1/4
SIZES, LAMBDAS = np.array([15, 30, 60]), 2.0 ** np.arange(-5, 4)


@pytest.fixture(scope="module")
def data(run):
    """What the page carries, as the browser reads it."""
    return json.loads(run.stdout["data"])


def networks(page, size, thetas):
    """Return networks on the points of a size: each fourth, each second, each."""
    step = 60 // SIZES[size]
    return Batch(thetas, page["inputs"].numpy()[::step], page["y"].numpy()[::step, None])


def loss(page, size, theta, weight):
    """NLL per example under variance 1/4, plus half of λ times the squared norm."""
    (error,), _ = networks(page, size, theta[None]).gradient()
    return CONSTANT + 2 * error + weight / 2 * theta @ theta


@pytest.fixture(scope="module")
def own(page):
    """What NumPy makes of the fitted networks: arrays of shape (sizes, λ, …)."""
    theta, inputs, clean = (page[name].numpy() for name in ("theta", "inputs", "clean"))
    errors, slopes = zip(*(networks(page, i, some).gradient() for i, some in enumerate(np.split(theta, 3))))
    theta, outputs = theta.reshape(3, 9, 261), Batch(theta, inputs, 0).predict().reshape(3, 9, 60)
    nll, squares = CONSTANT + 2 * np.stack(errors), np.sum(theta**2, axis=2)
    return {
        "theta": theta,
        "outputs": outputs,
        "nll": nll,
        "penalty": LAMBDAS / 2 * squares,
        "loss": nll + LAMBDAS / 2 * squares,
        "new_nll": CONSTANT + 0.5 + 2 * np.mean((outputs - clean) ** 2, axis=2),
        "grad_norm": np.linalg.norm(2 * np.stack(slopes) + LAMBDAS[:, None] * theta, axis=2),
        "at_any": nll[:, None] + LAMBDAS[:, None] / 2 * squares[:, None],  # (sizes, λ, fits)
    }


def test_data_and_start_are_the_protocols_three_draws_and_features_are_standardized(page):
    _, y, start = draws(1)
    assert torch.allclose(page["y"].float(), y.squeeze(1), rtol=0, atol=1e-6)  # float32 rounding
    assert torch.equal(page["theta_0"].float(), start)
    assert np.allclose(page["inputs"], standardized(points(20)), atol=1e-5)  # the snippet's x is float32


def test_the_subsets_are_nested_and_priors_have_variance_one_over_n_lambda(page, data):
    assert data["n"] == SIZES.tolist() and data["lambda"] == LAMBDAS.tolist()
    used = [set(np.flatnonzero(page["used"][k].numpy())) for k in (0, 9, 18)]
    assert used[0] < used[1] < used[2] and [len(part) for part in used] == data["n"]
    variances = 1 / np.outer(SIZES, LAMBDAS).ravel()
    assert data["prior_variance"] == pytest.approx(variances.tolist(), rel=1e-5)  # 6 digits
    assert data["prior_std"] == pytest.approx((variances**0.5).tolist(), rel=1e-5)


@pytest.mark.parametrize("key", ["nll", "penalty", "loss", "new_nll", "grad_norm"])
def test_numbers_of_the_data_are_those_of_a_pass_forward_and_backward_in_numpy(own, data, key):
    assert data[key] == pytest.approx(own[key].ravel().tolist(), rel=1e-5, abs=1e-10)  # 6 digits


def test_curves_are_the_networks_outputs_to_the_printed_digit(page, data):
    networks = Batch(page["theta"].numpy(), standardized(np.array(data["curve_x"])), 0)
    assert np.allclose(networks.predict()[..., 0], data["curves"], rtol=6e-4)  # four digits


def test_shortest_average_agrees_with_nonnegative_least_squares(page, data):
    gradients = torch.stack(page["last_gradients"], 1).numpy()
    for k, rows in enumerate(gradients):
        heavy = 1e3 * np.abs(rows).max() + 1e-30  # holds the sum of the weights at 1
        weights, _ = nnls(np.vstack([rows.T, np.full(len(rows), heavy)]), np.append(np.zeros(261), heavy))
        best = np.linalg.norm(weights / weights.sum() @ rows)
        # Gilbert's algorithm stops early; an average all the same. Every fit has converged.
        assert best - 1e-6 < data["shortest"][k] < min(best + 3e-4, 1e-3)


def test_fits_on_a_kink_touch_one_and_cannot_follow_their_gradient_down(page, own, data):
    assert data["state"] == ["smooth" if norm < 1e-3 else "kink" for norm in data["grad_norm"]]
    for k in np.flatnonzero(np.array(data["state"]) == "kink"):
        (size, at), theta = divmod(k, 9), page["theta"][k].numpy()
        here = networks(page, size, theta[None])
        here.predict()
        assert min(np.abs(layer).min() for layer in here.sums[:3]) < 1e-3  # some ReLU is about to switch
        direction = page["last_gradients"][-1][k].numpy()
        slope = np.linalg.norm(direction)
        fall = own["loss"][size, at] - loss(page, size, theta - 1e-2 * direction / slope, LAMBDAS[at])
        assert fall < 1e-2 * slope / 2  # on a smooth slope: the whole product


def test_flat_fits_at_the_largest_lambda_are_the_closed_form_of_one_bias(page, own):
    for size, outputs in enumerate(own["outputs"][:, -1]):
        y = networks(page, size, own["theta"][size]).y
        assert np.abs(outputs - y.mean() / (1 + 0.25 * 8)).max() < 1e-4
        assert np.linalg.norm(own["theta"][size, -1, :-1]) < 1e-3  # the last entry is the last bias


def test_beaten_fits_lose_at_their_own_lambda_and_the_counts_are_those_of_the_data(own, data, values):
    assert data["beaten"] == (own["at_any"].min(axis=2) < own["loss"] - 1e-6).ravel().tolist()
    assert values["fits"] == len(data["state"]) and values["kink"] == data["state"].count("kink")
    assert values["beaten"] == sum(data["beaten"])
    assert (values["threshold"], values["lambda_min"]) == (data["threshold"], data["lambda"][0])


def test_small_lambda_follows_the_noise_where_data_are_few(values, own):
    nll, new, lowest = own["nll"], own["new_nll"], 0.5 * math.log(2 * math.pi * math.e * 0.5**2)
    expected = {
        "noise_std": 0.5,
        "lowest_nll": lowest,
        "first_nll_15": nll[0, 0],
        "first_new_15": new[0, 0],
        "first_rms_15": ((nll[0, 0] - CONSTANT) / 2) ** 0.5,
        "best_new_15": new[0].min(),
        "first_cost_60": new[2, 0] - new[2].min(),
    }
    assert {key: values[key] for key in expected} == pytest.approx(expected, rel=1e-9)
    assert nll[0, 0] < lowest < new[0, 0] and values["first_rms_15"] < 0.8 * 0.5
    assert 5 * values["first_cost_60"] < new[0, 0] - new[0].min()


def kept(new):
    """By how much one prior, and one λ, are above each size's best at most: (nats, λ for 60 points) each."""
    above = new - new.min(1, keepdims=True)
    prior = {k: max(above[2, k], above[1, k + 1], above[0, k + 2]) for k in range(7)}
    decay = {k: above[:, k].max() for k in range(9)}
    return [min((nats, LAMBDAS[k]) for k, nats in one.items()) for one in (prior, decay)]


def test_best_lambdas_and_what_keeping_one_prior_or_one_lambda_costs(values, own):
    new = own["new_nll"]
    assert [values[f"best_lambda_{n}"] for n in SIZES] == LAMBDAS[new.argmin(1)].tolist()
    (by_prior, weight), (by_decay, _) = kept(new)
    assert [values["kept_prior"], values["kept_decay"]] == pytest.approx([by_prior, by_decay], abs=1e-9)
    assert [values[f"kept_lambda_{n}"] for n in SIZES] == [4 * weight, 2 * weight, weight]
    assert values["kept_std"] == pytest.approx((60 * weight) ** -0.5)


@pytest.mark.nightly
def test_with_other_noise_the_order_can_turn_around(page, run):
    """Three more draws of the noise, trained by the page's own cells."""
    wins = set()
    for seed in range(3):
        names = dict(page)
        noise = torch.randn(60, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        names["y"] = page["clean"] + 0.5 * noise
        for cell in ("predict", "losses", "train", "measure"):
            exec(run.sources[cell], names)
        (by_prior, _), (by_decay, _) = kept(names["new_nll"].view(3, 9).numpy())
        assert by_prior < 0.06 and by_decay < 0.06
        wins.add(by_prior < by_decay)
    assert False in wins


def test_large_lambda_ends_in_collapse(values, own):
    flat, nll = np.ptp(own["outputs"][2], axis=1) < 1e-6, own["nll"][2]
    first = int(flat.argmax())
    assert flat[first:].all() and not flat[:first].any()
    for name, at in (("before", first - 1), ("flat", first)):
        assert values[f"{name}_lambda"] == LAMBDAS[at]
        assert values[f"{name}_nll"] == pytest.approx(nll[at], rel=1e-9)
    assert values["flat_nll"] > 3 * values["before_nll"]


def test_table_says_what_the_data_say(run, data):
    rows = table(run.stdout["table"])
    assert [row[:2] for row in rows] == [[str(n), text] for n in data["n"] for text in data["lambda_text"]]
    for column, name in enumerate(("prior_std", "nll", "penalty", "new_nll"), 2):
        assert [float(row[column]) for row in rows] == pytest.approx(data[name], abs=6e-4)
