"""What the formulas without a relation, within sentences, mean: each a second computation of its value.

`part(symbols)` marks a function as such an oracle; `known` of it gives numbers to the symbols of its formula.
Here f is the mean negative log-likelihood of a linear regression whose noise has the variance 0.4, so 2 σ² is
not one, and τ is not 1/(n λ).
"""

import functools
from collections.abc import Callable

import numpy as np
import torch
from display_choosing import log_evidence, posterior
from display_oracles import (
    ETA,
    KNOWN,
    LAMBDA,
    MU,
    TAU,
    THETA,
    VARIANCE,
    D,
    W,
    X,
    n,
    normal,
    penalty,
    tensor,
    y,
)
from scipy import integrate, optimize, stats
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


@part()
def decay_term() -> Array:
    return THETA - stepped(THETA, 0 * THETA, lr=1.0)


@part()
def decay_of_an_entry() -> float:
    return decay_term()[1]


@part()
def penalty_of_an_entry() -> float:
    return potential(THETA[1])


@part()
def squared_norm_penalty() -> float:
    return potential(THETA)


@part()
def penalty_without_the_half() -> float:
    return potential(THETA, 2 * LAMBDA)


@part()
def decay_of_the_penalty_without_the_half() -> float:
    return (grad(lambda theta: LAMBDA * theta.square().sum(), THETA) / THETA)[0]


@part()
def half_that_cancels_the_exponent() -> float:
    return (decay_term() / grad(lambda theta: LAMBDA * theta.square().sum(), THETA))[0]


@part()
def derivative_of_the_square() -> Array:
    return grad(lambda theta: theta.square().sum(), THETA)


@part()
def length_of_the_pull() -> float:
    return torch.linalg.vector_norm(torch.tensor(decay_term())).item()


@part()
def pull_of_the_mean_penalty() -> Array:
    return grad(lambda theta: LAMBDA / 2 * theta.square().mean(), THETA)


@part()
def pull_of_the_norm() -> Array:
    return grad(lambda theta: LAMBDA * torch.linalg.vector_norm(theta), THETA)


@part()
def pull_of_mse_loss() -> Array:
    return grad(lambda theta: torch.nn.functional.mse_loss(theta, torch.zeros(D)), THETA)


@part()
def penalty_of_two_factors() -> float:
    return potential(np.array([0.7, 1.3])) / LAMBDA


@part()
def shrink() -> float:
    return kept(ETA)


@part()
def lost_per_step() -> float:
    return 1 - kept(ETA)


@part()
def shrink_at_the_last_rate() -> float:
    return kept(RATES[-1])


@part()
def lost_in_tiny_steps() -> float:
    """Return minus the logarithm of what a schedule keeps, each step cut into a million."""
    return -sum(1e6 * np.log(kept(rate / 1e6)) for rate in RATES)


@part()
def kept_in_tiny_steps() -> float:
    return np.exp(-lost_in_tiny_steps())


@part()
def steps_to_lose_all_but_a_part_in_e() -> float:
    return -1e-6 / np.log(kept(ETA * 1e-6))


@part()
def lost_to_curvature() -> float:
    return float(1 - stepped(1.0, H))


@part()
def edge_of_stability() -> float:
    """Search for the curvature at which a step of gradient descent overshoots by as much as it was off."""
    return optimize.brentq(lambda h: stepped(1.0, h, weight_decay=0.0) + 1, 0.1, 99)


@part({r"\mu": MOMENTUM})
def gain_of_momentum() -> float:
    """Run SGD on a constant gradient: how much longer than without momentum a step becomes."""
    parameter = tensor(np.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1.0, momentum=MOMENTUM)
    for _ in range(300):
        before, parameter.grad = parameter.item(), -torch.ones_like(parameter)
        optimizer.step()
    return parameter.item() - before


@part({r"\mu": MOMENTUM})
def decay_at_which_sgdw_rests() -> float:
    """Run momentum with the decay outside the buffer; return the λ whose minimum is where it rests."""
    weight, buffer = 0.0, 0.0
    for _ in range(4000):
        buffer = MOMENTUM * buffer + (weight - 1)
        weight -= 0.01 * (LAMBDA * weight + buffer)
    return (1 - weight) / weight


@part()
def step() -> Array:
    return stepped(THETA, grad(nll_in_torch, THETA))


@part()
def penalized_gradient() -> Array:
    return grad(lambda theta: nll_in_torch(theta) + LAMBDA / 2 * theta.square().sum(), THETA)


@part()
def loss_gradient() -> Array:
    return grad(nll_in_torch, THETA)


BEFORE_AND_AFTER = {
    rf"\theta_{font}{{{when}}}": at
    for font in (r"\text", r"\mathrm")
    for when, at in (("before", THETA), ("after", step()))
} | {r"\theta": MU}


@part(BEFORE_AND_AFTER)
def applied() -> Array:
    return penalized_gradient()


@part()
def given_gradient_and_decay() -> Array:
    return THETA - stepped(THETA, MU, lr=1.0)


@part()
def adamw_decay() -> Array:
    return THETA - stepped(THETA, 0 * THETA, torch.optim.AdamW)


@part()
def corner_of_adamw() -> float:
    """Run AdamW on a constant gradient until decay and step balance."""
    parameter = tensor(np.zeros(1))
    optimizer = torch.optim.AdamW([parameter], lr=ETA, weight_decay=LAMBDA)
    for _ in range(900):
        parameter.grad = -torch.ones_like(parameter)
        optimizer.step()
    return parameter.item()


@part({"x_i": X[0], "r_i": X[0] @ THETA - y[0]})
def gradient_of_one_squared_error() -> Array:
    return grad(lambda theta: (torch.tensor(X[0]) @ theta - y[0]).square() / 2, THETA)


def loss() -> float:
    return nll_in_torch(torch.tensor(THETA)).item()


@part()
def loss_of_the_weights() -> float:
    return nll_in_torch(torch.tensor(W)).item()


@part()
def penalized_loss() -> float:
    return loss() + squared_norm_penalty()


@part()
def penalized_loss_of_scaled_weights() -> float:
    return nll_in_torch(torch.tensor(C_SCALE * W)).item() + potential(C_SCALE * W)


@part()
def scaled_weights() -> Array:
    return torch.mul(torch.tensor(W), C_SCALE).numpy()


def direction_loss(weights: torch.Tensor) -> torch.Tensor:
    return nll_in_torch(weights / torch.linalg.vector_norm(weights))


def slope(weights: Array) -> float:
    return np.linalg.norm(grad(direction_loss, weights))


@part()
def doubled_weights() -> Array:
    return torch.add(torch.tensor(W), torch.tensor(W)).numpy()


@part()
def rate_for_doubled_weights() -> float:
    """Return the learning rate that moves twice the weights twice as far."""
    return 2 * ETA * slope(W) / slope(doubled_weights())


@part()
def decay_for_doubled_weights() -> float:
    """Return the decay that shrinks them by the same factor at that rate."""
    return lost_per_step() / rate_for_doubled_weights()


@part()
def effective_rate() -> float:
    """Return the rate at which weights of length one would turn as fast."""
    length = np.linalg.norm(W)
    return ETA * slope(W) / length / slope(W / length)


def off(epsilon: float, length: float) -> float:
    """Return by how much ε shortens a vector of this length when it is normalized."""
    return -np.expm1(-np.log1p(epsilon / length**2) / 2)


@part()
def error_of_normalization() -> float:
    return 2 * off(EPSILON, C_SCALE)


@part()
def error_of_normalization_by_length() -> float:
    return off(EPSILON, np.linalg.norm(W)) / off(EPSILON, 1)


@part()
def one_over_n() -> float:
    losses = torch.tensor(y).square()
    return (losses.mean() / losses.sum()).item()


@part()
def minus_one_over_n() -> float:
    return -one_over_n()


@part()
def power_that_undoes_copies() -> float:
    losses = torch.tensor(y).square()
    return (losses.sum() / losses.repeat(T).sum()).item()


@part()
def decay_of_a_batch_sum() -> float:
    losses = torch.tensor(y[:B]).square()
    return LAMBDA * (losses.sum() / losses.mean()).item()


@part()
def decay_of_the_whole_sum() -> float:
    return LAMBDA / one_over_n()


@part({"g": C_SCALE * np.ones(2)})
def penalty_of_a_scaled_block() -> float:
    return potential(C_SCALE * W) / potential(W)
