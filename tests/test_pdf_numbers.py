"""The PDF of the article prints what the run gave: every line of every output, and every quoted value."""

from __future__ import annotations

import re
from pathlib import Path

import pypdf
import pytest
from plain_run import ROOT
from rendered import NUMBER, Checker, quoted


def squeeze(text: str) -> str:
    """Return text as it can be compared across line breaks, ligatures and kinds of hyphen."""
    text = text.replace("ﬁ", "fi").replace("ﬂ", "fl").replace("−", "-").replace("‑", "-")
    return re.sub(r"[\s\u200b\u2060]", "", text)


@pytest.fixture(scope="module")
def pdf_text(site_dir: Path) -> str:
    pdf = next(site_dir.glob("*.pdf"))
    return squeeze("".join(page.extract_text() for page in pypdf.PdfReader(pdf).pages))


@pytest.fixture(scope="module")
def article(site_dir: Path, plain) -> Checker:
    return Checker(site_dir, plain.every(), ROOT / "docs")


def test_every_line_of_every_output_is_in_the_pdf(pdf_text, article):
    missing = []
    for cell, kind in article.expected("index.html")[0]:
        snippet, name = cell.split("/")
        if kind == "text" and "volatile" not in article.runs[snippet].tags[name]:
            lines = article.runs[snippet].stdout[name].strip("\n").split("\n")
            missing += [(cell, line) for line in lines if squeeze(line) not in pdf_text]
    assert not missing, "\n".join(f"{cell}: {line}" for cell, line in missing)


def test_every_quoted_value_is_in_the_pdf(pdf_text, article):
    for name, spec in article.expected("index.html")[1]:
        snippet, key = name.split(".")
        if not article.runs[snippet].volatile:
            wanted = squeeze(quoted(article.runs[snippet].values[key], spec)).replace("^", "")
            assert wanted in pdf_text, f"{name}: {wanted}"


def test_an_altered_number_would_be_missed(pdf_text, article):
    line = article.runs["weight_decay"].stdout["from_scratch"].split("\n")[0]
    number = NUMBER.findall(line)[-1]
    assert squeeze(number) in pdf_text
    assert squeeze(number[:-2] + str((int(number[-2]) + 5) % 10) + number[-1]) not in pdf_text
