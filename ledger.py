"""Ledger: every number that prose quotes, with the cell that computed it.

A Markdown extension: the line `[quoted-values]` becomes one table a page, of the value as it is
quoted, its name, and a link to the cell it comes from. Reads docs/ and snippets/ through `literate`.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

from markdown.extensions import Extension
from markdown.preprocessors import Preprocessor

from literate.embed import EMBED, QUOTE, pages
from literate.read import Cell, read

LINE = "[quoted-values]"


def ledger(root: Path) -> list[str]:
    """Return the lines of all tables."""
    sources = dict(sorted(pages(root).items(), key=lambda page: page[0] != Path("docs/index.md")))
    places, lines = {}, []  # the article first
    snippets = {path.stem: read(path, Path()) for path in (root / "snippets").glob("*.py")}
    for path, text in sources.items():
        for embed in filter(None, map(EMBED.match, text)):
            places.setdefault(embed["cell"], path.relative_to("docs").as_posix())
    for path, text in sources.items():
        if quotes := dict.fromkeys(quote[0] for line in text for quote in QUOTE.finditer(line)):
            lines += [f"**[{title(text)}]({path.relative_to('docs').as_posix()})**", ""]
            lines += ["| Value | Name | Computed in |", "|---|---|---|"]
            lines += [*(row(QUOTE.fullmatch(quote), snippets, places) for quote in quotes), ""]
    return lines


def title(lines: list[str]) -> str:
    return next((line[2:].split(" {")[0] for line in lines if line.startswith("# ")), "Page")


def row(quote: re.Match, snippets: dict[str, list[Cell]], places: dict[str, str]) -> str:
    """Return a table row for one quoted value."""
    name, key = quote["snippet"], quote["key"]
    cell = source_cell(snippets[name], key)
    page = places.get(f"{name}/{cell}")
    target = f"{page}#cell-{name}-{cell}" if page else f"notebooks/{name}.ipynb#cell-{name}-{cell}"
    value, place = code(f"{name}.{key}"), code(f"{name}/{cell}")
    return f"| {quote[0]} | {value} | [{place}]({target}) |"


def code(path: str) -> str:
    """Return a path of names as code that may break between names and between words.

    The marks are entities, since an underscore beside a tag would start emphasis.
    """
    return "<code>" + re.sub(r"[_./]", lambda mark: f"&#{ord(mark[0])};<wbr>", path) + "</code>"


def source_cell(cells: list[Cell], key: str) -> str:
    """Return the last shown cell that binds a name of the value's expression, through hidden cells back."""
    values = next(cell for cell in cells if cell.name == "values")
    wanted = names_read(expression_of(values.source, key))
    code_cells = [cell for cell in cells[: cells.index(values) + 1] if cell.kind == "code"]
    for cell in reversed(code_cells):
        statements = ast.parse(cell.source).body
        if "hidden" in cell.tags:
            for statement in reversed(statements):
                wanted |= names_read(statement) if wanted & bound_by(statement) else set()
        elif wanted & set().union(*map(bound_by, statements)):
            return cell.name
    return values.name


def expression_of(source: str, key: str) -> ast.AST | None:
    """Return the expression that the values cell writes beside a key."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Dict):
            for name, value in zip(node.keys, node.values):
                if isinstance(name, ast.Constant) and name.value == key:
                    return value
    return None


def names(node: ast.AST | None, context: type[ast.expr_context]) -> set[str]:
    """Return the names that a syntax tree reads or binds, but for a comprehension's own."""
    nodes = list(ast.walk(node)) if node else []
    own = {id(n) for c in nodes if isinstance(c, ast.comprehension) for n in ast.walk(c.target)}
    scoped = {n.id for n in nodes if id(n) in own and isinstance(n, ast.Name)} | {"_"}
    found = (n for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, context) and id(n) not in own)
    return {n.id for n in found} - (scoped if context is ast.Load else {"_"})


def names_read(node: ast.AST | None) -> set[str]:
    return names(node, ast.Load)


def bound_by(statement: ast.stmt) -> set[str]:
    """Return the names that a statement assigns; definitions and imports do not count."""
    defines = isinstance(statement, (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom))
    return set() if defines else names(statement, ast.Store)


class LedgerLines(Preprocessor):
    """Put the tables in the place of the line that asks for them."""

    def run(self, lines: list[str]) -> list[str]:
        root = Path(self.md.ledger.getConfig("root"))
        return [new for line in lines for new in (ledger(root) if line.strip() == LINE else [line])]


class LedgerExtension(Extension):
    """Python-Markdown extension; `root` is the folder that holds docs/ and snippets/."""

    def __init__(self, **settings) -> None:
        self.config = {"root": [".", "folder of the project"]}
        super().__init__(**settings)

    def extendMarkdown(self, md) -> None:
        md.ledger = self
        md.preprocessors.register(LedgerLines(md), "ledger", 30)


makeExtension = LedgerExtension
