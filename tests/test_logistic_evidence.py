"""The evidence of logistic regression: against numerical integration and finite differences."""

import re

import numpy as np
import pytest
from scipy import integrate, optimize, stats


@pytest.fixture(scope="module")
def snippet(plain):
    return plain("logistic_evidence")


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


def test_evidence_avoids_the_flat_prior(snippet):
    v = snippet.values
    assert v["price_evidence"] < 0.9 * v["price_flat"]
    assert abs(v["gap"]) < 2 * v["gap_error"]  # the prose says that neither is shown to predict better
