"""Nothing typed: a digit in the prose of a built page is a quoted value, code, a label or a date."""

from __future__ import annotations

import re
from pathlib import Path

import lxml.html
import pytest
from plain_run import ROOT

# What is not prose: computed, quoted, cited, drawn, code, or part of the page's frame.
NOT_PROSE = (
    "script style svg pre code time form kbd output [hidden] [data-value] [data-cell] .katex .katex-display "
    ".references .cites .cite-previews .caption-prefix .headerlink .permalink .cell-head .cell-links .bibtex "
    ".title-block"
).split()
# What a digit may be part of: a word (float32, L2, A1), a label, a year, a date, a license.
ALLOWED = [
    r"\b[a-z_0-9]+/[a-z_0-9]+\b",  # a cell's name
    r"\b[A-Za-zλτ]+-?\d+[a-z]?\b",  # float32, L2, A1, D1, PReLU2
    r"\(\d+[a-z]?\)|\b\d[a-z]\b",  # (7), 6a: equation numbers
    r"\b\d-D\b",
    r"\b(?:[Ss]tep|epoch)s? \d(?: (?:to|and) \d)?|\b[Ff]igures? \d|\bseed \d\b|\bPython \d\.\d+",
    r"\b\d{1,2} [A-Z][a-z]+ \d{4}\b",  # 11 June 2024
    r"\b(?:19|20)\d{2}\b",
    r"\bCC BY 4\.0\b",
]


def pages() -> list[str]:
    return [path.stem for path in sorted((ROOT / "docs").glob("*.md"))]


def prose(path: Path) -> str:
    """Return a page's prose, one line a block, without what is not prose."""
    document = lxml.html.fromstring(path.read_bytes(), parser=lxml.html.HTMLParser(encoding="utf-8"))
    article = document.cssselect("article .text")[0]
    for selector in NOT_PROSE:
        for element in article.cssselect(selector):
            if element.getparent() is not None:
                element.drop_tree()
    blocks = article.cssselect("p, li, td, th, dd, dt, figcaption, summary")
    return "\n".join(re.sub(r"\s+", " ", block.text_content()) for block in blocks)


def typed_digits(text: str) -> list[str]:
    for pattern in ALLOWED:
        text = re.sub(pattern, "", text)
    return [match[0] for match in re.finditer(r"[^\n]{0,40}\d[^\n]{0,30}", text)]


@pytest.mark.parametrize("page", pages())
def test_no_result_is_typed_in_the_prose(page, site_dir):
    built = site_dir / ("index.html" if page == "index" else f"{page}/index.html")
    found = typed_digits(prose(built))
    assert not found, f"{page}: quote these as values, or mark them as code:\n" + "\n".join(found)


@pytest.mark.parametrize("page", pages())
def test_no_decimal_is_typed_in_the_math(page, site_dir):
    built = site_dir / ("index.html" if page == "index" else f"{page}/index.html")
    document = lxml.html.fromstring(built.read_bytes(), parser=lxml.html.HTMLParser(encoding="utf-8"))
    formulas = document.xpath("//*[local-name()='annotation'][not(ancestor::*[@data-cell])]/text()")
    found = [formula for formula in formulas if re.search(r"\d\.\d", formula)]
    assert not found, f"{page}: decimals in math:\n" + "\n".join(found)


@pytest.mark.parametrize(
    "sentence", ["the loss is 0.24", "in 3 of 5 seeds", "about 2e-8", "71 % of the runs"]
)
def test_a_typed_result_would_be_found(sentence):
    assert typed_digits(sentence)


@pytest.mark.parametrize(
    "sentence", ["float32 and L2", "Step 5 uses A3", "by (7) and 6a", "the post of 11 June 2024"]
)
def test_labels_and_dates_are_no_results(sentence):
    assert not typed_digits(sentence)
