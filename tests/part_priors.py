"""What the formulas within sentences mean that speak of priors."""

import numpy as np
import torch
from display_choosing import posterior
from display_oracles import LAMBDA, MU, SIGMA, TAU, THETA, D, U, X, d, n, normal, pull, ridge, y
from part_world import Array, S, grad, part, stepped
from scipy import integrate, optimize, stats
from torch import distributions


def prior_in_torch(theta: torch.Tensor) -> torch.Tensor:
    return distributions.Normal(0.0, TAU**0.5).log_prob(theta).sum()


def variance_of_the_prior(decay: float, examples: int = n) -> float:
    """Search for the variance whose pull, beside the mean over so many examples, is that of the decay."""

    def beyond(variance: float) -> float:
        return (pull(variance, THETA) * n / examples / THETA)[0] - decay

    return optimize.brentq(beyond, 0.01, 99)


@part()
def prior_variance() -> float:
    return variance_of_the_prior(LAMBDA)


@part()
def prior_variance_of_an_entry() -> float:
    return variance_of_the_prior(0.45)


@part()
def prior_precision() -> float:
    return 1 / prior_variance()


@part()
def prior_variance_of_squared_error() -> float:
    return of_squared_error(n * LAMBDA / 2)


def of_squared_error(strength: float) -> float:
    """Search for the variance whose posterior mean is the ridge estimate."""
    length = np.linalg.norm(ridge(X, y, strength))
    return optimize.brentq(lambda variance: np.linalg.norm(posterior(variance, y)[1]) - length, 0.01, 9)


@part()
def half_noise_variance() -> float:
    """Return what takes the place of σ² in 2 σ²/(n λ) if the squared error is halved."""
    return of_squared_error(n * LAMBDA) / (2 / (n * LAMBDA))


@part()
def narrower_with_more_data() -> float:
    return (prior_variance() / variance_of_the_prior(LAMBDA, examples=1)) ** 0.5


@part()
def decay_from_the_prior() -> float:
    return (pull(TAU, THETA) / THETA)[0]


@part()
def decay_from_the_prior_for_squared_error() -> float:
    """Return the λ at which the posterior mean is stationary."""
    mean = posterior(TAU, y)[1]
    slope = grad(lambda theta: (torch.tensor(X) @ theta - torch.tensor(y)).square().mean(), mean)
    return (-slope / mean)[0]


def strength(estimate: Array) -> float:
    """Return the alpha for which scikit-learn's ridge regression, which sums, has this estimate."""
    return (X.T @ (y - X @ estimate) / estimate)[0]


@part()
def alpha() -> float:
    return strength(np.linalg.solve(2 * X.T @ X / n + LAMBDA * np.eye(D), 2 * X.T @ y / n))


@part()
def alpha_of_the_half() -> float:
    return strength(np.linalg.solve(X.T @ X / n + LAMBDA * np.eye(D), X.T @ y / n))


@part()
def alpha_from_the_prior() -> float:
    return strength(posterior(TAU, y)[1])


@part()
def inverse_strength() -> float:
    """Return the C for which a summed cross-entropy has the minimizer of the mean one with weight decay."""
    labels = torch.tensor(y > 0, dtype=torch.float64)

    def slope(theta: Array) -> Array:
        return grad(
            lambda each: torch.nn.functional.binary_cross_entropy_with_logits(torch.tensor(X) @ each, labels),
            theta,
        )

    found = optimize.root(lambda theta: slope(theta) + LAMBDA * theta, np.zeros(D), tol=1e-12).x
    return (-found / (n * slope(found)))[0]


def curvature() -> torch.Tensor:
    return torch.autograd.functional.hessian(lambda theta: -prior_in_torch(theta), torch.tensor(THETA))


@part()
def prior_covariance() -> Array:
    return torch.linalg.inv(curvature()).numpy()


@part()
def prior_deviation() -> float:
    second = integrate.quad(lambda theta: theta**2 * stats.norm.pdf(theta, 0, TAU**0.5), -20, 20)[0]
    return second**0.5


@part()
def inverse_of_the_prior_variance() -> float:
    return curvature()[0, 0].item()


@part()
def norm_of_draws() -> float:
    return distributions.Normal(torch.zeros(D), TAU**0.5).variance.sum().sqrt().item()


@part()
def spread_of_norms() -> float:
    """Return the limit in many dimensions."""
    return TAU**0.5 * stats.chi(10_000).std()


@part()
def product_of_four_weights() -> float:
    return distributions.Normal(torch.zeros(4), TAU**0.5).variance.prod().sqrt().item()


@part()
def mean_square() -> float:
    return torch.nn.functional.mse_loss(torch.tensor(THETA), torch.zeros(D)).item()


@part({r"\theta": THETA[:, None]})  # one column, so that it has a transpose
def dot_product() -> Array:
    return np.array([[squared_norm()]])


@part()
def squared_norm() -> float:
    return torch.linalg.vector_norm(torch.tensor(THETA)).square().item()


@part({r"\theta": THETA[:, None]})
def log_prior_beyond_its_constant() -> Array:
    return (prior_in_torch(torch.tensor(THETA)) - prior_in_torch(torch.zeros(D))).reshape(1, 1).numpy()


@part()
def log_prior_at_zero() -> float:
    return prior_in_torch(torch.zeros(D)).item()


@part()
def divisor_of_the_prior() -> float:
    return np.exp(-log_prior_at_zero())


@part()
def constant_of_the_prior() -> float:
    return -log_prior_at_zero() / n


@part()
def log_of_two_pi_tau() -> float:
    return -2 * log_prior_at_zero() / D


@part()
def prior_density() -> float:
    return prior_in_torch(torch.tensor(THETA)).exp().item()


@part()
def minus_log_prior() -> float:
    return -prior_in_torch(torch.tensor(THETA)).item()


@part()
def prior_density_of_an_entry() -> float:
    return distributions.Normal(0.0, TAU**0.5).log_prob(torch.tensor(THETA[0])).exp().item()


def multivariate(mean: Array, covariance: Array) -> distributions.Distribution:
    return distributions.MultivariateNormal(torch.tensor(mean), torch.tensor(covariance))


@part()
def prior_around_a_mean() -> float:
    return multivariate(MU, TAU * np.eye(D)).log_prob(torch.tensor(THETA)).exp().item()


@part()
def prior_with_a_covariance() -> float:
    return multivariate(MU, TAU * SIGMA).log_prob(torch.tensor(THETA)).exp().item()


@part()
def pull_toward_a_mean() -> Array:
    def loss_of_prior(theta: torch.Tensor) -> torch.Tensor:
        return -distributions.Normal(torch.tensor(MU), prior_variance() ** 0.5).log_prob(theta).sum() / n

    return grad(loss_of_prior, THETA)


@part()
def pull_of_unit_variance() -> Array:
    return grad(lambda theta: -distributions.Normal(torch.tensor(MU), 1.0).log_prob(theta).sum(), THETA)


@part({"p": lambda theta: normal(theta, MU, SIGMA)})
def score() -> Array:
    prior = distributions.LowRankMultivariateNormal(torch.tensor(MU), torch.tensor(U), torch.tensor(d))
    return grad(prior.log_prob, THETA)


@part()
def low_rank_factor() -> Array:
    covariance = TAU * (SIGMA - np.diag(d))
    return U * (np.trace(covariance) / np.trace(U @ U.T)) ** 0.5


@part()
def low_rank_diagonal() -> Array:
    return np.diag(TAU * SIGMA - low_rank_factor() @ low_rank_factor().T)


@part()
def variance_of_laplace() -> float:
    return distributions.Laplace(0.0, S).variance.item()


@part({r"\alpha": 0.3})
def longest_step_across_zero() -> float:
    """The largest slope of the data that leaves an entry at zero, and the penalty's, both downward."""
    slope = grad(lambda theta: 0.3 * theta.abs().sum() + 0.3 * theta.sum(), np.ones(1))
    return float((1 - stepped(np.ones(1), slope, weight_decay=0.0))[0])
