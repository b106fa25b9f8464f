"""Outputs: what a cell may leave behind, and how a cell's fault is worded."""

from __future__ import annotations

import json
import re

import nbformat

from literate.errors import LiterateError
from literate.read import Cell, Snippet

OUTPUT_LIMIT = 100_000  # characters printed by one cell
FIGURE_LIMIT = 20  # figures drawn by one cell
CONTROL = re.compile(r"[^\n\t -~\u00a0-\U0010ffff]|[\ud800-\udfff]")  # what neither HTML nor UTF-8 can carry


def cell_error(snippet: Snippet, cell: Cell | None, what: str, rule: str, line: int = 0) -> LiterateError:
    """Return the error that names the cell's line in its file; `line` counts from the cell's marker."""
    if cell is None:  # the engine's own cells, before and after the snippet
        return LiterateError(f"{snippet.path}", what, rule)
    return LiterateError(f"{snippet.path}:{cell.line + line}, cell '{cell.name}'", what, rule, cell.source)


def check_outputs(snippet: Snippet, cell: Cell | None, outputs: list[nbformat.NotebookNode]) -> None:
    """Allow printed text and figures with alternative text, nothing else."""
    for output in outputs:
        if fault := output_fault(output, cell.tags if cell else frozenset()):
            raise cell_error(snippet, cell, *fault)


def output_fault(output: nbformat.NotebookNode, tags: frozenset[str]) -> tuple[str, str] | None:
    """Return (what, rule) if an output may not stand on a page."""
    if output.output_type == "stream" and output.name == "stderr":
        return f"wrote to stderr: {output.text.strip()[-500:]}", "mend the cause of the warning"
    if output.output_type == "stream" and (found := CONTROL.search(output.text)):
        return f"printed the control character {found[0]!r}", "print plain lines: no colors, no progress bars"
    if output.output_type == "stream":
        return data_fault(output.text) if "data" in tags else None
    if output.output_type == "display_data" and "image/svg+xml" in output.data:
        alt = output.metadata.get("image/svg+xml", {}).get("alt", "").strip()
        rule = 'say what is to be seen: fig.set_label("…")'
        output.data = {"image/svg+xml": output.data["image/svg+xml"]}
        return None if alt else ("a figure without alternative text", rule)
    return (
        f"gave an output of kind {output.output_type}",
        "print what readers should see; draw figures with Matplotlib",
    )


def data_fault(text: str) -> tuple[str, str] | None:
    """Return (what, rule) if the output of a cell tagged `data` is not strict JSON."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    try:
        json.loads(text, parse_constant=refuse)
    except ValueError as error:
        return f"data that is not JSON: {error}", "a cell tagged `data` prints one JSON document"
    return None


def check_values(snippet: Snippet, values: object) -> None:
    """Allow a flat dict of finite numbers and strings, or none at all."""
    cell = next((cell for cell in snippet.code if cell.name == "values"), None)
    rule = "values are Python numbers and strings by lower_case keys, none of them NaN or infinite"
    if not isinstance(values, dict):
        raise cell_error(snippet, cell, "`values` is not a dict", rule)
    for key, value in values.items():
        finite = not isinstance(value, float) or abs(value) < float("inf")
        if not (isinstance(value, (int, float, str)) and finite and re.fullmatch(r"[a-z]\w*", key)):
            shown = (
                f"a {value['type']}" if isinstance(value, dict) and list(value) == ["type"] else repr(value)
            )
            raise cell_error(snippet, cell, f"values[{key!r}] is {shown}", rule)
