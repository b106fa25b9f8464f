"""Nothing typed: a digit in prose is a quoted value, code, formula, citation, date, label or name."""

from __future__ import annotations

import lxml.html
import pytest
from computed import ROOT
from rendered import page_of, read
from typed import typed, typed_in_figures

PAGES = [page_of(path.relative_to(ROOT / "docs")) for path in sorted((ROOT / "docs").rglob("*.md"))]
SNIPPETS = sorted(path.stem for path in (ROOT / "snippets").glob("*.py"))


@pytest.mark.parametrize("page", PAGES + [f"notebooks/{name}/index.html" for name in SNIPPETS])
def test_no_number_is_typed_in_the_prose(page, site_dir):
    found = typed(read(site_dir / page))
    assert not found, f"{page}: quote these as values, or mark them as code:\n" + "\n".join(found)


@pytest.mark.parametrize("name", SNIPPETS)
def test_no_number_is_typed_in_an_alternative_text(name, root):
    found = typed_in_figures((root / f"snippets/{name}.py").read_text(encoding="utf-8"))
    assert not found, f"snippets/{name}.py: fill these in:\n" + "\n".join(found)


def page(sentence: str):
    return lxml.html.fromstring(f"<html><body><article><p>{sentence}</p></article></body></html>")


@pytest.mark.parametrize(
    "sentence",
    ["the loss is 0.24", "in 3 of 5 seeds", "about 2e-8", "71 % of the runs", "2000 of 2050 runs"]
    + ["the gap (5)", "lost at seed 3", "it costs ½ a nat", "a gap of 10⁻³"]
    + ['a gap of <a href="#x">0.5</a>', "in Ⅶ runs"]
    + ["<math><annotation>\\tau = 0.24</annotation></math>"],
)
def test_a_typed_result_is_found(sentence):
    assert typed(page(sentence))


@pytest.mark.parametrize(
    "sentence",
    ["float32 and the L2 penalty", "steps 5 and 6 use A1", "by equations (5) and (C3), in Figure 2"]
    + ['by <a href="#eq-c3">(C3)</a>', "the post of 11 June 2024, the 2024 post", "at epoch 0, seed 0"]
    + ['the loss is <span data-value="x.loss">0.24</span>', "with <code>lr=0.1</code>"],
)
def test_labels_dates_code_and_quoted_values_are_none(sentence):
    assert not typed(page(sentence))
