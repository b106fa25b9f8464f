"""Read: a percent-format script becomes named cells, each with its place in the file."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import jupytext

from literate.errors import LiterateError

TAGS = {"hidden", "volatile", "markdown", "data"}
MARKER = re.compile(r"^# %%", re.M)
NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Cell:
    """One block of a snippet; `line` is the line of its marker, `last` its last line."""

    name: str
    kind: str  # "code" or "markdown"
    tags: frozenset[str]
    line: int
    last: int
    source: str


@dataclass(frozen=True)
class Snippet:
    """A percent-format script: `name` is the file's stem, `cells` in reading order."""

    name: str
    path: Path
    cells: tuple[Cell, ...]

    @property
    def code(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.kind == "code"]

    @property
    def volatile(self) -> bool:
        """Whether any output changes from run to run; such a snippet runs alone, last."""
        return any("volatile" in cell.tags for cell in self.cells)


def read_text(path: Path, root: Path) -> str:
    """Return the text of a source file, its path relative to `root`; stop where it is not UTF-8."""
    data = (root / path).read_bytes()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise LiterateError(f"{path}:{line}", "this is not UTF-8 text", "save it as UTF-8") from None


def read(path: Path, root: Path) -> Snippet:
    """Read the snippet at `path`, relative to `root`; every code cell has a name of its own."""
    text = read_text(path, root)
    starts = [text.count("\n", 0, match.start()) + 1 for match in MARKER.finditer(text)]
    if text.split("# %%")[0].strip():
        raise LiterateError(f"{path}:1", "code stands before the first cell", "begin with `# %% [markdown]`")
    parsed = jupytext.reads(text, fmt="py:percent").cells
    if len(parsed) != len(starts):
        rule = "every cell begins with `# %% name`, and nothing else looks like that"
        raise LiterateError(f"{path}:1", f"{len(starts)} markers but {len(parsed)} cells", rule)
    ends = [start - 1 for start in starts[1:]] + [text.count("\n")]
    cells = []
    for number, (cell, line, last) in enumerate(zip(parsed, starts, ends, strict=True)):
        tags = frozenset(cell.metadata.get("tags", ()))
        name = cell.metadata.get("title", "") if cell.cell_type == "code" else f"text-{number}"
        where = f"{path}:{line}, cell '{name}'"
        if cell.cell_type == "code" and not NAME.fullmatch(name):
            raise LiterateError(
                where, "every code cell needs a name of its own", "write `# %% lower_case_name`"
            )
        if any(name == other.name for other in cells):
            raise LiterateError(where, "two cells share this name", "give every cell a name of its own")
        if tags - TAGS:
            raise LiterateError(where, f"unknown tag {sorted(tags - TAGS)}", f"use some of {sorted(TAGS)}")
        cells.append(Cell(name, cell.cell_type, tags, line, last, cell.source))
    check_syntax(path, cells)
    return Snippet(path.stem, path, tuple(cells))


def check_syntax(path: Path, cells: list[Cell]) -> None:
    """Stop at a cell that is not Python before any kernel starts."""
    for cell in cells:
        try:
            ast.parse(cell.source if cell.kind == "code" else "")
        except SyntaxError as error:
            where = f"{path}:{cell.line + (error.lineno or 0)}, cell '{cell.name}'"
            raise LiterateError(where, f"SyntaxError: {error.msg}", "mend the cell", cell.source) from None
