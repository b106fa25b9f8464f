"""Where the last digits come from, against exact rational and NumPy arithmetic."""

from __future__ import annotations

import math
import re
from fractions import Fraction

import numpy as np
import pytest
import torch
from own_batch import Batch
from own_training import (
    DECAY,
    LR,
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


def test_coefficient_by_hand_is_the_float32_nearest_to_lambda(run):
    assert run.values["hand_coefficient"] == float(np.float32(DECAY))
    assert run.values["hand_ulps"] == 0


def test_prior_coefficient_is_a_few_ulps_off_in_float32(run):
    ulp = float(np.spacing(np.float32(DECAY)))
    distance = abs(run.values["prior_coefficient"] - float(np.float32(DECAY))) / ulp
    assert round(distance) == run.values["prior_ulps"] and 0 < distance < 8


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
    once = np.array([nearest(g + decay * v) for g, v in pairs])
    twice = np.array([nearest(g + Fraction(float(nearest(decay * v)))) for g, v in pairs])
    np.testing.assert_array_equal(once, rounded_once(slope.numpy(), vector.numpy(), DECAY))
    np.testing.assert_array_equal(twice, rounded_twice(slope.numpy(), vector.numpy(), DECAY))
    from_two, from_one = int((found != twice).sum()), int((found != once).sum())
    assert (run.values["fused_from_two"], run.values["fused_from_one"]) == (from_two, from_one)
    assert re.findall(r"^ *(\d+) from (\w+)", run.stdout["fused"], re.M) == [
        (str(from_two), "two"),
        (str(from_one), "one"),
    ]
    assert run.values["sgd_rounds"] == {from_one: "once", from_two: "twice"}[0]


def test_zeros_of_all_seeds_are_those_of_emulated_arithmetic(run, sgd_sum):
    """Every seed again: autograd for the error alone, NumPy for penalty, decay and step."""
    with np.errstate(all="ignore"):  # some seed overflows
        norms = np.array([first_norms(seed, sgd_sum, 5) for seed in range(run.values["seeds"])])
    finite = norms[np.isfinite(norms).all(axis=1)]
    assert run.stdout["how_often"].startswith(
        f"overflow within five steps: {len(norms) - len(finite)} of {len(norms)} seeds\n"
    )
    rows = re.findall(r"^(\d) +(\d+) of (\d+) +(\S+)$", run.stdout["how_often"], re.M)
    zeros = (finite == 0).sum(axis=0)
    assert [tuple(map(int, row[:3])) for row in rows] == [(k, zeros[k], len(finite)) for k in range(5)]
    assert [float(row[3]) for row in rows] == pytest.approx(finite.max(axis=0).tolist(), rel=0.05)
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
    printed = [float(number) for number in re.findall(r"\S+$", run.stdout["applied"], re.M)]
    assert printed == pytest.approx([left[DECAY], left[0.0], decayed], rel=0.03, abs=0)


def test_step_leaves_the_gradient_as_it_was(run):
    """SGD with decay on gradients of our own: the parameters move, the gradients keep every bit."""
    *_, vector = draws(1)
    generator = np.random.default_rng(0)
    given = [generator.normal(size=len(vector)).astype(np.float32) for _ in range(2)]
    leaves = [vector.clone().requires_grad_() for _ in given]
    for leaf, slope in zip(leaves, given, strict=True):
        leaf.grad = torch.from_numpy(slope.copy())
    torch.optim.SGD(leaves, lr=LR, weight_decay=DECAY).step()
    changed = sum(int((leaf.grad.numpy() != slope).sum()) for leaf, slope in zip(leaves, given, strict=True))
    assert all(torch.all(leaf.detach() != vector) for leaf in leaves)
    assert run.values["grad_entries_changed"] == changed == 0
    assert run.stdout["untouched"].strip().endswith(f": {changed} of {len(vector)}")


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


def test_printed_coefficients_are_the_emulated_ones(run):
    shown = re.findall(r"(0\.\d{12})(?: +(\d) ulp)?", run.stdout["coefficient_float32"])
    nearest_to_decay, prior = np.float32(DECAY), prior_coefficient()
    ulps = [
        round(float((c - nearest_to_decay) / np.spacing(nearest_to_decay))) for c in (nearest_to_decay, prior)
    ]
    assert shown == [
        (f"{nearest_to_decay:.12f}", ""),
        (f"{nearest_to_decay:.12f}", str(ulps[0])),
        (f"{prior:.12f}", str(ulps[1])),
    ]
    errors = [float(error) for error in re.findall(r"\d\.\de[+-]\d+", run.stdout["coefficient_float64"])]
    in_double = abs(float(prior_coefficient(np.float64)) / DECAY - 1)
    assert errors == pytest.approx([0, run.values["scale_error"], in_double], rel=0.05, abs=2e-16)


def test_priors_gradient_and_its_parts_are_those_of_emulated_float32(run):
    features, y, vector = draws(1)
    slope, theta = gradient(vector, features, y)[1].numpy(), vector.numpy()
    coefficient, exact = prior_coefficient(), theta.astype(np.float64)
    assert run.values["prior_coefficient"] == float(coefficient)
    whole = (slope + coefficient * theta).astype(np.float64) - rounded_twice(slope, theta, DECAY)
    assert run.values["differing_prior"] == np.count_nonzero(whole)
    part = (float(coefficient) - float(np.float32(DECAY))) * exact
    assert run.values["from_coefficient"] == pytest.approx(np.linalg.norm(part), rel=1e-6)
    assert run.values["from_sums"] == pytest.approx(np.linalg.norm(whole - part), rel=1e-6)
    printed = [float(number) for number in re.findall(r"^\S+", run.stdout["explained"], re.M)]
    sizes = [np.linalg.norm(one) for one in (whole, part, whole - part)]
    assert printed == pytest.approx(sizes, rel=0.05)


def test_coefficient_and_sums_make_up_the_difference_that_the_article_prints(run, computed):
    """Sides of a triangle: the norms of two vectors and of their sum."""
    one, other = run.values["from_coefficient"], run.values["from_sums"]
    whole = computed("weight_decay").values["difference_bayesian_first"]
    assert abs(one - other) <= whole * (1 + 1e-6) and whole <= (one + other) * (1 + 1e-6)


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
