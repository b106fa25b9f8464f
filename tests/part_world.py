"""What the symbols of formulas within sentences stand for, and how their meaning is computed.

`part(symbols)` marks a function as the oracle of a formula; `known` of it gives numbers to its symbols. Here
f is the mean negative log-likelihood of a linear regression whose noise has the variance 0.4, so 2 σ² is not
one, and τ is not 1/(n λ).
"""

import functools
from collections.abc import Callable

import numpy as np
import torch
from display_choosing import log_evidence, posterior
from display_oracles import ETA, KNOWN, LAMBDA, MU, TAU, THETA, VARIANCE, D, X, n, normal, penalty, tensor, y
from scipy import integrate, stats
from torch import distributions

Array = np.ndarray
B, T, H, RATES, MOMENTUM, S, EPSILON, C_SCALE = 5, 4, 1.7, [0.03, 0.02, 0.01], 0.9, 0.6, 1e-6, 1.6


def density(*given: object) -> float:
    """Return p of what is given, which its shape tells: labels, inputs or parameters."""
    first, shapes = given[0], [np.shape(each) for each in given]
    if shapes in ([(D,)], [(D,), (n, D)]):
        return normal(first, 0, TAU * np.eye(D))
    if shapes == [(n,), (n, D)]:
        return np.exp(log_evidence(TAU, first))
    if shapes == [(D,), (n, D), (n,)]:
        precision, mean = posterior(TAU, given[2])
        return normal(first, mean, np.linalg.inv(precision))
    if shapes in ([(n,), (n, D), (D,)], [(), (D,), (D,)]):
        return stats.norm.pdf(first, given[1] @ given[2], VARIANCE**0.5).prod()
    raise ValueError("no such density")


def gaussian(*given: object) -> float:
    """Return the density of N(mean, covariance), or of N(at; mean, variance)."""
    if len(given) == 3:
        return stats.norm.pdf(given[0], given[1], given[2] ** 0.5)
    mean, covariance = given
    if np.ndim(covariance):
        return normal(THETA, mean, covariance)
    return stats.norm.pdf(THETA[0], mean, covariance**0.5)


def nll(theta: Array) -> float:
    return -stats.norm.logpdf(y, X @ theta, VARIANCE**0.5).mean()


def nll_in_torch(parameter: torch.Tensor) -> torch.Tensor:
    likelihood = distributions.Normal(torch.tensor(X) @ parameter, VARIANCE**0.5)
    return -likelihood.log_prob(torch.tensor(y)).mean()


WORLD = KNOWN | {"f": nll, "L": lambda theta: nll(theta) + penalty(theta), "p": density, "N": gaussian}
WORLD |= {"B": B, "T": T, "h": H, "t": len(RATES), r"\eta_t": RATES, "s": S, "c": C_SCALE, "i": n}
WORLD |= {"u": 0.7, "v": 1.3, r"\hat \theta": THETA, r"\varepsilon": EPSILON, r"\theta_j": THETA[1]}
WORLD |= {"y_i": list(y), "x_i": list(X), "g": MU, r"\lambda_j": 0.45, r"\delta": THETA - MU}


def part(symbols: dict | None = None) -> Callable:
    """Mark a function as the oracle of a formula, with numbers for the symbols that mean something else."""

    def mark(function: Callable) -> Callable:
        once = functools.cache(function)
        once.known = WORLD | (symbols or {})
        return once

    return mark


def grad(function: Callable, at: Array) -> Array:
    parameter = tensor(at)
    function(parameter).backward()
    return parameter.grad.numpy()


def stepped(at: Array, gradient: Array, optimizer: Callable = torch.optim.SGD, **settings: float) -> Array:
    """Return where one step of an optimizer takes parameters whose gradient is given."""
    parameter = tensor(np.array(at, dtype=float))
    parameter.grad = torch.tensor(np.array(gradient, dtype=float))
    optimizer([parameter], **({"lr": ETA, "weight_decay": LAMBDA} | settings)).step()
    return parameter.detach().numpy()


def kept(rate: float) -> float:
    """Return the part of a parameter that a step of SGD with no gradient leaves."""
    return float(stepped(1.0, 0.0, lr=rate))


def pulled(at: float, decay: float = LAMBDA) -> float:
    return float(at - stepped(at, 0.0, lr=1.0, weight_decay=decay))


def potential(at: Array, decay: float = LAMBDA) -> float:
    """Integrate the pull of weight decay from zero to each entry."""
    return sum(integrate.quad(pulled, 0, entry, args=(decay,))[0] for entry in np.atleast_1d(at))


def loss() -> float:
    return nll_in_torch(torch.tensor(THETA)).item()
