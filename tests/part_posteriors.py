"""What the formulas within sentences mean that speak of likelihoods, posteriors and noise."""

import numpy as np
import torch
from display_choosing import log_evidence, posterior
from display_oracles import LAMBDA, TAU, THETA, VARIANCE, D, X, n, normal, y
from part_priors import prior_density, prior_variance
from part_steps import squared_norm_penalty
from part_world import grad, loss, nll_in_torch, part, potential
from scipy import optimize, stats
from torch import distributions


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
