"""Where the last digits come from, against exact rational and NumPy arithmetic."""

from __future__ import annotations

import math
import re
from fractions import Fraction

import numpy as np
import pytest
import torch
from network import (
    DECAY,
    LR,
    Batch,
    N,
    draws,
    gradient,
    nearest,
    prior_coefficient,
    rounded_once,
    rounded_twice,
    sum_of_sgd,
)


@pytest.fixture(scope="module")
def run(computed):
    return computed("rounding")


@pytest.fixture(scope="module")
def sgd_sum():
    """Return the arithmetic, in NumPy, that gives SGD's own sum of gradient and decay on this processor."""
    features, y, vector = draws(1)
    _, slope = gradient(vector, features, y)
    found = sum_of_sgd(slope, vector, DECAY)
    (only,) = (
        rounds
        for rounds in (rounded_once, rounded_twice)
        if np.array_equal(found, rounds(slope.numpy(), vector.numpy(), DECAY))
    )
    return only


def first_norms(seed: int, rounds, steps: int, told: float = DECAY) -> list[float]:
    """Train from scratch and with SGD's weight decay; return ‖difference of the gradients‖ of each step."""
    features, y, vector = draws(seed)
    by_hand = by_sgd = vector.numpy()
    norms = []
    for _ in range(steps):
        slopes = [gradient(torch.from_numpy(v), features, y)[1].numpy() for v in (by_hand, by_sgd)]
        penalized = rounded_twice(slopes[0], by_hand, DECAY)  # halving and doubling round nothing
        compared = rounded_twice(slopes[1], by_sgd, DECAY)
        norms.append(float(np.linalg.norm((penalized - compared).astype(np.float64))))
        applied = rounds(slopes[1], by_sgd, told) if told else slopes[1]
        by_hand, by_sgd = rounds(by_hand, penalized, -LR), rounds(by_sgd, applied, -LR)
    return norms


def test_coefficients_are_the_emulated_ones_by_hand_the_nearest_the_priors_a_few_ulps_off(run):
    decay, prior = np.float32(DECAY), prior_coefficient()
    assert (run.values["hand_coefficient"], run.values["hand_ulps"]) == (float(decay), 0)
    assert run.values["prior_coefficient"] == float(prior)
    assert 0 < run.values["prior_ulps"] == round(float(abs(prior - decay) / np.spacing(decay))) < 8


def test_float32_scale_explains_the_error_in_float64(run):
    scale = np.float32(math.sqrt(1 / (N * DECAY)))  # what Normal keeps
    variance = Fraction(float(scale * scale))  # what log_prob squares it to, in float32 too
    coefficient = Fraction(1, N) / variance  # exact from here on
    relative = abs(float(coefficient / Fraction(DECAY) - 1))
    assert run.values["scale_error"] == pytest.approx(relative, rel=1e-4)  # the rest is float64 rounding


def test_float64_scale_removes_the_error(run):
    assert run.values["tensor_error"] < 1e-15  # a few float64 roundings


def test_which_sum_sgd_equals_is_that_of_exact_arithmetic(run):
    """SGD's sum, read off its momentum buffer, against rational numbers rounded once and twice."""
    features, y, vector = draws(1)
    _, slope = gradient(vector, features, y)
    found, decay = sum_of_sgd(slope, vector, DECAY), Fraction(float(np.float32(DECAY)))
    pairs = [(Fraction(g), Fraction(v)) for g, v in zip(slope.tolist(), vector.tolist(), strict=True)]
    once = np.array([float(nearest(g + decay * v)) for g, v in pairs])
    twice = np.array([float(nearest(g + nearest(decay * v))) for g, v in pairs])
    np.testing.assert_array_equal(once, rounded_once(slope.numpy(), vector.numpy(), DECAY))
    np.testing.assert_array_equal(twice, rounded_twice(slope.numpy(), vector.numpy(), DECAY))
    from_two, from_one = int((found != twice).sum()), int((found != once).sum())
    assert (run.values["fused_from_two"], run.values["fused_from_one"]) == (from_two, from_one)
    assert run.values["sgd_rounds"] == {from_one: "once", from_two: "twice"}[0]


def test_zeros_of_all_seeds_are_those_of_emulated_arithmetic(run, sgd_sum):
    """Every seed again: autograd for the error alone, NumPy for penalty, decay and step."""
    with np.errstate(all="ignore"):  # some seed overflows
        norms = np.array([first_norms(seed, sgd_sum, 5) for seed in range(run.values["seeds"])])
    finite = norms[np.isfinite(norms).all(axis=1)]
    zeros = (finite == 0).sum(axis=0)
    assert run.values["finite"] == len(finite) == run.values["zero_at_epoch_0"]
    assert run.values["always_zero"] == (finite == 0).all(axis=1).sum()
    assert 0.9 * len(finite) < run.values["always_zero"] < len(finite)  # the common case, not a rule
    assert run.values["zero_at_epoch_4"] == zeros[4]
    assert run.values["largest_difference"] == pytest.approx(finite.max(), rel=1e-6)


def test_one_applied_step_of_sgd_is_that_of_rationals_rounded_to_float64(run, sgd_sum):
    """(before − after)/η − (g + λθ): what is left with decay is the rounding of θ, without it λθ."""
    features, y, vector = (t.double() for t in draws(1))
    slope, before = gradient(vector, features, y)[1].tolist(), vector.tolist()

    def plus(a: float, factor: float, b: float) -> float:
        if sgd_sum is rounded_once:
            return float(Fraction(a) + Fraction(factor) * Fraction(b))
        return a + factor * b

    left = {}
    for decay in (DECAY, 0.0):
        summed = [plus(g, decay, v) for g, v in zip(slope, before, strict=True)]
        after = [plus(v, -LR, s) for v, s in zip(before, summed, strict=True)]
        triples = zip(slope, before, after, strict=True)
        left[decay] = math.hypot(*((v - w) / LR - (g + DECAY * v) for g, v, w in triples))
    decayed = DECAY * math.hypot(*before)
    assert run.values["applied_error"] == pytest.approx(left[DECAY], rel=1e-3, abs=0)
    assert left[DECAY] < 1e-11  # θ below one, rounded to 1e-16, over η, of 261 entries
    assert run.values["applied_error_off"] == pytest.approx(left[0.0], rel=1e-12)
    assert run.values["lambda_norm"] == pytest.approx(decayed, rel=1e-12)
    assert left[0.0] == pytest.approx(decayed, rel=1e-9)


def test_step_leaves_the_gradient_as_it_was(run):
    """SGD with decay on a gradient of our own: the parameters move, the gradient keeps every bit."""
    *_, vector = draws(1)
    given = np.random.default_rng(0).normal(size=len(vector)).astype(np.float32)
    leaf = vector.clone().requires_grad_()
    leaf.grad = torch.from_numpy(given.copy())
    torch.optim.SGD([leaf], lr=LR, weight_decay=DECAY).step()
    assert torch.all(leaf.detach() != vector)
    assert run.values["grad_entries_changed"] == np.count_nonzero(leaf.grad.numpy() != given) == 0


def test_ways_to_write_the_penalty_differ_where_emulated_float32_does(run):
    """Each gradient is a multiple of θ, that of the norm squared by way of θ over its norm."""
    features, y, vector = draws(1)
    slope, theta, f32 = gradient(vector, features, y)[1].numpy(), vector.numpy(), np.float32
    norm = torch.linalg.vector_norm(vector).numpy()
    gradients = {
        "(λ/2) · sum of squares": f32(DECAY / 2) * (2 * theta),
        "λ · (half the sum)": f32(DECAY) / 2 * (2 * theta),
        "(λ/2) · norm squared": f32(DECAY / 2) * (2 * norm) * (theta / norm),
        "λ · mean · D/2": f32(len(theta) / 2) * f32(DECAY) / f32(len(theta)) * (2 * theta),
        "−(1/n) log prior": prior_coefficient() * theta,
    }
    rows = re.findall(r"^(\S.*?) +(\d+) +(\S+)$", run.stdout["writings"], re.M)
    found = {name: (int(count), float(norm)) for name, count, norm in rows}
    expected = {}
    for name, penalty in gradients.items():
        apart = slope + penalty - rounded_twice(slope, theta, DECAY)
        expected[name] = np.count_nonzero(apart), pytest.approx(np.linalg.norm(apart), rel=0.05, abs=0)
    assert found == expected
    for key, name in zip(("by_hand", "norm", "mean", "prior"), list(gradients)[1:], strict=True):
        assert run.values[f"differing_{key}"] == found[name][0]


def test_priors_gradient_and_its_parts_are_those_of_emulated_float32(run, computed):
    features, y, vector = draws(1)
    slope, theta = gradient(vector, features, y)[1].numpy(), vector.numpy()
    coefficient, exact = prior_coefficient(), theta.astype(np.float64)
    whole = (slope + coefficient * theta).astype(np.float64) - rounded_twice(slope, theta, DECAY)
    assert run.values["differing_prior"] == np.count_nonzero(whole)
    part = (float(coefficient) - float(np.float32(DECAY))) * exact
    assert run.values["from_coefficient"] == pytest.approx(np.linalg.norm(part), rel=1e-6)
    assert run.values["from_sums"] == pytest.approx(np.linalg.norm(whole - part), rel=1e-6)
    printed = computed("weight_decay").values["difference_bayesian_first"]  # what they explain
    assert printed == pytest.approx(np.linalg.norm(whole), rel=1e-6)


def test_a_forgotten_decay_shows_at_the_second_epoch_only(run, sgd_sum):
    """In float32 step by step, and in float64 with backpropagation by hand."""
    printed = [float(number) for number in re.findall(r"\S+$", run.stdout["blind_spot"], re.M)]
    own = first_norms(1, sgd_sum, 2, told=0.0)
    features, y, vector = (t.double().numpy() for t in draws(1))
    at = {}
    for told in (DECAY, 0.0):
        batch = Batch(vector[None].copy(), features, y)
        batch.vectors -= LR * (batch.gradient()[1] + told * batch.vectors)
        at[told] = batch.gradient()[1] + DECAY * batch.vectors
    assert own[1] == pytest.approx(np.linalg.norm(at[DECAY] - at[0.0]), rel=1e-3)
    assert run.values["blind_second"] == pytest.approx(own[1], rel=1e-6)
    assert own[0] == printed[0] == 0.0 and printed[1] == pytest.approx(own[1], rel=5e-3)
