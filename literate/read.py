"""Read: a percent-format script becomes named cells.

In: snippets/x.py. Out: a Snippet, with the files that it may read (`belongings`): all that a run of it
depends on but for the machine. Every fault names file, line, rule and source.
"""

import ast
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

from literate.sources import LiterateError, below, fault, read_text

TAGS = {"hidden", "volatile", "markdown", "data"}
NAME = r"[a-z][a-z0-9_]{0,63}"
MARKER = re.compile(rf'# %% (?:\[markdown\]|(?P<name>{NAME}))(?: tags=\[(?P<tags>["\w, ]*)\])?\s*')


@dataclass(frozen=True)
class Cell:
    """One block of the snippet at `path`; `line` is the line of its marker, `last` its last line."""

    path: Path
    name: str
    code: bool
    tags: frozenset[str]
    line: int
    last: int
    source: str

    def fault(self, what: str, rule: str, line: int = 0) -> LiterateError:
        """Return an error that points to a line of the file, or to the cell's marker."""
        return fault(f"{self.path}:{line or self.line}, cell '{self.name}'", what, rule, self.source)


@dataclass(frozen=True)
class Snippet:
    """A script: its cells, what it imports, and what the folder in which it runs holds."""

    path: Path
    text: str
    cells: list[Cell]
    imports: set[str]  # by the snippet and by the project's modules, as top-level names
    files: dict[str, bytes]  # by path in that folder

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def volatile(self) -> bool:  # then it runs alone
        return any("volatile" in cell.tags for cell in self.cells)


def read(path: Path, root: Path) -> Snippet:
    """Return the snippet at `path`, relative to the project's folder `root`."""
    text, cells = read_text(path, root), []
    if not re.fullmatch(NAME, path.stem):
        raise fault(f"{path}:1", "pages cannot name this snippet", "call the file lower_case_name.py")
    lines = text.split("\n")
    starts = [number for number, line in enumerate(lines, 1) if re.match(r"#\s*%%", line)]
    if starts[:1] != [1] or "[markdown]" not in lines[0]:
        rule = "a snippet begins with a cell of text: `# %% [markdown]`"
        raise fault(f"{path}:1", "no text says what this is about", rule, lines[0])
    for start, end in zip(starts, [*starts[1:], len(lines) + 1]):
        cells.append(read_cell(path, start, lines[start - 1 : end - 1]))
        if cells[-1].name in [cell.name for cell in cells[:-1]]:
            raise cells[-1].fault("two cells share this name", "give every cell a name of its own")
    trees = [parse(cell.source, path, cell) for cell in cells if cell.code]
    return Snippet(path, text, cells, *belongings(trees, root))


def read_cell(path: Path, start: int, lines: list[str]) -> Cell:
    """Return the cell whose marker, the first of `lines`, stands on line `start`."""
    marker = MARKER.fullmatch(lines[0])
    if not marker:
        rule = (
            'write `# %% lower_case_name`, of at most 64 letters, or `# %% lower_case_name tags=["hidden"]`'
        )
        raise fault(f"{path}:{start}", "cannot read what this cell is called", rule, lines[0])
    source = "\n".join(lines[1:]).rstrip()
    source = source if marker["name"] else re.sub(r"^# ?", "", source, flags=re.M)
    lost = [line for line in lines[1:] if line.strip() and not line.startswith("#")]
    if lost and not marker["name"]:
        raise fault(f"{path}:{start}", "code in a cell of text", "give code a cell with a name", lost[0])
    tags = frozenset(re.findall(r"\w+", marker["tags"] or ""))
    last = start + len("\n".join(lines).rstrip().split("\n")) - 1
    cell = Cell(path, marker["name"] or f"text-{start}", bool(marker["name"]), tags, start, last, source)
    if unknown := sorted(tags - TAGS):
        raise cell.fault(f"unknown tag {unknown}", f"write tags=[…], with some of {sorted(TAGS)}")
    return cell


def parse(source: str, path: Path, cell: Cell | None = None) -> ast.Module:
    """Return the syntax tree of a module or cell that compiles."""
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse("\n" * cell.line + source if cell else source)
            compile(tree, str(path), "exec")
        return tree
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        what = f"{type(error).__name__}: {getattr(error, 'msg', error)}"
        line = getattr(error, "lineno", 1) or 1
        if cell:
            raise cell.fault(what, "mend the cell", line) from None
        raise fault(f"{path}:{line}", what, "mend the module", source.split("\n")[line - 1]) from None


def belongings(trees: list[ast.Module], root: Path) -> tuple[set[str], dict[str, bytes]]:
    """Return what is imported, through imports of imports, and the project's files that a run may read."""
    imports, files = set(), {}
    while trees:
        nodes = list(ast.walk(trees.pop()))
        names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
        for name in sorted({name.split(".")[0] for name in names} - imports):
            imports.add(name)
            package = (root / name / "__init__.py").is_file()
            for path in below(root, name if package else f"{name}.py"):
                files[path.as_posix()] = (root / path).read_bytes()
                if path.suffix == ".py":
                    trees.append(parse(read_text(path, root), path))
    for path in (*below(root, "matplotlibrc"), *below(root, "data")):
        files[path.as_posix()] = (root / path).read_bytes()
    return imports, files
