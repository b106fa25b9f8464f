"""Prior draws, shells and modes: against the chi distribution, moments and one-dimensional optima."""

import math

import numpy as np
import pytest
from scipy import integrate, optimize, stats


def test_norm_of_a_draw_follows_the_chi_distribution(values, run):
    tau = values["prior_variance"]
    for line in run.stdout["norms"].splitlines()[2:]:
        D, *shown, gap = map(float, line.replace("to", "").split())
        chi = stats.chi(D, scale=tau**0.5)
        expected = (D * tau) ** 0.5, chi.mean(), chi.std(), chi.ppf(0.05), chi.ppf(0.95)
        # 20 000 draws: standard error of the mean about 0.007, of a quantile about 0.02.
        assert np.all(np.abs(np.subtract(shown, expected)) < (0.006, 0.03, 0.03, 0.08, 0.08))
        assert gap == pytest.approx(D / 2, rel=0.02, abs=0.06)


def test_output_scale_of_the_prior_agrees_with_a_hand_written_network(values):
    """Random weights and ReLUs in numpy; at x = 10 the features are those of 60 points on [-10, 10]."""
    x = np.linspace(-10, 10, 60)
    raw = np.stack([x, x**2], axis=1)
    start = ((raw - raw.mean(0)) / raw.std(0, ddof=1))[-1]
    rng = np.random.default_rng(3)
    for key, decay in [("output_std_strong", 0.1), ("output_std", 0.01), ("output_std_weak", 0.001)]:
        std = (1 / (60 * decay)) ** 0.5
        value = np.tile(start, (20_000, 1))
        for layer, width in enumerate((10, 10, 10, 1)):
            weight = rng.normal(size=(20_000, width, value.shape[1])) * std
            value = np.einsum("dij,dj->di", weight, value if layer == 0 else np.maximum(value, 0))
            value += rng.normal(size=value.shape) * std
        # Outputs are heavy-tailed: the standard deviation of 20 000 draws varies by about 2 %.
        assert values[key] == pytest.approx(value.std(), rel=0.08)
    # Four layers: it goes as the fourth power of that of the weights, but for biases.
    assert values["output_ratio"] == pytest.approx(10**2, rel=0.02)


def test_coin_modes_are_optima_of_their_densities(values):
    """Nine heads of ten, logit ~ N(0, 1); the density over p gains the Jacobian 1 / (p (1 - p))."""

    def over_logit(z):
        return -(9 * -math.log1p(math.exp(-z)) - math.log1p(math.exp(z)) - z * z / 2)

    def over_p(p):
        return over_logit(math.log(p / (1 - p))) + math.log(p * (1 - p))

    z = optimize.minimize_scalar(over_logit, bounds=(-5, 5), method="bounded", options={"xatol": 1e-10}).x
    p = optimize.minimize_scalar(over_p, bounds=(0.01, 0.99), method="bounded", options={"xatol": 1e-10}).x
    assert values["mode_of_logit"] == pytest.approx(1 / (1 + math.exp(-z)), abs=5e-5)
    assert values["mode_of_p"] == pytest.approx(p, abs=5e-5)
    total, _ = integrate.quad(lambda z: math.exp(-over_logit(z)), -12, 12)
    median = math.log(values["median_p"] / (1 - values["median_p"]))
    half, _ = integrate.quad(lambda z: math.exp(-over_logit(z)), -12, median)
    assert half / total == pytest.approx(0.5, abs=1e-4)


def test_no_draw_comes_near_the_mode(values):
    chi = stats.chi(values["parameters"], scale=values["prior_variance"] ** 0.5)
    # The number of draws expected below the smallest is exponential with mean one.
    assert 0.005 < values["draws"] * chi.cdf(values["norm_smallest"]) < 7
    below = stats.norm(scale=values["prior_variance"] ** 0.5)
    one = values["norm_smallest"] / values["parameters"] ** 0.5  # a vector of that norm, all entries alike
    orders = values["parameters"] * (below.logpdf(0) - below.logpdf(one)) / math.log(10)
    assert values["orders_below"] == pytest.approx(orders, rel=1e-9)
    assert values["n"] == 60 and values["prior_variance"] == pytest.approx(1 / 0.6)


def test_posterior_draws_are_as_long_as_on_other_data_sets(values):
    """Fifty parameters, thirty examples, again and again: by least squares on rows for data and prior."""
    ends = []
    for seed in range(30):
        rng = np.random.default_rng(1000 + seed)
        theta, X = rng.normal(size=50) / 0.6**0.5, rng.normal(size=(30, 50))
        y = X @ theta + 0.5 * rng.normal(size=30)
        q, r = np.linalg.qr(np.vstack([X / 0.5, 0.6**0.5 * np.eye(50)]))
        mode = np.linalg.solve(r, q.T @ np.concatenate([y / 0.5, np.zeros(50)]))
        draws = mode + np.linalg.solve(r, rng.normal(size=(50, 2000))).T
        squares = np.sum(draws**2, axis=1)
        ends.append([*np.quantile(squares, [0.05, 0.95]), mode @ mode / 50])
    mean, spread = np.mean(ends, axis=0), np.std(ends, axis=0)
    found = np.array([values["posterior_low"], values["posterior_high"], values["naive_variance"]])
    assert np.all(np.abs(found - mean) < 4 * spread)  # one data set among others
    assert values["wide_parameters"] == 50
    assert values["norm_mode"] < values["posterior_low"] < values["norm_true"] < values["posterior_high"]
    assert values["posterior_low"] < values["norm_posterior"] < values["posterior_high"]
    assert values["naive_variance"] < values["prior_variance"]
