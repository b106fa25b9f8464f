"""What the formulas within sentences mean that speak of the example by hand: three labels, one parameter."""

import numpy as np
import torch
from part_world import Array, part
from scipy import integrate, optimize

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
