"""What a training run makes of weight decay, as the answers state it.

Oracle: closed forms in plain Python; for short floats, rounding with exact fractions.
"""

import math
import random
from fractions import Fraction

import pytest
import torch
from network import nearest
from torch import nn

from models import Net


def end(*decays, rate=0.1):
    """Return w after SGD from zero on the loss (w − 1)²/2, with a decay for each step."""
    w = 0.0
    for decay in decays:
        w -= rate * (w - 1 + decay * w)
    return w


# Decay with momentum shrinks by the larger root of x² − (1 + μ − ηλ)x + μ.
HALF = (1 + 0.9 - 0.1 * 1e-4) / 2
SLOW = HALF + math.sqrt(HALF**2 - 0.9)
# What stands between backward() and step() leaves the decay.
UNTOUCHED = ["shrink", "shrink_clipped", "shrink_scaled", "shrink_accumulated", "shrink_fused"]
STEPS = dict.fromkeys(UNTOUCHED, 1 - 0.1 * 0.01) | {"shrink_layer": 1 - 0.01 * 0.01, "shrink_overflow": 1}
STEPS |= {"asked": 0.01, "loaded": 0.1}  # the saved decay takes the place of the new
ENDS = {
    "rest_dropped": end(*[0.5] * 240, *[0.0] * 60),  # the last decay of a schedule decides
    "rest_late": end(*[0.0] * 240, *[0.5] * 60),
    "slope_small": 1 / 1.01,  # of a standardized feature: h / (h + λ) with h = 1
    "slope_one": 1 / 2,
    "slope_large": 1 / 101,
}
IN_THE_LONG_RUN = {
    "rest_kept": 1 / 1.5,
    "end_sgd": 1 / 1.5,
    "end_sgd_ten": 10 / 10.5,  # ten times the loss is a tenth of a coupled decay
    "memory_sgd": 1 / (0.1 * 1e-4),
    "memory_adamw": 1 / (1e-3 * 0.05),
    "memory_momentum": 1 / (1 - SLOW),
    "finetune_left": math.exp(-2e-5 * 0.01 * 10_000),
}
NEARLY = {"end_adam_ten": 10 / 10.5, "pretrain_left": math.exp(-1e-3 * 0.05 * 100_000)}
TOLERATED = [(STEPS, 1e-12), (ENDS, 1e-9), (IN_THE_LONG_RUN, 1e-6), (NEARLY, 1e-3)]


@pytest.mark.parametrize(("expected", "rel"), TOLERATED)
def test_values_are_their_closed_forms(values, expected, rel):
    assert {key: values[key] for key in expected} == pytest.approx(expected, rel=rel)


def test_adamw_does_not_notice_ten_times_the_loss_and_momentum_divides_the_memory(values):
    assert values["end_adamw"] == pytest.approx(values["end_adamw_ten"], rel=1e-6)  # its eps does
    assert values["memory_momentum"] == pytest.approx(values["memory_sgd"] * (1 - 0.9), rel=2e-3)


def test_the_penalty_added_to_the_printed_loss_gives_the_loss_that_sgd_descends(values):
    torch.manual_seed(0)
    net, x, y = Net(), torch.randn(60, 2), torch.randn(60, 1)
    theta = nn.utils.parameters_to_vector(net.parameters()).detach().double()
    assert values["penalty"] == pytest.approx(0.01 / 2 * (theta @ theta).item(), rel=1e-5)  # float32 sums
    assert values["printed"] == pytest.approx(((net(x) - y) ** 2).mean().item(), rel=1e-5)


def test_a_group_added_later_gets_the_default_of_the_class(values):
    assert values["added"] == torch.optim.AdamW([nn.Parameter(torch.ones(1))]).defaults["weight_decay"]


SMALL = [("bfloat16_moved", 8, 1e-3), ("float32_moved", 24, 1e-8)]


@pytest.mark.parametrize(("key", "digits", "pace"), SMALL)
def test_a_small_step_of_decay_rounds_away(values, key, digits, pace):
    draw = random.Random(1)
    weights = [nearest(Fraction(draw.uniform(1e-3, 4.0)), digits) for _ in range(500)]
    moved = sum(nearest(w * (1 - Fraction(pace)), digits) != w for w in weights) / 500
    assert values[key] == moved == 0


def test_the_threshold_of_bfloat16_is_a_quarter_of_its_eps(values):
    threshold = values["bfloat16_threshold"]
    assert threshold == 2.0**-9  # eight binary digits, so eps is 2⁻⁷
    assert nearest(1 - Fraction(threshold) * Fraction(99, 100), 8) == 1
    assert nearest(1 - Fraction(threshold) * Fraction(101, 100), 8) < 1
