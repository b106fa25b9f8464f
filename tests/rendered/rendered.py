"""Rendered = computed: hold outputs, quoted values and code of a built site against plain runs.

`Checker(site, runs, sources).all()` returns all mismatches, each with page, cell, what the page shows and
what the plain run gave. Nothing here is shared with the engine: `page_sources` reads the pages anew to
know which outputs must stand where, so that a lost or an added output is reported too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from itertools import zip_longest
from pathlib import Path

import lxml.html
from compared import (
    REST,
    TENTH,
    Mismatch,
    cells_text,
    compare,
    compare_drawings,
    page_text,
    quoted,
    still,
    table_words,
)
from page_sources import PageSources, notebook_texts, written_files
from plain_run import PlainRun

from publish.figures import finish_svg

# Text that no cell printed and that yet stands where outputs and code do: on the page of provenance.
COMMANDS = ("make serve ", "make test ")
# What beside a quoted value would make another number of it: signs, digits, factors and units of numbers.
INLINE = "a abbr b cite code em i q small span strong sub sup".split()
# Values with ± have the name of their error without _error, but for a saving: a negative cost.
ERRORS_OF = {"learned_prior.source_far_mean_cost_error": "learned_prior.source_far_mean_saving"}
SPACE = r"[\s\u200b\u2060\xad]*"
BEFORE = rf"(?:[-‐‑‒–−+±∓~∼≈≲≳<>≤≥≪≫≠×·*/^√\d]|\b(?i:minus|plus|negative)){SPACE}\Z|[.,]\Z"
WORDS = r"hundred|dozen|thousand|million|billion|trillion|percent|per cent|per ?mille?|fold"
AFTER = rf"{SPACE}(?:[\d⁰¹²³⁴-⁹⁻%‰‱×·*/^!]|[-‑]?(?i:{WORDS})|[kKMGTµμ]\b|[eE][-−+]?\d)|[.,]\d"


def place_of(cell: str, kind: str) -> str:
    """Return what an output is called where outputs are counted: a drawing is no text."""
    return f"{cell}, drawing" if kind.startswith("figure") else cell


def place(element) -> str:
    return place_of(element.get("data-cell"), "figure" if element.find(".//svg") is not None else "")


def occurrences(names: Iterable[str]) -> list[tuple[str, int]]:
    """Return each name with how many of that name stand before it."""
    counts: dict[str, int] = {}
    found = []
    for name in names:
        found.append((name, counts.get(name, 0)))
        counts[name] = found[-1][1] + 1
    return found


def beside(element) -> tuple[str, str]:
    """Return the text of an element's paragraph before and after it, through what marks it up."""
    before = after = ""
    while True:
        parent, sides = element.getparent(), ([], [])
        for side, steps in zip(sides, (element.itersiblings(preceding=True), element.itersiblings())):
            side += [page_text(sibling) + (sibling.tail or "") for sibling in steps]
        before = (parent.text or "") + "".join(reversed(sides[0])) + before
        after += (element.tail or "") + "".join(sides[1])
        if parent.tag not in INLINE:
            return before, after
        element = parent


def error_of_value_before(element) -> bool:
    """Return whether a value is a standard error behind ± and the value that it is one of."""
    value, name = element.getprevious(), element.get("data-value")
    if value is None or (value.tail or "").strip() != "±":
        return False
    return value.get("data-value") == ERRORS_OF.get(name, name.removesuffix("_error"))


def glued(element) -> str:
    """Return what stands beside a value and makes another number of it; nothing if nothing does."""
    before, after = beside(element)
    found = None if error_of_value_before(element) else re.search(BEFORE, before)
    found = found or re.match(AFTER, after)
    return found[0] if found else ""


class Checker:
    """Walks one built site; `sources` is the folder of Markdown pages that it was built from."""

    def __init__(self, site: Path, runs: dict[str, PlainRun], sources: Path, tolerance: float = 0.0) -> None:
        self.site, self.runs, self.tolerance = site, runs, tolerance
        self.wanted = PageSources(runs, sources)
        self.found: list[Mismatch] = []

    def all(self) -> list[Mismatch]:
        for path in sorted(self.site.rglob("*.html")):
            self.page(path)
        for name, run in self.runs.items():
            self.download(name, run)
        return self.found

    def report(self, *arguments) -> None:
        self.found.append(Mismatch(*arguments))

    # ---- what stands there ---------------------------------------------------------------

    def page(self, path: Path) -> None:
        page = path.relative_to(self.site).as_posix()
        document = lxml.html.fromstring(path.read_bytes(), parser=lxml.html.HTMLParser(encoding="utf-8"))
        shown = [(place(element), element) for element in document.xpath("//*[@data-cell]")]
        wanted = [(place_of(*output), output) for output in self.wanted.outputs(page)]
        for element, (cell, kind) in self.pairs(page, shown, wanted):
            self.output(page, element, cell, kind)
        values = [(value.get("data-value"), value) for value in document.xpath("//*[@data-value]")]
        quotes = [(name, (name, spec)) for name, spec in self.wanted.quotes(page)]
        for element, (name, spec) in self.pairs(page, values, quotes):
            self.value(page, element, name, spec)
        blocks = [(block.get("id", ""), block) for block in document.xpath("//*[@data-source]")]
        for block, source in self.pairs(page, blocks, self.wanted.code(page)):
            self.code(page, block, source)
        self.nothing_else(page, document)

    def nothing_else(self, page: str, document) -> None:
        """Report what looks like an output or code and is none, and what is there but not to be seen."""
        for block in document.xpath("//pre[not(ancestor::*[@data-cell or @data-source])]"):
            text = block.text_content().strip()
            cited = block.xpath("ancestor::*[contains(@class, 'bibtex') or @id='cite']")
            if not cited and not all(line.startswith(COMMANDS) for line in text.split("\n")):
                self.report(page, "a block that no cell printed", text, "")
        for cell in document.xpath("//*[@data-source]"):
            for block in cell.xpath(".//pre[not(ancestor::*[@data-cell])]")[1:]:
                self.report(page, f"{cell.get('id')}, beside its code", block.text_content(), "")
        for block in document.xpath("//*[contains(concat(' ', @class, ' '), ' output ')][not(@data-cell)]"):
            self.report(page, "an output of no cell", block.text_content().strip(), "")
        unseen = "ancestor-or-self::*[@hidden or contains(@style, 'display')]"
        for element in document.xpath(f"//*[@data-cell or @data-value][not(self::script)][{unseen}]"):
            name = element.get("data-cell") or element.get("data-value")
            self.report(page, name, "hidden", "shown")

    def pairs(self, page: str, shown: list[tuple[str, object]], wanted: list[tuple[str, object]]):
        """Report what is lost, added or moved; yield the rest, each with what must stand there.

        The k-th of a name goes with the k-th that is wanted, so that one lost or added on the way hides
        nothing behind it.
        """
        names = [[name for name, _ in side] for side in (shown, wanted)]
        self.same_places(page, *names)
        standing = {key: element for key, (_, element) in zip(occurrences(names[0]), shown)}
        expected = zip(occurrences(names[1]), wanted)
        yield from ((standing[key], what) for key, (_, what) in expected if key in standing)

    def same_places(self, page: str, shown: list[str], wanted: list[str]) -> None:
        """Report outputs, values or code that the page lacks, has too often, or has elsewhere."""
        for name in sorted({*shown, *wanted}):
            if shown.count(name) != wanted.count(name):
                self.report(page, name, f"{shown.count(name)} times", f"{wanted.count(name)} times")
        sides = occurrences(shown), occurrences(wanted)
        both = [[name for name in side if name in set(sides[0]) & set(sides[1])] for side in sides]
        if both[0] != both[1]:
            self.report(page, "order of outputs, values and code", *map(str, both))

    def code(self, page: str, block, wanted: str) -> None:
        """Compare displayed code to the letter: its numbers get no tolerance."""
        shown = block.xpath("string(./*[starts-with(@class, 'highlight')]//code)").removesuffix("\n")
        if shown != wanted:
            self.report(page, block.get("id"), shown, wanted)

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
            self.alone(page, element, cell, "pre")
            pair = [element.xpath("string(.//pre)"), run.stdout[name].rstrip("\n")]
        else:
            self.alone(page, element, cell, "svg")
            drawings = self.figure(element, run.figures[name][int(kind.split()[1])])
            self.found += compare_drawings(page, cell, drawings, volatile, self.tolerance, TENTH)
            return
        self.found += compare(page, cell, *pair, volatile, self.tolerance)

    def alone(self, page: str, element, cell: str, tag: str) -> None:
        """Report what an output holds beside its one text or drawing, and marks within the text."""
        holds = [child.tag for child in element]
        if tag == "pre":
            holds += [part.tag for child in element for part in child]
        loose = "".join([element.text or "", *(child.tail or "" for child in element)]).split()
        if holds + loose != [tag]:
            self.report(page, f"{cell}, what it holds", " ".join(holds + loose), tag)

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
        if run.volatile != ("data-volatile" in element.attrib):
            self.report(page, name, "data-volatile", str(run.volatile))
        self.found += compare(page, name, page_text(element), wanted, run.varies(key), self.tolerance)
        if found := glued(element):
            self.report(page, f"{name}, beside it", found, "")

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
        texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
        for shown, wanted in zip_longest(texts, notebook_texts(name), fillvalue=""):
            if shown != wanted:
                self.report(page, "text", shown, wanted)
        written = {cell["id"]: "".join(cell["source"]) for cell in cells if cell["id"].startswith("write-")}
        if written != written_files(run):
            self.report(page, "files that it writes", str(written), str(written_files(run)))
        for cell in cells:
            for output in cell.get("outputs", ()):
                if output["output_type"] not in ("stream", "display_data"):
                    self.report(page, f"{name}/{cell['id']}", output["output_type"], "stream or display_data")
        for cell in run.tags:
            source, outputs = (code[cell]["source"], code[cell]["outputs"]) if cell in code else ("", [])
            if "".join(source) != run.sources[cell]:
                self.report(page, f"{name}/{cell}", "".join(source), run.sources[cell])
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
                where = f"{name}/{cell}"
                self.found += compare_drawings(page, where, drawings, volatile, self.tolerance, REST)
