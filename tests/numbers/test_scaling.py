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
    table = rows(snippet.stdout["sweep"])
    # The grid has ten points a decade; two grid steps of slack for the noise of 400 draws.
    assert np.abs(np.log10(table[:, 1] / (2 * 1.0 / (table[:, 0] * 0.1)))).max() < 0.2
    assert snippet.values["slope"] == pytest.approx(-1, abs=0.05)


def test_risk_of_ridge_matches_its_exact_expectation(snippet):
    """With truth from the prior and the matching decay, the risk is the trace of the posterior covariance."""
    rng = np.random.default_rng(8)
    for n, _, scaled, _ in rows(snippet.stdout["cost_of_keeping"]):
        X = rng.normal(size=(600, int(n), 10))
        precision = np.swapaxes(X, 1, 2) @ X + np.eye(10) / 0.1
        risk = np.trace(np.linalg.inv(precision), axis1=1, axis2=2).mean()
        # 400 draws of a sum of 10 squares: about 3 % standard error; four of them.
        assert scaled == pytest.approx(risk, rel=0.12)


def test_risk_without_decay_is_that_of_least_squares(snippet):
    for n, _, _, none in rows(snippet.stdout["cost_of_keeping"])[1:]:
        # E tr (X^T X)^-1 = D / (n - D - 1) for Gaussian inputs.
        assert none == pytest.approx(10 / (n - 11), rel=0.12)


def test_keeping_the_decay_costs_more_than_having_none_once_data_are_many(snippet):
    v = snippet.values
    assert v["kept_last"] > 5 * v["none_last"] > 5 * v["scaled_last"]


def test_clock_of_each_schedule_is_the_sum_of_its_rates(snippet):
    text = snippet.stdout["clock"].splitlines()[1:]
    clock = {line[:18].strip(): [float(x) for x in line[18:].split()] for line in text}
    T, rate = 1000, 0.1 * 0.01
    cosine = sum(rate * (1 + math.cos(math.pi * t / T)) / 2 for t in range(T))
    warmup = sum(rate * min(1, (t + 1) / 250) for t in range(T))
    expected = {
        "constant": T * rate,
        "cosine": cosine,
        "step (0.1 halfway)": 550 * rate,
        "linear warmup": warmup,
    }
    assert clock.keys() == expected.keys()
    for name, (printed, predicted, left) in clock.items():
        assert printed == pytest.approx(expected[name], abs=6e-4)
        assert predicted == pytest.approx(math.exp(-expected[name]), abs=1e-4)
        assert left == pytest.approx(predicted, abs=4e-4)  # second order: clock * rate / 2


def test_half_life_is_log_two_over_lr_times_decay(snippet):
    v = snippet.values
    assert v["half_life"] == math.ceil(math.log(2) / -math.log1p(-v["lr"] * v["weight_decay"]))
    assert v["half_life_adamw"] == v["half_life"]
    assert v["half_life"] / v["half_life_momentum"] == pytest.approx(10, rel=0.1)


def test_coupled_adam_ignores_the_size_of_the_decay(snippet):
    v = snippet.values
    assert v["half_life_adam"] == v["half_life_adam_weak"] < v["half_life"] / 50


def test_curvature_sets_the_time_to_forget(snippet):
    for ratio, end, steps in rows(snippet.stdout["curvature"]):
        rate = 0.1 * 0.01 * (1 + ratio)
        assert end == pytest.approx(ratio / (ratio + 1), abs=5e-4)
        assert steps == math.ceil(math.log(0.01) / math.log1p(-rate))
