"""Citing: what reference managers, search engines, feeds and social cards read.

In: the Article, the one source of authors, titles and dates. Out: Google
Scholar's tags, JSON-LD, BibTeX, a feed, the card's image, and the links of a
page to its notebooks.
"""

import json
import re
import xml.etree.ElementTree as ET
from datetime import date
from html import unescape
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig

from citations import plain
from publish import paper
from publish.article import Article, address_of, article_of, bibtex_of
from publish.card import draw_card

ATOM = "http://www.w3.org/2005/Atom"
CARD = "assets/card.png"


def day(value: date | str) -> str:
    """Return a date in words: 11 June 2024."""
    value = date.fromisoformat(str(value))
    return f"{value.day} {value:%B %Y}"


def page_context(page, config: MkDocsConfig, files) -> dict:
    """Return what the templates say about one page of all files that become pages."""
    titles = {Path(file.src_uri).stem: file.page.title for file in files if file.src_uri.endswith(".ipynb")}
    context = {"page_links": page_links(page, config, titles), "about_page": about_notebook(page)}
    if page.is_homepage:
        article = article_of(config)
        context |= {
            "scholar": scholar(page, article),
            "json_ld": json_ld(page, article, config.site_url),
            "bibtex": bibtex(page, article),
        }
    return context


def about_notebook(page) -> str:
    """Return the description of a notebook page, which has no front matter."""
    return f"The executed notebook of “{page.title}”: every cell with what it printed and drew."


def plain_title(page) -> str:
    """Return the title that stands on the page, without markup."""
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", page.content or "", re.DOTALL)
    return unescape(re.sub(r"<[^>]*>", "", heading[1])).strip() if heading else page.title


def scholar(page, article: Article) -> list[tuple[str, str]]:
    """Return Google Scholar's tags, one author each."""
    tags = [("citation_title", plain_title(page))]
    tags += [("citation_author", f"{author.family}, {author.given}") for author in article.authors]
    tags += [
        ("citation_publication_date", f"{article.published:%Y/%m/%d}"),
        ("citation_online_date", f"{article.edition:%Y/%m/%d}"),
        ("citation_language", "en"),
        ("citation_fulltext_html_url", page.canonical_url),
    ]
    if paper.chromium():
        tags.append(("citation_pdf_url", page.canonical_url + paper.NAME))
    return tags


def json_ld(page, article: Article, site_url: str) -> str:
    """Return the page as schema.org's ScholarlyArticle; it builds on the post of 2024."""
    people = [
        {"@type": "Person", "name": one.name, "givenName": one.given, "familyName": one.family}
        for one in article.authors
    ]
    data = {
        "@context": "https://schema.org",
        "@type": "ScholarlyArticle",
        "headline": plain_title(page),
        "description": page.meta.get("description"),
        "url": page.canonical_url,
        "image": site_url + CARD,
        "author": people,
        "datePublished": str(article.published),
        "dateModified": str(article.edition),
        "version": f"Extended edition, {day(article.edition)}; not reviewed by the authors",
        "inLanguage": "en",
        "license": article.license["url"],
        "isBasedOn": {
            "@type": "CreativeWork",
            "name": article.original_title,
            "author": people,
            "datePublished": str(article.published),
        },
        "citation": {
            "@type": "ScholarlyArticle",
            "name": plain(article.method.fields["title"]),
            "url": address_of(article.method),
        },
    }
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def bibtex(page, article: Article) -> list[dict[str, str]]:
    """Return two entries: this page, and the paper that holds the method."""
    note = f"Extended edition of {day(article.edition)}, not reviewed by the authors"
    post = bibtex_of(article.post.key, article.post, note=note, url=page.canonical_url or "")
    method = bibtex_of(article.method.key, article.method, url=address_of(article.method))
    return [
        {"key": "post", "name": "the post, in this edition", "text": post},
        {"key": "paper", "name": "the TMLR paper", "text": method},
    ]


def page_links(page, config: MkDocsConfig, titles: dict[str, str]) -> list[dict]:
    """Return links to the page's notebooks; on a notebook page, to what can be taken away."""
    source = page.file.src_uri
    if source.endswith(".ipynb"):
        return notebook_links(Path(source).stem, page, config)
    names = list(dict.fromkeys(re.findall(r'data-source="snippets/(\w+)\.py', page.content or "")))
    up = "../" * page.url.count("/")
    alone = len(names) == 1
    return [
        {"href": f"{up}notebooks/{name}/", "text": "Notebook" if alone else titles[name]} for name in names
    ]


def notebook_links(name: str, page, config: MkDocsConfig) -> list[dict]:
    """Return the downloads, and the notebook service if mkdocs.yml names one."""
    links = [
        {"href": f"{name}.ipynb", "text": "Download notebook", "download": True},
        {"href": f"{name}.py", "text": "Download script", "download": True},
    ]
    if service := config.extra.get("notebook_service"):
        address = f"{page.canonical_url}{name}.ipynb"
        links.append({"href": service.format(url=address, name=name), "text": "Run it in a notebook service"})
    return links


def write_feed(site: Path, config: MkDocsConfig) -> None:
    """Write an Atom feed with one entry, the edition of the article."""
    article, address = article_of(config), config.site_url
    updated = f"{article.edition}T00:00:00Z"
    feed = ET.Element("feed", xmlns=ATOM)
    add(feed, "title", config.site_name)
    add(feed, "id", address)
    add(feed, "updated", updated)
    for author in article.authors:
        add(add(feed, "author"), "name", author.name)
    add(feed, "link", href=address)
    add(feed, "link", rel="self", href=f"{address}feed.xml")
    add(feed, "rights", article.license["url"])
    entry = add(feed, "entry")
    add(entry, "title", f"{config.site_name}, extended edition")
    add(entry, "id", f"{address}#{article.edition}")
    add(entry, "link", href=address)
    add(entry, "updated", updated)
    add(entry, "published", f"{article.published}T00:00:00Z")
    add(entry, "summary", config.site_description or "")
    (site / "feed.xml").write_bytes(ET.tostring(feed, encoding="utf-8", xml_declaration=True) + b"\n")


def add(parent: ET.Element, name: str, text: str | None = None, **attributes: str) -> ET.Element:
    """Add an element to another and return it."""
    element = ET.SubElement(parent, name, attributes)
    element.text = text
    return element


def write_card(site: Path, config: MkDocsConfig) -> None:
    """Draw the image that stands beside a shared link."""
    authors = [author.name for author in article_of(config).authors]
    (site / CARD).write_bytes(draw_card(config.site_name, authors))
