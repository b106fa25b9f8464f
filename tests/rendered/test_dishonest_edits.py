"""Ten dishonest edits of the built site: each is caught, and the rule that catches it says where."""

from __future__ import annotations

import copy
import json
import re

import pytest
from lxml import html
from rendered import NUMBER, Page, download, page_of, read


def bump(match: re.Match[str]) -> str:
    """Change the last digit of a number's mantissa."""
    mantissa, e, exponent = match[0].partition("e")
    return mantissa[:-1] + str((int(mantissa[-1]) + 1) % 10) + e + exponent


def alter_a_digit(element) -> None:
    element.text = NUMBER.sub(bump, element.text, count=1)


def drop_the_first_letter(element) -> None:
    element.text = element.text[1:]


def alter_a_point(path) -> None:
    path.set("d", re.sub(r"(\d)\.", lambda one: f"{(int(one[1]) + 1) % 10}.", path.get("d"), count=1))


def alter_a_character(code) -> None:
    part = next(one for one in code.iter() if (one.text or "").strip())
    part.text = chr(ord(part.text[0]) ^ 1) + part.text[1:]


def exchange(one, other) -> None:
    """Put two elements, or their texts where they have no parts, in each other's place."""
    if len(one) + len(other) == 0:
        one.text, other.text = other.text, one.text
        return
    twins = copy.deepcopy(one), copy.deepcopy(other)
    one.getparent().replace(one, twins[1])
    other.getparent().replace(other, twins[0])


def exchange_with_the_next(value) -> None:
    exchange(value, value.xpath(f"following::{VALUE[2:]}[text() != '{value.text}']")[0])


VALUE = "//*[@data-value][not(@data-volatile)][not(*)]"
OUTPUT = "//*[@data-cell][not(@data-volatile)]"
TEXT, DRAWING, NEXT = f"{OUTPUT}[.//pre]", f"{OUTPUT}//svg", "following::*[@data-cell]//svg"
MINUS = html.fromstring("<b>minus </b>")
# What is falsified, how, and what the complaint adds to the name of the value, cell or block of code.
ON_A_PAGE = {
    "a digit of an output": (f"{OUTPUT}//pre[translate(., '0123456789', '') != .]", alter_a_digit, ""),
    "a digit of a quoted value": (VALUE, alter_a_digit, ""),
    "two quoted values": (VALUE, exchange_with_the_next, ""),
    "a unit behind a value": (VALUE, lambda value: setattr(value, "tail", f" % {value.tail}"), ", beside it"),
    "a sign before a value": (VALUE, lambda value: value.addprevious(MINUS), ", beside it"),
    "an output removed": (TEXT, lambda output: output.drop_tree(), ""),
    "an output hidden": (TEXT, lambda output: output.set("hidden", ""), ""),
    "an output that is said to change": (TEXT, lambda output: output.set("data-volatile", ""), ", volatile"),
    "two figures": (f"{DRAWING}[{NEXT}]", lambda svg: exchange(svg, svg.xpath(NEXT)[0]), ""),
    "a minus sign of a figure": (f"{DRAWING}//text[starts-with(., '−')]", drop_the_first_letter, ""),
    "a point of a figure": (f"{DRAWING}//path[string-length(@d) > 200]", alter_a_point, ""),
    "a character of code": ("//*[@data-source]//code", alter_a_character, ""),
}


@pytest.fixture(scope="module")
def pages(site_dir, computed, root):
    """Return each page's name, document, Markdown and the runs of all cells, the article first."""
    sources = sorted((root / "docs").glob("*.md"), key=lambda path: path.stem != "index")
    names = [page_of(path.relative_to(root / "docs")) for path in sources]
    texts = [path.read_text(encoding="utf-8") for path in sources]
    return [(name, read(site_dir / name), text, computed.every()) for name, text in zip(names, texts)]


def falsified(case, pages):
    """Falsify the first page that has something to falsify so: return where, its faults before and after."""
    path, change, added = case
    for name, document, text, runs in pages:
        changed = copy.deepcopy(document)
        for element in changed.xpath(path)[:1]:
            marked = element.xpath("ancestor-or-self::*[@data-cell or @data-value or @data-source]")[-1]
            where = marked.get("data-cell") or marked.get("data-value") or marked.get("id")
            change(element)
            return where + added, faults(name, document, text, runs), faults(name, changed, text, runs)
    raise LookupError("no page has such a thing")


def faults(name, document, text, runs) -> set[str]:
    return {one.cell for one in Page(name, document, text, runs).mismatches()}


@pytest.mark.parametrize("case", ON_A_PAGE)
def test_a_falsified_page_is_caught_where_it_was_falsified(case, pages):
    where, before, after = falsified(ON_A_PAGE[case], pages)
    assert where in after - before


def test_a_pasted_result_is_caught(pages):
    name, document, text, runs = pages[0]
    changed = copy.deepcopy(document)
    changed.xpath("//article//p")[0].addnext(html.fromstring("<pre>all gaps are 0.0</pre>"))
    assert "a block that no cell printed" in faults(name, changed, text, runs)


def falsify_its_output(cells: list[dict]) -> None:
    cell = next(one for one in cells if one.get("outputs") and "text" in one["outputs"][0])
    cell["outputs"][0]["text"] = NUMBER.sub(bump, "".join(cell["outputs"][0]["text"]), count=1)


def leave_it_behind_its_snippet(cells: list[dict]) -> None:
    cell = next(one for one in cells if one["cell_type"] == "code" and "setup" not in str(one["metadata"]))
    cell["source"] = ["# as it was before the last edit\n", *cell["source"]]


def drop_its_figure(cells: list[dict]) -> None:
    for cell in cells:
        cell["outputs"] = [one for one in cell.get("outputs", []) if one["output_type"] == "stream"]


@pytest.mark.parametrize("edit", [falsify_its_output, leave_it_behind_its_snippet, drop_its_figure])
def test_a_download_that_was_edited_or_is_stale_is_caught(edit, site_dir, computed, root, tmp_path):
    path = site_dir / "notebooks/weight_decay/weight_decay.ipynb"
    notebook, changed = json.loads(path.read_text(encoding="utf-8")), tmp_path / path.name
    edit(notebook["cells"])
    changed.write_text(json.dumps(notebook), encoding="utf-8")
    held = computed("weight_decay"), root / "snippets/weight_decay.py", 0.0
    assert len(list(download(changed, *held))) > len(list(download(path, *held)))
