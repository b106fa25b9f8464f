"""Nothing typed: a digit in prose, in a figure's alternative text or in a notebook's text is a quoted value,
code, a citation, a date or a label that exists."""

from __future__ import annotations

from pathlib import Path

import pytest
from plain_run import ROOT
from typed_prose import (
    decimals_in_math,
    ids,
    named_labels,
    prose,
    typed_digits,
)


def snippets() -> dict[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted((ROOT / "snippets").glob("*.py"))}


PAGES = [path.stem for path in sorted((ROOT / "docs").glob("*.md"))]
NOTEBOOKS = [f"notebooks/{name}" for name in snippets()]


def built(site: Path, page: str) -> Path:
    return site / ("index.html" if page == "index" else f"{page}/index.html")


@pytest.mark.parametrize("page", PAGES + NOTEBOOKS)
def test_no_result_is_typed_in_the_prose(page, site_dir):
    path = built(site_dir, page)
    found = typed_digits(prose(path), named_labels(path, site_dir))
    assert not found, f"{page}: quote these as values, or mark them as code:\n" + "\n".join(found)


@pytest.mark.parametrize("page", PAGES + NOTEBOOKS)
def test_no_decimal_is_typed_in_the_math(page, site_dir):
    found = decimals_in_math(built(site_dir, page))
    assert not found, f"{page}: decimals in math:\n" + "\n".join(found)


# ---- the checks themselves ----

PAGE = """<html><head><meta name="description" content="{said}"></head><body><article><div class="text">
<h2>{heading}</h2><p>{text}</p><div id="eq-5"></div><div id="eq-c3"></div>
<figure><figcaption><span class="caption-prefix"><a>Figure 2.</a></span> Two fits.</figcaption>
<div data-cell="near/figure"><svg><title>{title}</title></svg></div></figure></div></article></body></html>"""
ARTICLE = "".join(f'<i id="{one}"></i>' for one in ["a1", "a2", "a3", "step-2", "step-5", "step-6", "eq-7"])


@pytest.fixture
def page_of(tmp_path):
    """page_of(text, …) returns the path of a page that says it, on a site with a few labels."""
    (tmp_path / "index.html").write_text(f"<html><body>{ARTICLE}</body></html>", encoding="utf-8")

    def write(text="", heading="", said="", title="Two lines"):
        page = tmp_path / "page" / "index.html"
        page.parent.mkdir(exist_ok=True)
        page.write_text(PAGE.format(text=text, heading=heading, said=said, title=title), encoding="utf-8")
        ids.cache_clear()
        return page

    return write


def found_in(page: Path) -> list[str]:
    return typed_digits(prose(page), named_labels(page, page.parent.parent))


TYPED = [
    "the loss is 0.24",
    "in 3 of 5 seeds",
    "about 2e-8",
    "71 % of the runs",
    "2000 of 2050 runs",
    "in 2024 of the runs",
    "the gap (5)",
    "x12 more",
    "about-3",
    "10/20 of the runs",
    "it costs ½ a nat",
    "an L2 norm of 7",
    "lost at seed 3",
    "a rate of L2.5",
    "by equation (6)",
    "it parts at step 7",
    "Figure 3 shows it",
    'by <a href="#eq-5">(6)</a>',
    'a gap of <a href="#eq-5">5</a>',
    'by <a href="#eq-9">(9)</a>',
    'see <a href="../#step-5">5 more</a>',
    "a share of ⅖",
    "in Ⅶ runs",
    "a gap of 10⁻³",
    'the <abbr title="0.24">loss</abbr>',
]


@pytest.mark.parametrize("sentence", TYPED)
def test_a_typed_result_would_be_found(sentence, page_of):
    assert found_in(page_of(sentence))
    assert found_in(page_of(heading=sentence))


def test_a_result_typed_into_the_description_would_be_found(page_of):
    assert found_in(page_of(said="The loss is 0.24."))


@pytest.mark.parametrize(
    "sentence",
    [
        "float32, float64 and the L2 penalty",
        "Step 5 uses A3; steps 5 and 6 use A1.",
        "by equations (5) and (C3), in Figure 2",
        'by <a href="#eq-c3">equation (C3)</a> and <a href="../#eq-7">(7)</a>',
        'by <a href="../#a2">assumption A2</a> and <a href="../#step-2">step 2</a>',
        "the post of 11 June 2024, the 2024 post, and what changed since 2024",
        "At epoch 0, seed 0 is no other.",
        'the loss is <span data-value="x.loss">0.24</span>',
        "with <code>lr=0.1</code>",
    ],
)
def test_labels_dates_code_and_quoted_values_are_no_typed_results(sentence, page_of):
    assert not found_in(page_of(sentence))
