"""The PDF: tagged, with outline, page numbers and equation numbers; its links lead to the site's address."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pypdf
import pytest

from publish.paper import NAME, write_paper


@pytest.fixture(scope="module")
def pdf(site_dir) -> pypdf.PdfReader:
    return pypdf.PdfReader(site_dir / NAME)


def addresses(pdf: pypdf.PdfReader) -> set[str]:
    notes = (note.get_object() for page in pdf.pages for note in page.get("/Annots", []))
    return {note["/A"]["/URI"] for note in notes if "/URI" in note.get("/A", {})}


def titles(entries) -> list[str]:
    return [
        title for entry in entries for title in (titles(entry) if isinstance(entry, list) else [entry.title])
    ]


def test_it_is_tagged_and_states_title_and_language(pdf, article):
    catalog = pdf.trailer["/Root"]
    assert catalog["/MarkInfo"]["/Marked"] and catalog["/StructTreeRoot"] and catalog["/Lang"] == "en"
    assert pdf.metadata.title == article.select_one("meta[name=citation_title]")["content"]


def test_it_numbers_its_pages_and_equations(pdf, article):
    texts = [" ".join(page.extract_text().split()) for page in pdf.pages]
    assert not [k for k, text in enumerate(texts, 1) if f"{k} / {len(texts)}" not in text]
    numbers = [link.get_text() for link in article.select(".equation-number")]
    assert numbers and not [number for number in numbers if number not in "".join(texts)]


def test_its_outline_is_the_headings_of_the_article(pdf, article):
    for link in article.select(".headerlink"):
        link.decompose()
    headings = [
        " ".join(part.get_text().split()) for part in article.article.find_all(re.compile("^h[1-3]$"))
    ]
    found = [" ".join(title.replace("\u200b", "").split()) for title in titles(pdf.outline)]
    assert found == headings


def test_its_links_lead_to_the_address_of_the_site_or_of_others(pdf):
    found = addresses(pdf)
    assert any(address.startswith("https://example.org/weight-decay/") for address in found)
    assert not [address for address in found if "127.0.0.1" in address or ".invalid" in address]


def test_without_an_address_no_link_leads_into_the_site(tmp_path):
    meta = '<meta name="citation_title" content="X">'
    body = '<p><a href="a/">in</a> <a href="https://x.example/">out</a></p><script src="a%20b.js"></script>'
    (tmp_path / "index.html").write_text(f"<!doctype html><title>x</title>{meta}<h1>x</h1>{body}")
    (tmp_path / "a b.js").write_text("document.body.append('it came')")
    with ThreadPoolExecutor(1) as apart:  # the tests' own browser holds this thread's loop
        apart.submit(write_paper, tmp_path, "").result()
    printed = pypdf.PdfReader(tmp_path / NAME)
    assert addresses(printed) == {"https://x.example/"} and printed.metadata.title == "X"
    assert "it came" in printed.pages[0].extract_text()
