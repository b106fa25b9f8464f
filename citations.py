"""Cite: `[@key]` in a page becomes "Harvey et al. (2024)", linked to the one list of references.

In: docs/*.md and one BibTeX file. Out: author-year links. `[@key]` reads as a noun at the start of a
sentence and after words such as "of" and "in"; elsewhere it stands in parentheses, as `[@a; @b]` does:
"(Harvey et al., 2024)". The list stands where a page has `[references]` alone on a line, each entry with
links back to the places that cite it. Every other page carries the text of the references it cites,
hidden; each link names it in aria-describedby. `check` stops a build whose citations and entries do not
match. Links are written as `index.md#ref-key`: MkDocs resolves them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from glob import glob
from itertools import product
from pathlib import Path
from string import ascii_lowercase
from xml.etree.ElementTree import Element, SubElement

from markdown.extensions import Extension
from markdown.inlinepatterns import InlineProcessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString
from pybtex.database import Person, parse_file
from pybtex.exceptions import PybtexError

CITE = r"\[(@[a-z0-9]+(?:; ?@[a-z0-9]+)*)\]"
NOUN = re.compile(r"(?:^|[.?!;:]|\b(?:of|in|by|and|with|what|that|as|from|to|see|for|than))\s*$", re.I)
LABELS = [first + last for first, last in product(["", *ascii_lowercase], ascii_lowercase)]  # a, … z, aa, …
NEEDED = [("author",), ("title",), ("year",), ("journal", "booktitle", "howpublished")]
FORM = "write [@key] or [@key; @other], on one line; keys are of a-z and 0-9"
LOOSE = re.compile(r"\[@[^\]]*\]?")  # what was meant as a citation
FENCE, CODE = re.compile(r"^\s*(```+|~~~+)"), re.compile(r"(`+).*?\1")
COMMENT = re.compile(r"<!--.*?-->", re.S)
ROADS = {  # field: address, label
    "doi": ("https://doi.org/{}", "doi:{}"),
    "openreview": ("https://openreview.net/forum?id={}", "OpenReview {}"),
    "eprint": ("https://arxiv.org/abs/{}", "arXiv:{}"),
    "url": ("{}", ""),
}


class CitationError(ValueError):
    """Citations and entries that do not match: every fault with its place, the rule and the way out."""


@lru_cache
def parse(bib: Path, changed: int) -> dict:
    """Return the entries of a BibTeX file as it was at a time of its last change."""
    return dict(parse_file(str(bib), bib_format="bibtex").entries)


def entries(bib: Path) -> dict:
    """Return the entries of a BibTeX file by key."""
    try:
        return parse(bib, bib.stat().st_mtime_ns)
    except (OSError, PybtexError) as error:
        raise CitationError(f"{bib}: {error}\n    rule: one valid BibTeX file, every key once") from None


def keys_in(text: str) -> list[str]:
    """Return the keys that stand behind an @."""
    return re.findall(r"@(\w+)", text)


def page_files(docs: Path) -> list[Path]:
    """Return the Markdown pages of a folder; glob leaves out hidden files, and so does MkDocs."""
    return sorted(docs / name for name in glob("**/*.md", root_dir=docs, recursive=True))


def prose(page: Path):
    """Yield (line number, text) of a page's lines outside fenced code and comments, code spans blanked."""
    fence, text = "", page.read_text(encoding="utf-8")
    text = COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), text)
    for number, line in enumerate(text.split("\n"), 1):
        if match := FENCE.match(line):
            fence = "" if fence and match[1].startswith(fence) else fence or match[1]
        elif not fence:
            yield number, CODE.sub("", line)


def check(docs: Path, bib: Path) -> None:
    """Raise CitationError that lists every unknown key, uncited entry and misplaced list."""
    known, cited, lists, faults = entries(bib), set(), [], []

    def fault(where: str, what: str, rule: str) -> None:
        faults.append(f"{where}: {what}\n    rule: {rule}")

    for page in page_files(docs):
        for number, line in prose(page):
            where = f"{page.relative_to(docs.parent)}:{number}"
            lists += [where] if line.strip() == "[references]" else []
            for found in LOOSE.findall(line):
                cited.update(keys_in(found))
                if not re.fullmatch(CITE, found):
                    fault(where, f"cannot read {found}", FORM)
                elif line.startswith("#"):
                    fault(where, f"{found} in a heading", "cite in the text below it")
                for key in set(keys_in(found)) - known.keys():
                    fault(where, f"[@{key}] has no entry", f"add it to {bib.name}, or mend the key")
    source = bib.read_text(encoding="utf-8")
    for key in sorted(known):
        begins = re.search(rf"[{{(]\s*{re.escape(key)}\s*,", source, re.I).start()
        where = f"{bib.relative_to(docs.parent)}:{source.count(chr(10), 0, begins) + 1}"
        if key not in cited:
            fault(where, f"no page cites '{key}'", f"cite it as [@{key}], or delete the entry")
        has = known[key].fields.keys() | known[key].persons.keys()
        for fields in (names for names in NEEDED if not any(name in has for name in names)):
            what, rule = f"'{key}' has no {' or '.join(fields)}", "an entry has authors, title, year, venue"
            fault(where, what, rule)
    if len(lists) != 1:
        fault(docs.name, f"[references] stands in {lists or 'no page'}", "one page has the list, once")
    if faults:
        raise CitationError("\n\n".join(faults))


def plain(text: str) -> str:
    """Return a BibTeX field as text: no braces, an en dash for two hyphens, a typographic apostrophe."""
    return re.sub(r"[{}]", "", text).replace("--", "–").replace("'", "’")


def surname(person: Person) -> str:
    """Return a person's last names, with what precedes them."""
    return plain(" ".join(person.prelast_names + person.last_names))


def authors_year(key: str, known: dict) -> tuple[str, str]:
    """Return ("Harvey et al.", "2024"); 2024a, 2024b where two entries would read alike."""

    def short(key: str) -> tuple[str, str]:
        names = [surname(person) for person in known[key].persons["author"]]
        return names[0] + " et al." if len(names) > 2 else " and ".join(names), known[key].fields["year"]

    alike = [other for other in sorted(known) if short(other) == short(key)]
    authors, year = short(key)
    return authors, year + (ascii_lowercase[alike.index(key)] if len(alike) > 1 else "")


def reference(key: str, known: dict) -> Element:
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
    where.text = AtomicString(
        ", ".join(filter(None, [f"{venue} {number}".strip(), fields.get("pages"), issn]))
    )
    where.tail = AtomicString(". ")
    for field in (field for field in ROADS if field in fields):
        address, label = ROADS[field]
        link = SubElement(span, "a", href=address.format(fields[field]))
        link.text = AtomicString(label.format(fields[field]) or fields[field].split("/")[2])
        link.tail = AtomicString(" ")
    return span


class CiteInline(InlineProcessor):
    """`[@key]` to author and year; where it stands is numbered later, in reading order."""

    def handleMatch(self, match, data):
        known, before = self.md.citations.known(), data[: match.start(0)]
        inside, keys = before.count("(") > before.count(")"), keys_in(match[1])
        noun = len(keys) == 1 and not inside and NOUN.search(before)
        form, opening, closing = ("{} ({})", "", "") if noun else ("{}, {}", "(", ")")
        if inside:
            opening = closing = ""
        group = Element("span", {"class": "cites"})
        group.text = AtomicString(opening)
        for key in keys:
            if key not in known:
                raise CitationError(f"[@{key}] has no entry\n    rule: add it to the BibTeX file")
            href = f"{self.md.citations.getConfig('list')}#ref-{key}"
            link = SubElement(
                group, "a", {"class": "cite", "href": href, "aria-describedby": f"ref-text-{key}"}
            )
            link.text, link.tail = AtomicString(form.format(*authors_year(key, known))), AtomicString("; ")
        group[-1].tail = AtomicString(closing)
        return group, match.start(0), match.end(0)


class CiteTree(Treeprocessor):
    """Number the citing places in reading order; build the list, or the hidden texts."""

    def run(self, root: Element) -> None:
        known, places = self.md.citations.known(), {}
        links = [link for link in root.iter("a") if link.get("class") == "cite"]
        for link in links:
            key = link.get("href").partition("#ref-")[2]
            places.setdefault(key, []).append(link)
            link.set("id", f"cite-{key}-{len(places[key])}")
        lists = [p for p in root.iter("p") if (p.text or "").strip() == "[references]" and not len(p)]
        for paragraph in lists:
            self.fill(paragraph, places, known)
            for link in links:
                link.set("href", "#" + link.get("href").partition("#")[2])
        if places and not lists:
            hidden = {"class": "cite-previews", "hidden": "", "data-search-exclude": ""}
            previews = SubElement(root, "div", hidden)
            for key in sorted(places):
                text = "".join(reference(key, known).itertext()).strip()
                SubElement(previews, "p", id=f"ref-text-{key}").text = AtomicString(text)

    def fill(self, paragraph: Element, places: dict, known: dict) -> None:
        """Turn the paragraph into the list, in alphabetical order."""
        paragraph.tag, paragraph.text = "ul", ""
        paragraph.set("class", "references")
        for key in sorted(known, key=lambda key: " ".join(authors_year(key, known)).casefold()):
            item = SubElement(paragraph, "li", id=f"ref-{key}")
            item.append(reference(key, known))
            back = SubElement(item, "span", {"class": "cite-back"})
            back.text = AtomicString("Cited here: " if key in places else "Cited in: ")
            here = [(f"#{link.get('id')}", label) for link, label in zip(places.get(key, []), LABELS)]
            for address, label in here + self.md.citations.elsewhere(key):
                link = SubElement(back, "a", href=address)
                link.text, link.tail = AtomicString(label), AtomicString(", ")
            if len(back):
                back[-1].tail = ""


class CitationsExtension(Extension):
    def __init__(self, **settings) -> None:
        self.config = {
            "docs": ["docs", "folder of the pages"],
            "bib": ["docs/references.bib", "BibTeX file"],
            "list": ["index.md", "page that has the list"],
        }
        super().__init__(**settings)

    def known(self) -> dict:
        return entries(Path(self.getConfig("bib")))

    def elsewhere(self, key: str) -> list[tuple[str, str]]:
        """Return (link, title) of every other page that cites the key."""
        docs, found = Path(self.getConfig("docs")), []
        for page in page_files(docs):
            name, lines = page.relative_to(docs).as_posix(), [line for _, line in prose(page)]
            cited = keys_in(" ".join(cite for line in lines for cite in LOOSE.findall(line)))
            if name != self.getConfig("list") and key in cited:
                title = next(
                    (line[6:].strip(" \"'") for line in lines if line.startswith("title:")), page.stem
                )
                found.append((f"{name}#cite-{key}-1", title))
        return found

    def extendMarkdown(self, md) -> None:
        md.citations = self
        md.inlinePatterns.register(CiteInline(CITE, md), "citations", 185)
        md.treeprocessors.register(CiteTree(md), "citations", 8)  # after inline, before MkDocs' own


makeExtension = CitationsExtension
