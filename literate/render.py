"""Render: an executed notebook becomes the fragments that pages embed."""

import html
import json
import re

import nbformat

from literate.read import Cell


def render(cells: list[Cell], notebook: nbformat.NotebookNode) -> dict[str, str]:
    """Return '<snippet>/<cell>.md' (code and output), '….code.md' and '….out.md', each as Markdown."""
    fragments = {}
    for cell, node in zip(cells, notebook.cells, strict=True):
        if cell.kind == "code" and "hidden" not in cell.tags:
            here = f"{cell.path.stem}/{cell.name}"
            place = f"{cell.path.as_posix()}#L{cell.line}-L{cell.last}"
            attributes = {"id": f"cell-{cell.path.stem}-{cell.name}", "data-source": place}
            fence = longer("```", "`", cell.source)
            code = f"{fence}{{ .python }}\n{cell.source}\n{fence}\n\n"
            output = "\n".join(show(output, cell.tags, here) for output in node.outputs)
            fragments[f"{here}.md"] = block("cell", attributes, code + output)
            fragments[f"{here}.code.md"] = block("cell", attributes, code)
            fragments[f"{here}.out.md"] = output
    return fragments


def show(output: nbformat.NotebookNode, tags: frozenset[str], here: str) -> str:
    """Return an output, marked with the name of its cell; raw HTML stands on one line."""
    mark = {"data-cell": here} | ({"data-volatile": ""} if "volatile" in tags else {})
    if output.output_type == "display_data":
        drawing = output.data["image/svg+xml"]
        drawing = re.sub(r"\s*\n\s*", " ", drawing[drawing.index("<svg") :])
        alt = {"data-alt": output.metadata["image/svg+xml"]["alt"]}
        return block("output figure", mark | alt, drawing, raw=True)
    if "data" in tags:
        body = json.dumps(json.loads(output.text), separators=(",", ":")).replace("<", "\\u003c")
        return f'<script type="application/json" data-cell="{here}">{body}</script>\n'
    if "markdown" in tags:
        return block("output table", mark, output.text)
    text = html.escape(output.text.rstrip("\n"), quote=False).replace("\n", "&#10;")
    group = {"role": "group", "aria-label": f"Output of cell {here.split('/')[1]}"}
    return block("output", mark | group, f'<pre tabindex="0">{text}</pre>', raw=True)


def block(kind: str, attributes: dict[str, str], content: str, raw: bool = False) -> str:
    """Return an HTML element as a pymdownx block: it keeps its content whole at any indentation."""
    fence = longer("////", "/", content)  # and longer than those of pages
    settings = f"    attrs: {json.dumps({'class': kind} | attributes, ensure_ascii=False)}\n"
    settings += "    markdown: html\n" * raw
    return f"{fence} html | div\n{settings}\n{content.strip()}\n\n{fence}\n"


def longer(fence: str, mark: str, content: str) -> str:
    """Return a fence that no run of its mark in the content can close."""
    return max([fence, *re.findall(f"{mark}+", content)], key=len) + mark
