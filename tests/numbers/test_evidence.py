"""The evidence: against a multivariate density, and numerical integration."""

import re

import numpy as np
import pytest
from scipy import integrate, optimize, stats


@pytest.fixture(scope="module")
def snippet(computed):
    return computed("evidence")


@pytest.fixture(scope="module")
def functions(snippet):
    """The functions that the page shows, run on data of this test."""
    namespace = {"np": np, "noise_variance": 0.3}
    for source in snippet.sources.values():
        for definition in re.findall(r"^def .*?(?=^\S|\Z)", source, re.M | re.S):
            exec(definition, namespace)
    return namespace


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(21)
    X = rng.normal(size=(15, 2))
    return X, X @ np.array([1.0, -0.5]) + rng.normal(size=15) * 0.3**0.5


@pytest.mark.parametrize("tau", [0.05, 1.0, 20.0])
def test_linear_evidence_is_the_integral_of_the_joint(functions, data, tau):
    X, y = data

    def joint(b, a):
        residual = y - X @ (a, b)
        return np.exp(-residual @ residual / (2 * 0.3) - (a * a + b * b) / (2 * tau) + 10)

    value, _ = integrate.dblquad(joint, -4, 4, -4, 4, epsabs=1e-9, epsrel=1e-7)
    constant = 15 / 2 * np.log(2 * np.pi * 0.3) + np.log(2 * np.pi * tau)
    assert functions["log_evidence"](tau, X, y) == pytest.approx(np.log(value) - 10 - constant, abs=1e-4)


@pytest.mark.parametrize("tau", [0.05, 1.0, 20.0])
def test_linear_evidence_is_a_multivariate_normal_density(functions, data, tau):
    X, y = data
    density = stats.multivariate_normal(np.zeros(15), 0.3 * np.eye(15) + tau * X @ X.T)
    assert functions["log_evidence"](tau, X, y) == pytest.approx(density.logpdf(y), rel=1e-10)


def test_laplace_is_exact_for_one_gaussian_likelihood(functions, data):
    """With a quadratic log joint, mode plus half a log determinant is the multivariate density."""
    X, y = data
    tau = 0.8
    mode = functions["map_estimate"](tau, X, y)
    precision = X.T @ X / 0.3 + np.eye(2) / tau
    joint = stats.norm.logpdf(y, X @ mode, 0.3**0.5).sum() + stats.norm.logpdf(mode, 0, tau**0.5).sum()
    _, log_det = np.linalg.slogdet(precision / (2 * np.pi))
    assert joint - log_det / 2 == pytest.approx(functions["log_evidence"](tau, X, y), rel=1e-10)


def test_fixed_point_is_where_the_evidence_is_highest(functions, data):
    X, y = data
    best = optimize.minimize_scalar(lambda t: -functions["log_evidence"](np.exp(t), X, y), bounds=(-8, 8)).x
    tau = np.exp(best)
    mode = functions["map_estimate"](tau, X, y)
    assert mode @ mode / functions["determined"](tau, X) == pytest.approx(tau, rel=1e-3)


def test_page_fixed_point_agrees_with_its_sweep(snippet):
    v = snippet.values
    assert abs(np.log10(v["fixed_point"] / v["best_tau"])) < 0.1  # the grid has ten points a decade
    assert v["naive_tau"] < v["fixed_point"]


def test_evidence_chooses_nearly_as_well_as_the_truth(snippet):
    v = snippet.values
    assert v["price_true"] <= v["price_evidence"] < 1.1 * v["price_true"]
    assert v["price_evidence"] < v["price_folds"] < v["price_split"]
    assert v["price_split"] > v["price_flat"]  # as the prose says


def in_directions(tau, X, y, noise=0.25):
    """Return the MAP estimate and the log evidence through the singular values of the inputs."""
    left, sizes, right = np.linalg.svd(X, full_matrices=False)
    along = left.T @ y
    mode = right.T @ (along * sizes / (sizes**2 + noise / tau))
    spread = noise + tau * sizes**2
    squares = np.sum(along**2 / spread) + (y @ y - along @ along) / noise
    logs = np.sum(np.log(spread)) + (len(y) - len(sizes)) * np.log(noise)
    return mode, -(squares + logs + len(y) * np.log(2 * np.pi)) / 2


def test_prices_of_choosing_are_those_of_a_second_computation(snippet):
    """The same draws; fits and evidences through singular values."""
    rng, grid = np.random.default_rng(3), 10 ** np.linspace(-3, 2, 26)
    rng.normal(size=(40, 20)), rng.normal(size=20), rng.normal(size=40)  # what the sweep is shown on
    parts = [np.arange(40) % 5 == k for k in range(5)]
    error, evidence, folds, split = np.empty((4, 150, 26))
    for i in range(150):
        X, true = rng.normal(size=(40, 20)), rng.normal(size=20) * 0.1**0.5
        y = X @ true + rng.normal(size=40) * 0.5
        for j, tau in enumerate(grid):
            mode, evidence[i, j] = in_directions(tau, X, y)
            error[i, j] = (mode - true) @ (mode - true)
            left_out = [y[k] - X[k] @ in_directions(tau, X[~k], y[~k])[0] for k in parts]
            folds[i, j] = np.square(left_out).mean()
            split[i, j] = np.square(y[30:] - X[30:] @ in_directions(tau, X[:30], y[:30])[0]).mean()
    rows, v = np.arange(150), snippet.values
    price = {
        "evidence": error[rows, evidence.argmax(1)],
        "folds": error[rows, folds.argmin(1)],
        "split": error[rows, split.argmin(1)],
        "true": error[:, 10],
        "flat": error[:, 25],
    }
    for name, found in price.items():
        assert v[f"price_{name}"] == pytest.approx(found.mean(), abs=1e-9)
    pairs = {"cost": "evidence true", "beside_folds": "evidence folds", "split_cost": "split flat"}
    for key, (one, other) in ((key, pair.split()) for key, pair in pairs.items()):
        gap = price[one] - price[other]
        assert v[key] == pytest.approx(gap.mean(), abs=1e-9)
        assert v[f"{key}_error"] == pytest.approx(gap.std() / 150**0.5, abs=1e-9)
    assert abs(v["split_cost"]) < 2 * v["split_cost_error"]  # "is not shown to beat even the flattest prior"
