"""Shown is run: what code and outputs contain is shown to the letter, and nothing interprets it."""

from __future__ import annotations

import random
import re

import pytest
from tiny import Tiny

LINES = [
    '--8<-- "other/two.md"',
    "# --8<-- [start:x]",
    "-8<- ;--8<--",
    "[quoted-values]",
    "[references]",
    "[@key] [text](page.md) ![image](x.png)",
    "`#!val other.two`",
    "a\tb\t\tc",
    "    four spaces",
    "$a$ $$b$$ \\(c\\) \\[d\\]",
    "``` python",
    "~~~",
    "<div markdown='1'>**b**</div> </pre></div> <!-- -->",
    "&amp; &#10; &lt; & <",
    "/// html | div",
    "////////",
    "??? note",
    "*[HTML]: Hyper",
    "{: #id .class } {{ config }} {% raw %}",
    '"assets/site.js" "sw.js"',
    "a\\b \\n \\_ \\*",
    "trailing   ",
    "1. *one* __two__ ~~three~~ :smile: http://example.org",
    "[^1]: note [TOC] wzxhzdk:0 klzzwxh:0001",
    "# %%",
    '<span class="value" data-value="x.y">1</span>',
    '<div class="output" data-cell="x/y"></div>',
    "é 𝜆 \u00a0 \u2028 \u200b",
]


def harsh(seed: int) -> str:
    """Return text made of what Markdown, HTML and its extensions look for."""
    chosen = random.Random(seed)
    parts = [*'`*_$\n\t <>&#-"a|', "``", "\n\n", "    ", "/// ", "1. "]
    return "".join(chosen.choices([*parts, *LINES], k=12))


PRINTED = [*LINES, "\nA", "\n\n\nA", "A\n\n", "\n", "A\n\nB\n \n", "|a|b|\n|-|-|\n", *map(harsh, range(40))]


@pytest.fixture(scope="module")
def shown(tmp_path_factory) -> Tiny:
    """Return a site that shows cells which print each text, and cells whose code holds each line."""
    tiny = Tiny(tmp_path_factory.mktemp("letter"), other="# %% two\nprint(2)")
    tiny.snippet("prints", "\n\n".join(f"# %% c{n}\nprint({text!r})" for n, text in enumerate(PRINTED)))
    held = {n: line for n, line in enumerate(LINES) if not line.startswith("# %%")}
    code = "\n\n".join(f"# %% c{n}\nr'''\n{line}\n'''\n# {line}" for n, line in held.items())
    tiny.snippet("codes", code)
    tiny.write(
        "docs/hidden.md",
        '# Within\n\n??? note\n\n    --8<-- "codes/c0.md"\n\n    1. one\n\n        --8<-- "codes/c1.md"\n',
    )
    done = tiny.mkdocs()
    assert done.returncode == 0, done.stderr
    return tiny


def test_what_is_printed_is_shown(shown) -> None:
    cells = shown.page("prints").find_class("output")
    first_dropped = [re.sub(r"^\n", "", cell.find("pre").text_content()) for cell in cells]  # as browsers do
    assert first_dropped == PRINTED


def test_code_is_shown_as_it_ran(shown) -> None:
    for cell in shown.page("codes").find_class("cell"):
        number = int(cell.get("id").removeprefix("cell-codes-c"))
        line = LINES[number]
        assert cell.find(".//code").text_content() == f"r'''\n{line}\n'''\n# {line.rstrip()}\n"


def test_cells_stand_in_folded_notes_and_lists(shown) -> None:
    assert [cell.getparent().tag for cell in shown.page("hidden").find_class("cell")] == ["details", "li"]


def test_a_cell_tagged_data_is_handed_on_as_it_was_printed(tmp_path) -> None:
    text = '{"x": 0.1000000000000000055, "y": "</script>", "z": [1e3, -0.0], "é": "$a$"}'
    tiny = Tiny(tmp_path, numbers=f'# %% cell tags=["data"]\nprint({text!r})')
    assert tiny.mkdocs().returncode == 0
    (script,) = tiny.page("numbers").xpath("//script[@data-cell='numbers/cell']")
    assert script.text_content() == text.replace("<", "\\u003c")


def test_a_cell_tagged_markdown_shows_a_table_and_embeds_nothing(tmp_path) -> None:
    text = '|a|b|\n|-|-|\n|*1*|$x$|\n\n--8<-- "other/cell.md"\n\n`#!val nope.x`'
    tiny = Tiny(tmp_path, tables=f'# %% cell tags=["markdown"]\nprint({text!r})', other="print(2)")
    assert tiny.mkdocs().returncode == 0
    (output,) = tiny.page("tables").find_class("output")
    assert output.get("class") == "output table" and output.findtext(".//td/em") == "1"
    assert output.find_class("arithmatex") and not tiny.page("tables").xpath("//*[@id='cell-other-cell']")
    assert "--8<--" in output.text_content().replace("–", "--") and "`#!val nope.x`" in output.text_content()
