"""Corrections: each is listed once, says what it said, what is right and how to check; the cells are right.

Oracle: closed forms in plain Python; the post's constants written out by hand.
"""

import math
import re
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "corrections.md").read_text(encoding="utf-8")
ITEMS = dict(re.findall(r"^### .+? \{#([\w-]+)\}\n(.*?)(?=^##|\Z)", PAGE, re.M | re.S))
LIST = re.findall(r"^\d+\. .*?\]\(#([\w-]+)\)", PAGE, re.M)


@pytest.fixture(scope="module")
def values(computed):
    return computed("corrections").values


def test_the_numbered_list_and_the_sections_are_the_same_in_the_same_order():
    assert list(ITEMS) == LIST and len(LIST) == 21


@pytest.mark.parametrize("name", ITEMS)
def test_a_correction_says_what_it_said_what_is_right_and_the_check(name):
    assert re.findall(r"^(It said|It is|Check)\n:   \S", ITEMS[name], re.M) == ["It said", "It is", "Check"]


@pytest.mark.parametrize("name", ITEMS)
def test_a_check_is_a_cell_or_a_link_to_one(name):
    check = ITEMS[name].split("\nCheck\n")[1]
    assert re.search(
        r'--8<-- "corrections/\w+\.md"|\]\((index|breaks|choosing|questions|provenance)\.md', check
    )


def test_the_variance_gives_lambda_and_the_precision_does_not(values):
    assert values["pull_variance"] == pytest.approx(0.01, rel=1e-12)
    assert values["pull_precision"] == pytest.approx(1 / (60 * 0.01) / 60, rel=1e-12)


def test_the_posterior_is_proportional_to_the_joint_and_not_to_its_logarithm(values, computed):
    ratios = re.findall(r"[\d.]+", computed("corrections").stdout["proportional"].split("\n")[1])
    assert len(set(ratios)) == 1 and float(ratios[0]) == pytest.approx(values["ratio_joint"], abs=0.005)
    assert values["ratio_log_spread"] > 2


def test_the_ratio_is_one_over_the_evidence_in_closed_form(values):
    """Five Gaussian observations with unit noise and a unit prior: p(y) = N(0, I + 11ᵀ)."""
    torch.manual_seed(0)
    y = 1 + torch.randn(5, dtype=torch.float64)
    covariance = torch.eye(5, dtype=torch.float64) + torch.ones(5, 5, dtype=torch.float64)
    evidence = torch.distributions.MultivariateNormal(
        torch.zeros(5, dtype=torch.float64), covariance
    ).log_prob(y)
    assert values["ratio_joint"] == pytest.approx(math.exp(-evidence), rel=1e-3)  # grid from -4 to 4
    assert values["end_likelihood"] == pytest.approx(y.mean().item(), abs=5e-4)  # half a grid step
    assert values["end_joint"] == values["end_posterior"] == pytest.approx(y.sum().item() / 6, abs=5e-4)


def test_the_constant_has_either_sign(values):
    for key, weight_decay in (("constant_small_decay", 0.01), ("constant_large_decay", 1.0)):
        tau = 1 / (60 * weight_decay)
        assert values[key] == pytest.approx(261 / 120 * math.log(2 * math.pi * tau), rel=1e-12)
    assert values["constant_small_decay"] > 0 > values["constant_large_decay"]


def test_loss_plus_log_joint_is_minus_the_constant(values):
    assert values["gap"] == pytest.approx(-values["constant_small_decay"], rel=1e-9)


def test_the_mean_squared_error_is_the_nll_at_a_noise_variance_of_a_half(values):
    assert values["offset_half"] == pytest.approx(math.log(math.pi) / 2, rel=1e-9)
    assert values["offset_quarter"] == pytest.approx(math.log(2 * math.pi / 4) / 2, rel=1e-9)


def test_step_changes_no_entry_of_grad(values):
    assert values["changed"] == 0


def test_the_pull_vanishes_with_lambda(values):
    assert values["zero_pull"] == pytest.approx(1e-6, rel=1e-9)
