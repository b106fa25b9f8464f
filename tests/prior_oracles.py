"""What the formulas within sentences mean that speak of priors, posteriors and noise; see part_oracles.py."""

import numpy as np
import torch
from display_choosing import log_evidence, posterior
from display_oracles import (
    LAMBDA,
    MU,
    SIGMA,
    TAU,
    THETA,
    VARIANCE,
    D,
    U,
    X,
    d,
    n,
    normal,
    pull,
    ridge,
    y,
)
from part_oracles import S, grad, loss, nll_in_torch, part, potential, squared_norm_penalty, stepped
from scipy import integrate, optimize, stats
from torch import distributions

Array = np.ndarray


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


def likelihood() -> float:
    return np.exp(-n * loss())


@part()
def likelihood_of_a_label() -> float:
    last = distributions.Normal(torch.tensor(X[-1] @ THETA), VARIANCE**0.5)
    return last.log_prob(torch.tensor(y[-1])).exp().item()


@part()
def likelihood_of_all() -> float:
    return likelihood()


@part()
def minus_log_likelihood() -> float:
    return n * loss()


@part()
def mean_loss() -> float:
    return loss()


@part()
def joint_density() -> float:
    return likelihood() * prior_density()


@part()
def mean_log_joint() -> float:
    return np.log(joint_density()) / n


@part()
def posterior_density() -> float:
    return joint_density() / np.exp(log_evidence(TAU, y))


@part()
def evidence() -> float:
    precision, mean = posterior(TAU, y)
    return joint_density() / normal(THETA, mean, np.linalg.inv(precision))


constant = {"C": (D * np.log(2 * np.pi / (n * LAMBDA)) / 2 + log_evidence(1 / (n * LAMBDA), y)) / n}


@part(constant)
def integral() -> float:
    """Integrate exp(-n L), a Gaussian bump, from its height and its curvature."""
    precision, mean = posterior(prior_variance(), y)
    lowest = nll_in_torch(torch.tensor(mean)).item() + potential(mean)
    return np.exp(-n * lowest) * ((2 * np.pi) ** D / np.linalg.det(precision)) ** 0.5


@part()
def integrand() -> float:
    return likelihood() * np.exp(-n * squared_norm_penalty())


def squared_error(theta: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.mse_loss(torch.tensor(X) @ theta, torch.tensor(y))


@part()
def noise_variance() -> float:
    return distributions.Normal(0.0, VARIANCE**0.5).variance.item()


@part()
def scale_of_squared_error() -> float:
    return (grad(squared_error, THETA) / grad(nll_in_torch, THETA))[0]


@part({"f": loss()})
def share_of_the_loss() -> float:
    """Return the mean squared error less what it is beyond its share of f."""
    at_mean = torch.tensor(np.linalg.lstsq(X, y, rcond=None)[0])
    rest = squared_error(at_mean) - scale_of_squared_error() * nll_in_torch(at_mean)
    return (squared_error(torch.tensor(THETA)) - rest).item()


@part()
def noise_variance_of_plain_squared_error() -> float:
    return VARIANCE / scale_of_squared_error()


@part()
def constant_of_plain_squared_error() -> float:
    given = torch.tensor(X @ THETA), torch.tensor(y), torch.full((n,), VARIANCE / scale_of_squared_error())
    full = torch.nn.functional.gaussian_nll_loss(*given, full=True)
    return (full - squared_error(torch.tensor(THETA))).item()


@part()
def constant_of_the_likelihood() -> float:
    return -distributions.Normal(0.0, VARIANCE**0.5).log_prob(torch.tensor(0.0)).item()


@part()
def shrink_of_the_last_bias() -> float:
    """Search for the bias: the mean of the targets over it."""

    def objective(bias: float) -> float:
        return -stats.norm.logpdf(y, bias, VARIANCE**0.5).mean() + LAMBDA / 2 * bias**2

    return y.mean() / optimize.minimize_scalar(objective, tol=1e-10).x


@part()
def half_way_to_twice() -> float:
    return stats.gmean([1, 2])


# The example by hand: three labels, one parameter.
LABELS = torch.tensor([1.0, 2.0, 6.0], dtype=torch.float64)
EXAMPLE = {r"\tau": 2 / 3, "I": np.eye(3), r"\theta": 0.3, r"\lambda": 0.5, "n": 3, "D": 1}


def number(value: float) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64)


def misfit(theta: torch.Tensor) -> torch.Tensor:
    return (LABELS - theta).square().mean() / 2


def objective(theta: torch.Tensor) -> torch.Tensor:
    return misfit(theta) + theta.square().sum() / 4


def second_derivative(function: object) -> float:
    return torch.autograd.functional.hessian(function, number(2.0)).item()


def posterior_at(theta: float) -> float:
    def bump(at: float) -> float:
        return np.exp(-3 * objective(number(at)).item())

    return bump(theta) / integrate.quad(bump, -8, 12, epsabs=0, epsrel=1e-10)[0]


def label_covariance() -> Array:
    nodes, weights = np.polynomial.hermite_e.hermegauss(9)  # of what two labels share, and of their own noise
    shared, own = nodes * (2 / 3) ** 0.5, nodes
    weights = weights / weights.sum()
    variance = sum(a * b * (s + e) ** 2 for a, s in zip(weights, shared) for b, e in zip(weights, own))
    between = (weights * shared**2).sum()
    return np.full((3, 3), between) + (variance - between) * np.eye(3)


@part(EXAMPLE)
def mean_label() -> float:
    return LABELS.mean().item()


@part(EXAMPLE)
def map_label() -> float:
    return optimize.minimize_scalar(lambda theta: objective(number(theta)).item()).x


@part(EXAMPLE)
def label_precision() -> float:
    return second_derivative(lambda theta: (LABELS[0] - theta).square() / 2)


@part(EXAMPLE)
def example_prior_precision() -> float:
    return 3 * (second_derivative(objective) - second_derivative(misfit))


@part(EXAMPLE)
def example_posterior_precision() -> float:
    return 3 * second_derivative(objective)


@part(EXAMPLE)
def example_posterior_variance() -> float:
    return 1 / example_posterior_precision()


@part(EXAMPLE)
def example_posterior() -> float:
    return posterior_at(0.3)


@part(EXAMPLE)
def example_height() -> float:
    return posterior_at(2.0)


@part(EXAMPLE)
def example_lowest() -> float:
    return -np.log(posterior_at(2.0)) / 3


@part(EXAMPLE)
def example_penalized_loss() -> float:
    return objective(number(2.0)).item()


@part(EXAMPLE)
def label_variance() -> float:
    return label_covariance()[0, 0]


@part(EXAMPLE)
def off_the_inverse() -> float:
    return -np.linalg.inv(label_covariance())[0, 1]
