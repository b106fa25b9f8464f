"""Bounds: what a page calls a bound is one as it is shown, too; rounding to nearest can undercut it."""

from __future__ import annotations

import re

import pytest
from plain_run import ROOT, PlainRuns

PAGES = sorted(path.stem for path in (ROOT / "docs").glob("*.md"))
QUOTE = r" `#!val (?P<name>\w+)\.(?P<key>\w+)(?::(?P<spec>[^`]*))?`"
BOUNDS = {
    "upper": re.compile(r"\b(?:at most|up to|within|no more than|below|under|less than)" + QUOTE),
    "lower": re.compile(r"\b(?:at least|no less than|above|over|more than)" + QUOTE),
}
# After such a word, but no bound of it: a count of what is averaged, and what another value exceeds by far.
ELSE = {"scaling.draws", "scaling.none_last"}


def broken(text: str, plain: PlainRuns) -> tuple[list[str], int]:
    """Return the quoted bounds that are none as they are shown, and how many there are."""
    found, count = [], 0
    for kind, pattern in BOUNDS.items():
        for match in pattern.finditer(text):
            name = f"{match['name']}.{match['key']}"
            if name not in ELSE:
                value, count = plain(match["name"]).values[match["key"]], count + 1
                shown = float(format(value, match["spec"] or ""))
                if (shown < value) if kind == "upper" else (shown > value):
                    found.append(f"{name}: {shown} is no {kind} bound of {value}")
    return found, count


@pytest.mark.parametrize("page", PAGES)
def test_what_is_called_a_bound_is_one_as_it_is_shown(page: str, plain: PlainRuns) -> None:
    assert broken((ROOT / f"docs/{page}.md").read_text(encoding="utf-8"), plain)[0] == []


def test_bounds_are_found_and_one_that_is_rounded_away_is_reported(plain: PlainRuns) -> None:
    texts = [(ROOT / f"docs/{page}.md").read_text(encoding="utf-8") for page in PAGES]
    assert sum(broken(text, plain)[1] for text in texts) == 5
    gap = "`#!val weight_decay.gap_runs:.1e`"
    (fault,), count = broken(f"differ by at most {gap}, and by at least {gap}", plain)
    assert count == 2 and fault.startswith("weight_decay.gap_runs: 0.0033 is no upper bound of 0.00332")
