"""The timing snippet measures what it says; its numbers are volatile, so only their form is held."""

from __future__ import annotations

import re

import pytest


@pytest.fixture(scope="module")
def run(plain):
    return plain("timing")


def test_pytorchs_ratio_to_itself_is_one(run):
    assert {run.values[f"pytorch_{size}"] for size in ("small", "middle", "large")} == {1.0}


def test_every_variant_has_a_median_within_its_range(run):
    rows = re.findall(r"([\d.]+) +\(([\d.]+) to ([\d.]+)\)", run.stdout["ratios"])
    assert len(rows) == 12
    assert all(float(low) <= float(middle) <= float(high) for middle, low, high in rows)


def test_repeats_are_interleaved_and_the_numbers_marked_volatile(run):
    assert "for v in variants.values()]" in run.sources["ratios"].replace("\n", " ")
    assert "volatile" in run.tags["ratios"] and "volatile" in run.tags["values"]
