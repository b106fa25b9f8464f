"""Render: an executed notebook becomes fragments that pages embed, and the notebook to download."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import nbformat

from literate.read import Cell, Snippet, read_text


def render(snippet: Snippet, notebook: nbformat.NotebookNode) -> dict[str, str]:
    """Return the fragments of a snippet: '<snippet>/<cell>[.code|.out].md' to Markdown."""
    fragments = {}
    for cell, ran in zip(snippet.cells, notebook.cells, strict=True):
        if cell.kind == "code" and "hidden" not in cell.tags:
            here = f"{snippet.name}/{cell.name}"
            place = f"{snippet.path.as_posix()}#L{cell.line}-L{cell.last}"
            code = f"````{{ .python }}\n{cell.source}\n````\n\n"
            output = render_outputs(here, cell, ran.outputs)
            attributes = {"id": f"cell-{snippet.name}-{cell.name}", "data-source": place}
            fragments[f"{here}.md"] = block("cell", attributes, code + output, slashes=7)
            fragments[f"{here}.code.md"] = block("cell", attributes, code, slashes=7)
            fragments[f"{here}.out.md"] = output
    return fragments


def block(kind: str, attributes: dict[str, str], content: str, raw: bool = False, slashes: int = 5) -> str:
    """Return an HTML element as a pymdownx block: it keeps its content whole at any indentation."""
    attributes = {"class": kind} | attributes
    fence, settings = "/" * slashes, f"    attrs: {json.dumps(attributes, ensure_ascii=False)}\n"
    settings += "    markdown: html\n" * raw
    return f"{fence} html | div\n{settings}\n{content.strip()}\n\n{fence}\n"


def render_outputs(here: str, cell: Cell, outputs: list) -> str:
    """Return the outputs of a cell, each marked with the cell's name; raw HTML stands on one line."""
    mark = {"data-cell": here} | ({"data-volatile": ""} if "volatile" in cell.tags else {})
    group = {"role": "group", "aria-label": f"Output of cell {cell.name}"}
    parts = []
    for output in outputs:
        if output.output_type == "stream" and "data" in cell.tags:
            body = json.dumps(json.loads(output.text), separators=(",", ":")).replace("<", "\\u003c")
            parts.append(f'<script type="application/json" data-cell="{here}">{body}</script>\n')
        elif output.output_type == "stream" and "markdown" in cell.tags:
            parts.append(block("output table", mark, output.text))
        elif output.output_type == "stream":
            text = html.escape(output.text.rstrip("\n"), quote=False).replace("\n", "&#10;")
            parts.append(block("output", mark | group, f'<pre tabindex="0">{text}</pre>', raw=True))
        else:
            drawing = output.data["image/svg+xml"]
            drawing = re.sub(r"\s*\n\s*", " ", drawing[drawing.index("<svg") :])
            alt = {"data-alt": output.metadata["image/svg+xml"]["alt"]}
            parts.append(block("output figure", mark | alt, drawing, raw=True))
    return "\n".join(parts)


def downloadable(root: Path, snippet: Snippet, notebook: nbformat.NotebookNode) -> str:
    """The executed notebook as a reader takes it away: it writes the local modules it imports."""
    copy = nbformat.from_dict(notebook)
    modules = [name for name in copy.metadata.pop("literate")["inputs"] if re.fullmatch(r"\w+\.py", name)]
    for name in modules:
        source = f"%%writefile {name}\n{read_text(Path(name), root).rstrip()}"
        copy.cells.insert(
            1, nbformat.v4.new_code_cell(source, id=f"write-{name[:-3]}", metadata={"tags": ["setup"]})
        )
    return nbformat.writes(copy) + "\n"
