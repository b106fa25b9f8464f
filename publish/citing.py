"""Citing: what reference managers, search engines, feeds and social cards read.

In: `extra.article` of mkdocs.yml, the one source of authors, titles, dates and
address. Out: Google Scholar's tags, JSON-LD, BibTeX, a feed, the card's image,
and the links of a page to its notebooks.
"""

import json
import re
from datetime import date
from html import escape, unescape
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError

from publish import paper

CARD = "assets/card.png"
NEEDED = ("authors", "published", "edition", "original_title", "license", "method")
METHOD = ("key", "title", "journal", "year", "url")


def check_article(extra: dict) -> None:
    """Stop the build if the one source lacks something that the pages say."""
    article = extra.get("article", {})
    missing = [key for key in NEEDED if key not in article]
    missing += [f"method.{key}" for key in METHOD if key not in article.get("method", {})]
    if missing:
        raise PluginError(f"mkdocs.yml: extra.article lacks {', '.join(missing)}")


def day(value: date | str) -> str:
    """Return a date in words: 11 June 2024."""
    value = date.fromisoformat(str(value))
    return f"{value.day} {value:%B %Y}"


def page_context(page, config: MkDocsConfig) -> dict:
    """Return what the templates say about one page."""
    context = {"page_links": page_links(page, config), "about_page": about_notebook(page)}
    if page.is_homepage:
        context |= {
            "scholar": scholar(page, config),
            "json_ld": json_ld(page, config),
            "bibtex": bibtex(page, config),
        }
    return context


def about_notebook(page) -> str:
    """Return the description of a notebook page, which has no front matter."""
    return f"The executed notebook of “{page.title}”: every cell with what it printed and drew."


def plain_title(page) -> str:
    """Return the title that stands on the page, without markup."""
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", page.content or "", re.DOTALL)
    return unescape(re.sub(r"<[^>]*>", "", heading[1])).strip() if heading else page.title


def scholar(page, config: MkDocsConfig) -> list[tuple[str, str]]:
    """Return Google Scholar's tags, one author each."""
    article = config.extra["article"]
    tags = [("citation_title", plain_title(page))]
    tags += [("citation_author", f"{author['family']}, {author['given']}") for author in article["authors"]]
    tags += [
        ("citation_publication_date", f"{article['published']:%Y/%m/%d}"),
        ("citation_online_date", f"{article['edition']:%Y/%m/%d}"),
        ("citation_language", "en"),
        ("citation_fulltext_html_url", page.canonical_url),
    ]
    if paper.chromium():
        tags.append(("citation_pdf_url", page.canonical_url + paper.NAME))
    return tags


def json_ld(page, config: MkDocsConfig) -> str:
    """Return the page as schema.org's ScholarlyArticle; it builds on the post of 2024."""
    article = config.extra["article"]
    people = [
        {
            "@type": "Person",
            "name": author["name"],
            "givenName": author["given"],
            "familyName": author["family"],
        }
        for author in article["authors"]
    ]
    data = {
        "@context": "https://schema.org",
        "@type": "ScholarlyArticle",
        "headline": plain_title(page),
        "description": page.meta.get("description"),
        "url": page.canonical_url,
        "image": (config.site_url or "") + CARD,
        "author": people,
        "datePublished": str(article["published"]),
        "dateModified": str(article["edition"]),
        "version": f"Extended edition, {day(article['edition'])}; not reviewed by the authors",
        "inLanguage": "en",
        "license": article["license"],
        "isBasedOn": {
            "@type": "CreativeWork",
            "name": article["original_title"],
            "author": people,
            "datePublished": str(article["published"]),
        },
        "citation": {
            "@type": "ScholarlyArticle",
            "name": article["method"]["title"],
            "url": article["method"]["url"],
        },
    }
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def bibtex(page, config: MkDocsConfig) -> list[dict[str, str]]:
    """Return two entries: this page, and the paper that holds the method."""
    article, method = config.extra["article"], config.extra["article"]["method"]
    names = " and ".join(f"{author['family']}, {author['given']}" for author in article["authors"])
    post = {
        "author": names,
        "title": article["original_title"],
        "year": str(article["published"].year),
        "month": f"{article['published']:%b}".lower(),
        "note": f"Extended edition of {day(article['edition'])}, not reviewed by the authors",
        "url": page.canonical_url or "",
    }
    published = {
        "author": names,
        "title": method["title"],
        "journal": method["journal"],
        "year": str(method["year"]),
        "url": method["url"],
    }
    return [
        {"key": "post", "name": "this page", "text": bibtex_entry("misc", "harvey2024bayesian", post)},
        {"key": "paper", "name": "the TMLR paper", "text": bibtex_entry("article", method["key"], published)},
    ]


def bibtex_entry(kind: str, key: str, fields: dict[str, str]) -> str:
    """Return one BibTeX entry, its fields aligned."""
    width = max(map(len, fields))
    bare = {"month"}
    lines = [
        f"  {name:<{width}} = {value if name in bare else '{' + value + '}'},"
        for name, value in fields.items()
        if value
    ]
    return "\n".join([f"@{kind}{{{key},", *lines, "}"])


def page_links(page, config: MkDocsConfig) -> list[dict]:
    """Return links to the page's notebooks; on a notebook page, to what can be taken away."""
    source = page.file.src_uri
    if source.endswith(".ipynb"):
        return notebook_links(Path(source).stem, page, config)
    names = list(dict.fromkeys(re.findall(r'data-source="snippets/(\w+)\.py', page.content or "")))
    up = "../" * page.url.count("/")
    words = {1: "Notebook", 2: "Notebook: {}"}.get(len(names), "{}")
    return [
        {"href": f"{up}notebooks/{name}/", "text": words.format(name.replace("_", " "))} for name in names
    ]


def notebook_links(name: str, page, config: MkDocsConfig) -> list[dict]:
    """Return the downloads, and the notebook service if mkdocs.yml names one."""
    links = [
        {"href": f"{name}.ipynb", "text": "Download notebook", "download": True},
        {"href": f"{name}.py", "text": "Download script", "download": True},
    ]
    service = config.extra.get("notebook_service")
    if config.extra.get("repository") and service:
        address = f"{page.canonical_url}{name}.ipynb"
        links.append({"href": service.format(url=address, name=name), "text": "Run it in a notebook service"})
    return links


def write_feed(site: Path, config: MkDocsConfig) -> None:
    """Write an Atom feed with one entry, the edition of the article."""
    article, address = config.extra["article"], config.site_url or ""
    updated = f"{article['edition']}T00:00:00Z"
    authors = "".join(
        f"<author><name>{escape(author['name'])}</name></author>" for author in article["authors"]
    )
    title, about = escape(config.site_name), escape(config.site_description or "")
    feed = (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<feed xmlns="http://www.w3.org/2005/Atom">'
        f"<title>{title}</title><id>{address}</id><updated>{updated}</updated>{authors}"
        f'<link href="{address}"/><link rel="self" href="{address}feed.xml"/>'
        f"<entry><title>{title}, extended edition</title><id>{address}#{article['edition']}</id>"
        f'<link href="{address}"/><updated>{updated}</updated>'
        f"<published>{article['published']}T00:00:00Z</published>"
        f"<summary>{about}</summary></entry></feed>\n"
    )
    (site / "feed.xml").write_text(feed, encoding="utf-8")


def write_card(site: Path, config: MkDocsConfig) -> None:
    """Draw the image that stands beside a shared link."""
    from publish.card import draw_card

    (site / CARD).write_bytes(
        draw_card(config.site_name, [a["name"] for a in config.extra["article"]["authors"]])
    )
