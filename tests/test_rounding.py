"""Where the last digits come from, against exact rational and NumPy arithmetic."""

from __future__ import annotations

import math
import re
from fractions import Fraction

import numpy as np
import pytest

DECAY, N = 1e-2, 60


@pytest.fixture(scope="module")
def run(plain):
    return plain("rounding")


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


def test_sgd_adds_the_decay_in_one_rounding_or_in_two(run):
    # On processors with a fused multiply-add one of these is zero, on others the other.
    assert 0 in (run.values["fused_from_one"], run.values["fused_from_two"])


def test_the_first_epoch_is_exactly_zero_for_every_seed(run):
    assert run.values["zero_at_epoch_0"] == run.values["finite"]


def test_later_epochs_are_zero_for_most_seeds_but_not_all(run):
    share = run.values["always_zero"] / run.values["finite"]
    assert 0.9 < share < 1.0


def test_sgd_applied_gradient_plus_decay(run):
    assert run.values["applied_error"] < 1e-11  # division by η = 0.01 of float64 roundings of θ


def test_the_applied_update_catches_a_missing_decay(run):
    assert run.values["applied_error_off"] == pytest.approx(run.values["lambda_norm"], rel=1e-9)
    assert run.values["lambda_norm"] == pytest.approx(DECAY * 3.5376, rel=1e-4)  # the article's initial norm


def test_step_leaves_the_gradient_as_it_was(run):
    assert run.values["grad_entries_changed"] == 0


def test_coefficient_and_sums_make_up_the_difference_that_the_article_prints(run, plain):
    """Sides of a triangle: the norms of two vectors and of their sum."""
    one, other = run.values["from_coefficient"], run.values["from_sums"]
    whole = plain("weight_decay").values["difference_bayesian_first"]
    assert abs(one - other) <= whole * (1 + 1e-6) and whole <= (one + other) * (1 + 1e-6)


def test_printed_zero_counts_match_the_values(run):
    rows = re.findall(r"^(\d) +(\d+) of (\d+)", run.stdout["how_often"], re.M)
    assert [row[0] for row in rows] == list("01234")
    assert int(rows[4][1]) == run.values["zero_at_epoch_4"]


def test_a_forgotten_decay_shows_at_the_second_epoch_only(run):
    first, second = re.findall(r"[\d.e+-]+$", run.stdout["blind_spot"].strip(), re.M)[:2]
    assert float(first) == 0.0
    # one step without decay leaves θ too long by ηλθ; the gradient then moves by the Hessian times that
    assert 1e-4 < float(second) < 1.0 and run.values["blind_second"] == pytest.approx(float(second), rel=0.1)


def test_how_often_sgd_rounds_follows_from_which_sum_it_equals(run):
    once = run.values["fused_from_one"] == 0
    assert run.values["sgd_rounds"] == ("once" if once else "twice")
