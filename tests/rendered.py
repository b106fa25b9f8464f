"""Rendered = computed: hold every output and quoted value of a built site against plain runs.

`mismatches(site, runs, sources)` returns all of them, each with page, cell, what the page shows and
what the plain run gave. Nothing here is shared with the engine: the pages' sources are read anew to
know which outputs must stand where, so that a lost or an added output is reported too.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import lxml.html
from plain_run import PlainRun

from publish.figures import finish_svg

NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?")
EMBED = re.compile(r'^\s*--8<--\s+"(?P<cell>\w+/\w+?)(?P<part>\.code|\.out)?\.md"\s*$')
QUOTE = re.compile(r"`#!val (?P<name>\w+\.\w+)(?::(?P<spec>[^`]*))?`")
LEDGER = '--8<-- "literate/quoted.md"'


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
    if skeletons[0] != skeletons[1]:
        yield Mismatch(page, cell, rendered, computed)
    elif not volatile:
        for shown, wanted in zip(*numbers, strict=True):
            if shown != wanted and not near(shown, wanted, tolerance, slack):
                yield Mismatch(page, cell, shown, wanted)


def near(shown: str, wanted: str, tolerance: float, slack: float) -> bool:
    if not (tolerance or slack):
        return False  # the last of many digits may be no other float, and still be another digit
    return abs(float(shown) - float(wanted)) <= max(slack, tolerance * max(abs(float(wanted)), 1e-6))


def compare_drawings(page: str, cell: str, drawings: list[str], volatile: bool, tolerance: float):
    """Compare two SVGs: texts to the letter, coordinates to a hundredth of a point.

    Layout comes to rest within 1e-6 points of where another run's does; rounded for the page to two
    decimals, that can show as one hundredth.
    """
    texts = [" ".join(re.findall(r">([^<>]+)<", svg)) for svg in drawings]
    lines = [re.sub(r">[^<>]+<", "><", svg) for svg in drawings]
    yield from compare(page, cell, *texts, volatile, tolerance)
    yield from compare(page, cell, *lines, volatile, tolerance, slack=0.0101)


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
    text = re.sub(r"e([+-])0*(\d+)$", lambda m: f" × 10^{m[1].replace('+', '')}{m[2]}", text)
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


class Checker:
    """Walks one built site; `sources` is the folder of Markdown pages that it was built from."""

    def __init__(self, site: Path, runs: dict[str, PlainRun], sources: Path, tolerance: float = 0.0) -> None:
        self.site, self.runs, self.sources, self.tolerance = site, runs, sources, tolerance
        self.found: list[Mismatch] = []

    def all(self) -> list[Mismatch]:
        for path in sorted(self.site.rglob("*.html")):
            self.page(path)
        for name, run in self.runs.items():
            self.download(name, run)
        return self.found

    def report(self, *arguments) -> None:
        self.found.append(Mismatch(*arguments))

    # ---- what must stand on a page -------------------------------------------------------

    def expected(self, page: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """Return the outputs [(cell, kind)] and the quotes [(name, spec)] of a page, in order."""
        notebook = re.fullmatch(r"notebooks/(\w+)/index\.html", page)
        if notebook:
            cells = [f"{notebook[1]}/{name}" for name in self.runs[notebook[1]].tags]
            return [pair for cell in cells for pair in self.kinds(cell)], []
        stem = page.removesuffix("index.html").strip("/") or "index"
        source = self.sources / f"{stem}.md"
        if not source.exists():
            return [], []
        outputs, quotes = [], []
        for line in source.read_text(encoding="utf-8").split("\n"):
            if (embed := EMBED.match(line)) and embed["part"] != ".code" and line.strip() != LEDGER:
                outputs += self.kinds(embed["cell"])
            quotes += [(quote["name"], quote["spec"] or "") for quote in QUOTE.finditer(line)]
            quotes += self.ledger() if line.strip() == LEDGER else []
        return outputs, quotes

    def ledger(self) -> list[tuple[str, str]]:
        quotes = []
        for path in sorted(self.sources.rglob("*.md")):
            found = QUOTE.finditer(path.read_text(encoding="utf-8"))
            quotes += dict.fromkeys((quote["name"], quote["spec"] or "") for quote in found)
        return quotes

    def kinds(self, cell: str) -> list[tuple[str, str]]:
        run, name = self.runs[cell.split("/")[0]], cell.split("/")[1]
        text = [
            (
                cell,
                "data" if "data" in run.tags[name] else "table" if "markdown" in run.tags[name] else "text",
            )
        ]
        return (text if run.stdout[name] else []) + [
            (cell, f"figure {i}") for i in range(len(run.figures[name]))
        ]

    # ---- what stands there ---------------------------------------------------------------

    def page(self, path: Path) -> None:
        page = path.relative_to(self.site).as_posix()
        document = lxml.html.fromstring(path.read_bytes(), parser=lxml.html.HTMLParser(encoding="utf-8"))
        outputs, quotes = self.expected(page)
        shown = document.xpath("//*[@data-cell]")
        self.same_places(page, [element.get("data-cell") for element in shown], [cell for cell, _ in outputs])
        for element, (cell, kind) in zip(shown, outputs):
            if element.get("data-cell") == cell:
                self.output(page, element, cell, kind)
        values = document.xpath("//*[@data-value]")
        self.same_places(page, [value.get("data-value") for value in values], [name for name, _ in quotes])
        for element, (name, spec) in zip(values, quotes):
            if element.get("data-value") == name:
                self.value(page, element, name, spec)

    def same_places(self, page: str, shown: list[str], wanted: list[str]) -> None:
        """Report outputs or values that the page lacks, has too often, or has elsewhere."""
        for name in sorted({*shown, *wanted}):
            if shown.count(name) != wanted.count(name):
                self.report(page, name, f"{shown.count(name)} times", f"{wanted.count(name)} times")
        if sorted(shown) == sorted(wanted) and shown != wanted:
            self.report(page, "order of outputs and values", str(shown), str(wanted))

    def output(self, page: str, element, cell: str, kind: str) -> None:
        run, name = self.runs[cell.split("/")[0]], cell.split("/")[1]
        volatile = "volatile" in run.tags[name]
        if volatile != ("data-volatile" in element.attrib):
            self.report(page, cell, "data-volatile", str(run.tags[name]))
        if kind == "data":
            pair = [json.dumps(json.loads(text)) for text in (element.xpath("string()"), run.stdout[name])]
        elif kind == "table":
            pair = [table_words(text) for text in (cells_text(element), run.stdout[name])]
        elif kind == "text":
            pair = [element.xpath("string(.//pre)"), run.stdout[name].rstrip("\n")]
        else:
            drawings = self.figure(element, run.figures[name][int(kind.split()[1])])
            self.found += compare_drawings(page, cell, drawings, volatile, self.tolerance)
            return
        self.found += compare(page, cell, *pair, volatile, self.tolerance)

    def figure(self, element, drawn: dict) -> list[str]:
        """Return the page's drawing and the plain run's, finished for the page the same way."""
        svg = element.find(".//svg")
        name = svg.xpath("string(.//@id)").rsplit("-title", 1)[0]
        again = lxml.html.fromstring(f"<div>{finish_svg(drawn['svg'], name, drawn['alt'])}</div>").find(
            ".//svg"
        )
        return [still(lxml.html.tostring(each, encoding="unicode", with_tail=False)) for each in (svg, again)]

    def value(self, page: str, element, name: str, spec: str) -> None:
        run, key = self.runs[name.split(".")[0]], name.split(".")[1]
        wanted = quoted(run.values[key], spec)
        volatile = run.volatile
        if volatile != ("data-volatile" in element.attrib):
            self.report(page, name, "data-volatile", str(volatile))
        self.found += compare(page, name, page_text(element), wanted, volatile, self.tolerance)

    # ---- what can be taken away ----------------------------------------------------------

    def download(self, name: str, run: PlainRun) -> None:
        """Compare the notebook beside its page, cell by cell."""
        page = f"notebooks/{name}/{name}.ipynb"
        cells = json.loads((self.site / page).read_text(encoding="utf-8"))["cells"]
        code = {
            cell["id"]: cell
            for cell in cells
            if cell["cell_type"] == "code" and not cell["id"].startswith("write-")
        }
        self.same_places(page, list(code), list(run.tags))
        for cell in run.tags:
            outputs = code[cell]["outputs"] if cell in code else []
            text = "".join("".join(o["text"]) for o in outputs if o["output_type"] == "stream")
            volatile = "volatile" in run.tags[cell]
            self.found += compare(page, f"{name}/{cell}", text, run.stdout[cell], volatile, self.tolerance)
            drawn = [
                "".join(o["data"]["image/svg+xml"]) for o in outputs if o["output_type"] == "display_data"
            ]
            self.same_places(
                page, [f"figure of {cell}"] * len(drawn), [f"figure of {cell}"] * len(run.figures[cell])
            )
            for svg, again in zip(drawn, run.figures[cell]):
                drawings = [still(svg), still(again["svg"])]
                self.found += compare_drawings(page, f"{name}/{cell}", drawings, volatile, self.tolerance)


def cells_text(element) -> str:
    """Return the text of a table, a space between its cells."""
    return " ".join(part.xpath("string()") for part in element.xpath(".//th|.//td")) or element.text_content()
