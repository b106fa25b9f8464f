"""The evidence of logistic regression: against numerical integration and finite differences."""

import re

import numpy as np
import pytest
from scipy import integrate, optimize, stats


@pytest.fixture(scope="module")
def snippet(computed):
    return computed("logistic_evidence")


@pytest.fixture(scope="module")
def functions(snippet):
    """The functions that the page shows, run on data of this test."""
    namespace = {"np": np}
    for source in snippet.sources.values():
        for definition in re.findall(r"^def .*?(?=^\S|\Z)", source, re.M | re.S):
            exec(definition, namespace)
    return namespace


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(21)
    X = rng.normal(size=(15, 2))
    return X, (rng.uniform(size=15) < 1 / (1 + np.exp(-2 * X[:, 0]))) * 1.0


@pytest.mark.parametrize("tau", [0.05, 1.0, 5.0])
def test_mode_and_hessian_agree_with_finite_differences(functions, data, tau):
    X, labels = data
    mode, hessian = functions["logistic_mode"](tau, X, labels)

    def negative(theta):
        likelihood = stats.bernoulli.logpmf(labels, 1 / (1 + np.exp(-X @ theta))).sum()
        return -likelihood - stats.norm.logpdf(theta, 0, tau**0.5).sum()

    assert np.allclose(optimize.minimize(negative, np.zeros(2), tol=1e-12).x, mode, atol=1e-5)
    step = 1e-4  # second differences: error about step^2 plus 1e-16 / step^2
    for i in range(2):
        for j in range(2):
            a, b = np.eye(2)[i] * step, np.eye(2)[j] * step
            second = negative(mode + a + b) - negative(mode + a - b)
            second += negative(mode - a - b) - negative(mode - a + b)
            assert second / (4 * step**2) == pytest.approx(hessian[i, j], abs=1e-4)


@pytest.mark.parametrize("tau, allowed", [(0.01, 2e-3), (0.1, 2e-2), (1.0, 0.15), (10.0, 0.4)])
def test_laplace_evidence_is_near_the_integral(functions, data, tau, allowed):
    """The allowed gap grows with the prior's width, as the posterior grows less Gaussian."""
    X, labels = data

    def joint(b, a):
        theta = np.array([a, b])
        logits = X @ theta
        return np.exp(np.sum(labels * logits - np.logaddexp(0, logits)) - theta @ theta / (2 * tau))

    reach = min(8 * tau**0.5, 14)
    value, _ = integrate.dblquad(joint, -reach, reach, -reach, reach, epsabs=1e-12, epsrel=1e-6)
    exact = np.log(value) - np.log(2 * np.pi * tau)
    assert abs(functions["laplace_evidence"](tau, X, labels) - exact) < allowed
    assert functions["grid_evidence"](tau, X, labels) == pytest.approx(exact, abs=1e-3)


def test_the_error_grows_with_the_prior_and_is_much_less_than_the_evidence_varies(snippet):
    rows = [list(map(float, line.split())) for line in snippet.stdout["quadrature"].splitlines()[1:]]
    taus, laplace, exact, errors = np.array(rows).T
    assert list(taus) == [0.01, 0.1, 1, 10, 100]
    assert np.all(np.diff(np.abs(errors)) > 0) and np.abs(errors).max() < 0.02 * np.ptp(exact)
    assert np.allclose(laplace - exact, errors, atol=1.1e-4)  # each is rounded to four decimals
    ends = [snippet.values["laplace_gap_small"], snippet.values["laplace_gap_large"]]
    assert ends == pytest.approx(np.abs(errors[[0, -1]]), abs=5.1e-5)


def test_evidence_avoids_the_flat_prior(snippet):
    v = snippet.values
    assert v["price_evidence"] < 0.9 * v["price_flat"]
    assert abs(v["gap"]) < 2 * v["gap_error"]  # the prose says that neither is shown to predict better


def modes(X, labels, weights, tau):
    """Return MAP estimates (…, D) for weights (…, n) of the examples, and the Hessians there (Newton)."""
    theta = np.zeros((*weights.shape[:-1], X.shape[-1]))
    for _ in range(12):
        p = 1 / (1 + np.exp(-np.einsum("nd,...d->...n", X, theta)))
        slope = np.einsum("...n,nd->...d", weights * (p - labels), X) + theta / tau
        curve = np.einsum("...n,nd,ne->...de", weights * p * (1 - p), X, X) + np.eye(X.shape[-1]) / tau
        theta = theta - np.linalg.solve(curve, slope[..., None])[..., 0]
    return theta, curve


def test_prices_of_choosing_are_those_of_a_second_computation(snippet):
    """The same draws, all fits of a data set in one batch, folds as weights of zero and one."""
    rng = np.random.default_rng(3)
    rng.normal(size=(30, 2)), rng.normal(size=2), rng.uniform(size=30)  # what the integral was checked on
    new, grid = rng.normal(size=(4000, 10)), 10 ** np.linspace(-2, 2, 17)
    keep = np.array([np.arange(60) % 5 != k for k in range(-1, 5)])  # the first keeps all
    assert keep[0].all()
    taus = grid[:, None]
    nll, evidence, held_out = [], [], []
    for _ in range(80):
        X, true = rng.normal(size=(60, 10)), rng.normal(size=10)
        labels = (rng.uniform(size=60) < 1 / (1 + np.exp(-X @ true))) * 1.0
        fits, curves = zip(*[modes(X, labels, keep * 1.0, tau) for tau in grid], strict=True)
        both = np.stack(fits, axis=1)
        chances = stats.logistic.cdf(new @ true)
        logits = both[0] @ new.T
        nll.append(
            -(chances * stats.logistic.logcdf(logits) + (1 - chances) * stats.logistic.logsf(logits)).mean(1)
        )
        fit = -np.logaddexp(0, (1 - 2 * labels) * (both[0] @ X.T)).sum(1)
        prior = stats.norm.logpdf(both[0], 0, taus**0.5).sum(1)
        evidence.append(
            fit + prior + 5 * np.log(2 * np.pi) - np.linalg.slogdet(np.stack(curves)[:, 0])[1] / 2
        )
        missed = np.logaddexp(0, (1 - 2 * labels) * (both[1:] @ X.T))
        held_out.append((missed * ~keep[1:, None]).sum((0, 2)))
    nll, rows = np.array(nll), np.arange(80)
    chosen = nll[rows, np.argmax(evidence, 1)], nll[rows, np.argmin(held_out, 1)]

    def against(first, second):
        return np.mean(first - second, 0), np.std(first - second, 0) / 80**0.5

    v, true = snippet.values, nll[:, 8]
    assert (v["cost"], v["cost_error"]) == pytest.approx(against(chosen[0], true), abs=1e-6)
    assert (v["folds_cost"], v["folds_cost_error"]) == pytest.approx(against(chosen[1], true), abs=1e-6)
    assert (v["gap"], v["gap_error"]) == pytest.approx(against(*chosen), abs=1e-6)
    gains, errors = zip(*[against(one[:, None], nll) for one in chosen], strict=True)
    for key, times in (("fixed", 0), ("clear", 2)):
        better = grid[(np.array(gains) > times * np.array(errors)).all(0)]
        assert (v[f"{key}_low"], v[f"{key}_high"]) == pytest.approx((better[0], better[-1]))
        assert list(better) == [tau for tau in grid if better[0] <= tau <= better[-1]]  # no gap in between
