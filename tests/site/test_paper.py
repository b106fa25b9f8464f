"""The PDF: tagged, with authors, page numbers and equation numbers; its outline is the page's headings."""

from __future__ import annotations

import copy
import re
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pypdf
import pytest
from bs4 import BeautifulSoup
from source import FACTS, PEOPLE

from publish.browser import chromium
from publish.paper import NAME, PaperError, completed, print_page


@pytest.fixture(scope="module")
def article_page(site_dir) -> BeautifulSoup:
    return BeautifulSoup((site_dir / "index.html").read_text(encoding="utf-8"), "lxml")


@pytest.fixture(scope="module")
def pdf(site_dir) -> pypdf.PdfReader:
    return pypdf.PdfReader(site_dir / NAME)


def test_pdf_is_tagged_and_states_title_authors_and_language(pdf, article_page):
    catalog = pdf.trailer["/Root"]
    assert catalog["/MarkInfo"]["/Marked"] and catalog["/StructTreeRoot"] and catalog["/Lang"] == "en"
    assert pdf.metadata.title == article_page.select_one("meta[name=citation_title]")["content"]
    assert pdf.metadata.author == ", ".join(f"{given} {family}" for given, family in PEOPLE)
    midnight = f"{FACTS['edition']:%Y%m%d}000000"
    assert midnight in pdf.metadata["/CreationDate"] and midnight in pdf.metadata["/ModDate"]


def test_pdf_numbers_its_pages_and_equations(pdf, article_page):
    texts = [" ".join(page.extract_text().split()) for page in pdf.pages]
    assert not [k for k, text in enumerate(texts, 1) if f"{k} / {len(texts)}" not in text]
    everything = "".join(texts)
    numbers = [link.get_text() for link in article_page.select(".equation-number")]
    assert numbers and not [number for number in numbers if number not in everything]


def test_pdf_is_printed_with_the_files_that_a_page_names_in_percent_code(tmp_path):
    (tmp_path / "a b.js").write_text("document.body.append('it came')")
    metas = '<meta name="author" content="A. One"><meta name="citation_title" content="X">'
    body = f'<title>x</title>{metas}<h1>x</h1><script src="a%20b.js"></script>'
    (tmp_path / "index.html").write_text(f"<!doctype html>{body}")
    with ThreadPoolExecutor(1) as apart:  # the tests' own browser holds this thread's loop
        printed, facts = apart.submit(print_page, tmp_path, "https://site.example/", chromium()).result()
    assert "it came" in pypdf.PdfReader(BytesIO(printed)).pages[0].extract_text()
    assert facts == {"title": "X", "authors": "A. One", "headings": ["x"]}


def outline(entries) -> list[str]:
    return [
        title for entry in entries for title in (outline(entry) if isinstance(entry, list) else [entry.title])
    ]


def test_pdf_outline_is_the_headings_of_the_article(pdf, article_page):
    content = copy.copy(article_page.main)
    for link in content.select(".headerlink"):
        link.decompose()
    headings = [" ".join(part.get_text().split()) for part in content.find_all(re.compile("^h[1-6]$"))]
    found = outline(pdf.outline)
    assert found == [heading for heading in headings if heading in found]
    assert headings[0] in found and "References" in found
    sections = [part.get_text(strip=True) for part in article_page.select("nav.contents li a")]
    assert not set(sections) - set(found)


def test_a_broken_line_in_the_outline_is_mended_and_a_foreign_title_stops_the_build():
    writer = pypdf.PdfWriter()
    writer.add_blank_page(72, 72)
    writer.add_outline_item(title="A title intwo lines", page_number=0)
    out = BytesIO()
    writer.write(out)
    mended = pypdf.PdfReader(
        BytesIO(completed(out.getvalue(), "T", "A. B", ["Before", "A title in two lines"]))
    )
    assert outline(mended.outline) == ["A title in two lines"]
    assert (mended.metadata.title, mended.metadata.author) == ("T", "A. B")
    with pytest.raises(PaperError, match="no heading of the page"):
        completed(out.getvalue(), "T", "A. B", ["Another"])
