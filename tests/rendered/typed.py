"""Nothing typed: digits in prose stand only in citations, dates, labels, code, formulas and names.

`typed(page)` lists the others of a built page, `typed_in_figures(source)` those of a snippet's alternative
texts, where a number must be filled in.
"""

from __future__ import annotations

import ast
import re
import sys
import unicodedata

from lxml import etree

# What is not prose: computed, cited, drawn, code, or part of the page's frame.
NOT_PROSE = "script style svg pre code kbd time nav output form button [data-value] [data-cell] [data-source]"
NOT_PROSE += " .katex .katex-display .arithmatex .equation .references [id^='ref-'] .cite .cites"
NOT_PROSE += " .cite-previews .caption-prefix .headerlink .bibtex .highlight"
INLINE = "a abbr b cite em i q small span strong sub sup".split()
# Whatever Unicode takes for a number: digits of all scripts, fractions, Roman numerals, superscripts.
OTHERS = "".join(c for c in map(chr, range(sys.maxunicode)) if unicodedata.category(c) in ("Nl", "No"))
DIGIT = rf"[\d{re.escape(OTHERS)}]"
MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
LABEL = r"\(?[A-Z]?\d{1,2}[a-z]?\)?"
MANY = rf"{LABEL}(?:(?:,| and|,? or| to) {LABEL})*"
# What may be typed though it has a digit, each with its reason. Results never are: "2000 of 2050 runs".
ALLOWED = [
    rf"(?:equations?|steps?|figures?|sections?|tables?|assumptions?|corrections?) {MANY}",  # labels
    r"(?:seed|epochs?) 0(?: (?:to|and) \d)?",  # names of a run and of steps that a page shows
    rf"(?:\d{{1,2}} )?{MONTH} (?:19|20)\d\d",  # dates
    r"(?:in|since|of|the|from|until|before|after) (?:19|20)\d\d",
    r"(?:PyTorch|Python|CC BY|GPT|Llama|ResNet|CUDA) ?-?\d[\d.]*(?: to \d[\d.]*)?",  # versions, models
    r"[A-Za-z]+(?:[-/][A-Za-z]+)*-?\d+[a-z]?",  # names that end so: float32, L2, A1, CIFAR-10, ViT-B/16
    r"\d-D",  # dimensions
    r"1/[^\W\d_]\w*",  # a formula in plain text: 1/λ
    r"[^\W\d_]²",  # a square: σ², R²
]


def without(text: str, label: str) -> str:
    """Drop a label where it stands alone, not as the beginning or end of something longer."""
    return re.sub(rf"(?<![\w.,/+-])(?:{label})(?!\w|[.,/+]\d| ?%)", " ", text, flags=re.IGNORECASE)


def digits(text: str) -> list[str]:
    """Return what of a text has digits that nothing allows, with what stands around them."""
    for label in ALLOWED:
        text = without(text, label)
    return [match[0].strip() for match in re.finditer(rf"[^\n]{{0,40}}{DIGIT}[^\n]{{0,30}}", text)]


def typed(document) -> list[str]:
    """Return the digits that are typed in a page's prose, description and titles. Changes the document."""
    heads = "//head/title/text() | //meta[@name='description']/@content"
    said = [*document.xpath(heads), *document.xpath("//article//img/@alt")]
    for article in document.xpath("//article"):
        formulas = article.xpath(".//*[local-name()='annotation'][not(ancestor::*[@data-cell])]/text()")
        said += [tex for tex in formulas if re.search(r"\d\.\d|\d\s*\\%", tex)]  # a result in dollar signs
        for link in article.xpath(".//a[contains(@href, '#')]"):
            link.text = without(link.text or "", LABEL)
        for element in article.cssselect(", ".join(NOT_PROSE.split())):
            if element.getparent() is not None:
                element.drop_tree()
        for element in article.iter(etree.Element):
            mark = "" if element.tag in INLINE else "\n"
            element.text, element.tail = (
                mark + re.sub(r"\s+", " ", text or "") for text in (element.text, element.tail)
            )
        said.append(article.text_content())
    return digits("\n".join(said))


def typed_in_figures(source: str) -> list[str]:
    """Return the digits that a snippet types in the alternative text of a figure, set_label's argument."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "set_label":
            for argument in node.args:
                found += digits("\n".join(strings(argument)))
    return found


def strings(node: ast.AST):
    """Yield the texts within an expression, but for the formats of what is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield from (text for part in node.values if isinstance(part, ast.Constant) for text in strings(part))
    else:
        for child in ast.iter_child_nodes(node):
            yield from strings(child)
