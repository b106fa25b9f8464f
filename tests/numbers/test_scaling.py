"""A fixed prior as n grows, and the shrink clock: against exact risks and logarithms."""

import math

import numpy as np
import pytest


@pytest.fixture(scope="module")
def snippet(computed):
    return computed("scaling")


def rows(text):
    return np.array(
        [[float(cell) for cell in line.split()] for line in text.splitlines() if line.split()[0].isdigit()]
    )


def test_best_weight_decay_follows_one_over_n(snippet):
    table, v = rows(snippet.stdout["sweep"]), snippet.values
    # The grid has forty points a decade; the noise of the draws moves the best by a few of them.
    assert np.abs(np.log10(table[:, 1] / (2 * 1.0 / (table[:, 0] * 0.1)))).max() < 0.1
    assert abs(v["slope"] + 1) < 3 * v["slope_error"] < 0.1


def search(rng, n, draws):
    """The λ of least mean error on a fine grid, by solving the penalized normal equations."""
    theta, X = rng.normal(size=(draws, 10)) * 0.1**0.5, rng.normal(size=(draws, n, 10))
    y = np.einsum("rnd,rd->rn", X, theta) + rng.normal(size=(draws, n))
    decays = 20 / n * 10 ** np.linspace(-0.4, 0.4, 17)
    gram, moment = X.mT @ X, np.einsum("rnd,rn->rd", X, y)[..., None]
    fits = [np.linalg.solve(gram + n * decay / 2 * np.eye(10), moment)[..., 0] for decay in decays]
    return decays[np.argmin([np.mean(np.sum((fit - theta) ** 2, axis=1)) for fit in fits])]


def test_slope_holds_on_other_draws_within_three_standard_errors(snippet):
    rng, sizes = np.random.default_rng(91), [16, 64, 256]
    slopes = [
        np.polyfit(np.log(sizes), [np.log(search(rng, n, 240)) for n in sizes], 1)[0] for _ in range(6)
    ]
    error = np.hypot(np.std(slopes, ddof=1) / 6**0.5, snippet.values["slope_error"])
    assert abs(np.mean(slopes) - snippet.values["slope"]) < 3 * error


def test_risk_of_ridge_matches_its_exact_expectation(snippet):
    """With truth from the prior and the matching decay, the risk is the trace of the posterior covariance."""
    rng = np.random.default_rng(8)
    for n, _, scaled, _ in rows(snippet.stdout["cost_of_keeping"]):
        X = rng.normal(size=(600, int(n), 10))
        precision = np.swapaxes(X, 1, 2) @ X + np.eye(10) / 0.1
        risk = np.trace(np.linalg.inv(precision), axis1=1, axis2=2).mean()
        # A sum of 10 squares over this many draws: about 1.5 % standard error; four of them.
        assert scaled == pytest.approx(risk, rel=0.06)
    assert snippet.values["scaled_last"] == pytest.approx(scaled, abs=5.1e-5)


def test_keeping_the_decay_costs_what_a_prior_of_the_smallest_size_costs(snippet):
    """Error of ridge at a fixed λ on other draws; beyond many data it is far above none at all."""
    v, rng = snippet.values, np.random.default_rng(17)
    n, D, draws = v["largest_n"], 10, 400
    theta, X = rng.normal(size=(draws, D)) * 0.1**0.5, rng.normal(size=(draws, n, D))
    y = np.einsum("rnd,rd->rn", X, theta) + rng.normal(size=(draws, n))
    for key, decay in (("kept_last", 2 / (16 * 0.1)), ("none_last", 0)):
        gram, moment = X.mT @ X + n * decay / 2 * np.eye(D), np.einsum("rnd,rn->rd", X, y)[..., None]
        errors = np.sum((np.linalg.solve(gram, moment)[..., 0] - theta) ** 2, axis=1)
        error = errors.std() * (1 / draws + 1 / v["draws"]) ** 0.5
        assert abs(v[key] - errors.mean()) < 4 * error
    assert v["kept_last"] > 5 * v["none_last"] > 5 * v["scaled_last"]


def test_clock_of_each_schedule_is_the_sum_of_its_rates(snippet):
    text = snippet.stdout["clock"].splitlines()[1:]
    clock = {line[:18].strip(): [float(x) for x in line[18:].split()] for line in text}
    rates = {
        "constant": lambda t: 1,
        "cosine": lambda t: (1 + math.cos(math.pi * t / 1000)) / 2,
        "step (0.1 halfway)": lambda t: 1 if t < 500 else 0.1,
        "linear warmup": lambda t: min(1, (t + 1) / 250),
    }
    expected = {name: sum(1e-3 * rate(t) for t in range(1000)) for name, rate in rates.items()}
    assert clock.keys() == expected.keys()
    for name, (printed, predicted, left) in clock.items():
        assert printed == pytest.approx(expected[name], abs=6e-4)
        assert predicted == pytest.approx(math.exp(-expected[name]), abs=1e-4)
        assert left == pytest.approx(predicted, abs=4e-4)  # second order: clock * rate / 2


def test_clocks_quoted_are_sums_of_rates_and_the_articles_is_a_tenth(snippet):
    v = snippet.values
    cosine = [5e-4 * (1 + math.cos(math.pi * t / v["steps"])) for t in range(v["steps"])]
    assert v["constant_clock"] == pytest.approx(1000 * 1e-3)
    assert v["cosine_clock"] == pytest.approx(sum(cosine))
    assert v["post_clock"] == pytest.approx(0.01 * 0.01 * 1000)
    assert v["post_left"] == pytest.approx(math.exp(1000 * math.log1p(-1e-4)))


def halving(weight_decay, momentum=0.0):
    """Steps of the shrink at rate 0.1 until half is left, with PyTorch's momentum."""
    weight, velocity, steps = 1.0, 0.0, 0
    while weight > 0.5:
        velocity = momentum * velocity + weight_decay * weight
        weight, steps = weight - 0.1 * velocity, steps + 1
    return steps


def test_half_lives_are_log_two_over_lr_times_decay_and_faster_with_momentum(snippet):
    v = snippet.values
    table = {line[:18].strip(): line[18:].split() for line in snippet.stdout["half_life"].splitlines()[2:]}
    for name, counts in table.items():
        if "Adam (" in name:  # about η a step, whatever λ is
            assert counts == ["6", "6"] and v["half_life_adam"] == 6
            continue
        momentum = v["momentum"] if "momentum" in name else 0.0
        assert [int(count) for count in counts] == [halving(decay, momentum) for decay in (0.1, 0.01)]
    assert v["half_life"] == math.ceil(math.log(2) / -math.log1p(-1e-3))
    assert v["half_life_momentum"] == halving(0.01, v["momentum"])
