"""The displays of *Other priors*: blocks, a mean, the informative prior, the Laplace prior."""

import numpy as np
import torch
from display_oracles import (
    LAMBDA,
    MU,
    SIGMA,
    TAU,
    THETA,
    VARIANCE,
    D,
    Page,
    U,
    X,
    d,
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
from scipy import optimize, stats

PRIORS = Page()


@PRIORS.display(sides=2)
def any_prior(left, right):
    """Up to what is dropped, here 0.7, minus the log of the joint density, per example."""
    log_prior = stats.laplace.logpdf(THETA).sum()
    is_loss(left)
    known = {"p": lambda theta: stats.laplace.pdf(theta).prod(), r"\text{constant}": 0.7}
    holds(f(THETA) - log_prior / n + 0.7, right, known)


@PRIORS.display(sides=4)
def prior_of_blocks(left, right, name, block_variance):
    blocks, variances, decays = [THETA[:2], MU[:2]], [0.5, 1.5], [0.2, 0.6]
    whole = np.concatenate(blocks)
    deviations = np.repeat(variances, 2) ** 0.5

    def density(theta):
        return stats.norm.pdf(theta, 0, deviations).prod()

    known = {r"\theta": whole, r"\theta_b": blocks, r"\tau_b": variances, r"\lambda_b": decays, "b": 2}
    known |= {"I": np.eye(2), "N": normal, "p": density}
    for side in (left, right):
        holds(density(whole), side, known)
    for place in (1, 2):
        holds(variances[place - 1], name, known | {"b": place})
        variance = positive(block_variance, known | {"b": place})
        np.testing.assert_allclose(pull(variance, blocks[0]), decays[place - 1] * blocks[0], rtol=1e-7)


def with_intercept() -> tuple[np.ndarray, float]:
    """Minimize squared error plus n lambda times the squared norm of the slopes alone."""
    rows = np.vstack([np.column_stack([X, np.ones(n)]), (n * LAMBDA) ** 0.5 * np.eye(D, D + 1)])
    *slopes, intercept = np.linalg.lstsq(rows, np.concatenate([y, np.zeros(D)]), rcond=None)[0]
    return np.array(slopes), intercept


@PRIORS.display(sides=4)
def flat_intercept(left, right, name, mean_less):
    slopes, intercept = with_intercept()
    known = {"X_c": X - X.mean(axis=0), "y_c": y - y.mean(), r"\hat w": slopes}
    for side in (left, right):
        holds(slopes, side, known | {"X": None, "y": None})
    whole = np.array([[intercept]])  # vectors are columns here, so that a transposition counts
    known = {r"\bar x": X.mean(axis=0)[:, None], r"\bar y": y.mean(), r"\hat w": slopes[:, None]}
    for side in (name, mean_less):
        holds(whole, side, known | {r"\hat b": whole})


@PRIORS.display(sides=2)
def weight_norm(left, right):
    layer = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(D, 2, dtype=torch.float64))
    lengths, directions = torch.tensor([[0.5], [3.0]]).double(), torch.tensor(np.array([THETA, MU]))
    with torch.no_grad():
        layer.parametrizations.weight.original0.copy_(lengths)
        layer.parametrizations.weight.original1.copy_(directions)
    rows = list(layer.weight.detach().numpy())
    known = {"w_i": rows, "g_i": lengths[:, 0].tolist(), "v_i": [THETA, MU]}
    for place in (1, 2):
        for side in (left, right):
            holds(rows[place - 1], side, known | {"i": place})


@PRIORS.display(sides=2)
def decay_toward_a_mean(left, right):
    is_loss(left)
    holds(f(THETA) + penalty(THETA - MU), right)


def informative(variance: float) -> torch.distributions.Distribution:
    parts = map(torch.tensor, (MU, variance**0.5 * U, variance * d))
    return torch.distributions.LowRankMultivariateNormal(*parts)


@PRIORS.display(sides=4)
def informative_prior(left, right, name, covariance):
    holds(THETA, left)
    whole = np.concatenate([MU, informative(TAU).covariance_matrix.numpy().ravel()])
    holds(whole, right, {"N": lambda mean, spread: np.concatenate([mean, spread.ravel()])})
    for side in (name, covariance):
        holds(informative(1.0).covariance_matrix.numpy(), side)


@PRIORS.display(sides=2)
def gradient_of_the_informative_prior(left, right):
    theta = tensor(THETA)
    informative(TAU).log_prob(theta).backward()
    known = {"p": lambda theta: informative(TAU).log_prob(torch.tensor(theta)).exp().item()}
    for side in (left, right):
        holds(-theta.grad.numpy() / n, side, known)


@PRIORS.display(sides=2)
def informative_estimate(left, right):
    """The same estimate as ridge regression in the coordinates of the prior."""
    root = np.linalg.cholesky(SIGMA)
    estimate = MU + root @ ridge(X @ root, y - X @ MU, VARIANCE / TAU)
    for side in (left, right):
        holds(estimate, side, {r"\hat \theta": estimate, "I": np.eye(n)})


@PRIORS.display(sides=2)
def laplace_prior(left, right):
    scale = 0.6
    known = {"s": scale, "p": lambda theta: stats.laplace.pdf(theta, scale=scale).prod()}
    for side in (left, right):
        holds(-stats.laplace.logpdf(THETA, scale=scale).sum() / n, side, known)


@PRIORS.display(sides=4)
def gaussian_shrinks_and_laplace_thresholds(gauss, shrunk, laplace, thresholded):
    places = np.linspace(-2, 2, 40_001)
    for z in (-1.3, 0.2, 0.9):
        found = optimize.minimize_scalar(lambda t, z=z: (t - z) ** 2 / 2 + LAMBDA / 2 * t**2).x
        for side in (gauss, shrunk):
            holds(found, side, {"z": z, r"\hat \theta_\text{Gauss}": found})
        found = places[np.argmin((places - z) ** 2 / 2 + 0.35 * abs(places))]
        for side in (laplace, thresholded):
            known = {"z": z, r"\alpha": 0.35, r"\hat \theta_\text{Laplace}": found}
            holds(found, side, known, tolerance=1e-4)
