"""Read: a percent-format script becomes named cells, each with its place in the file."""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import jupytext

TAGS = {"hidden", "volatile", "markdown", "data"}
PERCENT = {"extension": ".py", "format_name": "percent", "comment_magics": False}  # `# cd` is a comment
READ = {"title", "tags", "lines_to_next_cell"}  # what jupytext makes of a marker, and of blank lines


class LiterateError(Exception):
    """Faults of snippets and pages, worded for their author."""


def fault(where: str, what: str, rule: str, source: str = "") -> LiterateError:
    """Return the error that says where, what, the rule and the way out, and shows the source."""
    shown = "".join(f"\n    | {line}" for line in source.rstrip().split("\n") if source)
    return LiterateError(f"{where}: {what}\n    rule: {rule}{shown}")


@dataclass(frozen=True)
class Cell:
    """One block of the snippet at `path`; `line` is the line of its marker, `last` its last line."""

    path: Path
    name: str
    kind: str  # "code" or "markdown"
    tags: frozenset[str]
    line: int
    last: int
    source: str

    def fault(self, what: str, rule: str, line: int = 0) -> LiterateError:
        """Return an error that points to a line, counted from the marker."""
        return fault(f"{self.path}:{self.line + line}, cell '{self.name}'", what, rule, self.source)


def read_text(path: Path, root: Path) -> str:
    """Return the text of the source file at `path`, relative to `root`."""
    try:
        data = (root / path).read_bytes()
        return data.decode("utf-8")
    except OSError as error:
        raise fault(str(path), error.strerror, "a source is a file that can be read") from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise fault(f"{path}:{line}", "this is not UTF-8 text", "save it as UTF-8") from None


def check_modules(root: Path) -> None:
    """Raise where a module beside the snippets does not parse: once, not for each snippet that imports it."""
    for path in sorted(path.relative_to(root) for path in root.glob("*.py")):
        try:
            ast.parse(text := read_text(path, root))
        except SyntaxError as error:
            line = error.lineno or 1
            where, what = f"{path}:{line}", f"SyntaxError: {error.msg}"
            raise fault(where, what, "mend the module", text.split("\n")[line - 1]) from None


def read(path: Path, root: Path) -> list[Cell]:
    """Return the cells of the snippet at `path`; each code cell parses and has a name of its own."""
    lines = read_text(path, root).rstrip().split("\n")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", path.stem):
        raise fault(f"{path}:1", "pages cannot name this snippet", "call the file lower_case_name.py")
    starts = [number for number, line in enumerate(lines, 1) if line.startswith("# %%")]
    nodes = jupytext.reads("\n".join(lines), fmt=PERCENT).cells
    kinds = [node.cell_type for node in nodes]
    if len(kinds) != len(starts) or kinds[:1] != ["markdown"]:
        rule = "a snippet begins with `# %% [markdown]`, and only the first line of a cell looks like that"
        raise fault(f"{path}:1", f"cell markers: {len(starts)}, cells: {', '.join(kinds) or 'none'}", rule)
    cells: list[Cell] = []
    for number, (node, line, after) in enumerate(zip(nodes, starts, [*starts[1:], len(lines) + 1])):
        name = node.metadata.get("title", "") if node.cell_type == "code" else f"text-{number}"
        tags = frozenset(node.metadata.get("tags", ()))
        cell = Cell(path, name, node.cell_type, tags, line, after - 1, node.source)
        if cell.kind == "code" and not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise cell.fault("every code cell needs a name of its own", "write `# %% lower_case_name`")
        if name in [other.name for other in cells]:
            raise cell.fault("two cells share this name", "give every cell a name of its own")
        if unknown := sorted(tags - TAGS | node.metadata.keys() - READ):
            raise cell.fault(f"unknown tag {unknown}", f"write tags=[…], with some of {sorted(TAGS)}")
        try:
            ast.parse(cell.source if cell.kind == "code" else "")
        except SyntaxError as error:
            raise cell.fault(f"SyntaxError: {error.msg}", "mend the cell", error.lineno or 0) from None
        cells.append(cell)
    return cells
