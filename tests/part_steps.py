"""What the formulas within sentences mean that speak of decay and of an optimizer's steps."""

import numpy as np
import torch
from display_oracles import ETA, LAMBDA, MU, THETA, D, X, tensor, y
from part_world import MOMENTUM, RATES, Array, H, grad, kept, nll_in_torch, part, potential, stepped
from scipy import optimize


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
