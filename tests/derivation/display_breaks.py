"""The displays of *When the reading breaks*: minimizers, optimizer steps, clipping, accumulation, scale."""

import numpy as np
import torch
from display_oracles import (
    ETA,
    LAMBDA,
    MU,
    THETA,
    D,
    Page,
    W,
    X,
    f,
    f_in_torch,
    holds,
    n,
    ridge,
    tensor,
    y,
)

BREAKS = Page()


@BREAKS.display(sides=2)
def ridge_estimate(left, right):
    estimate = ridge(X, y, n * LAMBDA)
    holds(estimate, left, {r"\hat \theta": estimate})
    holds(estimate, right)


@BREAKS.display(sides=2)
def decoupled_step(left, right):
    """AdamW's first step goes by the signs of the gradient."""
    parameter = tensor(THETA)
    parameter.grad = torch.tensor([2.0, -3.0, 0.5], dtype=torch.float64)
    torch.optim.AdamW([parameter], lr=ETA, weight_decay=LAMBDA, eps=0).step()
    holds(THETA, left)
    holds(parameter.detach().numpy(), right, {"u": np.array([1.0, -1.0, 1.0])})


@BREAKS.display(sides=1)
def bound_of_signed_steps(words):
    """Where decoupled decay and steps of length one, all in one direction, come to rest."""
    theta = 0.0
    for _ in range(2000):
        theta = theta - ETA * LAMBDA * theta + ETA
    marks = r"\text{subjectto}", r"\le", r"\text{forevery}"
    assert all(words.count(mark) == 1 for mark in marks)
    subject, le, every = map(words.index, marks)
    assert words[:3] == [r"\min", "_", r"\theta"] and words[every:] == [r"\text{forevery}", "j", "}"]
    holds(f(THETA), words[3:subject])
    holds(abs(THETA[1]), words[subject + 2 : le], {r"\theta_j": list(THETA), "j": 2})
    holds(theta, words[le + 1 : every])


@BREAKS.display(sides=2)
def running_average_of_steps(left, right):
    theta, steps = 1.5, [1.0, -0.5, 0.25, 2.0]
    for u in steps:
        theta = theta - ETA * LAMBDA * theta - ETA * u
    known = {"t": len(steps), r"\theta_0": 1.5, r"\theta_t": theta, "u_s": steps}
    holds(theta, left, known)
    holds(theta, right, known)


@BREAKS.display(sides=2)
def rest_of_preconditioned_steps(left, right):
    """Where AdamW's step comes to rest once the second moment no longer changes."""
    second, theta = np.array([0.5, 2.0, 3.0]), THETA
    for _ in range(5000):
        theta = theta - ETA * (LAMBDA * theta + X.T @ (X @ theta - y) / n / second**0.5)
    for place in range(1, D + 1):
        known = {r"\theta": theta, r"\theta_j": list(theta), "v_j": list(second), "j": place}
        holds(0.0, left, known)
    holds(0.0, right)


def direction_only(weight):
    return (weight / np.linalg.norm(weight)) @ MU


@BREAKS.display(sides=2)
def scale_invariance(left, right):
    for side in (left, right):
        holds(MU @ W / (W @ W) ** 0.5, side, {"f": direction_only, "c": 1.7})


@BREAKS.display(sides=2)
def a_step_at_twice_the_scale(left, right):
    """For a scale-invariant loss: from 2w, with four times the learning rate and a quarter of the decay."""

    def step(weight, rate, decay):
        parameter = tensor(weight)
        (parameter @ torch.tensor(MU) / parameter.norm()).backward()
        torch.optim.SGD([parameter], lr=rate, weight_decay=decay).step()
        return parameter.detach().numpy()

    holds(step(2 * W, 4 * ETA, LAMBDA / 4), left, {"f": direction_only})
    holds(2 * step(W, ETA, LAMBDA), right, {"f": direction_only})


@BREAKS.display(sides=2)
def a_decoupled_step_at_twice_the_scale(left, right):
    """AdamW's first step goes by signs: from 2w, with twice the learning rate and half the decay."""

    def step(weight, rate, decay):
        parameter = tensor(weight)
        parameter.grad = torch.tensor([2.0, -3.0, 0.5], dtype=torch.float64) / np.linalg.norm(weight)
        torch.optim.AdamW([parameter], lr=rate, weight_decay=decay, eps=0).step()
        return parameter.detach().numpy()

    known = {"u": np.array([1.0, -1.0, 1.0])}
    holds(step(2 * W, 2 * ETA, LAMBDA / 2), left, known)
    holds(2 * step(W, ETA, LAMBDA), right, known)


@BREAKS.display(sides=2)
def loss_along_a_ray(left, right):
    """With an epsilon beside the variance the loss is invariant no more."""
    epsilon, c = 1e-5, 1.7

    def loss(weight, beside=epsilon):
        return -(weight @ weight) / (weight @ weight + beside)

    whole = loss(c * W) + LAMBDA / 2 * (c * W) @ (c * W)
    known = {
        "f": lambda weight: loss(weight, 0.0),
        "L": lambda weight: loss(weight) + LAMBDA / 2 * weight @ weight,
    }
    known |= {"a": 1 / (W @ W), r"\varepsilon": epsilon, "c": c}
    for side in (left, right):
        holds(whole, side, known, tolerance=1e-9)


LIMIT = 0.2


def clip(vector):
    return vector * min(1.0, LIMIT / (np.linalg.norm(vector) + 1e-6))


def clipped(weight_decay, penalty):
    """What a step of SGD applies after clipping, in PyTorch."""
    parameter = tensor(THETA)
    (f_in_torch(parameter) + penalty / 2 * parameter.square().sum()).backward()
    torch.nn.utils.clip_grad_norm_([parameter], LIMIT)
    torch.optim.SGD([parameter], lr=ETA, weight_decay=weight_decay).step()
    return (THETA - parameter.detach().numpy()) / ETA


@BREAKS.display(sides=1)
def clipping_with_the_penalty_and_before_the_decay(words):
    middle = words.index(r"\text{and}")
    holds(clipped(0.0, LAMBDA), words[:middle], {"clip": clip})
    holds(clipped(LAMBDA, 0.0), words[middle + 1 :], {"clip": clip})


@BREAKS.display(sides=2)
def accumulation(left, right):
    """Two batches, the undivided penalty beside the divided loss of each."""
    parameter = tensor(THETA)
    for slope in (-1, 1):
        loss = f_in_torch(parameter) + slope * parameter.sum()
        (loss / 2 + LAMBDA / 2 * parameter.square().sum()).backward()
    parts = [lambda theta: f(theta) - theta.sum(), lambda theta: f(theta) + theta.sum()]
    known = {"k": 2, "f_j": parts}
    holds(parameter.grad.numpy(), left, known | {"f": None})
    holds(parameter.grad.numpy(), right, known)
