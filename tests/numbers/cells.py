"""A snippet's own code, so that a test can put its own input through it, and the tables that it prints."""

from __future__ import annotations

import re
from pathlib import Path

import jupytext
import torch

SNIPPETS = Path(__file__).resolve().parents[2] / "snippets"


def sources(snippet: str) -> dict[str, str]:
    """Return the snippet's code cells by name, in order."""
    text = (SNIPPETS / f"{snippet}.py").read_text(encoding="utf-8")
    cells = jupytext.reads(text, fmt="py:percent").cells
    return {cell.metadata["title"]: cell.source for cell in cells if cell.cell_type == "code"}


def run_cells(snippet: str, *names: str, **given: object) -> dict:
    """Execute the named cells in order, or all; return their namespace. The default dtype stays as it was.

    What is given stands in, before the last of them, for what the cells above have defined.
    """
    code, namespace = sources(snippet), {}
    dtype, state = torch.get_default_dtype(), torch.get_rng_state()
    try:
        for name in names or code:
            namespace |= given if name in names[-1:] else {}
            exec(compile(code[name], f"{snippet}/{name}", "exec"), namespace)
    finally:
        torch.set_default_dtype(dtype)
        torch.set_rng_state(state)
    return namespace


def functions(snippet: str, **names: object) -> dict:
    """Return the functions that a snippet defines, with these names in the place of its own."""
    namespace = dict(names)
    for source in sources(snippet).values():
        for definition in re.findall(r"^def .*?(?=^\S|\Z)", source, re.M | re.S):
            exec(definition, namespace)
    return namespace


def table(text: str) -> list[list[str]]:
    """Return the cells of a printed Markdown table's rows, below its head."""
    rows = [line.strip("| \n").split("|") for line in text.splitlines()[2:]]
    return [[cell.strip().replace("`", "") for cell in row] for row in rows]
