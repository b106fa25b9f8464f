"""Every place that states authors, titles, dates or addresses says what the one source says.

The source is `extra.article` of mkdocs.yml and the two entries of docs/references.bib that it names, read
here without the publisher's code; the places are read back from the built site.
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET

import pytest
import yaml
from bs4 import BeautifulSoup
from pybtex.database import parse_string
from source import CONFIGURATION, FACTS, METHOD, METHOD_URL, PEOPLE, POST, ROOT
from visits import pages_of

from publish import PublishError
from publish.facts import facts_of
from publish.metadata import bibtex, finish_metadata
from publish.paper import NAME

BASE = "https://example.org/weight-decay/"  # for which the tests build
EDITION = FACTS["edition"]
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def bare(text: str) -> str:
    return re.sub("[{}]", "", text)


def tags(soup: BeautifulSoup, key: str, prefix: str) -> list[tuple[str, str]]:
    found = [tag for tag in soup.find_all("meta", {key: True}) if tag[key].startswith(prefix)]
    return [(tag[key].removeprefix(prefix), tag["content"]) for tag in found]


@pytest.fixture(scope="module")
def pages(site_dir) -> dict[str, BeautifulSoup]:
    """Every page that is meant to be found, by its address below the site's."""
    names = [name for name in pages_of(site_dir) if name != "404.html"]
    return {name: BeautifulSoup((site_dir / name / "index.html").read_text(), "lxml") for name in names}


def test_scholar_finds_the_article_and_its_pdf_and_on_no_other_page(pages, site_dir):
    wanted = [("title", pages[""].h1.get_text(strip=True))]
    wanted += [("author", f"{family}, {given}") for given, family in PEOPLE]
    wanted += [
        ("publication_date", f"{FACTS['published']:%Y/%m/%d}"),
        ("online_date", f"{EDITION:%Y/%m/%d}"),
        ("language", "en"),
        ("fulltext_html_url", BASE),
        ("pdf_url", BASE + NAME),
    ]
    assert tags(pages[""], "name", "citation_") == wanted and (site_dir / NAME).exists()
    assert not [name for name, soup in pages.items() if name and tags(soup, "name", "citation_")]


def test_json_ld_is_a_scholarly_article_based_on_the_post(pages):
    data = json.loads(pages[""].find("script", type="application/ld+json").string)
    assert data["@type"] == "ScholarlyArticle" and data["url"] == BASE and "not reviewed" in data["version"]
    assert data["headline"] == pages[""].h1.get_text(strip=True)
    assert data["isBasedOn"]["name"] == bare(POST.fields["title"])
    for work in (data, data["isBasedOn"]):
        assert [one["name"] for one in work["author"]] == [f"{given} {family}" for given, family in PEOPLE]


def test_every_page_has_a_card_an_address_a_title_and_a_description_of_its_own(pages, site_dir):
    graphs = {name: dict(tags(soup, "property", "og:")) for name, soup in pages.items()}
    for name, graph in graphs.items():
        soup = pages[name]
        assert soup.find("link", rel="canonical")["href"] == graph["url"] == BASE + name
        assert graph["type"] == ("website" if name else "article"), name
        assert graph["description"] == soup.find("meta", {"name": "description"})["content"], name
        assert (site_dir / graph["image"].removeprefix(BASE)).read_bytes()[1:4] == b"PNG", name
        assert tags(soup, "name", "twitter:") == [("card", "summary_large_image")], name
        assert graph["image:alt"], name
    for what in ("title", "description"):
        said = [graph[what] for graph in graphs.values()]
        assert sorted(said) == sorted(set(said)), what


def test_sitemap_lists_every_page_with_the_date_of_the_edition(site_dir, pages):
    entries = ET.parse(site_dir / "sitemap.xml").findall(f"{SITEMAP}url")
    listed = [entry.findtext(f"{SITEMAP}loc") for entry in entries]
    assert sorted(listed) == sorted(BASE + name for name in pages)
    assert {entry.findtext(f"{SITEMAP}lastmod") for entry in entries} == {str(EDITION)}


def test_bibtex_to_copy_is_the_post_in_this_edition_and_the_paper(pages):
    blocks = [block.get_text() for block in pages[""].select("[data-bibtex] pre code")]
    post, method = (next(iter(parse_string(block, "bibtex").entries.items())) for block in blocks)
    wanted = {name: POST.fields[name] for name in ("title", "year", "howpublished")} | {"url": BASE}
    wanted["note"] = f"Extended edition of {EDITION.day} {EDITION:%B %Y}, not reviewed by the authors"
    assert post[0] == FACTS["post"] and dict(post[1].fields) == wanted
    wanted = {name: METHOD.fields[name] for name in ("title", "journal", "year", "issn", "eprint")}
    assert method[0] == FACTS["method"] and dict(method[1].fields) == wanted | {"url": METHOD_URL}
    assert post[1].persons == method[1].persons == POST.persons


def test_citation_file_says_what_the_source_says():
    cff = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    method, (post,) = cff["preferred-citation"], cff["references"]
    for entry in (cff, method, post):
        assert [(one["given-names"], one["family-names"]) for one in entry["authors"]] == PEOPLE
    assert cff["title"] == CONFIGURATION["site_name"] and cff["date-released"] == EDITION
    assert method["type"] == METHOD.type and method["url"] == METHOD_URL
    for field in ("title", "journal", "issn", "year"):
        assert str(method[field]) == METHOD.fields[field]
    assert post["title"] == bare(POST.fields["title"]) and post["url"] == POST.fields["url"]
    assert post["date-published"] == FACTS["published"] and str(post["year"]) == POST.fields["year"]


@pytest.mark.parametrize("changed", [{"method": "absent2024"}, {"license": {}}])
def test_what_the_source_lacks_stops_the_build(changed):
    with pytest.raises(PublishError, match="extra.article: no '(absent2024|url)'"):
        facts_of(CONFIGURATION | {"extra": {"article": FACTS | changed}}, ROOT / "docs")


@pytest.mark.parametrize("address", ["http://127.0.0.1:8000/", "", None])
def test_a_site_that_nobody_else_can_open_states_no_address(page_of, address):
    here = facts_of(CONFIGURATION | {"site_url": address}, ROOT / "docs")
    page = page_of("<h1>A</h1>")
    finish_metadata(page, here, paper=True)
    assert not re.search(r"127\.0\.0\.1|og:url|pdf_url", page.html())
    assert bibtex("post", here).count("url") == 1
