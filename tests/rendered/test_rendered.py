"""Every number in the built site is the number that a second, independent run gives."""

from __future__ import annotations

import json
import warnings
from collections import Counter
from pathlib import Path

import lxml.html
import pytest
from compared import NUMBER, compare
from plain_run import ROOT
from rendered import Checker, glued


@pytest.fixture(scope="session")
def runs(computed):
    return computed.every()


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


def test_the_search_index_holds_no_number_that_its_page_does_not_show(site_dir):
    """As often: with quoted values, outputs, code and formulas as TeX."""
    index = json.loads((site_dir / "search/search_index.json").read_text(encoding="utf-8"))["docs"]
    said: dict[str, Counter] = {}
    for entry in index:
        texts = [lxml.html.fromstring(f"<p>{entry[part]}</p>").text_content() for part in ("title", "text")]
        said.setdefault(entry["location"].split("#")[0], Counter()).update(NUMBER.findall(" ".join(texts)))
    assert len(said) > 8
    for page, numbers in said.items():
        document = lxml.html.parse(site_dir / page / "index.html").getroot()
        shown = Counter(NUMBER.findall(document.text_content()))
        assert not numbers - shown, f"{page or 'article'}: {numbers - shown}"


def test_the_snippets_to_download_are_the_snippets(site_dir):
    for path in sorted((ROOT / "snippets").glob("*.py")):
        assert (site_dir / "notebooks" / path.stem / path.name).read_bytes() == path.read_bytes()
