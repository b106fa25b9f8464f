"""Every number in the built site is the number that a second, independent run gives."""

from __future__ import annotations

import json
import shutil
import warnings
from collections import Counter
from pathlib import Path

import lxml.html
import plain_run
import pytest
from compared import NUMBER, compare
from falsified import (
    DISGUISES,
    add_output,
    alter_last_output,
    alter_last_value,
    alter_page,
    bump,
    move_output,
    parse,
    remove_output,
    remove_value,
)
from plain_run import ROOT
from rendered import Checker, glued


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
    said = f"built elsewhere; numbers may differ by one part in a thousand:\n{recorded}\nhere:\n{here}"
    warnings.warn(said, stacklevel=1)  # in the summary of the tests, also when they pass
    return 1e-3


def listed(found: list) -> str:
    return f"{len(found)} mismatches:\n" + "\n".join(map(str, found))


@pytest.fixture(scope="session")
def pristine(site_dir: Path, runs) -> list:
    """Return what is reported of the site as it is: nothing, if it was built on a machine like this one."""
    return Checker(site_dir, runs, ROOT / "docs").all()


def test_every_output_quoted_value_and_code_is_what_a_plain_run_gives(site_dir, runs, tolerance, pristine):
    found = Checker(site_dir, runs, ROOT / "docs", tolerance).all() if tolerance else pristine
    assert not found, listed(found)


def test_a_snippet_is_run_once_whoever_asks(monkeypatch, tmp_path):
    started = []
    monkeypatch.setattr(plain_run, "start", lambda path, folder: started.append(path.stem))
    monkeypatch.setattr(plain_run.PlainRuns, "names", lambda self: ["first", "second"])
    runs = plain_run.PlainRuns(tmp_path)
    runs("first")
    runs.every()
    runs.pool.shutdown()  # whatever was started has ended
    assert sorted(started) == ["first", "second"]


def copy_pages(site_dir: Path, folder: Path) -> Path:
    return Path(shutil.copytree(site_dir, folder, ignore=shutil.ignore_patterns("*.pdf", "*.woff2")))


def test_changing_every_number_once_is_reported_as_often(site_dir, runs, pristine, tmp_path):
    copy = copy_pages(site_dir, tmp_path / "site")
    changed = sum(alter_page(path) for path in sorted(copy.rglob("*.html")))
    found = Checker(copy, runs, ROOT / "docs").all()
    assert changed > 2000
    new = len(found) - len(pristine)
    assert new == changed, f"{changed} numbers changed, {new} reported"


UNCHANGED: dict[str, list] = {}  # what is reported of a page as it is


def reported(site_dir: Path, runs, tmp_path: Path, page: str, *changes) -> list:
    """Return what is reported of one page after `changes` (of the parsed page), and was not before."""
    path = tmp_path / page
    path.parent.mkdir(parents=True, exist_ok=True)
    document = parse(site_dir / page)
    for change in changes:
        change(document)
    path.write_bytes(lxml.html.tostring(document, encoding="utf-8", doctype="<!doctype html>"))
    if page not in UNCHANGED:
        before = Checker(site_dir, runs, ROOT / "docs")
        before.page(site_dir / page)
        UNCHANGED[page] = before.found
    after = Checker(tmp_path, runs, ROOT / "docs")
    after.page(path)
    return [mismatch for mismatch in after.found if mismatch not in UNCHANGED[page]]


@pytest.mark.parametrize("change", DISGUISES)
def test_a_lost_added_or_disguised_output_is_reported(change, site_dir, runs, tmp_path):
    assert reported(site_dir, runs, tmp_path, "index.html", change)


def value_between(before: str, after: str):
    """Return the last value of a paragraph, with text and marks around it."""
    value = '<span data-value="a.gap">0.2</span>'
    return lxml.html.fromstring(f"<p>It is {before}{value}{after}</p>").xpath("//span[@data-value]")[-1]


SIGNS = ["−", "- ", "− ", "minus ", "Minus\xa0", "+", "&lt; ", "&gt;", "≈ ", "~ ", "± ", "1.", "3 ", "2 × "]
SIGNS += ["<b>−</b>", "<i>minus</i> ", "−<b></b>", "≥ ", '<span data-value="a.cost">0.1</span> ± ', "10^"]


@pytest.mark.parametrize("sign", SIGNS)
def test_a_sign_before_a_value_is_reported(sign):
    assert glued(value_between(sign, " nats"))


UNITS = ["%", " %", "\xa0%", " ‰", "k", " k", "²", "<sup>2</sup>", " <b>%</b>", " thousand", " percent", "5"]
UNITS += [".5", " × 10", "e-3", " 10", " hundredths", "-fold", " millionths", " M.", " per cent"]


@pytest.mark.parametrize("unit", UNITS)
def test_a_factor_or_unit_after_a_value_is_reported(unit):
    assert glued(value_between("", unit))
    assert glued(value_between("<em>", f"</em>{unit}"))


@pytest.mark.parametrize(
    ("before", "after"),
    [("", "."), ("$\\lambda$ = ", ", and"), ("so. ", " times as long"), ("", " kelvin, ")],
)
def test_words_and_equals_signs_beside_a_value_are_none(before, after):
    assert not glued(value_between(before, after))


def test_a_standard_error_stands_behind_its_value():
    error = value_between('<span data-value="a.cost">0.1</span> ± ', "")
    for name, found in (("a.cost_error", ""), ("a.gap_error", "± ")):
        error.set("data-value", name)
        assert glued(error) == found


def test_a_volatile_output_may_change_its_numbers_and_lose_none():
    for shown, faults in (("a step: 12 ms,  4 ms", 0), ("a step: 2.5 ms, ms", 1), ("a step: 2.5 s, 4 ms", 1)):
        found = list(compare("page", "cell", shown, "a step: 2.5 ms, 30 ms", volatile=True, tolerance=0.0))
        assert len(found) == faults, shown


@pytest.mark.parametrize("also", [alter_last_output, alter_last_value])
@pytest.mark.parametrize("change", [remove_output, add_output, move_output, remove_value])
def test_a_lost_added_or_moved_output_hides_no_other_fault(change, also, site_dir, runs, tmp_path):
    found = reported(site_dir, runs, tmp_path, "index.html", change, also)
    each = [reported(site_dir, runs, tmp_path, "index.html", one) for one in (change, also)]
    assert all(each)
    assert set(found) == {*each[0], *each[1]}


@pytest.mark.parametrize("page", ["index.html", "choosing/index.html", "notebooks/weight_decay/index.html"])
def test_altering_one_character_of_each_displayed_code_is_reported_as_often(page, site_dir, runs, tmp_path):
    changed = []

    def alter(document) -> None:
        for number, block in enumerate(document.xpath("//*[@data-source]")):
            texts = [part for part in block.xpath(".//code")[0].iter() if (part.text or "").strip()]
            part = texts[number % len(texts)]  # in some the first token, in some a later one
            part.text = chr(ord(part.text[0]) ^ 1) + part.text[1:]
            changed.append(block.get("id"))

    found = reported(site_dir, runs, tmp_path, page, alter)
    assert changed and [mismatch.cell for mismatch in found] == changed


def test_changing_a_number_in_a_download_is_reported(site_dir, runs, tmp_path):
    path = tmp_path / "notebooks/weight_decay/weight_decay.ipynb"
    path.parent.mkdir(parents=True)
    text = (site_dir / path.relative_to(tmp_path)).read_text(encoding="utf-8")
    first = json.dumps(runs["weight_decay"].stdout["from_scratch"].split("\n")[0])[1:-1]
    assert first in text
    path.write_text(text.replace(first, NUMBER.sub(bump, first), 1), encoding="utf-8")
    before, after = (Checker(site, runs, ROOT / "docs") for site in (site_dir, tmp_path))
    for checker in (before, after):
        checker.download("weight_decay", runs["weight_decay"])
    assert len(after.found) > len(before.found)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("One network, one data set", "One network, 0.37 at best, one data set"),
        ("nn.Linear(10, 1)", "nn.Linear(11, 1)"),
        ('"output_type": "stream"', '"output_type": "execute_result"'),
    ],
)
def test_another_text_module_or_kind_of_output_in_a_download_is_reported(old, new, site_dir, runs, tmp_path):
    path = tmp_path / "notebooks/weight_decay/weight_decay.ipynb"
    path.parent.mkdir(parents=True)
    text = (site_dir / path.relative_to(tmp_path)).read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    before, after = (Checker(site, runs, ROOT / "docs") for site in (site_dir, tmp_path))
    for checker in (before, after):
        checker.download("weight_decay", runs["weight_decay"])
    assert len(after.found) > len(before.found)


def test_the_search_index_holds_no_number_that_its_page_does_not_show(site_dir):
    """As often: with quoted values, outputs, code and formulas as TeX."""
    index = json.loads((site_dir / "search/search_index.json").read_text(encoding="utf-8"))["docs"]
    said: dict[str, Counter] = {}
    for entry in index:
        texts = [lxml.html.fromstring(f"<p>{entry[part]}</p>").text_content() for part in ("title", "text")]
        said.setdefault(entry["location"].split("#")[0], Counter()).update(NUMBER.findall(" ".join(texts)))
    assert len(said) > 8
    for page, numbers in said.items():
        shown = Counter(NUMBER.findall(parse(site_dir / page / "index.html").text_content()))
        assert not numbers - shown, f"{page or 'article'}: {numbers - shown}"


def test_the_snippets_to_download_are_the_snippets(site_dir):
    for path in sorted((ROOT / "snippets").glob("*.py")):
        assert (site_dir / "notebooks" / path.stem / path.name).read_bytes() == path.read_bytes()
