"""Citations: `[@key]` in a page becomes "Harvey et al. (2024)", linked to the one list of references.

A Markdown extension. `[@key]` reads as a noun at the start of a sentence and after words such as "of" and
"in"; elsewhere it stands in parentheses, as `[@a; @b]` does: "(Harvey et al., 2024)". The list stands where
a page has `[references]` alone on a line, each entry with links back to the places that cite it. Every other
page carries the text of the references it cites, hidden; each link names it in aria-describedby. Links are
written as `index.md#ref-key`: MkDocs resolves them.
"""

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from string import ascii_lowercase
from xml.etree.ElementTree import Element, SubElement

from markdown.extensions import Extension
from markdown.inlinepatterns import InlineProcessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString

from publish import PublishError
from publish.bibliography import authors_year, entries, reference

CITE = r"\[(@[a-z0-9]+(?:; ?@[a-z0-9]+)*)\]"
NOUN = re.compile(r"(?:^|[.?!;:]|\b(?:of|in|by|and|with|what|that|as|from|to|see|for|than))\s*$", re.I)
LABELS = [first + last for first, last in product(["", *ascii_lowercase], ascii_lowercase)]  # a, … z, aa, …
FORM = "write [@key] or [@key; @other], on one line; keys are of a-z and 0-9"
LOOSE, KEY = re.compile(r"\[@[^\]]*\]?"), re.compile(r"@(\w+)")  # what was meant as a citation
FENCE, CODE = re.compile(r"^\s*(```+|~~~+)"), re.compile(r"(`+).*?\1")
TITLE = re.compile(r"^title: *[\"']?(.*?)[\"']? *$", re.M)
COMMENT = re.compile(r"<!--.*?-->", re.S)
SUFFIXES = (".md", ".markdown", ".mdown", ".mkdn", ".mkd")  # MkDocs' own


def page_files(docs: Path) -> list[Path]:
    """Return the Markdown pages of a folder but for hidden ones, as MkDocs does."""
    paths = sorted(path for path in docs.rglob("*") if path.suffix in SUFFIXES)
    return [path for path in paths if not any(part.startswith(".") for part in path.relative_to(docs).parts)]


def cites(page: Path) -> Iterator[tuple[int, str, str]]:
    """Yield (line number, line, citation) of what a page cites outside of code and comments."""
    fence, text = "", page.read_text(encoding="utf-8")
    text = COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), text)
    for number, line in enumerate(text.split("\n"), 1):
        if match := FENCE.match(line):
            fence = "" if fence and match[1].startswith(fence) else fence or match[1]
        elif not fence:
            yield from ((number, line, found) for found in LOOSE.findall(CODE.sub("", line)))


def check(docs: Path, bib: Path) -> None:
    """Raise PublishError that lists each citation without an entry, or that cannot be read, by its line."""
    known, faults = entries(bib), []
    for page in page_files(docs):
        for number, line, found in cites(page):
            where = f"{docs.name}/{page.relative_to(docs).as_posix()}:{number}"
            if not re.fullmatch(CITE, found):
                faults.append(f"{where}: cannot read {found}\n    rule: {FORM}")
            elif line.startswith("#"):
                faults.append(f"{where}: {found} in a heading\n    rule: cite in the text below it")
            for key in set(KEY.findall(found)) - known.keys():
                rule = f"add it to {bib.name}, or mend the key"
                faults.append(f"{where}: [@{key}] has no entry\n    rule: {rule}")
    if faults:
        raise PublishError("\n\n".join(faults))


def up_from(md) -> str:
    """Return the way from the page's folder to docs/; MkDocs' resolver of links knows the page."""
    files = [part.file for part in md.treeprocessors if hasattr(part, "file")]
    return "../" * files[0].src_uri.count("/") if files else ""


class CiteInline(InlineProcessor):
    """`[@key]` to author and year; where it stands is numbered later, in reading order."""

    def handleMatch(self, match, data):
        known, before = self.md.citations.known(), data[: match.start(0)]
        inside, keys = before.count("(") > before.count(")"), KEY.findall(match[1])
        noun = len(keys) == 1 and not inside and NOUN.search(before)
        form, opening, closing = ("{} ({})", "", "") if noun else ("{}, {}", "(", ")")
        if inside:
            opening = closing = ""
        group = Element("span", {"class": "cites"})
        group.text = AtomicString(opening)
        for key in keys:
            if key not in known:
                raise PublishError(f"[@{key}] has no entry\n    rule: add it to the BibTeX file")
            href = f"{up_from(self.md)}{self.md.citations.getConfig('list')}#ref-{key}"
            about = {"class": "cite", "href": href, "aria-describedby": f"ref-text-{key}"}
            link = SubElement(group, "a", about)
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
            away = [(up_from(self.md) + name, title) for name, title in self.md.citations.elsewhere(key)]
            for address, label in here + away:
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
            name = page.relative_to(docs).as_posix()
            cited = KEY.findall("".join(cite for _, _, cite in cites(page)))
            if name != self.getConfig("list") and key in cited:
                title = TITLE.search(page.read_text(encoding="utf-8"))
                found.append((f"{name}#cite-{key}-1", title[1] if title else page.stem))
        return found

    def extendMarkdown(self, md) -> None:
        md.citations = self
        md.inlinePatterns.register(CiteInline(CITE, md), "citations", 185)
        md.treeprocessors.register(CiteTree(md), "citations", 8)  # after inline, before MkDocs' own


makeExtension = CitationsExtension
