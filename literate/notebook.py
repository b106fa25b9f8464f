"""Notebook: what a run left becomes the executed notebook, which runs alone.

In: what the runner reports of each cell. Out: outputs that a page can show, values that prose can quote, and
a notebook whose first cells write the snippet's modules and data.
"""

import json
import re

import nbformat
from nbformat import v4

from literate.read import Cell, Snippet
from literate.sources import fault

FIGURE = 5_000  # characters that a figure counts as
CONTROL = re.compile(r"[^\n\t -~\u00a0-\U0010ffff]|[\ud800-\udfff]")  # what neither HTML nor UTF-8 can carry
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def setup(snippet: Snippet) -> list[nbformat.NotebookNode]:
    """Return the cells that write the files which a snippet reads; the style of its figures stays here."""
    nodes, meta = [], {"tags": ["setup"]}
    for number, (name, data) in enumerate(snippet.files.items()):
        folder, mark = name.rpartition("/")[0], f"{number}-" + re.sub(r"\W", "-", name.removesuffix(".py"))
        if name == "matplotlibrc":
            continue
        text = data.decode(errors="surrogateescape")
        altered = not name.endswith(".py") and text.rstrip() + "\n" != text
        if altered or not re.fullmatch(r"[\w./-]+", name, re.A) or CONTROL.search(text):
            rule = "the notebook to take away writes it: text with one line end at its end, "
            rule += "named with letters, digits, `_`, `.` and `-`"
            raise fault(name, "no notebook can write this file", rule)
        if folder:
            source = f'import os\n\nos.makedirs("{folder}", exist_ok=True)'
            nodes.append(v4.new_code_cell(source, id=f"folder-{mark}"[:60], metadata=meta))
        source = f"%%writefile {name}\n{text.rstrip()}"
        nodes.append(v4.new_code_cell(source, id=f"write-{mark}"[:60], metadata=meta))
    return nodes


def output_of(cell: Cell, figure: dict) -> nbformat.NotebookNode:
    """Return a figure, which says in words what is to be seen."""
    if not figure["alt"].strip() or CONTROL.search(figure["alt"]):
        raise cell.fault("a figure without alternative text", 'say what is to be seen: fig.set_label("…")')
    meta, data = {"image/svg+xml": {"alt": figure["alt"]}}, {"image/svg+xml": figure["svg"]}
    return v4.new_output("display_data", data, metadata=meta)


def printed(cell: Cell, data: bytes) -> list[nbformat.NotebookNode]:
    """Return printed text as one output, or as none."""
    text = data.decode(errors="surrogateescape")
    if found := CONTROL.search(text):
        raise cell.fault(f"printed {found[0]!r}", "print plain lines of text: no colors, no progress bars")
    if text and "data" in cell.tags:
        try:
            json.loads(text, parse_constant=finite, parse_float=finite)
        except ValueError as error:
            rule = "a cell tagged `data` prints one JSON document"
            raise cell.fault(f"data that is not JSON: {error}", rule) from None
    return [v4.new_output("stream", name="stdout", text=text)] if text else []


def finite(text: str) -> float:
    """Return a number of JSON, which neither NaN nor Infinity is."""
    if not abs(number := float(text)) < float("inf"):
        raise ValueError(f"{text} is no finite number")
    return number


def values_of(snippet: Snippet, report: dict) -> dict:
    """Return the values: a flat dict of finite numbers and strings that a page can carry, or none at all."""
    values = report["values"]
    rule = "values are finite Python numbers, and strings without control characters, by lower_case keys"
    cell = next((cell for cell in snippet.cells if cell.name == "values"), snippet.cells[-1])
    if cell.name != "values" and values != {}:
        lone = 'give them a cell: `# %% values tags=["hidden"]`'
        raise cell.fault("no cell `values` assigns `values`", lone)
    if values is None:
        raise cell.fault("`values` is not a dict", rule)
    for key, value in values.items():
        if isinstance(value, dict):
            raise cell.fault(f"values[{key!r}] is {value['kind']}", rule)
        if not re.fullmatch(r"[a-z]\w*", key) or CONTROL.search(str(value)):
            raise cell.fault(f"values[{key!r}] is {value!r}", rule)
    return values


def compose(snippet: Snippet, first: list, outputs: dict, values: dict) -> nbformat.NotebookNode:
    """Return the executed notebook of a snippet; ids are names, so that two runs give the same bytes."""
    nodes = []
    for count, cell in enumerate(snippet.cells):
        meta = {"source": f"{cell.path.as_posix()}#L{cell.line}-L{cell.last}"}
        meta |= {"tags": sorted(cell.tags)} if cell.tags else {}
        if cell.code:
            settings = {"outputs": outputs[cell.name], "execution_count": count}
            nodes.append(v4.new_code_cell(cell.source, id=cell.name, metadata=meta, **settings))
        else:
            nodes.append(v4.new_markdown_cell(cell.source, id=cell.name, metadata=meta))
    meta = {"kernelspec": KERNEL, "literate": {"values": values}}
    return v4.new_notebook(cells=[nodes[0], *first, *nodes[1:]], metadata=meta)
