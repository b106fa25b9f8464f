"""A fixed prior as n grows, and the shrink clock: against exact risks and logarithms."""

import math

import numpy as np
import pytest
from samples import demand_mean


def test_best_weight_decay_follows_one_over_n(values, run):
    n, best, _ = np.loadtxt(run.stdout["sweep"].splitlines(), skiprows=1).T
    # The grid has forty points a decade; the noise of the draws moves the best by a few of them.
    assert np.abs(np.log10(best * n * 0.1 / 2)).max() < 0.1
    assert abs(values["slope"] + 1) < 3 * values["slope_error"] < 0.1


def errors(rng, n, draws, decays):
    """Squared distances (decays, draws) of ridge from the truth, by the normal equations, on other draws."""
    theta, X = rng.normal(size=(draws, 10)) * 0.1**0.5, rng.normal(size=(draws, n, 10))
    y = np.einsum("rnd,rd->rn", X, theta) + rng.normal(size=(draws, n))
    gram, moment = X.mT @ X, np.einsum("rnd,rn->rd", X, y)[..., None]
    fits = [np.linalg.solve(gram + n * decay / 2 * np.eye(10), moment)[..., 0] for decay in decays]
    return np.sum((np.array(fits) - theta) ** 2, axis=2)


def test_slope_holds_on_other_draws_within_three_standard_errors(values):
    rng, sizes, around = np.random.default_rng(91), np.array([16, 64, 256]), np.linspace(-0.4, 0.4, 17)
    slopes = []
    for _ in range(6):
        best = [errors(rng, n, 240, 20 / n * 10**around).mean(axis=1).argmin() for n in sizes]
        slopes.append(np.polyfit(np.log10(sizes), around[best] - np.log10(sizes), 1)[0])
    error = np.hypot(np.std(slopes, ddof=1) / 6**0.5, values["slope_error"])
    assert abs(np.mean(slopes) - values["slope"]) < 3 * error


def test_risk_of_ridge_matches_its_exact_expectation(values, run):
    """With truth from the prior and the matching decay, the risk is the trace of the posterior covariance."""
    rng = np.random.default_rng(8)
    for n, _, scaled, _ in np.loadtxt(run.stdout["cost_of_keeping"].splitlines(), skiprows=1):
        X = rng.normal(size=(600, int(n), 10))
        precision = np.swapaxes(X, 1, 2) @ X + np.eye(10) / 0.1
        risk = np.trace(np.linalg.inv(precision), axis1=1, axis2=2).mean()
        # A sum of 10 squares over this many draws: about 1.5 % standard error; four of them.
        assert scaled == pytest.approx(risk, rel=0.06)
    assert values["scaled_last"] == pytest.approx(scaled, abs=5.1e-5)


def test_keeping_the_decay_costs_what_a_prior_of_the_smallest_size_costs(values):
    """Error of ridge at a fixed λ on other draws; beyond many data it is far above none at all."""
    both = errors(np.random.default_rng(17), values["largest_n"], 400, [2 / (16 * 0.1), 0])
    for key, sample in zip(("kept_last", "none_last"), both):
        demand_mean(values, key, sample, values["draws"])
    assert values["kept_last"] > 5 * values["none_last"] > 5 * values["scaled_last"]


def test_clock_of_each_schedule_is_the_sum_of_its_rates(values, run):
    text = run.stdout["clock"].splitlines()[1:]
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
    for name in ("constant", "cosine"):
        assert values[f"{name}_clock"] == pytest.approx(expected[name])
    assert values["steps"] == 1000


def test_the_clock_of_the_article_is_a_tenth(values):
    assert values["post_clock"] == pytest.approx(0.01 * 0.01 * 1000)
    assert values["post_left"] == pytest.approx(math.exp(1000 * math.log1p(-1e-4)))


def halving(weight_decay, momentum=0.0):
    """Steps of the shrink at rate 0.1 until half is left, with PyTorch's momentum."""
    weight, velocity, steps = 1.0, 0.0, 0
    while weight > 0.5:
        velocity = momentum * velocity + weight_decay * weight
        weight, steps = weight - 0.1 * velocity, steps + 1
    return steps


def test_half_lives_are_log_two_over_lr_times_decay_and_faster_with_momentum(values, run):
    table = {line[:18].strip(): line[18:].split() for line in run.stdout["half_life"].splitlines()[2:]}
    for name, counts in table.items():
        if "Adam (" in name:  # about η a step, whatever λ is
            assert counts == ["6", "6"] and values["half_life_adam"] == 6
            continue
        momentum = values["momentum"] if "momentum" in name else 0.0
        assert [int(count) for count in counts] == [halving(decay, momentum) for decay in (0.1, 0.01)]
    assert values["half_life"] == math.ceil(math.log(2) / -math.log1p(-1e-3))
    assert values["half_life_momentum"] == halving(0.01, values["momentum"])
