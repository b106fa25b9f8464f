"""Render: an executed notebook becomes the HTML that pages embed and quote.

In: a notebook, as JSON has it. Out: a View. Whatever a cell's code or output contains is text here, and
nothing interprets it; but for the tables that a cell tagged `markdown` prints.
"""

import html
import json
import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer


@dataclass(frozen=True)
class Element:
    """One element of a page; its content is HTML, or Markdown that the page renders."""

    attributes: dict[str, str]
    content: str
    markdown: bool = False
    tag: str = "div"

    def html(self) -> str:
        marks = "".join(f' {name}="{html.escape(value)}"' for name, value in self.attributes.items())
        return f"<{self.tag}{marks}>{self.content}</{self.tag}>"


@dataclass(frozen=True)
class View:
    """What pages may take from a run: by the name of a cell that they show, and by the key of a value."""

    cells: dict[str, dict[str, str]] = field(default_factory=dict)  # the attributes of each
    code: dict[str, Element] = field(default_factory=dict)
    outputs: dict[str, list[Element]] = field(default_factory=dict)
    values: dict[str, object] = field(default_factory=dict)
    volatile: bool = False

    def value(self, key: str, spec: str | None) -> str:
        """Return a value for prose: Python's format, with ×10ⁿ and a true minus sign, as HTML."""
        text = html.escape(format(self.values[key], spec or ""))
        if not isinstance(self.values[key], str):
            text = re.sub(r"[eE]([+-])0*(\d+)$", lambda m: f" × 10<sup>{m[1].strip('+')}{m[2]}</sup>", text)
            text = text.replace("-", "−")
        return text


def view_of(folder: Path, snippet: str) -> View:
    """Return the view of a stored run; an empty one if there is none."""
    path = folder / f"{snippet}.ipynb"
    return load(path, path.stat().st_mtime_ns) if path.is_file() else View()


@lru_cache(maxsize=256)
def load(path: Path, changed: int) -> View:
    """Return the view of the run stored at `path`, whose time stamp is `changed`."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    tags = {cell["id"]: cell["metadata"].get("tags", []) for cell in notebook["cells"]}
    volatile = any("volatile" in of_cell for of_cell in tags.values())
    view = View(values=notebook["metadata"]["literate"]["values"], volatile=volatile)
    for cell in notebook["cells"]:
        name, here = cell["id"], f"{path.stem}/{cell['id']}"
        if cell["cell_type"] == "code" and not {"hidden", "setup"} & set(tags[name]):
            source = cell["metadata"]["source"]
            view.cells[name] = {"class": "cell", "id": f"cell-{path.stem}-{name}", "data-source": source}
            view.code[name] = code("".join(cell["source"]))
            view.outputs[name] = [shown(output, tags[name], here) for output in cell["outputs"]]
    return view


def code(source: str) -> Element:
    """Return Python code with the classes of Pygments."""
    colored = highlight(source, PythonLexer(stripnl=False), HtmlFormatter(nowrap=True)).rstrip("\n")
    return Element({"class": "highlight"}, f"<pre><span></span><code>{colored}\n</code></pre>")


def shown(output: dict, tags: list[str], here: str) -> Element:
    """Return an output, marked with the name of its cell, `here`."""
    mark = {"data-cell": here} | ({"data-volatile": ""} if "volatile" in tags else {})
    if output["output_type"] == "display_data":
        drawing = "".join(output["data"]["image/svg+xml"])
        alt = {"data-alt": output["metadata"]["image/svg+xml"]["alt"]}
        return Element({"class": "output figure"} | mark | alt, drawing[drawing.index("<svg") :].strip())
    text = "".join(output["text"])
    if "data" in tags:
        json_text = text.strip().replace("<", "\\u003c")
        return Element({"type": "application/json", "data-cell": here}, json_text, tag="script")
    if "markdown" in tags:
        return Element({"class": "output table"} | mark, text, markdown=True)
    text = html.escape(text.removesuffix("\n"), quote=False)
    text = f"\n{text}" if text.startswith("\n") else text  # HTML drops the first
    group = {"role": "group", "aria-label": f"Output of cell {here.split('/')[1]}"}
    return Element({"class": "output"} | mark | group, f'<pre tabindex="0">{text}</pre>')
