"""Metadata: every place that states authors, titles, dates or addresses says what the one source says.

The source is `extra.article` of mkdocs.yml and the two entries of docs/references.bib that it names; the
places are read back from the built site.
"""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import xml.etree.ElementTree as ET
from datetime import date
from types import SimpleNamespace

import apart
import pytest
import yaml
from bs4 import BeautifulSoup
from mkdocs.exceptions import PluginError
from computed import ROOT
from pybtex.database import parse_string
from source import CONFIGURATION, FACTS, METHOD, METHOD_URL, PEOPLE, POST

from publish import article, card, citing
from publish.paper import NAME
from publish.serving import base_of
from publish.shots import file_of, pages_of

ATOM = "{http://www.w3.org/2005/Atom}"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def bare(text: str) -> str:
    return re.sub("[{}]", "", text)


@pytest.fixture(scope="module")
def soups(site_dir):
    """Return every page by its address below the site's."""
    texts = {name: file_of(site_dir, name).read_text(encoding="utf-8") for name in pages_of(site_dir)}
    return {name: BeautifulSoup(text, "lxml") for name, text in texts.items()}


@pytest.fixture(scope="module")
def listed(soups):
    """Return the pages that are meant to be found: all but that for missing addresses."""
    return {name: soup for name, soup in soups.items() if name != "404.html"}


@pytest.fixture(scope="module")
def base(site_dir):
    return base_of(site_dir)


def tags(soup: BeautifulSoup, key: str, prefix: str) -> list[tuple[str, str]]:
    return [
        (tag[key].removeprefix(prefix), tag["content"])
        for tag in soup.find_all("meta", {key: True})
        if tag[key].startswith(prefix)
    ]


def test_the_source_names_people_and_works():
    assert len(PEOPLE) == 3 and POST.persons["author"] == METHOD.persons["author"]
    assert isinstance(FACTS["published"], date) and isinstance(FACTS["edition"], date)
    assert f"{FACTS['published'].day} {FACTS['published']:%B %Y}" in POST.fields["howpublished"]


def test_scholar_tags(soups, site_dir, base):
    found = tags(soups[""], "name", "citation_")
    wanted = [("title", soups[""].h1.get_text(strip=True))]
    wanted += [("author", f"{family}, {given}") for given, family in PEOPLE]
    wanted += [
        ("publication_date", f"{FACTS['published']:%Y/%m/%d}"),
        ("online_date", f"{FACTS['edition']:%Y/%m/%d}"),
        ("language", "en"),
        ("fulltext_html_url", base),
    ]
    assert found == wanted + ([("pdf_url", base + NAME)] if (site_dir / NAME).exists() else [])
    others = [name for name, soup in soups.items() if name and tags(soup, "name", "citation_")]
    assert not others


def test_json_ld(soups, base):
    data = json.loads(soups[""].find("script", type="application/ld+json").string)
    people = [
        {"@type": "Person", "name": f"{given} {family}", "givenName": given, "familyName": family}
        for given, family in PEOPLE
    ]
    edition = FACTS["edition"]
    assert data == {
        "@context": "https://schema.org",
        "@type": "ScholarlyArticle",
        "headline": soups[""].h1.get_text(strip=True),
        "description": soups[""].find("meta", {"name": "description"})["content"],
        "url": base,
        "image": base + citing.CARD,
        "author": people,
        "datePublished": FACTS["published"].isoformat(),
        "dateModified": edition.isoformat(),
        "version": f"Extended edition, {edition.day} {edition:%B %Y}; not reviewed by the authors",
        "inLanguage": "en",
        "license": FACTS["license"]["url"],
        "isBasedOn": {
            "@type": "CreativeWork",
            "name": bare(POST.fields["title"]),
            "author": people,
            "datePublished": FACTS["published"].isoformat(),
        },
        "citation": {"@type": "ScholarlyArticle", "name": bare(METHOD.fields["title"]), "url": METHOD_URL},
    }


def test_title_block_and_licence_are_the_sources(soups):
    said = soups[""].select_one(".facts").get_text(" ", strip=True)
    assert ", ".join(f"{given} {family}" for given, family in PEOPLE) in said
    dates = [time["datetime"] for time in soups[""].select(".facts time")]
    assert dates == [FACTS["published"].isoformat(), FACTS["edition"].isoformat()]
    assert soups[""].find("meta", {"name": "author"})["content"] in said
    for name, soup in soups.items():
        (licence,) = soup.select("a[rel=license]")
        assert licence["href"] == FACTS["license"]["url"], name
        assert licence.get_text() == FACTS["license"]["name"], name


def test_open_graph_twitter_and_canonical_on_every_page(listed, site_dir, base):
    for name, soup in listed.items():
        graph = dict(tags(soup, "property", "og:"))
        assert soup.find("link", rel="canonical")["href"] == graph["url"] == base + name
        assert graph["type"] == ("website" if name else "article"), name
        assert graph["site_name"] == CONFIGURATION["site_name"], name
        assert soup.title.get_text().startswith(graph["title"]), name
        assert graph["description"] == soup.find("meta", {"name": "description"})["content"], name
        image = site_dir / graph["image"].removeprefix(base)
        size = image.read_bytes()[16:24]  # of a PNG: width and height
        assert (graph["image:width"], graph["image:height"]) == ("1200", "630"), name
        assert size == (1200).to_bytes(4, "big") + (630).to_bytes(4, "big"), name
        assert graph["image:alt"], name
        assert tags(soup, "name", "twitter:") == [("card", "summary_large_image")], name


def test_no_two_pages_share_a_title_or_a_description(listed):
    for what in ("title", "description"):
        said = [dict(tags(soup, "property", "og:"))[what] for soup in listed.values()]
        assert len(set(said)) == len(said), what


def test_the_title_of_a_notebook_is_its_heading(listed):
    """In full: a word in code type would be lost from the title, and from every link that uses it."""
    for name, soup in listed.items():
        if name.startswith("notebooks/"):
            heading = soup.find("h1").get_text().removesuffix("¶").strip()
            assert dict(tags(soup, "property", "og:"))["title"] == heading, name


def test_sitemap_lists_every_page_with_the_date_of_the_edition(site_dir, listed, base):
    text = (site_dir / "sitemap.xml").read_bytes()
    entries = ET.fromstring(text).findall(f"{SITEMAP}url")
    found = sorted(entry.findtext(f"{SITEMAP}loc") for entry in entries)
    assert found == sorted(base + name for name in listed)
    assert {entry.findtext(f"{SITEMAP}lastmod") for entry in entries} == {FACTS["edition"].isoformat()}
    assert gzip.decompress((site_dir / "sitemap.xml.gz").read_bytes()) == text


def test_feed_is_an_atom_feed_with_the_edition(site_dir, soups, base):
    feed = ET.parse(site_dir / "feed.xml").getroot()
    assert feed.tag == f"{ATOM}feed" and feed.findtext(f"{ATOM}id") == base
    assert feed.findtext(f"{ATOM}title") == CONFIGURATION["site_name"]
    names = [author.findtext(f"{ATOM}name") for author in feed.findall(f"{ATOM}author")]
    assert names == [f"{given} {family}" for given, family in PEOPLE]
    links = {link.get("rel", "alternate"): link.get("href") for link in feed.findall(f"{ATOM}link")}
    assert links == {"alternate": base, "self": base + "feed.xml"}
    (entry,) = feed.findall(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}published") == f"{FACTS['published']}T00:00:00Z"
    for element in (feed, entry):
        assert element.findtext(f"{ATOM}updated") == f"{FACTS['edition']}T00:00:00Z"
    assert entry.findtext(f"{ATOM}summary") == CONFIGURATION["site_description"]
    assert entry.find(f"{ATOM}link").get("href") == base and entry.findtext(f"{ATOM}id").startswith(base)
    for name, soup in soups.items():
        assert soup.find("link", type="application/atom+xml")["href"].endswith("feed.xml"), name


def test_bibtex_blocks_are_entries_of_the_source(soups, base):
    blocks = [block.get_text() for block in soups[""].select(".bibtex pre code")]
    post, method = (next(iter(parse_string(block, "bibtex").entries.items())) for block in blocks)
    edition = FACTS["edition"]
    wanted = {name: POST.fields[name] for name in ("title", "year", "howpublished")} | {"url": base}
    wanted["note"] = f"Extended edition of {edition.day} {edition:%B %Y}, not reviewed by the authors"
    assert post[0] == FACTS["post"] and dict(post[1].fields) == wanted
    wanted = {name: METHOD.fields[name] for name in ("title", "journal", "year", "issn", "eprint")}
    assert method[0] == FACTS["method"]
    assert dict(method[1].fields) == wanted | {"archiveprefix": "arXiv", "url": METHOD_URL}
    assert (post[1].type, method[1].type) == ("misc", "article")
    for entry in (post[1], method[1]):
        assert entry.persons == POST.persons


def test_citation_file_says_what_the_source_says():
    cff = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    method, (post,) = cff["preferred-citation"], cff["references"]
    for entry in (cff, method, post):
        assert [(one["given-names"], one["family-names"]) for one in entry["authors"]] == PEOPLE
    assert cff["title"] == CONFIGURATION["site_name"] and cff["date-released"] == FACTS["edition"]
    assert bare(POST.fields["title"]) in cff["abstract"]
    assert method["type"] == METHOD.type and method["url"] == METHOD_URL
    for field in ("title", "journal", "issn"):
        assert method[field] == METHOD.fields[field]
    assert str(method["year"]) == METHOD.fields["year"]
    assert method["identifiers"][0]["value"] == f"arXiv:{METHOD.fields['eprint']}"
    assert post["title"] == bare(POST.fields["title"]) and post["url"] == POST.fields["url"]
    assert post["date-published"] == FACTS["published"] and str(post["year"]) == POST.fields["year"]


def test_citation_file_is_valid():
    cffconvert = apart.installed("cffconvert", "2.0.0")
    ran = subprocess.run(
        [cffconvert, "--validate", "-i", ROOT / "CITATION.cff"], capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_cards_posterior_is_the_product_of_its_prior_and_likelihood(monkeypatch):
    """The marked maximum lies where prior times likelihood is largest on a grid."""
    import numpy as np
    from matplotlib.axes import Axes

    curves = []
    plot = Axes.plot
    monkeypatch.setattr(
        Axes, "plot", lambda self, *args, **style: curves.append(args) or plot(self, *args, **style)
    )
    card.draw_card("A title of its own", ["Some One"])
    (grid, prior), (_, likelihood), (_, posterior), _, (marked, *_) = (curve[:2] for curve in curves)
    product = prior * likelihood
    np.testing.assert_allclose(posterior / posterior.max(), product / product.max(), rtol=0, atol=1e-3)
    assert abs(marked[0] - grid[product.argmax()]) < 0.01


def configuration(facts: dict, docs=ROOT / "docs", **extra) -> SimpleNamespace:
    return SimpleNamespace(extra={"article": facts} | extra, docs_dir=str(docs))


def test_article_without_a_date_stops_the_build():
    with pytest.raises(PluginError, match=r"mkdocs\.yml: extra\.article lacks .*edition"):
        article.article_of(configuration({"post": "harvey2024bayesian"}))


def test_article_that_names_no_entry_stops_the_build():
    with pytest.raises(PluginError, match="extra.article.method is 'absent2024'"):
        article.article_of(configuration(FACTS | {"method": "absent2024"}))


def test_a_changed_edition_changes_the_date_of_the_next_build(monkeypatch):
    monkeypatch.setenv(article.EPOCH, "1")
    monkeypatch.setattr(article, "GIVEN", None)
    for day, seconds in ((date(2026, 11, 23), "1795392000"), (date(2026, 11, 24), "1795478400")):
        article.date_build(article.article_of(configuration(FACTS | {"edition": day})))
        assert article.os.environ[article.EPOCH] == seconds
    monkeypatch.setattr(article, "GIVEN", "7")
    article.date_build(article.article_of(configuration(FACTS)))
    assert article.os.environ[article.EPOCH] == "7"


def test_notebook_pages_link_to_a_notebook_service_that_is_given():
    page = SimpleNamespace(canonical_url="https://site.example/notebooks/x/")
    service = {"notebook_service": "https://run.example/?from={url}"}
    links = citing.notebook_links("x", page, SimpleNamespace(extra=service))
    assert links[-1]["href"] == "https://run.example/?from=https://site.example/notebooks/x/x.ipynb"
    assert len(citing.notebook_links("x", page, SimpleNamespace(extra={}))) == len(links) - 1
