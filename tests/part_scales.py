"""What the formulas within sentences mean that speak of scaled weights and of sums against means."""

import numpy as np
import torch
from display_oracles import ETA, LAMBDA, W, y
from part_steps import lost_per_step, squared_norm_penalty
from part_world import C_SCALE, EPSILON, Array, B, T, grad, loss, nll_in_torch, part, potential


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
