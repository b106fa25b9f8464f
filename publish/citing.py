"""Citing: what reference managers, search engines, feeds and social cards read.

In: the Article, the one source of authors, titles and dates. Out: Google
Scholar's tags, JSON-LD, BibTeX, a feed, the card's image, and the links of a
page to its notebooks.
"""

import json
import re
from datetime import date
from html import escape, unescape
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig

from publish import paper
from publish.article import Article, address_of, article_of, bibtex_of
from publish.bibliography import plain
from publish.card import draw_card

CARD = "assets/card.png"


def day(value: date | str) -> str:
    """Return a date in words: 11 June 2024."""
    value = date.fromisoformat(str(value))
    return f"{value.day} {value:%B %Y}"


def stated(page_html: str, page, config: MkDocsConfig, files) -> str:
    """Return a page with what others read of it: tags in its head, its notebooks, how to cite it."""
    titles = {Path(file.src_uri).stem: file.page.title for file in files if file.src_uri.endswith(".ipynb")}
    links = [
        f'<li><a href="{link["href"]}"{" download" * link.get("download", False)}>{link["text"]}</a></li>'
        for link in page_links(page, config, titles)
    ]
    head = "".join(f'<meta property="{name}" content="{escape(text)}">' for name, text in shared(page, config))
    if page.is_homepage:
        article = article_of(config)
        authors = ", ".join(author.name for author in article.authors)
        head += f'<meta name="author" content="{authors}">'
        head += "".join(
            f'<meta name="{name}" content="{escape(text)}">' for name, text in scholar(page, article)
        )
        head += f'<script type="application/ld+json">{json_ld(page, article, config.site_url)}</script>'
        links += [f'<li><a href="{paper.NAME}">PDF</a></li>'] if paper.chromium() else []
        cited = "".join(map(entry_shown, bibtex(page, article)))
        page_html = page_html.replace("</article>", f'<h2 id="cite">How to cite</h2>{cited}</article>')
    if links:
        actions = f'<ul class="actions" aria-label="This page in other forms">{"".join(links)}</ul>'
        page_html = page_html.replace("</h1>", f"</h1>{actions}", 1)
    return page_html.replace("</head>", f"{head}</head>", 1)


def shared(page, config: MkDocsConfig) -> list[tuple[str, str]]:
    """Return what is shown where a page's address is shared."""
    title = config.site_name if page.is_homepage else plain_title(page)
    about = page.meta.get("description") or f"The executed notebook of “{page.title}”."
    return [
        ("og:type", "article" if page.is_homepage else "website"),
        ("og:site_name", config.site_name),
        ("og:title", title),
        ("og:description", about),
        ("og:url", page.canonical_url),
        ("og:image", config.site_url + CARD),
    ]


def entry_shown(entry: dict[str, str]) -> str:
    """Return one BibTeX entry as a block of code."""
    return (
        f'<div class="cell" id="bibtex-{entry["key"]}"><div class="cell-head">{entry["name"]}</div>'
        f'<div class="highlight"><pre><code>{escape(entry["text"])}</code></pre></div></div>'
    )


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


def write_card(site: Path, config: MkDocsConfig) -> None:
    """Draw the image that stands beside a shared link."""
    authors = [author.name for author in article_of(config).authors]
    (site / CARD).write_bytes(draw_card(config.site_name, authors))
