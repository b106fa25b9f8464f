"""The displays of *Choosing λ* and of the explorer: prior variances, schedules, the evidence."""

from collections.abc import Callable

import numpy as np
import torch
from display_oracles import (
    LAMBDA,
    TAU,
    THETA,
    VARIANCE,
    D,
    Page,
    X,
    f,
    holds,
    is_loss,
    n,
    normal,
    penalty,
    positive,
    pull,
    ridge,
    tensor,
    y,
)
from scipy import integrate, optimize, stats

CHOOSING, EXPLORER = Page(), Page()


def posterior(variance: float, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the precision and the mean of the Gaussian posterior under a prior of this variance."""
    precision = X.T @ X / VARIANCE + np.eye(D) / variance
    return precision, np.linalg.solve(precision, X.T @ labels / VARIANCE)


@CHOOSING.display(sides=4)
def prior_variance(loss, penalized, name, right):
    is_loss(loss)
    holds(f(THETA) + penalty(THETA), penalized)
    holds(TAU, name)
    np.testing.assert_allclose(pull(positive(right), THETA), LAMBDA * THETA, rtol=1e-7)


@CHOOSING.display(sides=2)
def prior_variance_of_mean_squared_error(name, right):
    """The posterior mean under that prior minimizes the mean squared error plus the penalty."""
    holds(TAU, name)
    _, mean = posterior(positive(right), y)
    np.testing.assert_allclose(ridge(X, y, n * LAMBDA / 2), mean, rtol=1e-10)


@CHOOSING.display(sides=3)
def shrink_of_a_schedule(left, exactly, nearly):
    rates, parameter = [0.003, 0.002, 0.001], tensor(np.ones(1))
    parameter.grad = torch.zeros_like(parameter)
    for rate in rates:
        torch.optim.SGD([parameter], lr=rate, weight_decay=LAMBDA).step()
    known = {r"\eta_t": rates, "S": 3, r"\theta_S": 2 * parameter.item(), r"\theta_0": 2.0}
    holds(parameter.item(), left, known)
    holds(parameter.item(), exactly, known, tolerance=1e-12)
    holds(parameter.item(), nearly, known, tolerance=2e-6)


def given_the_inputs(density: float) -> Callable:
    """Return p(y | x) as a function that has no value at anything else."""
    return lambda labels, inputs: density if labels is y and inputs is X else np.nan


@CHOOSING.display(sides=2)
def evidence(left, right):
    """One parameter: the likelihood times the prior, integrated."""
    feature = X[:, :1]

    def joint(theta):
        likelihood = stats.norm.pdf(y, feature[:, 0] * theta, VARIANCE**0.5).prod()
        return likelihood * stats.norm.pdf(theta, 0, TAU**0.5)

    integral = integrate.quad(joint, -8, 8, epsabs=0, epsrel=1e-11)[0]
    known = {"X": feature, "I": np.eye(n), "N": normal, "p": given_the_inputs(integral)}
    for side in (left, right):
        holds(np.log(integral), side, known)


def log_evidence(variance, labels):
    return np.log(normal(labels, 0, VARIANCE * np.eye(n) + variance * X @ X.T))


@CHOOSING.display(sides=4)
def fixed_point(name, right, count, effective):
    """Where the evidence is largest, by a search over the variance."""
    labels = 2 * X @ np.ones(D) + 0.1 * y
    found = optimize.minimize_scalar(
        lambda log: -log_evidence(np.exp(log), labels), bounds=(-3, 5), options={"xatol": 1e-9}
    )
    best = np.exp(found.x)
    (precision, estimate), curvature = posterior(best, labels), X.T @ X / VARIANCE
    gamma = np.trace(curvature @ np.linalg.inv(precision))
    known = {r"\tau": best, r"\gamma": gamma, r"\hat \theta": estimate}
    known["h_j"] = list(np.linalg.eigvalsh(curvature))
    holds(best, name, known)
    holds(best, right, known, tolerance=1e-4)
    holds(gamma, count, known)
    holds(gamma, effective, known)


@CHOOSING.display(sides=2)
def laplace_approximation(left, right):
    """Exact for a Gaussian posterior."""
    precision, estimate = posterior(TAU, y)

    def density(*given):
        if len(given) == 2:
            return given_the_inputs(np.exp(log_evidence(TAU, y)))(*given)
        labels, theta, inputs = given
        return normal(labels, inputs @ theta, VARIANCE * np.eye(n)) * normal(theta, 0, TAU * np.eye(D))

    for side in (left, right):
        holds(log_evidence(TAU, y), side, {"p": density, r"\hat \theta": estimate, "H": precision})


@EXPLORER.display(sides=2)
def penalized_likelihood(left, right):
    is_loss(left)
    fit = stats.norm.logpdf(y, X @ THETA, VARIANCE**0.5).mean()
    known = {"y_i": list(y), "x_i": list(X), "X": None, "y": None, "x": None}
    known["p"] = lambda label, row, theta: stats.norm.pdf(label, row @ theta, VARIANCE**0.5)
    holds(penalty(THETA) - fit, right, known)
