"""The numbers of the article's PDF, in reading order, against those of plain runs.

`expected_lines` and `expected_values` say what must stand in the PDF: each a run of words and numbers,
with the words around it. `unprinted` walks along the text of the PDF and returns those it does not find
where they must stand. The PDF's text comes in layers: formulas after the prose of their page, outputs
after both. So lines and values are two sequences, and a page may end between a number and its neighbors on
one side; on the other it does not, as the style sheet keeps outputs whole and paragraphs' lines together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import lxml.html
import pypdf
from compared import page_text, quoted
from page_sources import PageSources

TOKEN = re.compile(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?|[^\W\d_]+|[-+×%]")
NEIGHBORS = 6  # words and numbers that must stand beside each, so that it is found in its place


@dataclass(frozen=True)
class Printed:
    """Words and numbers that must stand in the PDF, between others."""

    name: str
    before: tuple[str, ...]
    tokens: tuple[str, ...]
    after: tuple[str, ...]

    def numbers(self) -> list[int]:
        """Return which of the tokens are numbers."""
        return [at for at, token in enumerate(self.tokens) if token[0].isdecimal()]

    def __str__(self) -> str:
        return f"{self.name}: {' '.join(self.before)} [{' '.join(self.tokens)}] {' '.join(self.after)}"


def tokens(text: str) -> tuple[str, ...]:
    """Return words, numbers and signs; ligatures and kinds of hyphen made one, what breaks lines dropped."""
    for new, olds in {"fi": "ﬁ", "fl": "ﬂ", "ff": "ﬀ", "-": "−‑", "": "\u200b\u2060\u00ad"}.items():
        for old in olds:
            text = text.replace(old, new)
    return tuple(TOKEN.findall(text))


def pdf_tokens(site: Path) -> list[str]:
    """Return the tokens of the PDF, without the footer of its pages."""
    (pdf,) = site.glob("*.pdf")
    pages = [page.extract_text() for page in pypdf.PdfReader(pdf).pages]
    footer = re.compile(rf"^.*\b\d+ / {len(pages)}$", re.M)
    assert all(footer.search(page) for page in pages)
    return [token for page in pages for token in tokens(footer.sub("", page))]


def article(site: Path):
    """Return the page that the PDF prints."""
    parser = lxml.html.HTMLParser(encoding="utf-8")
    return lxml.html.fromstring((site / "index.html").read_bytes(), parser=parser)


def expected_lines(sources: PageSources, site: Path) -> list[Printed]:
    """Return the lines of the article's outputs that have numbers; volatile ones as the page has them."""
    found, document = [], article(site)
    for cell, kind in sources.outputs("index.html"):
        snippet, name = cell.split("/")
        run = sources.runs[snippet]
        if not kind.startswith("figure"):
            text = run.stdout[name]
            if "volatile" in run.tags[name]:
                text = document.xpath(f"string(//*[@data-cell='{cell}']//pre)")
            code, *lines = (tokens(text) for text in (run.sources[name], *text.split("\n")))
            for at, line in enumerate(lines):
                before, after = sum(lines[:at], code), sum(lines[at + 1 :], ())
                found.append(Printed(cell, before[-NEIGHBORS:], line, after[:NEIGHBORS]))
    return [line for line in found if line.numbers()]


def expected_values(sources: PageSources, site: Path) -> list[Printed]:
    """Return the article's quoted values as plain runs give them, between the page's words.

    Those that vary from run to run stand as the page has them.
    """
    elements = article(site).xpath("//*[@data-value]")
    found = []
    for element, (name, spec) in zip(elements, sources.quotes("index.html"), strict=True):
        snippet, key = name.split(".")
        run = sources.runs[snippet]
        before, after = around(element)
        text = page_text(element) if run.varies(key) else quoted(run.values[key], spec)
        shown = tokens(text.replace("^", ""))
        found.append(Printed(name, before[-NEIGHBORS:], shown, after[:NEIGHBORS]))
    return found


def around(element) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the tokens of an element's paragraph before and after it, formulas left out."""
    parts: tuple[list[str], list[str]] = [], []
    side = 0

    def walk(node) -> None:
        nonlocal side
        if node is element:
            side = 1
        elif isinstance(node.tag, str) and "katex" not in node.get("class", ""):
            parts[side].append(node.text or "")
            for child in node:
                walk(child)
                parts[side].append(child.tail or "")

    walk(next(node for node in element.iterancestors() if node.tag in {"p", "li", "td", "dd", "figcaption"}))
    return tokens("".join(parts[0])), tokens("".join(parts[1]))


def unprinted(expected: list[Printed], text: list[str]) -> Iterator[Printed]:
    """Yield each that does not stand in the text after the one before it, beside its neighbors."""
    start = 0
    for wanted in expected:
        first = wanted.tokens[0]
        places = (at for at in range(start, len(text)) if text[at] == first and stands(wanted, text, at))
        if (place := next(places, None)) is None:
            yield wanted
        else:
            start = place + len(wanted.tokens)


def stands(wanted: Printed, text: list[str], at: int) -> bool:
    """Return whether all of `wanted` stands at a place, beside as many neighbors as tell it from others.

    What precedes it or what follows suffices where it is long; two short sides must both be there.
    """
    end = at + len(wanted.tokens)
    before = text[max(at - len(wanted.before), 0) : at]
    sides = [(wanted.before, before), (wanted.after, text[end : end + len(wanted.after)])]
    beside = [len(neighbors) for neighbors, found in sides if tuple(found) == neighbors]
    enough = min(NEIGHBORS, sum(len(neighbors) for neighbors, _ in sides))
    return tuple(text[at:end]) == wanted.tokens and sum(beside) >= enough
