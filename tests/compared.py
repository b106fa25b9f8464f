"""Compare one text, number or drawing of a page with what a plain run gave.

Each comparison yields a `Mismatch` with page, cell, what is shown and what was computed; beside them stands
how a page writes what a run printed: quoted values, tables, drawings. `rendered` says what to compare.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from fontTools.pens.recordingPen import RecordingPen
from fontTools.svgLib.path import parse_path

NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?")
# Points. The layout of a figure comes to rest within 1e-6 of where another run's does; written for the
# page in tenths, that can show as one tenth.
REST, TENTH = 1e-5, 0.101


@dataclass(frozen=True)
class Mismatch:
    """One number, text or output that is not what the plain run gave."""

    page: str
    cell: str
    rendered: str
    computed: str

    def __str__(self) -> str:
        return f"{self.page}, {self.cell}: the page shows {self.rendered!r}, the run gave {self.computed!r}"


def compare(
    page: str, cell: str, rendered: str, computed: str, volatile: bool, tolerance: float, slack: float = 0.0
):
    """Yield a Mismatch for each number that differs; one for the whole if the words differ.

    `tolerance` is relative, for a site built on another machine; `slack` absolute, for coordinates.
    """
    skeletons = [NUMBER.sub("#", text) for text in (rendered, computed)]
    numbers = [NUMBER.findall(text) for text in (rendered, computed)]
    if volatile:
        skeletons = [
            re.sub(r"[\s#]+", " ", skeleton) for skeleton in skeletons
        ]  # widths vary with the numbers
    if skeletons[0] != skeletons[1] or len(numbers[0]) != len(numbers[1]):
        yield Mismatch(page, cell, rendered, computed)
    elif not volatile:
        for shown, wanted in zip(*numbers, strict=True):
            if shown != wanted and not near(shown, wanted, tolerance, slack):
                yield Mismatch(page, cell, shown, wanted)


def near(shown: str, wanted: str, tolerance: float, slack: float) -> bool:
    if not (tolerance or slack):
        return False  # the last of many digits may be no other float, and still be another digit
    return abs(float(shown) - float(wanted)) <= max(slack, tolerance * max(abs(float(wanted)), 1e-6))


def compare_drawings(
    page: str, cell: str, drawings: list[str], volatile: bool, tolerance: float, slack: float
):
    """Compare two SVGs: texts to the letter, coordinates in points to within `slack`.

    A page's paths are steps, each of which may be a tenth off: compared are the places they lead to.
    """
    if slack == TENTH:
        drawings = [re.sub(r' d="([^"]+)"', lambda d: f' d="{points_of(d[1])}"', svg) for svg in drawings]
    texts = [" ".join(re.findall(r">([^<>]+)<", svg)) for svg in drawings]
    lines = [re.sub(r">[^<>]+<", "><", svg) for svg in drawings]
    yield from compare(page, cell, *texts, volatile, tolerance)
    yield from compare(page, cell, *lines, volatile, tolerance, slack)


@cache
def points_of(path: str) -> str:
    """Return an SVG path's commands and points, counted from the drawing's corner and all positive."""
    pen = RecordingPen()
    parse_path(path, pen)
    steps = ((command, [f"{x + 1e4:.3f} {y + 1e4:.3f}" for x, y in points]) for command, points in pen.value)
    return " ".join(" ".join([command, *points]) for command, points in steps)


def page_text(element) -> str:
    """Return the text of an element, superscripts as ^…, white space kept."""
    parts = [element.text or ""]
    for child in element:
        parts.append(("^" if child.tag == "sup" else "") + page_text(child) + (child.tail or ""))
    return "".join(parts)


def quoted(value: object, spec: str) -> str:
    """Return how prose must show a value: Python's format, ×10ⁿ, a true minus sign."""
    text = format(value, spec)
    if isinstance(value, str):
        return text
    text = re.sub(r"[eE]([+-])0*(\d+)$", lambda m: f" × 10^{m[1].replace('+', '')}{m[2]}", text)
    return text.replace("-", "−")


def table_words(text: str) -> str:
    """Return the words of a Markdown table or of the rendered one, rules, marks and spacing dropped."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)  # a link's text
    lines = [line for line in text.split("\n") if not re.fullmatch(r"[\s|:-]+", line)]
    words = re.sub(r"\s*\|\s*|\s+", " ", re.sub(r"[`*$\\]", "", " | ".join(lines)))
    return re.sub(r" +", " ", re.sub(r" (?=[,.;:)])", "", words)).strip()


def still(svg: str) -> str:
    """Return an SVG with the ids of its clip paths replaced by their order: they are hashes of floats."""
    ids = dict.fromkeys(re.findall(r"#([^)\"\s]*?p[0-9a-f]{10})\b", svg))
    for number, name in enumerate(ids):
        svg = svg.replace(name, f"clip{number}")
    return re.sub(r">\s+", ">", svg)


def cells_text(element) -> str:
    """Return the text of a table, a space between its cells."""
    return " ".join(part.xpath("string()") for part in element.xpath(".//th|.//td")) or element.text_content()
