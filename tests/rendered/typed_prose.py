"""Digits in the prose of a built page that are neither computed nor the name of something that exists.

`typed_digits(prose(page), named_labels(page, site))` lists them.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache
from pathlib import Path

import lxml.html

# What is not prose: computed, quoted, cited, drawn, code, or part of the page's frame.
NOT_PROSE = (
    "script style svg pre code time kbd output [data-value] [data-cell] .katex .katex-display "
    ".references .cites .cite-previews .caption-prefix .headerlink .permalink .cell-head .cell-links .bibtex "
    ".title-block .equation-number"
).split()
INLINE = "a abbr b cite em i q small span strong sub sup".split()
# Whatever Unicode takes for a number: digits of all scripts, fractions, Roman numerals, superscripts.
OTHER_NUMBERS = "".join(c for c in map(chr, range(sys.maxunicode)) if unicodedata.category(c) in ("Nl", "No"))
DIGIT = rf"[\d{re.escape(OTHER_NUMBERS)}]"
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
# What may be typed though it has a digit, each with its reason. Results never are: "2000 of 2050 runs".
ALLOWED = [
    r"float(?:32|64)",  # names of types
    r"L[12]",  # names of norms
    r"(?:the )?2024 post|post of 2024|since 2024",  # names of the post that this article extends
    rf"\d{{1,2}} (?:{MONTHS}) 20\d\d",  # dates
    r"seed 0|epoch 0",  # names of a run and of a step that the page shows
    r"CC BY 4\.0",  # a license
    r"[^\W\d_]²",  # a square: σ², R²
]
# How a page may write a label that it links to, by the id of what it links to.
LINKED = {
    r"eq-([a-z]?\d+[a-z]?)": r"\({}\)",
    r"step-(\d)": r"step {}",
    r"(a[1-3])": r"{}",
    r"cell-([\w-]+)": r"{}",
}


def read(page: Path) -> lxml.html.HtmlElement:
    return lxml.html.fromstring(page.read_bytes(), parser=lxml.html.HTMLParser(encoding="utf-8"))


@cache
def ids(page: Path) -> frozenset[str]:
    return frozenset(read(page).xpath("//@id")) if page.exists() else frozenset()


def linked_label(page: Path, href: str) -> str | None:
    """Return how a link's text may name its target, as a pattern: None if there is no such target."""
    path, _, target = href.partition("#")
    there = (page.parent / path / "index.html").resolve() if path else page
    for known, label in LINKED.items():
        if (match := re.fullmatch(known, target)) and target in ids(there):
            return label.format(match[1].replace("-", "[-/]"))
    return None


def named_labels(page: Path, site: Path) -> list[str]:
    """Return what prose may name without a link: equations and figures of the page, steps, assumptions."""
    numbers = [one[3:] for one in ids(page) if re.fullmatch(r"eq-[a-z]?\d+[a-z]?", one)]
    equation = rf"\((?:{'|'.join(numbers) or 'none'})\)"
    article = [one for one in ids(site / "index.html") if re.fullmatch(r"a[1-3]|step-\d", one)]
    steps = "|".join(one[5:] for one in article if one.startswith("step-")) or "none"
    figures = [text for part in read(page).cssselect(".caption-prefix") for text in part.itertext()]
    drawn = "|".join(re.findall(r"\d+", " ".join(figures))) or "none"
    return [
        rf"equations? {equation}(?:(?:,| and| to) {equation})*",
        rf"steps? (?:{steps})(?: (?:and|to) (?:{steps}))?",
        rf"figures? (?:{drawn})(?: (?:and|to) (?:{drawn}))?",
        *(one for one in article if one.startswith("a")),
    ]


def without(text: str, label: str) -> str:
    """Drop a label where it stands alone, not as the beginning or end of something longer."""
    return re.sub(rf"(?<![\w.,/+-])(?:{label})(?!\w|[.,/+]\d| ?%)", " ", text, flags=re.IGNORECASE)


def prose(page: Path) -> str:
    """Return a page's prose, one line a block, without what is not prose and without linked labels."""
    document = read(page)
    article = document.cssselect("article .text")[0]
    for selector in NOT_PROSE:
        for element in article.cssselect(selector):
            if element.getparent() is not None:
                element.drop_tree()
    for link in article.cssselect("a[href]"):
        if (label := linked_label(page, link.get("href"))) and len(link) == 0:
            link.text = without(link.text or "", label)
    for element in article.iter(lxml.html.etree.Element):
        element.text = re.sub(r"\s+", " ", element.text or "")
        element.tail = re.sub(r"\s+", " ", element.tail or "")
        if element.tag not in INLINE:
            element.text, element.tail = f"\n{element.text}", f"\n{element.tail}"
    heads = "//title/text() | //meta[@name='description']/@content | //meta[@property]/@content"
    said = document.xpath(heads)
    said = [text for text in said if "://" not in text and not re.fullmatch(r"\d+|\d{4}-\d\d-\d\d.*", text)]
    drawn = article.xpath(".//img/@alt | .//@title")
    return "\n".join([*said, *drawn, article.text_content()])


def typed_digits(text: str, labels: list[str] = ()) -> list[str]:
    """Return what of a text has digits that nothing allows, with what stands around them."""
    for label in [*labels, *ALLOWED]:
        text = without(text, label)
    return [match[0].strip() for match in re.finditer(rf"[^\n]{{0,40}}{DIGIT}[^\n]{{0,30}}", text)]


def decimals_in_math(page: Path) -> list[str]:
    """Return formulas that hold a decimal, a percentage or a power of ten: numbers, no mathematics."""
    formulas = read(page).xpath("//*[local-name()='annotation'][not(ancestor::*[@data-cell])]/text()")
    number = re.compile(r"\d(?:\.|\{,\})\d|\d\s*(?:\\,)?\s*\\%|10\^\{?-")
    return list(filter(number.search, formulas))
