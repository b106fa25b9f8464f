"""The gate of values: each number that a page quotes is read by an oracle, or is a setting of its snippet."""

from __future__ import annotations

import ast
import re
from pathlib import Path


def unread(site: Path, snippets: Path, read: set[str]) -> list[str]:
    """Return a message for each quoted value that no oracle read and that is no setting."""
    found: dict[str, str] = {}
    for path in sorted(site.rglob("*.html")):
        if path.relative_to(site).parts[0] != "notebooks":
            text = path.read_text(encoding="utf-8")
            for name in re.findall(r'\bdata-value="([^"]+)"', text):
                found.setdefault(name, path.relative_to(site).as_posix())
    sources = {name.split(".")[0] for name in found}
    known = {one: settings((snippets / f"{one}.py").read_text(encoding="utf-8")) for one in sources}
    return [
        f"{page} quotes {name}, which no oracle reads: let a test in tests/numbers hold "
        f"computed({name.split('.')[0]!r}).values[{name.split('.')[1]!r}] against another computation"
        for name, page in sorted(found.items())
        if name not in read and name.split(".")[1] not in known[name.split(".")[0]]
    ]


def settings(source: str) -> set[str]:
    """Return the keys of a snippet's `values` that are literals, or names assigned from literals only."""
    literal: dict[str, bool] = {}
    entries: dict[str, ast.expr] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            if getattr(node.targets[0], "id", "") == "values":
                entries |= {key.value: value for key, value in zip(node.value.keys, node.value.values) if key}
        for target, value in assigned(node):
            literal[target] = literal.get(target, True) and is_literal(value)
    return {
        str(key)
        for key, value in entries.items()
        if is_literal(value) or isinstance(value, ast.Name) and literal.get(value.id, False)
    }


def assigned(node: ast.AST):
    """Yield (name, value) for each name that a statement binds; no value where it cannot be told."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target, value = node.targets[0], node.value
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            pairs = zip(target.elts, value.elts)
        else:
            pairs = [(target, value)]
        for one, its in pairs:
            for name in ast.walk(one):
                if isinstance(name, ast.Name):
                    yield name.id, its
    elif isinstance(node, (ast.AugAssign, ast.For, ast.NamedExpr, ast.comprehension, ast.withitem)):
        target = getattr(node, "target", None) or getattr(node, "optional_vars", None)
        for name in ast.walk(target) if target is not None else ():
            if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store):
                yield name.id, None


def is_literal(value: ast.expr | None) -> bool:
    """Return whether an expression is made of constants alone, such as 60, -1e-2 or 10**6."""
    inner = (ast.Constant, ast.UnaryOp, ast.BinOp, ast.operator, ast.unaryop)
    return value is not None and all(isinstance(node, inner) for node in ast.walk(value))
