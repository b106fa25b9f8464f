"""Mini-batches, sums, copies and temperatures: each against a normal equation solved here."""

import re

import numpy as np
import pytest


@pytest.fixture(scope="module")
def snippet(computed):
    return computed("reduction")


def cells(row):
    return [cell.strip().strip("`") for cell in row.strip("|").split("|")]


def path(X, y, B, lr, weight_decay, summed, momentum=0.0, steps=200):
    """Gradient descent with momentum on cyclic batches, written out in numpy."""
    theta, velocity, iterates = np.zeros(X.shape[1]), 0.0, []
    for step in range(steps):
        rows = np.arange(step * B, step * B + B) % len(y)
        gradient = 2 * X[rows].T @ (X[rows] @ theta - y[rows])
        velocity = momentum * velocity + gradient / (1 if summed else B) + weight_decay * theta
        theta = theta - lr * velocity
        iterates.append(theta)
    return np.array(iterates)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(24, 3))
    return X, X @ np.ones(3) + rng.normal(size=24)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_summed_loss_keeps_the_path_with_b_times_decay_and_lr_over_b(data, momentum):
    X, y = data
    by_mean = path(X, y, 6, 0.02, 0.1, summed=False, momentum=momentum)
    by_sum = path(X, y, 6, 0.02 / 6, 0.6, summed=True, momentum=momentum)
    assert np.abs(by_mean - by_sum).max() < 1e-12  # rounding of 200 float64 steps


def test_n_times_decay_keeps_the_path_only_for_the_full_batch(data):
    X, y = data
    n = len(y)
    full = path(X, y, n, 0.02, 0.1, False) - path(X, y, n, 0.02 / n, n * 0.1, True)
    assert np.abs(full).max() < 1e-12
    batches = path(X, y, 6, 0.02, 0.1, False) - path(X, y, 6, 0.02 / 6, n * 0.1, True)
    assert np.abs(batches).max() > 0.05


def test_table_says_which_rules_keep_the_path(snippet):
    rows = [cells(line) for line in snippet.stdout["rules"].splitlines()[2:]]
    same = {tuple(row[:3]) for row in rows if row[3].startswith("below")}
    assert same == {
        ("SGD", "lr / B", "B * wd"),
        ("SGD, momentum", "lr / B", "B * wd"),
        ("Adam", "lr", "B * wd"),
        ("AdamW", "lr", "wd"),
    }
    assert len(rows) == 7
    assert all(float(row[3]) > 0.01 for row in rows if not row[3].startswith("below"))


def test_batch_gradients_average_to_zero_only_with_lambda_from_n(snippet):
    lines = snippet.stdout["batches"].splitlines()
    assert float(lines[2].split()[-1]) == 0  # three decimals; the snippet asserts 1e-12
    assert float(lines[3].split()[-1]) > 0.1


def test_effective_n_sets_the_lambda_of_each_mode(snippet):
    v = snippet.values
    n, K, T, decay = v["n"], v["copies"], v["temperature"], v["weight_decay"]
    expected = {"n": decay, "K n": decay / K, "n / T": decay * T}
    rows = [cells(line) for line in snippet.stdout["effective_n"].splitlines()[2:]]
    assert len(rows) == 5
    for _, size, lam, mode_norm, ridge_norm in rows:
        assert float(lam) == pytest.approx(expected[size], abs=5e-5)  # four printed decimals
        assert mode_norm == ridge_norm
    assert n == 96


def test_likelihood_power_scales_the_prior_variance(data):
    """p(y|x,theta)^(1/T) with prior variance tau has the mode of prior variance tau / T."""
    X, y = data
    T, tau, variance = 0.5, 0.3, 0.7
    tempered = np.linalg.solve(X.T @ X / (T * variance) + np.eye(3) / tau, X.T @ y / (T * variance))
    wider = np.linalg.solve(X.T @ X / variance + T * np.eye(3) / tau, X.T @ y / variance)
    assert np.allclose(tempered, wider, rtol=1e-12)


def test_mean_over_outputs_counts_each_output(snippet):
    _, by_examples, by_terms = snippet.stdout["outputs"].splitlines()
    assert float(re.search(r"[\d.]+$", by_examples).group()) > 0.01
    assert by_terms.endswith("below 1e-12")


def test_wrong_n_shrinks_the_estimate(snippet):
    v = snippet.values
    assert v["norm_wrong"] < 0.7 * v["norm_map"]
