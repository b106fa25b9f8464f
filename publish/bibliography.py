"""Bibliography: one BibTeX file, read into entries, and each entry written as people cite and list it."""

import re
from functools import lru_cache
from pathlib import Path
from string import ascii_lowercase
from xml.etree.ElementTree import Element, SubElement

from markdown.util import AtomicString
from pybtex.database import Entry, Person, parse_file
from pybtex.exceptions import PybtexError

from publish import PublishError

ROADS = {  # field: address, label
    "doi": ("https://doi.org/{}", "doi:{}"),
    "openreview": ("https://openreview.net/forum?id={}", "OpenReview {}"),
    "eprint": ("https://arxiv.org/abs/{}", "arXiv:{}"),
    "url": ("{}", ""),
}
NEEDED = [("author",), ("title",), ("year",), ("journal", "booktitle", "howpublished")]
Entries = dict[str, Entry]


def entries(bib: Path) -> Entries:
    """Return the entries of a BibTeX file by key; raise PublishError for what cannot be listed."""
    try:
        return parse(bib, bib.stat().st_mtime_ns)
    except (OSError, PybtexError) as error:
        raise PublishError(f"{bib}: {error}\n    rule: one valid BibTeX file, every key once") from None


@lru_cache
def parse(bib: Path, changed: int) -> Entries:
    """Return the entries of a BibTeX file as it was at a time of its last change."""
    known = dict(parse_file(str(bib), bib_format="bibtex").entries)
    for key, entry in known.items():
        for names in NEEDED:
            if not {*entry.fields, *entry.persons}.intersection(names):
                rule = "an entry has authors, title, year, venue"
                raise PublishError(f"{bib.name}: '{key}' has no {' or '.join(names)}\n    rule: {rule}")
    return known


def plain(text: str) -> str:
    """Return a BibTeX field as text: no braces, an en dash for two hyphens, a typographic apostrophe."""
    return re.sub(r"[{}]", "", text).replace("--", "–").replace("'", "’")


def surname(person: Person) -> str:
    """Return a person's last names, with what precedes them."""
    return plain(" ".join(person.prelast_names + person.last_names))


def given(person: Person) -> str:
    """Return a person's first names."""
    return plain(" ".join(person.first_names + person.middle_names))


def authors_year(key: str, known: Entries) -> tuple[str, str]:
    """Return ("Harvey et al.", "2024"); 2024a, 2024b where two entries would read alike."""

    def short(key: str) -> tuple[str, str]:
        names = [surname(person) for person in known[key].persons["author"]]
        return names[0] + " et al." if len(names) > 2 else " and ".join(names), known[key].fields["year"]

    alike = [other for other in sorted(known) if short(other) == short(key)]
    authors, year = short(key)
    return authors, year + (ascii_lowercase[alike.index(key)] if len(alike) > 1 else "")


def reference(key: str, known: Entries) -> Element:
    """Return one formatted reference with its links as <span id="ref-text-key">."""
    fields = {name: plain(text) for name, text in known[key].fields.items()}
    people = []
    for person in known[key].persons["author"]:
        initials = " ".join(name[0] + "." for name in person.first_names + person.middle_names)
        people.append(f"{surname(person)}, {initials}")
    names = " and ".join(filter(None, [", ".join(people[:-1]), people[-1]]))
    stop = " " if fields["title"].endswith("?") else ". "
    number = fields.get("volume", "") + (f"({fields['number']})" if "number" in fields else "")
    venue = fields.get("journal") or fields.get("booktitle") or fields["howpublished"]
    issn = f"ISSN {fields['issn']}" if "issn" in fields else ""
    span = Element("span", {"class": "reference", "id": f"ref-text-{key}"})
    span.text = AtomicString(f"{names} ({authors_year(key, known)[1]}). {fields['title']}{stop}")
    where = SubElement(span, "i")
    parts = [f"{venue} {number}".strip(), fields.get("pages"), issn]
    where.text = AtomicString(", ".join(filter(None, parts)))
    where.tail = AtomicString(". ")
    for address, label in addresses(known[key]):
        link = SubElement(span, "a", href=address)
        link.text, link.tail = AtomicString(label or address.split("/")[2]), AtomicString(" ")
    return span


def addresses(entry: Entry) -> list[tuple[str, str]]:
    """Return where a work is read, each address with what it is called."""
    return [
        (address.format(entry.fields[field]), label.format(entry.fields[field]))
        for field, (address, label) in ROADS.items()
        if field in entry.fields
    ]
