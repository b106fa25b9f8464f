"""Cells: each ends where its last line stands, and its fragment holds code and output whole."""

from __future__ import annotations

from pathlib import Path

import lxml.html
import markdown
import nbformat
import pytest

from literate.read import read
from literate.render import render

SNIPPET = "# %% [markdown]\n# # Title\n\n# %% shown{tags}\n{code}"


def page_of(
    folder: Path, code: str, printed: str, tags: str = "", part: str = ".md"
) -> lxml.html.HtmlElement:
    """Return a page that embeds a cell, or a part of it, in a block."""
    (folder / "x.py").write_text(SNIPPET.format(tags=tags, code=code))
    output = nbformat.v4.new_output("stream", text=printed)
    cells = read(Path("x.py"), folder)
    nodes = [nbformat.v4.new_markdown_cell(), nbformat.v4.new_code_cell(outputs=[output])]
    text = render(cells, nbformat.v4.new_notebook(cells=nodes))[f"x/shown{part}"]
    text = f"/// html | aside\n\n{text}\n\nbelow\n\n///\n"
    extensions = ["pymdownx.superfences", "pymdownx.blocks.html", "tables"]
    return lxml.html.fromstring(f"<main>{markdown.markdown(text, extensions=extensions)}</main>")


@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
def test_the_last_cell_ends_with_its_last_line(tmp_path, end):
    (tmp_path / "x.py").write_text(SNIPPET.format(tags="", code="a = 1\nb = 2") + end)
    text, shown = read(Path("x.py"), tmp_path)
    assert (text.line, text.last, shown.line, shown.last) == (1, 3, 4, 6)


@pytest.mark.parametrize("marks", ["```", "````", "``````"])
def test_code_with_a_fence_in_it_is_shown_whole(tmp_path, marks):
    code = f'text = """\n{marks}\n"""\nprint(1)'
    (cell,) = page_of(tmp_path, code, "1\n").find_class("cell")
    assert code in cell.text_content()
    assert [child.get("class").split()[0] for child in cell] == ["highlight", "output"]


@pytest.mark.parametrize("part, kind", [(".md", "cell"), (".code.md", "cell"), (".out.md", "output")])
def test_a_cell_in_a_block_of_its_page_stays_there(tmp_path, part, kind):
    page = page_of(tmp_path, "print(1)", "1\n", part=part)
    assert [child.get("class", child.text) for child in page.find("aside")] == [kind, "below"]


def test_a_table_with_slashes_below_it_stays_in_its_output(tmp_path):
    page = page_of(tmp_path, "print()", "| a |\n|---|\n| b |\n\n/////\n\n///////\n", ' tags=["markdown"]')
    (output,) = page.find_class("output")
    assert output.find("table") is not None and "///////" in output.text_content()
    assert [child.tag for child in page.find("aside")] == ["div", "p"]
