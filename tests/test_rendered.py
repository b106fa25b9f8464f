"""Every number in the built site is the number that a second, independent run gives."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import lxml.html
import pytest
from plain_run import ROOT
from rendered import NUMBER, Checker


@pytest.fixture(scope="session")
def runs(plain):
    return plain.every()


@pytest.fixture(scope="session")
def tolerance(site_dir: Path, runs) -> float:
    """Return 0 where the site was built on a machine like this one, else what rounding may move."""
    notebook = json.loads((site_dir / "notebooks/provenance/provenance.ipynb").read_text(encoding="utf-8"))
    outputs = [o for cell in notebook["cells"] if cell["cell_type"] == "code" for o in cell["outputs"]]
    recorded = "".join("".join(o["text"]) for o in outputs)
    here = "".join(runs["provenance"].stdout.values())
    if recorded == here:
        return 0.0
    print(f"built elsewhere; numbers may differ by one part in a thousand:\n{recorded}\nhere:\n{here}")
    return 1e-3


def listed(found: list) -> str:
    return f"{len(found)} mismatches:\n" + "\n".join(map(str, found))


def test_every_output_and_quoted_value_is_what_a_plain_run_gives(site_dir, runs, tolerance):
    found = Checker(site_dir, runs, ROOT / "docs", tolerance).all()
    assert not found, listed(found)


def bump(match: re.Match[str]) -> str:
    """Change the last digit of a number's mantissa."""
    mantissa, e, exponent = match[0].partition("e")
    return mantissa[:-1] + str((int(mantissa[-1]) + 1) % 10) + e + exponent


def alter_text(element) -> int:
    """Change every number in the texts of an element; return how many."""
    changed = 0
    for part in element.iter():
        if not isinstance(part.tag, str):
            continue
        if part.text:
            changed += len(NUMBER.findall(part.text))
            part.text = NUMBER.sub(bump, part.text)
        if part.tail and part is not element:
            changed += len(NUMBER.findall(part.tail))
            part.tail = NUMBER.sub(bump, part.tail)
    return changed


def alter_page(path: Path) -> int:
    """Change every non-volatile number of a page's outputs and values, once; return how many."""
    document = lxml.html.fromstring(path.read_bytes(), parser=lxml.html.HTMLParser(encoding="utf-8"))
    changed = 0
    for element in document.xpath("//*[@data-cell or @data-value][not(@data-volatile)]"):
        if not element.xpath("ancestor::*[@data-cell]"):
            targets = element.xpath(".//svg//text") if element.find(".//svg") is not None else [element]
            changed += sum(map(alter_text, targets))
    path.write_bytes(lxml.html.tostring(document, encoding="utf-8", doctype="<!doctype html>"))
    return changed


def test_changing_every_number_once_is_reported_as_often(site_dir, runs, tmp_path):
    copy = tmp_path / "site"
    shutil.copytree(site_dir, copy, ignore=shutil.ignore_patterns("*.pdf", "*.woff2"))
    before = len(Checker(copy, runs, ROOT / "docs").all())
    changed = sum(alter_page(path) for path in sorted(copy.rglob("*.html")))
    found = Checker(copy, runs, ROOT / "docs").all()
    assert changed > 2000
    assert len(found) - before == changed, f"{changed} numbers changed, {len(found) - before} reported"


def one_mutation(site_dir: Path, tmp_path: Path, change) -> Path:
    """Return a copy of the site whose article `change` has altered (on the parsed page)."""
    copy = tmp_path / "site"
    shutil.copytree(site_dir, copy, ignore=shutil.ignore_patterns("*.pdf", "*.woff2"))
    path = copy / "index.html"
    document = lxml.html.fromstring(path.read_bytes(), parser=lxml.html.HTMLParser(encoding="utf-8"))
    change(document)
    path.write_bytes(lxml.html.tostring(document, encoding="utf-8", doctype="<!doctype html>"))
    return copy


def remove_output(document) -> None:
    output = document.xpath("//*[@data-cell='weight_decay/gaps']")[0]
    output.getparent().remove(output)


def add_output(document) -> None:
    output = document.xpath("//*[@data-cell='weight_decay/gaps']")[0]
    output.addnext(lxml.html.fromstring(lxml.html.tostring(output)))


def remove_value(document) -> None:
    value = document.xpath("//*[@data-value='weight_decay.final_norm']")[0]
    value.drop_tag()
    del value.attrib["data-value"]


def claim_volatile(document) -> None:
    document.xpath("//*[@data-cell='weight_decay/gaps']")[0].set("data-volatile", "")


def move_a_point(document) -> None:
    line = document.xpath("//*[@data-cell='weight_decay/figure_fits']//svg//path[@d][@clip-path]")[0]
    line.set("d", re.sub(r"(\d)\.", lambda match: f"{(int(match[1]) + 1) % 10}.", line.get("d"), count=1))


@pytest.mark.parametrize("change", [remove_output, add_output, remove_value, claim_volatile, move_a_point])
def test_a_lost_added_or_disguised_output_is_reported(change, site_dir, runs, tmp_path):
    copy = one_mutation(site_dir, tmp_path, change)
    before = len(Checker(site_dir, runs, ROOT / "docs").all())
    assert len(Checker(copy, runs, ROOT / "docs").all()) > before


def test_changing_a_number_in_a_download_is_reported(site_dir, runs, tmp_path):
    copy = tmp_path / "site"
    shutil.copytree(site_dir, copy, ignore=shutil.ignore_patterns("*.pdf", "*.woff2"))
    path = copy / "notebooks/weight_decay/weight_decay.ipynb"
    text = path.read_text(encoding="utf-8")
    first = json.dumps(runs["weight_decay"].stdout["from_scratch"].split("\n")[0])[1:-1]
    assert first in text
    path.write_text(text.replace(first, NUMBER.sub(bump, first), 1), encoding="utf-8")
    assert len(Checker(copy, runs, ROOT / "docs").all()) > len(Checker(site_dir, runs, ROOT / "docs").all())


def test_the_snippets_to_download_are_the_snippets(site_dir):
    for path in sorted((ROOT / "snippets").glob("*.py")):
        assert (site_dir / "notebooks" / path.stem / path.name).read_bytes() == path.read_bytes()
