"""The PDF of the article prints what the run gave: every number of every output, and every quoted value."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from page_sources import PageSources
from paper_numbers import Printed, expected_lines, expected_values, pdf_tokens, unprinted
from plain_run import ROOT


@pytest.fixture(scope="module")
def text(site_dir: Path) -> list[str]:
    return pdf_tokens(site_dir)


@pytest.fixture(scope="module")
def expected(site_dir: Path, plain) -> dict[str, list[Printed]]:
    """Return the two sequences that run through the PDF."""
    sources = PageSources(plain.every(), ROOT / "docs")
    return {"lines": expected_lines(sources, site_dir), "values": expected_values(sources, site_dir)}


@pytest.mark.parametrize("kind", ["lines", "values"])
def test_every_number_stands_in_the_pdf_in_its_place(kind, text, expected):
    assert len(expected[kind]) > 40
    missing = list(unprinted(expected[kind], text))
    assert not missing, "\n".join(map(str, missing))


def altered(wanted: Printed, at: int) -> Printed:
    """Return it with another last digit in one of its numbers."""
    number = wanted.tokens[at]
    other = number[:-1] + str((int(number[-1]) + 1) % 10)
    return replace(wanted, tokens=(*wanted.tokens[:at], other, *wanted.tokens[at + 1 :]))


@pytest.mark.parametrize("kind", ["lines", "values"])
def test_another_last_digit_in_any_number_is_reported(kind, text, expected):
    """Each alone, and looked for in all of the PDF, so that no place in it can stand in for another."""
    changed = [altered(wanted, at) for wanted in expected[kind] for at in wanted.numbers()]
    assert len(changed) >= len(expected[kind])
    found = [str(one) for one in changed if not list(unprinted([one], text))]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("kind", ["lines", "values"])
def test_altered_numbers_are_all_reported_and_nothing_else_is(kind, text, expected):
    sequence = list(expected[kind])
    places = [at for at in range(0, len(sequence), 3) if sequence[at].numbers()]
    for at in places:
        sequence[at] = altered(sequence[at], sequence[at].numbers()[-1])
    assert list(unprinted(sequence, text)) == [sequence[at] for at in places]


def test_lines_in_another_order_are_reported(text, expected):
    first, last = expected["lines"][0], expected["lines"][-1]
    assert list(unprinted([last, first], text)) == [first]
