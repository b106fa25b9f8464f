"""Metadata: what reference managers, search engines and cards read, and the BibTeX that readers copy."""

import json
from datetime import date
from html import escape

from lxml.html import builder
from pybtex.database import BibliographyData, Entry

from publish.bibliography import addresses, given, plain, surname
from publish.facts import Facts
from publish.page import Page
from publish.paper import NAME

OURS = ("openreview", "confirmed")  # fields that only this project reads
CARD = "assets/card.png"  # 1200 by 630 points, drawn once


def finish_metadata(page: Page, facts: Facts, paper: bool) -> None:
    """Describe a page in its head, on the front page the article; write BibTeX where a page asks for it."""
    head, home = page.tree.head, page.name == "index.html"
    if not facts.url:  # nobody else could open it
        for link in page.tree.xpath("//link[@rel='canonical']"):
            link.drop_tree()
    elif page.name != "404.html":
        graph = {
            "type": "article" if home else "website",
            "site_name": facts.name,
            "title": facts.name if home else page.title,
            "description": page.description,
            "url": facts.url + page.address,
            "image": facts.url + CARD,
            "image:alt": f"{facts.name}: prior and likelihood, and the posterior, its highest point marked",
        }
        head.extend(builder.META(property=f"og:{key}", content=content) for key, content in graph.items())
        head.append(builder.META(name="twitter:card", content="summary_large_image"))
    if home:
        head.extend(builder.META(name=key, content=text) for key, text in scholar(page, facts, paper))
        data = json.dumps(json_ld(page, facts), ensure_ascii=False).replace("<", "\\u003c")
        head.append(builder.SCRIPT(page.carry(data), type="application/ld+json"))
    for element in page.tree.xpath("//*[@data-bibtex]"):
        which = element.get("data-bibtex")
        element.attrib.update({"class": "cell", "id": f"bibtex-{which}"})
        label = {"tabindex": "0", "role": "group", "aria-label": f"BibTeX of the {which}"}
        code = builder.PRE(label, page.carry(f"<code>{escape(bibtex(which, facts), quote=False)}</code>"))
        name = builder.SPAN({"class": "cell-name"}, f"BibTeX of the {which}")
        element.extend([builder.DIV({"class": "cell-head"}, name), builder.DIV({"class": "highlight"}, code)])


def scholar(page: Page, facts: Facts, paper: bool) -> list[tuple[str, str]]:
    """Return the author, and Google Scholar's tags, one author each."""
    people = facts.post.persons["author"]
    tags = [("author", ", ".join(f"{given(one)} {surname(one)}" for one in people))]
    tags += [("citation_title", page.title)]
    tags += [("citation_author", f"{surname(one)}, {given(one)}") for one in people]
    tags += [("citation_publication_date", f"{facts.published:%Y/%m/%d}")]
    tags += [("citation_online_date", f"{facts.edition:%Y/%m/%d}"), ("citation_language", "en")]
    tags += [("citation_fulltext_html_url", facts.url)] * bool(facts.url)
    return tags + [("citation_pdf_url", facts.url + NAME)] * bool(facts.url and paper)


def json_ld(page: Page, facts: Facts) -> dict:
    """Return the page as schema.org's ScholarlyArticle; it builds on the post of 2024."""
    authors = facts.post.persons["author"]
    people = [{"@type": "Person", "name": f"{given(one)} {surname(one)}"} for one in authors]
    work = {"author": people, "datePublished": str(facts.published)}
    return {
        "@context": "https://schema.org",
        "@type": "ScholarlyArticle",
        "headline": page.title,
        "description": page.description,
        **({"url": facts.url, "image": facts.url + CARD} if facts.url else {}),
        **work,
        "dateModified": str(facts.edition),
        "version": f"Extended edition, {day(facts.edition)}; not reviewed by the authors",
        "inLanguage": "en",
        "license": facts.license,
        "isBasedOn": {"@type": "CreativeWork", "name": plain(facts.post.fields["title"]), **work},
    }


def bibtex(which: str, facts: Facts) -> str:
    """Return the post in this edition, or the paper that holds the method, as BibTeX."""
    entry = {"post": facts.post, "paper": facts.method}[which]
    fields = {key: text for key, text in entry.fields.items() if key.lower() not in OURS}
    if which == "post":
        fields["note"] = f"Extended edition of {day(facts.edition)}, not reviewed by the authors"
        fields["url"] = facts.url or fields["url"]
    else:
        fields["url"] = addresses(entry)[0][0]
    shown = Entry(entry.type, fields=fields, persons=entry.persons)
    return BibliographyData({entry.key: shown}).to_string("bibtex").strip()


def day(value: date) -> str:
    """Return a date in words: 11 June 2024."""
    return f"{value.day} {value:%B %Y}"
