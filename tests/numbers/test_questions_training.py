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


@pytest.fixture(scope="module")
def values(computed):
    return computed("questions_training").values


def test_the_last_decay_of_a_schedule_decides(values):
    def end(decays, rate=0.1):
        w = 0.0
        for decay in decays:
            w -= rate * (w - 1 + decay * w)
        return w

    assert values["rest_kept"] == pytest.approx(1 / 1.5, rel=1e-6)
    assert values["rest_dropped"] == pytest.approx(end([0.5] * 240 + [0.0] * 60), rel=1e-9)
    assert values["rest_late"] == pytest.approx(end([0.0] * 240 + [0.5] * 60), rel=1e-9)


def test_the_penalty_added_to_the_printed_loss_gives_the_loss_that_sgd_descends(values):
    torch.manual_seed(0)
    net, x, y = Net(), torch.randn(60, 2), torch.randn(60, 1)
    theta = nn.utils.parameters_to_vector(net.parameters()).detach().double()
    assert values["penalty"] == pytest.approx(0.01 / 2 * (theta @ theta).item(), rel=1e-5)  # float32 sums
    assert values["printed"] == pytest.approx(((net(x) - y) ** 2).mean().item(), rel=1e-5)


def test_load_state_dict_puts_the_saved_decay_in_the_place_of_the_new(values):
    assert (values["asked"], values["loaded"]) == (0.01, 0.1)
    saving = torch.optim.SGD([nn.Parameter(torch.ones(1))], weight_decay=0.3)
    loading = torch.optim.SGD([nn.Parameter(torch.ones(1))], weight_decay=0.2)
    loading.load_state_dict(saving.state_dict())
    loading.param_groups[0]["params"][0].grad = torch.zeros(1)
    loading.step()
    assert loading.param_groups[0]["params"][0].item() == pytest.approx(1 - 1e-3 * 0.3, abs=1e-7)  # float32


def test_a_group_added_later_gets_the_default_of_the_class(values):
    assert values["added"] == torch.optim.AdamW([nn.Parameter(torch.ones(1))]).defaults["weight_decay"]


def test_what_stands_between_backward_and_step_leaves_the_decay(values):
    for name in ("", "_clipped", "_scaled", "_accumulated", "_fused"):
        assert values[f"shrink{name}"] == pytest.approx(1 - 0.1 * 0.01, abs=1e-12), name
    assert values["shrink_overflow"] == 1
    assert values["shrink_layer"] == pytest.approx(1 - 0.01 * 0.01, abs=1e-12)


def test_ten_times_the_loss_is_a_tenth_of_a_coupled_decay_and_nothing_to_adamw(values):
    assert values["end_sgd"] == pytest.approx(1 / 1.5, rel=1e-6)
    assert values["end_sgd_ten"] == values["end_sgd_ten"] == pytest.approx(10 / 10.5, rel=1e-6)
    assert values["end_adam_ten"] == pytest.approx(10 / 10.5, rel=1e-3)  # Adam has not quite arrived
    assert values["end_adamw"] == pytest.approx(values["end_adamw_ten"], rel=1e-6)  # its eps notices the size


def test_the_memory_is_one_over_rate_times_decay_and_momentum_divides_it(values):
    assert values["memory_sgd"] == pytest.approx(1 / (0.1 * 1e-4), rel=1e-6)
    assert values["memory_adamw"] == pytest.approx(1 / (1e-3 * 0.05), rel=1e-6)
    slow = max(abs(root) for root in roots_of_momentum(0.1 * 1e-4, 0.9))
    assert values["memory_momentum"] == pytest.approx(1 / (1 - slow), rel=1e-6)
    assert values["memory_momentum"] == pytest.approx(values["memory_sgd"] * (1 - 0.9), rel=2e-3)


def roots_of_momentum(pace, momentum):
    """Roots of x² − (1 + μ − ηλ)x + μ: the factors by which decay with momentum shrinks."""
    half = (1 + momentum - pace) / 2
    return half + math.sqrt(half**2 - momentum), half - math.sqrt(half**2 - momentum)


def test_fine_tuning_settings_hardly_shrink_and_training_settings_do(values):
    assert values["finetune_left"] == pytest.approx(math.exp(-2e-5 * 0.01 * 10_000), rel=1e-4)
    assert values["pretrain_left"] == pytest.approx(math.exp(-1e-3 * 0.05 * 100_000), rel=1e-3)


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


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.AdamW])
def test_both_kinds_of_decay_are_lost_in_bfloat16(kind):
    w = nn.Parameter(torch.linspace(0.1, 3, 100).bfloat16())
    before, w.grad = w.detach().clone(), torch.zeros_like(w)
    kind([w], lr=1e-3, weight_decay=1.0).step()
    assert torch.equal(w, before)


def test_decay_divides_the_slope_of_a_standardized_feature(values):
    assert values["slope_small"] == pytest.approx(1 / 1.01, rel=1e-9)
    assert values["slope_one"] == pytest.approx(1 / 2, rel=1e-9)
    assert values["slope_large"] == pytest.approx(1 / 101, rel=1e-9)
