"""Temperatures: against augmented least squares, and on other data sets."""

import re

import numpy as np
import pytest


def best_temperature(seed: int, assumed: float, sets: int = 4000) -> float:
    """Return the mean squared z of the function's value: the T of the highest mean log density.

    The posterior comes from least squares on data with the prior's rows below, by QR.
    """
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(40, 10))
    rows = np.vstack([X / assumed**0.5, np.eye(10)])
    q, r = np.linalg.qr(rows)
    total = []
    for _ in range(sets):
        theta, new = rng.normal(size=10), rng.normal(size=10)
        y = X @ theta + 0.5 * rng.normal(size=40)
        mode = np.linalg.solve(r, q.T @ np.concatenate([y / assumed**0.5, np.zeros(10)]))
        half = np.linalg.solve(r.T, new)
        total.append((new @ (theta - mode)) ** 2 / (half @ half))
    return float(np.mean(total))


def test_the_right_noise_wants_temperature_one_and_overstated_noise_a_cold_one(values):
    # A mean of 4000 squares of standard normals has a standard error of (2/4000)^½ = 0.022 times itself.
    right, over = (np.mean([best_temperature(seed, noise) for seed in (11, 12)]) for noise in (0.25, 1.0))
    assert values["best_right"] == pytest.approx(1, abs=4 * 0.022)
    assert right == pytest.approx(1, abs=4 * 0.022)
    assert values["best_over"] == pytest.approx(over, rel=0.15)  # other inputs X as well
    assert values["sets"] == 4000 and over < 0.4


def test_a_tempered_posterior_keeps_its_mode_and_a_tempered_likelihood_does_not(run):
    lines = re.findall(r"^(\w+) +T = +(\S+) +(\S+) +(\S+)$", run.stdout["temperatures"], re.M)
    norm = {(what, float(T)): float(size) for what, T, size, _ in lines}
    width = {(what, float(T)): float(spread) for what, T, _, spread in lines}
    assert norm["posterior", 0.25] == norm["posterior", 1.0] < norm["likelihood", 0.25]
    assert width["posterior", 0.25] == pytest.approx(width["posterior", 1.0] / 4, abs=6e-6)
    apart = float(re.search(r"differ by (\S+)", run.stdout["temperatures"])[1])
    assert apart < 1e-13
