"""Where the last digits come from, against exact rational and NumPy arithmetic."""

from __future__ import annotations

import math
import re
from fractions import Fraction

import numpy as np
import pytest
import torch
from network import DECAY, LENGTHS, LR, N, draws, gradient, nearest, prior_coefficient


def rounded_twice(a: np.ndarray, b: np.ndarray, factor: float) -> np.ndarray:
    """Return a + factor · b in float32, the product rounded and then the sum."""
    return a + np.float32(factor) * b


def rounded_once(a: np.ndarray, b: np.ndarray, factor: float) -> np.ndarray:
    """Return a + factor · b in float32 as a fused multiply-add does.

    The product of two float32 is exact in float64. The sum is rounded to odd there, so that rounding
    that to float32 gives what rounding the exact sum would.
    """
    product, a = np.float64(np.float32(factor)) * b.astype(np.float64), a.astype(np.float64)
    total = product + a
    part = total - product
    lost = (product - (total - part)) + (a - part)  # exactly what the float64 sum has lost
    even = total.view(np.int64) % 2 == 0
    beyond = np.nextafter(total, np.where(lost > 0, np.inf, -np.inf))
    return np.where((lost != 0) & even, beyond, total).astype(np.float32)


def sum_of_sgd(slope: torch.Tensor, vector: torch.Tensor, decay: float) -> np.ndarray:
    """Return what SGD makes of gradient and decay: its first momentum buffer is a copy of that sum."""
    leaves = [piece.clone().requires_grad_() for piece in vector.split(LENGTHS)]
    for leaf, piece in zip(leaves, slope.split(LENGTHS), strict=True):
        leaf.grad = piece.clone()
    sgd = torch.optim.SGD(leaves, lr=1.0, momentum=0.5, weight_decay=decay)
    sgd.step()
    return torch.cat([sgd.state[leaf]["momentum_buffer"] for leaf in leaves]).numpy()


@pytest.fixture(scope="module")
def first():
    """Return the gradient of the error where the page's runs begin, and that point."""
    features, y, vector = draws(1)
    return gradient(vector, features, y)[1], vector


@pytest.fixture(scope="module")
def sgd_sum(first):
    """Return the arithmetic, in NumPy, that gives SGD's own sum of gradient and decay on this processor."""
    own, (slope, theta) = sum_of_sgd(*first, DECAY), (part.numpy() for part in first)
    candidates = rounded_once, rounded_twice
    (only,) = (rounds for rounds in candidates if np.array_equal(own, rounds(slope, theta, DECAY)))
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


def test_coefficients_are_the_emulated_ones_by_hand_the_nearest_the_priors_a_few_ulps_off(values):
    decay, prior = np.float32(DECAY), prior_coefficient()
    assert (values["hand_coefficient"], values["hand_ulps"]) == (float(decay), 0)
    assert values["prior_coefficient"] == float(prior)
    assert 0 < values["prior_ulps"] == round(float(abs(prior - decay) / np.spacing(decay))) < 8


def test_float32_scale_explains_the_error_in_float64_and_float64_scale_removes_it(values):
    scale = np.float32(math.sqrt(1 / (N * DECAY)))  # what Normal keeps
    variance = Fraction(float(scale * scale))  # what log_prob squares it to, in float32 too
    coefficient = Fraction(1, N) / variance  # exact from here on
    relative = abs(float(coefficient / Fraction(DECAY) - 1))
    assert values["scale_error"] == pytest.approx(relative, rel=1e-4)  # the rest is float64 rounding
    assert values["tensor_error"] < 1e-15  # a few float64 roundings


def test_which_sum_sgd_equals_is_that_of_exact_arithmetic(values, first):
    """SGD's sum, read off its momentum buffer, against rational numbers rounded once and twice."""
    (slope, vector), decay = first, Fraction(float(np.float32(DECAY)))
    found = sum_of_sgd(slope, vector, DECAY)
    pairs = [(Fraction(g), Fraction(v)) for g, v in zip(slope.tolist(), vector.tolist(), strict=True)]
    once = np.array([float(nearest(g + decay * v)) for g, v in pairs])
    twice = np.array([float(nearest(g + nearest(decay * v))) for g, v in pairs])
    np.testing.assert_array_equal(once, rounded_once(slope.numpy(), vector.numpy(), DECAY))
    np.testing.assert_array_equal(twice, rounded_twice(slope.numpy(), vector.numpy(), DECAY))
    from_two, from_one = int((found != twice).sum()), int((found != once).sum())
    assert (values["fused_from_two"], values["fused_from_one"]) == (from_two, from_one)
    assert values["sgd_rounds"] == {from_one: "once", from_two: "twice"}[0]


def test_zeros_of_all_seeds_are_those_of_emulated_arithmetic(values, sgd_sum):
    """Every seed again: autograd for the error alone, NumPy for penalty, decay and step."""
    with np.errstate(all="ignore"):  # some seed overflows
        norms = np.array([first_norms(seed, sgd_sum, 5) for seed in range(values["seeds"])])
    finite = norms[np.isfinite(norms).all(axis=1)]
    zeros = (finite == 0).sum(axis=0)
    assert values["finite"] == len(finite) == values["zero_at_epoch_0"]
    assert values["always_zero"] == (finite == 0).all(axis=1).sum()
    assert 0.9 * len(finite) < values["always_zero"] < len(finite)  # the common case, not a rule
    assert values["zero_at_epoch_4"] == zeros[4]
    assert values["largest_difference"] == pytest.approx(finite.max(), rel=1e-6)


def test_one_applied_step_of_sgd_is_that_of_rationals_rounded_to_float64(values, sgd_sum):
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
    assert values["applied_error"] == pytest.approx(left[DECAY], rel=1e-3, abs=0)
    assert left[DECAY] < 1e-11  # θ below one, rounded to 1e-16, over η, of 261 entries
    assert values["applied_error_off"] == pytest.approx(left[0.0], rel=1e-12)
    assert values["lambda_norm"] == pytest.approx(decayed, rel=1e-12)
    assert left[0.0] == pytest.approx(decayed, rel=1e-9)


def test_step_leaves_the_gradient_as_it_was(values):
    """SGD with decay on a gradient of our own: the parameters move, the gradient keeps every bit."""
    given = torch.randn(100)
    leaf = torch.ones(100, requires_grad=True)
    leaf.grad = given.clone()
    torch.optim.SGD([leaf], lr=LR, weight_decay=DECAY).step()
    assert torch.all(leaf.detach() != 1)
    assert values["grad_entries_changed"] == int((leaf.grad != given).sum()) == 0


def test_ways_to_write_the_penalty_differ_where_emulated_float32_does(values, run, first):
    """Each gradient is a multiple of θ, that of the norm squared by way of θ over its norm."""
    (slope, theta), f32 = (part.numpy() for part in first), np.float32
    norm = torch.linalg.vector_norm(first[1]).numpy()
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
        assert values[f"differing_{key}"] == found[name][0]


def test_priors_gradient_and_its_parts_are_those_of_emulated_float32(values, computed, first):
    slope, theta = (part.numpy() for part in first)
    coefficient, exact = prior_coefficient(), theta.astype(np.float64)
    whole = (slope + coefficient * theta).astype(np.float64) - rounded_twice(slope, theta, DECAY)
    part = (float(coefficient) - float(np.float32(DECAY))) * exact
    assert values["from_coefficient"] == pytest.approx(np.linalg.norm(part), rel=1e-6)
    assert values["from_sums"] == pytest.approx(np.linalg.norm(whole - part), rel=1e-6)
    printed = computed("weight_decay").values["difference_bayesian_first"]  # what they explain
    assert printed == pytest.approx(np.linalg.norm(whole), rel=1e-6)


def test_a_forgotten_decay_shows_at_the_second_epoch_only(values, run, sgd_sum):
    printed = [float(number) for number in re.findall(r"\S+$", run.stdout["blind_spot"], re.M)]
    none, second = first_norms(1, sgd_sum, 2, told=0.0)
    assert values["blind_second"] == pytest.approx(second, rel=1e-6)
    assert none == printed[0] == 0.0 and printed[1] == pytest.approx(second, rel=5e-3)
