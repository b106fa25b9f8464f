"""The answers on which parameters decay, against closed forms in plain Python."""

import pytest
import torch

SHRINK = 1 - 0.1 * 0.01  # what one step leaves where the loss has no slope
EXPECTED = {
    "frozen_none": 0,
    "frozen_zero": -0.1 * 0.01,
    # Counts: groups by dimension, a tied tensor once, what the shape rule decays too much.
    "decayed_tensors": 2,
    "free_tensors": 5,
    "tied_parameters": 1,
    "exempt_missed": 3,
    "bias_ratio": SHRINK,
    "unused_row": SHRINK,
    "padding_row": SHRINK,
    "row_slow": 1 - 0.1 * 0.01,
    "row_fast": 1 - 0.1 * 0.1,
    "row_free": 1,
    "unused_optimizer": 1,  # it skips what has no gradient; a penalty in the loss does not
    "unused_penalty": SHRINK,
    "prelu_start": 0.25,
}


def test_values_are_their_closed_forms(values):
    assert {key: values[key] for key in EXPECTED} == pytest.approx(EXPECTED, rel=1e-6)  # float32
    assert values["frozen_zero"] == pytest.approx(EXPECTED["frozen_zero"], rel=1e-12)  # float64


def test_prelu_documentation_advises_against_decay():
    assert "weight decay should not be used" in torch.nn.PReLU.__doc__


def test_the_shape_rule_decays_what_is_stored_with_extra_dimensions(run):
    kept = run.stdout["exempt"].split("dimensions")[0]
    assert all(name in kept for name in ("position", "class_token", "layer_scale"))
    assert "logit_scale" not in kept and "norm" not in kept


def test_a_frozen_weight_moves_on_with_its_momentum(values):
    theta, buffer = 1.0, 0.0
    for step in range(4):  # three steps with gradient 1, then one with gradient 0
        buffer = 0.9 * buffer + (step < 3) + 0.01 * theta
        before, theta = theta, theta - 0.1 * buffer
    assert values["frozen_momentum"] == pytest.approx(theta - before, abs=1e-12)


def test_prelu_decays_geometrically_from_a_quarter(values):
    assert values["prelu_slope"] == pytest.approx(0.25 * SHRINK**1000, rel=1e-4)  # 1000 roundings of float32
