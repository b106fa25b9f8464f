"""How to break a tiny project in one place, and what the message of its build must say.

A fault names the pieces of the message: the place, what is wrong, and the source where one line is to
blame. The faults themselves stand in faults_of_snippets.py and faults_of_pages.py; test_faults.py
builds what they have broken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from tiny_project import edit

CELL = "snippets/other.py:5, cell 'two'"  # where its marker stands
CODE = "snippets/other.py:6, cell 'two'"  # its first line of code
VALUES = "snippets/other.py:8, cell 'values'"
PRINT = 'print("two", 2)'


@dataclass(frozen=True)
class Fault:
    """A change of the project, and what its build must say."""

    name: str
    change: Callable[[Path], None]
    says: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    engine: bool = False  # the engine alone finds it, before MkDocs begins


def code(name: str, source: str, *says: str, **environment: str) -> Fault:
    """Cell `two` with other code; the message shows that code."""
    shown = tuple(f"| {line}" for line in source.split("\n")[:1])
    return replace(other(name, PRINT, source, *says, "rule:", *shown), environment=environment)


def values(name: str, expression: str, *says: str) -> Fault:
    """Cell `values` with other values."""
    shown = (VALUES, "rule:", f"| values = {expression}")
    return other(name, '{"two": 2.0}', expression, *shown, *says)


def other(name: str, old: str, new: str, *says: str) -> Fault:
    """The snippet `other` with one place changed."""
    return by_engine(swap(name, "snippets/other.py", old, new, *says))


def by_engine(fault: Fault) -> Fault:
    return replace(fault, engine=True)


def swap(name: str, path: str, old: str, new: str, *says: str) -> Fault:
    """Any file with one place changed."""
    return Fault(name, lambda folder: edit(folder / path, old, new), says)


def page(name: str, line: str, *says: str) -> Fault:
    """The page docs/other.md with more from its eighth line on; the message names that line and shows it."""

    def change(folder: Path) -> None:
        edit(folder / "docs/other.md", "# Other {#other}\n", f"# Other {{#other}}\n\n{line}\n")

    shown = line.split("\n")[0].rstrip()
    return Fault(name, change, ("docs/other.md:8", "rule:", f"| {shown}", *says), engine=True)


def not_utf8(path: str) -> Callable[[Path], None]:
    return lambda folder: (folder / path).write_bytes((folder / path).read_bytes() + b"# caf\xe9\n")


def file_for_folder(name: str) -> Callable[[Path], None]:
    """Put a file where a folder must be: not writable, even for root."""

    def change(folder: Path) -> None:
        (folder / name).rename(folder / (name.replace("/", "-") + ".before"))
        (folder / name).write_text("in the way")
        edit(folder / "snippets/other.py", PRINT, 'print("two", 2.5)')

    return change
