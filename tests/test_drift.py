"""The results that the claims rest on hold here, and a result that moves is reported."""

from __future__ import annotations

import subprocess

import drift


def test_every_expected_result_holds(plain) -> None:
    wanted = drift.expectations()
    moved, failed = drift.compare(wanted, lambda name: plain(name).values)
    assert not moved and not failed, drift.report(wanted, moved, failed)


def test_a_result_that_moved_and_a_snippet_that_fails_are_reported() -> None:
    wanted = [
        drift.Expectation("a.steady", 1.0, 0.1, "it must not move"),
        drift.Expectation("a.moving", 1.0, 0.1, "it decides the claim"),
        drift.Expectation("a.gone", 1.0, 0.1, "it was there"),
        drift.Expectation("a.word", "coupled", 0, "a word"),
        drift.Expectation("b.any", 1.0, 0.1, "its snippet must run"),
        drift.Expectation("c.any", 1.0, 0.1, "its snippet must end"),
    ]

    def values_of(name: str) -> dict:
        if name == "c":
            raise subprocess.TimeoutExpired("python", 600)
        assert name == "a", "AttributeError: torch has no attribute 'gone'"
        return {"steady": 1.09, "moving": 1.2, "word": "decoupled"}

    moved, failed = drift.compare(wanted, values_of)
    assert [(one.name, value) for one, value in moved] == [
        ("a.moving", 1.2),
        ("a.gone", None),
        ("a.word", "decoupled"),
    ]
    said = drift.report(wanted, moved, failed)
    assert "| `a.moving` | 1.0 | 0.1 | **1.2** | it decides the claim |" in said
    assert "`snippets/b.py` does not run" in said and "has no attribute 'gone'" in said
    assert "`snippets/c.py` does not run" in said and "timed out after 600 seconds" in said
    assert "6 results compared, 3 moved, 2 snippets do not run" in said
