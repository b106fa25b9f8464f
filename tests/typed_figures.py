"""Digits in figures' alternative texts that a snippet types instead of filling them in from its values.

`typed_in_figures(page, sources)` holds the titles and descriptions on a built page against the
`set_label` calls in the snippets' sources, through whatever names the text reaches them.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from typed_prose import read, typed_digits


def strings(text: ast.expr, tree: ast.Module, seen: frozenset[str] = frozenset()) -> list[str]:
    """Return what a snippet types into the string that an expression gives, through names too."""
    if isinstance(text, ast.Constant):
        return [text.value] if isinstance(text.value, str) else []
    if isinstance(text, ast.JoinedStr):
        filled = [part.value for part in text.values if isinstance(part, ast.FormattedValue)]
        plain = [part.value for part in text.values if isinstance(part, ast.Constant)]
        return plain + [one for value in filled for one in strings(value, tree, seen)]
    if isinstance(text, ast.Name) and text.id not in seen:
        return [one for value in bound(text.id, tree) for one in strings(value, tree, seen | {text.id})]
    if isinstance(text, ast.Subscript):  # its key is no part of the string
        return strings(text.value, tree, seen)
    inner = (node for node in ast.iter_child_nodes(text) if isinstance(node, (ast.expr, ast.comprehension)))
    return [one for node in inner for one in strings(node, tree, seen)]


def bound(name: str, tree: ast.Module) -> list[ast.expr]:
    """Return what a snippet makes strings of, of all that it assigns or appends to a name."""
    values = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            values += [node.value for to in node.targets if isinstance(to, ast.Name) and to.id == name]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "append":
            values += node.args if ast.unparse(node.func.value) == name else []
    return [value for value in values if any(isinstance(node, ast.JoinedStr) for node in ast.walk(value))] + [
        value for value in values if isinstance(value, (ast.Constant, ast.BinOp))
    ]


def template(label: ast.expr, tree: ast.Module) -> tuple[str, str]:
    """Return the pattern of an alternative text, and what of it is typed."""
    if isinstance(label, ast.Constant):
        return re.escape(label.value), label.value
    if not isinstance(label, ast.JoinedStr):
        return ".+", f"0: neither a string nor an f-string: {ast.unparse(label)}"
    pattern, typed = "", []
    for part in label.values:
        if isinstance(part, ast.Constant):
            pattern += re.escape(part.value)
            typed.append(part.value)
        elif any(isinstance(node, ast.Name) for node in ast.walk(part.value)):
            pattern += ".+"
            typed += strings(part.value, tree)
        else:
            pattern += ".+"
            typed.append(f"0: not computed: {ast.unparse(part.value)}")
    return pattern, " … ".join(typed)


@cache
def alternative_texts(source: str) -> list[tuple[str, str]]:
    """Return (pattern of the whole, what is typed in it) of each figure's alternative text."""
    tree = ast.parse(source)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "set_label"]
    return [template(call.args[0], tree) for call in named]


def figure_texts(page: Path) -> list[tuple[str | None, str]]:
    """Return (snippet or None, title and description) of each drawing of a page."""
    found = []
    for svg in read(page).xpath("//*[local-name()='svg'][*[local-name()='title']]"):
        words = svg.xpath("*[local-name()='title' or local-name()='desc']/text()")
        cell = svg.xpath("string(ancestor::*[@data-cell][1]/@data-cell)")
        found.append((cell.split("/")[0] or None, ". ".join(words).rstrip(".")))
    return found


def typed_in_figures(page: Path, sources: dict[str, str]) -> list[str]:
    """Return what is typed, and not computed, in titles and descriptions of a page's figures."""
    found = []
    for snippet, text in figure_texts(page):
        if snippet is None:
            found += typed_digits(text)
            continue
        texts = alternative_texts(sources[snippet])
        typed = [typed for whole, typed in texts if re.fullmatch(rf"{whole}\.?", f"{text}.")]
        assert typed, f"no set_label of snippets/{snippet}.py gives: {text}"
        found += typed_digits(typed[0])
    return found
