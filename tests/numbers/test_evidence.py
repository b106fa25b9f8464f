"""The evidence of linear regression: against densities, a search and other data sets."""

import numpy as np
import pytest
from cells import functions
from samples import demand_mean
from scipy import optimize, stats


@pytest.fixture(scope="module")
def page():
    """The functions that the page shows, for two parameters and other noise."""
    return functions("evidence", np=np, noise_variance=0.3, D=2)


def test_evidence_of_many_data_sets_is_a_multivariate_normal_density(page):
    rng = np.random.default_rng(22)
    X, y = rng.normal(size=(3, 15, 2)), rng.normal(size=(3, 15))
    found = page["log_evidence"](0.7, X, y)
    for one, inputs, targets in zip(found, X, y):
        density = stats.multivariate_normal(np.zeros(15), 0.3 * np.eye(15) + 0.7 * inputs @ inputs.T)
        assert one == pytest.approx(density.logpdf(targets), rel=1e-10)


def test_left_out_errors_are_those_of_a_fit_to_the_rest(page):
    rng = np.random.default_rng(23)
    X, y, out = rng.normal(size=(2, 10, 2)), rng.normal(size=(2, 10)), np.arange(10) % 3 == 0
    for one, inputs, targets in zip(page["held_out_error"](0.7, X, y, out), X, y):
        rows = np.vstack([inputs[~out] / 0.3**0.5, np.eye(2) / 0.7**0.5])  # least squares with prior rows
        fit = np.linalg.lstsq(rows, np.append(targets[~out] / 0.3**0.5, [0, 0]), rcond=None)[0]
        assert one == pytest.approx(np.sum((targets[out] - inputs[out] @ fit) ** 2), rel=1e-10)


def test_fixed_point_is_where_a_search_finds_the_evidence_highest(values):
    """The page's data set, drawn again; its density maximized by scipy."""
    rng = np.random.default_rng(3)
    n, D = values["n"], values["parameters"]
    X, theta = rng.normal(size=(n, D)), rng.normal(size=D) * 0.1**0.5
    y = X @ theta + rng.normal(size=n) * 0.5

    def surprise(log_tau):
        covariance = 0.25 * np.eye(n) + np.exp(log_tau) * X @ X.T
        return -stats.multivariate_normal(np.zeros(n), covariance).logpdf(y)

    best = np.exp(optimize.minimize_scalar(surprise, bounds=(-8, 3), options={"xatol": 1e-8}).x)
    assert values["fixed_point"] == pytest.approx(best, rel=1e-4)
    assert abs(np.log10(values["best_tau"] / best)) < 0.1  # the grid has ten points a decade
    hat = X @ np.linalg.solve(X.T @ X + 0.25 / best * np.eye(D), X.T)  # its trace counts parameters
    assert values["determined"] == pytest.approx(np.trace(hat), rel=1e-4)
    assert values["naive_tau"] == pytest.approx(best * values["determined"] / D, rel=1e-4)


def through_singular_values(X, y, taus):
    """Return MAP estimates (τ, D) and log evidences (τ,) by the singular values of the inputs."""
    left, sizes, right = np.linalg.svd(X, full_matrices=False)
    along, taus = left.T @ y, taus[:, None]
    modes = (along * sizes / (sizes**2 + 0.25 / taus)) @ right
    spread = 0.25 + taus * sizes**2
    squares = np.sum(along**2 / spread, axis=1) + (y @ y - along @ along) / 0.25
    return modes, -(squares + np.sum(np.log(spread), axis=1)) / 2  # up to what no τ changes


@pytest.fixture(scope="module")
def again():
    """Errors on new data of each choice, on 600 data sets that the page does not use."""
    rng, taus, draws = np.random.default_rng(77), 10 ** np.linspace(-3, 2, 21), 600
    parts = [np.arange(40) % 5 == k for k in range(5)] + [np.arange(40) >= 30]
    error, evidence, folds, split = np.empty((4, draws, 21))
    for i in range(draws):
        X, theta = rng.normal(size=(40, 20)), rng.normal(size=20) * 0.1**0.5
        y = X @ theta + rng.normal(size=40) * 0.5
        modes, evidence[i] = through_singular_values(X, y, taus)
        error[i] = np.sum((modes - theta) ** 2, axis=1)
        fits = [through_singular_values(X[~k], y[~k], taus)[0] for k in parts]
        missed = [np.sum((y[k] - fit @ X[k].T) ** 2, axis=1) for k, fit in zip(parts, fits)]
        folds[i], split[i] = sum(missed[:5]), missed[5]
    rows = np.arange(draws)
    chosen = {"evidence": evidence.argmax(1), "folds": folds.argmin(1), "split": split.argmin(1)}
    prices = {name: error[rows, pick] for name, pick in chosen.items()}
    return prices | {"true": error[:, 8], "flat": error[:, 20]}


def test_what_choosing_costs_holds_on_other_data_sets(values, again):
    pairs = {"cost": ("evidence", "true"), "folds_cost": ("folds", "true")}
    pairs |= {"beside_folds": ("evidence", "folds"), "split_cost": ("split", "flat")}
    for key, (one, other) in pairs.items():
        demand_mean(values, key, again[one] - again[other], values["draws"], factor=1.35)
    for name in ("evidence", "folds", "split", "flat"):
        demand_mean(values, f"price_{name}", again[name], values["draws"])


def test_evidence_does_better_than_folds_and_both_than_one_split(values):
    assert values["beside_folds"] < -3 * values["beside_folds_error"]
    assert values["price_folds"] < values["price_split"] - 0.02
    assert abs(values["price_split"] - values["price_flat"]) < 0.1 * values["price_flat"]  # "about as much"
