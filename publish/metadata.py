"""Metadata: what reference managers, search engines and cards read, and the BibTeX that readers copy."""

import json

from lxml.html import builder
from pybtex.database import BibliographyData, Entry, Person

from publish.bibliography import ROADS, plain, surname
from publish.facts import Facts, day
from publish.page import Page
from publish.paper import NAME

CARD = "assets/card.png"
CARD_SAYS = "likelihood times prior gives the posterior, its highest point is the MAP estimate"
OURS = ("openreview", "confirmed")  # fields that only this project reads


def finish_metadata(page: Page, facts: Facts, paper: bool) -> None:
    """Describe a page in its head; on the front page also the article, and how to cite it.

    Args:
        paper: is there a PDF of it?
    """
    home = page.name == "index.html"
    if facts.url and page.name != "404.html":
        graph = {
            "type": "article" if home else "website",
            "site_name": facts.name,
            "title": facts.name if home else page.title,
            "description": page.description,
            "url": facts.url + page.address,
            "image": facts.url + CARD,
            "image:width": "1200",
            "image:height": "630",
            "image:alt": f"{facts.name}: {CARD_SAYS}",
        }
        for key, content in graph.items():
            page.tree.head.append(builder.META(property=f"og:{key}", content=content))
        page.tree.head.append(builder.META(name="twitter:card", content="summary_large_image"))
    if not facts.url:
        for link in page.tree.xpath("//head/link[@rel='canonical']"):
            link.drop_tree()
    if home:
        tags = [("author", ", ".join(map(name_of, facts.post.persons["author"]))), *scholar(page, facts, paper)]
        for key, content in tags:
            page.tree.head.append(builder.META(name=key, content=content))
        text = json.dumps(json_ld(page, facts), ensure_ascii=False, separators=(",", ":"))
        script = builder.SCRIPT(page.carry(text.replace("<", "\\u003c")), type="application/ld+json")
        page.tree.head.append(script)
    for element in page.tree.xpath("//*[@data-bibtex]"):
        which = element.attrib.pop("data-bibtex")
        label = {"tabindex": "0", "role": "group", "aria-label": f"BibTeX of the {which}"}
        code = builder.PRE(label, page.carry(f"<code>{bibtex(which, facts)}</code>"))
        element.attrib.update({"class": "cell", "id": f"bibtex-{which}"})
        name = builder.SPAN({"class": "cell-name"}, f"BibTeX of the {which}")
        element.extend([builder.DIV({"class": "cell-head"}, name), builder.DIV({"class": "highlight"}, code)])


def name_of(person: Person) -> str:
    """Return a person's whole name, first names first."""
    return f"{given(person)} {surname(person)}"


def given(person: Person) -> str:
    return plain(" ".join(person.first_names + person.middle_names))


def scholar(page: Page, facts: Facts, paper: bool) -> list[tuple[str, str]]:
    """Return Google Scholar's tags, one author each."""
    people = [f"{surname(person)}, {given(person)}" for person in facts.post.persons["author"]]
    tags = [("title", page.title), *(("author", person) for person in people)]
    tags += [
        ("publication_date", f"{facts.published:%Y/%m/%d}"),
        ("online_date", f"{facts.edition:%Y/%m/%d}"),
        ("language", "en"),
    ]
    if facts.url:
        tags += [("fulltext_html_url", facts.url)] + [("pdf_url", facts.url + NAME)] * paper
    return [(f"citation_{key}", content) for key, content in tags]


def json_ld(page: Page, facts: Facts) -> dict:
    """Return the page as schema.org's ScholarlyArticle; it builds on the post of 2024."""
    people = [
        {"@type": "Person", "name": name_of(one), "givenName": given(one), "familyName": surname(one)}
        for one in facts.post.persons["author"]
    ]
    method = {"name": plain(facts.method.fields["title"]), "url": address_of(facts.method)}
    return {
        "@context": "https://schema.org",
        "@type": "ScholarlyArticle",
        "headline": page.title,
        "description": page.description,
        **({"url": facts.url, "image": facts.url + CARD} if facts.url else {}),
        "author": people,
        "datePublished": str(facts.published),
        "dateModified": str(facts.edition),
        "version": f"Extended edition, {day(facts.edition)}; not reviewed by the authors",
        "inLanguage": "en",
        "license": facts.license["url"],
        "isBasedOn": {
            "@type": "CreativeWork",
            "name": plain(facts.post.fields["title"]),
            "author": people,
            "datePublished": str(facts.published),
        },
        "citation": {"@type": "ScholarlyArticle", **method},
    }


def address_of(entry: Entry) -> str:
    """Return where a work is read: the first of its DOI, its OpenReview page, arXiv, its address."""
    return next((road.format(entry.fields[key]) for key, (road, _) in ROADS.items() if key in entry.fields), "")


def bibtex(which: str, facts: Facts) -> str:
    """Return the post in this edition, or the paper that holds the method, as BibTeX."""
    entry = {"post": facts.post, "paper": facts.method}[which]
    fields = {key: value for key, value in entry.fields.items() if key.lower() not in OURS}
    if which == "post":
        fields["note"] = f"Extended edition of {day(facts.edition)}, not reviewed by the authors"
    if address := address_of(entry) if which == "paper" else facts.url:
        fields["url"] = address
    if "eprint" in fields:
        fields["archiveprefix"] = "arXiv"
    shown = Entry(entry.type, fields=fields, persons=entry.persons)
    text = BibliographyData({entry.key: shown}).to_string("bibtex").strip()
    return text.replace("&", "&amp;").replace("<", "&lt;")
