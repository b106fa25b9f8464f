"""Drift: do the results that the claims rest on still hold with the versions installed here?

    python tests/drift.py        a Markdown report; exit code 1 if anything moved

Runs the snippets with plain Python and compares their values with expected.toml.
"""

from __future__ import annotations

import importlib.metadata
import platform
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

EXPECTED = Path(__file__).with_name("expected.toml")
COMPUTING = ("torch", "numpy", "matplotlib", "scikit-learn", "sympy")


@dataclass(frozen=True)
class Expectation:
    """One result: what it was, and how far it may move."""

    name: str  # snippet.key
    expected: float | str
    tolerance: float
    reason: str

    def holds(self, value: object) -> bool:
        if isinstance(self.expected, str) or isinstance(value, str) or value is None:
            return value == self.expected
        return abs(value - self.expected) <= self.tolerance


def expectations(path: Path = EXPECTED) -> list[Expectation]:
    """Read the file of expected results."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return [
        Expectation(f"{snippet}.{key}", entry["expected"], entry.get("tolerance", 0), entry["reason"])
        for snippet, keys in tables.items()
        for key, entry in keys.items()
    ]


def compare(wanted: list[Expectation], values_of: Callable[[str], dict]) -> tuple[list, dict[str, str]]:
    """Return (expectation, value) for each that does not hold, and the snippets that do not run."""
    moved, failed, values = [], {}, {}
    for name in dict.fromkeys(expectation.name.split(".")[0] for expectation in wanted):
        try:
            values[name] = values_of(name)
        except (AssertionError, OSError, subprocess.TimeoutExpired) as error:
            failed[name] = str(error)
    for expectation in wanted:
        snippet, key = expectation.name.split(".")
        if snippet in values and not expectation.holds(values[snippet].get(key)):
            moved.append((expectation, values[snippet].get(key)))
    return moved, failed


def report(wanted: list[Expectation], moved: list, failed: dict[str, str]) -> str:
    """Return what was compared and what moved, as Markdown."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in COMPUTING)
    lines = ["# Drift", "", f"Python {platform.python_version()}, {versions}, {platform.machine()}.", ""]
    lines += [f"{len(wanted)} results compared, {len(moved)} moved, {len(failed)} snippets do not run.", ""]
    if moved:
        lines += ["| Result | Expected | Tolerance | Now | Why it matters |", "|---|---|---|---|---|"]
        for one, value in moved:
            lines.append(f"| `{one.name}` | {one.expected} | {one.tolerance} | **{value}** | {one.reason} |")
        lines.append("")
    for name, message in failed.items():
        lines += [f"## `snippets/{name}.py` does not run", "", "```", message.strip()[-1500:], "```", ""]
    return "\n".join(lines)


def main() -> int:
    from plain_run import PlainRuns

    wanted = expectations()
    with tempfile.TemporaryDirectory() as folder:
        runs = PlainRuns(Path(folder))
        with ThreadPoolExecutor() as pool:  # side by side; what fails is told by compare
            for name in {expectation.name.split(".")[0] for expectation in wanted}:
                pool.submit(runs, name)
        moved, failed = compare(wanted, lambda name: runs(name).values)
    print(report(wanted, moved, failed))
    return 1 if moved or failed else 0


if __name__ == "__main__":
    sys.exit(main())
