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


def outputs(document, kind: str) -> list:
    """Return the outputs of a page that hold such an element and do not change from run to run."""
    return document.xpath(f"//*[@data-cell][not(@data-volatile)][.//{kind}]")


def alter_a_digit_of_an_output(document) -> str:
    output = next(one for one in outputs(document, "pre") if NUMBER.search(one.text_content()))
    pre = output.find(".//pre")
    pre.text = NUMBER.sub(bump, pre.text, count=1)
    return output.get("data-cell")


def alter_a_digit_of_a_quoted_value(document) -> str:
    value = document.xpath("//*[@data-value][not(@data-volatile)][not(*)]")[0]
    value.text = NUMBER.sub(bump, value.text, count=1)
    return value.get("data-value")


def exchange_two_quoted_values(document) -> str:
    values = document.xpath("//*[@data-value][not(@data-volatile)][not(*)]")
    one, other = next((a, b) for a, b in zip(values, values[1:]) if a.text != b.text)
    one.text, other.text = other.text, one.text
    return one.get("data-value")


def write_a_unit_behind_a_value(document) -> str:
    value = document.xpath("//*[@data-value]")[0]
    value.tail = " %" + (value.tail or "")
    return f"{value.get('data-value')}, beside it"


def write_a_sign_before_a_value(document) -> str:
    value = document.xpath("//*[@data-value]")[0]
    value.addprevious(html.fromstring("<b>minus </b>"))
    return f"{value.get('data-value')}, beside it"


def paste_a_result(document) -> str:
    document.xpath("//article//p")[0].addnext(html.fromstring("<pre>all gaps are 0.0</pre>"))
    return "a block that no cell printed"


def remove_an_output(document) -> str:
    output = outputs(document, "pre")[0]
    output.drop_tree()
    return output.get("data-cell")


def hide_an_output(document) -> str:
    output = outputs(document, "pre")[0]
    output.set("hidden", "")
    return output.get("data-cell")


def claim_that_an_output_changes(document) -> str:
    output = outputs(document, "pre")[0]
    output.set("data-volatile", "")
    return f"{output.get('data-cell')}, volatile"


def exchange_two_figures(document) -> str:
    svgs = [output.find(".//svg") for output in outputs(document, "svg")]
    one, other = svgs[0], svgs[1]
    twin = copy.deepcopy(one)
    one.getparent().replace(one, copy.deepcopy(other))
    other.getparent().replace(other, twin)
    return outputs(document, "svg")[0].get("data-cell")


def delete_a_minus_sign_of_a_figure(document) -> str:
    texts = document.xpath("//*[@data-cell]//svg//text")
    text = next(one for one in texts if (one.text or "").startswith("−"))
    text.text = text.text[1:]
    return text.xpath("ancestor::*[@data-cell]")[0].get("data-cell")


def move_a_point_of_a_figure(document) -> str:
    path = next(one for one in document.xpath("//*[@data-cell]//svg//path") if len(one.get("d", "")) > 200)
    path.set("d", re.sub(r"(\d)\.", lambda one: f"{(int(one[1]) + 1) % 10}.", path.get("d"), count=1))
    return path.xpath("ancestor::*[@data-cell]")[0].get("data-cell")


def alter_a_character_of_code(document) -> str:
    block = document.xpath("//*[@data-source][.//code]")[0]
    part = next(one for one in block.find(".//code").iter() if (one.text or "").strip())
    part.text = chr(ord(part.text[0]) ^ 1) + part.text[1:]
    return block.get("id")


ON_A_PAGE = [alter_a_digit_of_an_output, alter_a_digit_of_a_quoted_value, exchange_two_quoted_values]
ON_A_PAGE += [write_a_unit_behind_a_value, write_a_sign_before_a_value, paste_a_result, remove_an_output]
ON_A_PAGE += [hide_an_output, claim_that_an_output_changes, exchange_two_figures]
ON_A_PAGE += [delete_a_minus_sign_of_a_figure, move_a_point_of_a_figure, alter_a_character_of_code]


@pytest.fixture(scope="module")
def pages(site_dir, computed, root):
    """Return each page's name, document, Markdown and the runs of all cells, the article first."""
    sources = sorted((root / "docs").glob("*.md"), key=lambda path: path.stem != "index")
    names = [page_of(path.relative_to(root / "docs")) for path in sources]
    texts = [path.read_text(encoding="utf-8") for path in sources]
    return [(name, read(site_dir / name), text, computed.every()) for name, text in zip(names, texts)]


def falsified(edit, pages):
    """Falsify the first page that has something to falsify so: return where, its faults before and after."""
    for name, document, text, runs in pages:
        changed = copy.deepcopy(document)
        try:
            where = edit(changed)
        except (LookupError, StopIteration):
            continue
        return where, faults(name, document, text, runs), faults(name, changed, text, runs)
    raise LookupError("no page has such a thing")


def faults(name, document, text, runs) -> set[str]:
    return {one.cell for one in Page(name, document, text, runs).mismatches()}


@pytest.mark.parametrize("edit", ON_A_PAGE, ids=lambda edit: edit.__name__)
def test_a_falsified_page_is_caught_where_it_was_falsified(edit, pages):
    where, before, after = falsified(edit, pages)
    assert where in after - before


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
