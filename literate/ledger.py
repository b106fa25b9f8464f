"""Ledger: every number that prose quotes, with the cell that computed it, as a Markdown table.

The engine writes it as the fragment `literate/quoted.md`; a page embeds it like any cell.
"""

from __future__ import annotations

import ast

from literate.embed import EMBED, QUOTE, shown_cell
from literate.read import Snippet

FRAGMENT = "literate/quoted.md"


def ledger(pages: dict, snippets: list[Snippet]) -> str:
    """Return one table a page: the value as it is quoted, its name, the cell it comes from."""
    by_name = {snippet.name: snippet for snippet in snippets}
    places = {}
    for path, lines in pages.items():
        for line in lines:
            if (embed := EMBED.match(line)) and embed["path"] != FRAGMENT:
                places.setdefault(shown_cell(embed["path"]), path.relative_to("docs").as_posix())
    tables = []
    for path, lines in pages.items():
        quotes = dict.fromkeys(match[0] for line in lines for match in QUOTE.finditer(line))
        rows = [row(QUOTE.fullmatch(quote), by_name, places) for quote in quotes]
        if rows:
            page = path.relative_to("docs").as_posix()
            head = f"**[{title(lines)}]({page})**\n\n| Value | Name | Computed in |\n|---|---|---|"
            tables.append("\n".join([head, *rows]))
    return "\n\n".join(tables) + "\n"


def title(lines: list[str]) -> str:
    return next((line[2:].split(" {")[0] for line in lines if line.startswith("# ")), "Page")


def row(quote, by_name: dict[str, Snippet], places: dict[str, str]) -> str:
    """Return a table row for one quoted value."""
    snippet, key = by_name[quote["snippet"]], quote["key"]
    cell = source_cell(snippet, key)
    page = places.get(f"{snippet.name}/{cell}")
    target = f"{page}#cell-{snippet.name}-{cell}" if page else f"notebooks/{snippet.name}.ipynb"
    return f"| {quote[0]} | `{snippet.name}.{key}` | [{snippet.name}/{cell}]({target}) |"


def source_cell(snippet: Snippet, key: str) -> str:
    """Return the last cell before `values` that binds a name of the value's expression."""
    values = next(cell for cell in snippet.code if cell.name == "values")
    before = snippet.code[: snippet.code.index(values)]
    wanted = names_read(expression_of(values.source, key))
    for cell in reversed(before):
        if "hidden" not in cell.tags and wanted & names_bound(cell.source):
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


def names_read(expression: ast.AST | None) -> set[str]:
    nodes = ast.walk(expression) if expression else ()
    return {node.id for node in nodes if isinstance(node, ast.Name)}


def names_bound(source: str) -> set[str]:
    """Return the names that a cell's top level assigns; definitions and imports do not count."""
    bound = set()
    for statement in ast.parse(source).body:
        if not isinstance(statement, (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)):
            names = (node for node in ast.walk(statement) if isinstance(node, ast.Name))
            bound |= {node.id for node in names if isinstance(node.ctx, ast.Store)}
    return bound
