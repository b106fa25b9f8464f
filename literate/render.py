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
            here, stem = f"{snippet.name}/{cell.name}", f"cell-{snippet.name}-{cell.name}"
            place = f"{snippet.path.as_posix()}#L{cell.line}-L{cell.last}"
            code = f"````{{ .python }}\n{cell.source}\n````"
            output = render_outputs(here, cell, ran.outputs)
            opening = f'<div class="cell" id="{stem}" data-source="{place}" markdown="1">'
            fragments[f"{here}.md"] = f"{opening}\n\n{code}\n\n{output}\n\n</div>\n"
            fragments[f"{here}.code.md"] = f"{opening}\n\n{code}\n\n</div>\n"
            fragments[f"{here}.out.md"] = f"{output}\n"
    return fragments


def render_outputs(here: str, cell: Cell, outputs: list) -> str:
    """One raw-HTML line an output: Markdown never tears it apart, indented or not."""
    volatile = " data-volatile" if "volatile" in cell.tags else ""
    mark = f'data-cell="{here}"{volatile}'
    group = f'role="group" aria-label="Output of cell {cell.name}" markdown="0"'
    parts = []
    for output in outputs:
        if output.output_type == "stream" and "data" in cell.tags:
            body = json.dumps(json.loads(output.text), separators=(",", ":")).replace("<", "\\u003c")
            parts.append(f'<script type="application/json" {mark}>{body}</script>')
        elif output.output_type == "stream" and "markdown" in cell.tags:
            parts.append(f'<div class="output table" {mark} markdown="1">\n\n{output.text.strip()}\n\n</div>')
        elif output.output_type == "stream":
            text = html.escape(output.text.rstrip("\n"), quote=False).replace("\n", "&#10;")
            parts.append(f'<div class="output" {mark} {group}><pre tabindex="0">{text}</pre></div>')
        else:
            alt = html.escape(output.metadata["image/svg+xml"]["alt"])
            drawing = re.sub(
                r"\s*\n\s*", " ", output.data["image/svg+xml"][output.data["image/svg+xml"].index("<svg") :]
            )
            parts.append(f'<div class="output figure" {mark} data-alt="{alt}" markdown="0">{drawing}</div>')
    return "\n\n".join(parts)


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
