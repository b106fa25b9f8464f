"""Rendered = computed: hold a built site against its sources and against the second road (tests/computed.py).

`mismatches(site, runs, sources)` returns all that differ, each with page, cell, what is shown and what was
computed. Which outputs, code and values a page must hold is read from its Markdown, not asked of the engine.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import lxml.html
from computed import Run
from drawn import TENTH, differences, shapes_of

EMBED = re.compile(r'^\s*--8<--\s+"(?P<snippet>\w+)/(?P<cell>\w+?)(?P<part>\.code|\.out)?\.md"\s*$', re.M)
QUOTE = re.compile(r"`#!val (?P<name>\w+\.\w+)(?::(?P<spec>[^`]*))?`")
HEAD = re.compile(r"^# %% *(?P<kind>\[markdown\])? *(?P<name>\w*)[^\n]*\n", re.M)
NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?")
COMMAND = re.compile(r"\$? ?(?:make|git|pip|python3?|source|cd|sudo apt)\b|@\w+\{")  # and BibTeX
# What beside a quoted value would make another number of it: signs, digits, factors and units of numbers.
INLINE = "a abbr b cite code em i q small span strong sub sup".split()
SPACE = r"[\s\u200b\u2060\xad]*"
BEFORE = rf"(?:[-‐‑‒–−+±∓~∼≈≲≳<>≤≥≪≫≠×·*/^√\d]|\b(?i:minus|plus|negative)){SPACE}\Z|[.,]\Z"
WORDS = r"hundred|dozen|thousand|million|billion|trillion|percent|per cent|per ?mille?|fold"
AFTER = rf"{SPACE}(?:[\d⁰¹²³⁴-⁹⁻%‰‱×·*/^!]|[-‑]?(?i:{WORDS})|[kKMGTµμ]\b|[eE][-−+]?\d)|[.,]\d"


@dataclass(frozen=True)
class Mismatch:
    """One number, text or drawing that is not what was computed."""

    page: str
    cell: str
    shown: str
    computed: str

    def __str__(self) -> str:
        return f"{self.page}, {self.cell}: the page shows {self.shown!r}, computed was {self.computed!r}"


def mismatches(site: Path, runs: dict[str, Run], sources: Path, tolerance: float = 0.0) -> list[Mismatch]:
    """Return all mismatches of a site that was built from `sources`, the folder of mkdocs.yml."""
    texts = {path.relative_to(sources / "docs"): path for path in (sources / "docs").rglob("*.md")}
    markdown = {page_of(name): path.read_text(encoding="utf-8") for name, path in texts.items()}
    found: list[Mismatch] = []
    for path in sorted(site.rglob("*.html")):
        page = path.relative_to(site).as_posix()
        name = re.fullmatch(r"notebooks/(\w+)/index\.html", page)
        text = whole(name[1], runs[name[1]]) if name else markdown.get(page, "")
        found += Page(page, read(path), text, runs, tolerance).mismatches()
    for name, run in runs.items():
        snippet = sources / f"snippets/{name}.py"
        found += download(site / f"notebooks/{name}/{name}.ipynb", run, snippet, tolerance)
    return found


def page_of(source: Path) -> str:
    folder = source.with_suffix("") if source.stem != "index" else source.parent
    return (folder / "index.html").as_posix()


def whole(name: str, run: Run) -> str:
    """Return what a notebook's page embeds, as a page's Markdown would say it."""
    return "\n".join(f'--8<-- "{name}/{cell}.md"' for cell in run.tags)


def read(path: Path) -> lxml.html.HtmlElement:
    return lxml.html.fromstring(path.read_bytes(), parser=lxml.html.HTMLParser(encoding="utf-8"))


class Page:
    """One built page beside the Markdown that it was made from."""

    def __init__(self, name: str, document, markdown: str, runs: dict[str, Run], tolerance=0.0) -> None:
        self.name, self.document, self.runs, self.tolerance = name, document, runs, tolerance
        self.markdown = markdown
        embeds = [match.groups() for match in EMBED.finditer(markdown)]
        self.outputs = [(snippet, cell) for snippet, cell, part in embeds if part != ".code"]
        self.code = [(snippet, cell) for snippet, cell, part in embeds if part != ".out"]
        self.quotes = [(match["name"], match["spec"] or "") for match in QUOTE.finditer(markdown)]

    def mismatches(self) -> list[Mismatch]:
        return [*self.outputs_differ(), *self.code_differs(), *self.values_differ(), *self.nothing_else()]

    def differ(self, cell: str, shown: object, computed: object) -> Iterator[Mismatch]:
        if shown != computed:
            yield Mismatch(self.name, cell, str(shown), str(computed))

    def outputs_differ(self) -> Iterator[Mismatch]:
        shown = self.document.xpath("//*[@data-cell][not(ancestor::*[@data-cell])]")
        wanted = [f"{snippet}/{cell}" for snippet, cell in self.outputs]
        for name in sorted({*wanted, *(one.get("data-cell") for one in shown)}):
            snippet, cell = name.split("/")
            run, times = self.runs[snippet], wanted.count(name)
            drawn = [("figure", figure) for figure in run.figures.get(cell, ())]
            outputs = ([("text", run.stdout[cell])] * bool(run.stdout.get(cell, "")) + drawn) * times
            elements = [element for element in shown if element.get("data-cell") == name]
            yield from self.differ(name, f"{len(elements)} outputs", f"{len(outputs)} outputs")
            for element, (kind, computed) in zip(elements, outputs):
                volatile = "volatile" in run.tags[cell]
                yield from self.differ(f"{name}, volatile", "data-volatile" in element.attrib, volatile)
                yield from self.output_differs(name, element, kind, computed, volatile)

    def output_differs(self, name: str, element, kind: str, computed, volatile: bool) -> Iterator[Mismatch]:
        svg = element.find(".//{*}svg") if element.find(".//svg") is None else element.find(".//svg")
        if (svg is not None) != (kind == "figure"):
            yield from self.differ(name, "a figure" if svg is not None else "text", kind)
        elif kind == "figure":
            said = " ".join(element.xpath(".//*[local-name()='title' or local-name()='desc']/text()"))
            said = said or element.get("data-alt", "")  # no publisher has been at work
            said, meant = (" ".join(re.findall(r"\w+", text)) for text in (said, computed["alt"]))
            yield from self.differ(f"{name}, alternative text", said, meant)
            if not volatile:
                for pair in differences(shapes_of(svg), computed["shapes"], TENTH + 1000 * self.tolerance):
                    yield from self.differ(name, *pair)
        elif element.tag == "script":
            yield from self.differ(name, json.loads(element.text), json.loads(computed))
        elif element.find(".//table") is not None or element.tag == "table":
            pair = [table_words(text) for text in (cells_text(element), computed)]
            yield from compare(self.name, name, *pair, volatile, self.tolerance)
        else:
            loose = "".join([element.text or "", *(child.tail or "" for child in element)]).split()
            yield from self.differ(f"{name}, beside its text", loose + [one.tag for one in element], ["pre"])
            text = element.xpath("string(.//pre)").rstrip("\n")
            yield from compare(self.name, name, text, computed.rstrip("\n"), volatile, self.tolerance)

    def code_differs(self) -> Iterator[Mismatch]:
        """Compare displayed code to the letter: its numbers get no tolerance."""
        shown: dict[str, list[str]] = {}
        for block in self.document.xpath("//*[@data-source]"):
            codes = block.xpath(".//pre[not(ancestor::*[@data-cell])]//code") or block.xpath(".//code")
            shown.setdefault(block.get("id"), []).extend(code.text_content().strip("\n") for code in codes)
        wanted: dict[str, list[str]] = {}
        for snippet, cell in self.code:
            source = self.runs[snippet].sources[cell]
            wanted.setdefault(f"cell-{snippet}-{cell}", []).append(source)
        for name in sorted({*shown, *wanted}):
            if not name.startswith(tuple(f"cell-{snippet}-write-" for snippet in self.runs)):
                yield from self.differ(name, shown.get(name, []), wanted.get(name, []))

    def values_differ(self) -> Iterator[Mismatch]:
        shown = self.document.xpath("//*[@data-value]")
        names = {name for name, _ in self.quotes if shown} | {one.get("data-value") for one in shown}
        for name in sorted(names):
            run, key = self.runs[name.split(".")[0]], name.split(".")[1]
            value = dict.__getitem__(run.values, key)  # no oracle reads it here
            wanted = sorted(quoted(value, spec) for one, spec in self.quotes if one == name)
            elements = [one for one in shown if one.get("data-value") == name]
            texts = sorted(page_text(one) for one in elements)
            yield from self.differ(f"{name}, how often", len(texts), len(wanted))
            for pair in zip(texts, wanted):
                yield from compare(self.name, name, *pair, run.varies(key), self.tolerance)
            for element in elements:
                yield from self.differ(f"{name}, beside it", glued(element), "")

    def nothing_else(self) -> Iterator[Mismatch]:
        """Report what looks like an output or a value and is none, and what is there but not to be seen."""
        for block in self.document.xpath("//article//pre[not(ancestor::*[@data-cell or @data-source])]"):
            text = block.text_content().strip()
            if NUMBER.search(text) and not all(COMMAND.match(line) for line in text.split("\n")[:1]):
                yield Mismatch(self.name, "a block that no cell printed", text, "")
        named_so = "//*[contains(concat(' ', @class, ' '), ' output ')]"
        for block in self.document.xpath(named_so):
            if not block.xpath("ancestor-or-self::*[@data-source or @data-cell]"):
                yield Mismatch(self.name, "an output of no cell", block.text_content().strip(), "")
        unseen = "ancestor-or-self::*[@hidden or contains(@style, 'display')]"
        for element in self.document.xpath(f"//*[@data-cell or @data-value][not(self::script)][{unseen}]"):
            name = element.get("data-cell") or element.get("data-value")
            yield Mismatch(self.name, name, "hidden", "shown")


def download(path: Path, run: Run, snippet: Path, tolerance: float) -> Iterator[Mismatch]:
    """Compare a published notebook with its snippet's text and with what running it gave."""
    name = path.stem
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    parts = HEAD.split(snippet.read_text(encoding="utf-8"))[1:]
    wanted = [
        re.sub(r"^# ?", "", text, flags=re.M).strip("\n") if markdown else text.strip("\n")
        for markdown, _, text in zip(parts[::3], parts[1::3], parts[2::3])
    ]
    own = [cell for cell in cells if "setup" not in cell["metadata"].get("tags", [])]
    for cell, source in zip_longest(["".join(cell["source"]) for cell in own], wanted, fillvalue=""):
        if cell != source:
            yield Mismatch(path.name, "code or text", cell, source)
    for cell in own:
        outputs, key = cell.get("outputs", []), cell["id"]
        text = "".join("".join(one["text"]) for one in outputs if one["output_type"] == "stream")
        volatile = "volatile" in cell["metadata"].get("tags", [])
        yield from compare(path.name, f"{name}/{key}", text, run.stdout.get(key, ""), volatile, tolerance)
        drawn = [one["data"]["image/svg+xml"] for one in outputs if one["output_type"] == "display_data"]
        for svg, figure in zip_longest(map("".join, drawn), run.figures.get(key, ())):
            if svg is None or figure is None:
                yield Mismatch(path.name, f"{name}/{key}", f"{len(drawn)} figures", "another number")
            elif not volatile:
                root = lxml.html.fromstring(f"<div>{svg[svg.index('<svg') :]}</div>").find(".//svg")
                for pair in differences(shapes_of(root), figure["shapes"], 1e-3 + 1000 * tolerance):
                    yield Mismatch(path.name, f"{name}/{key}", *pair)


def compare(page: str, cell: str, shown: str, computed: str, volatile: bool, tolerance: float):
    """Yield a Mismatch for each number that differs; one for the whole if the words differ.

    `tolerance` is relative, for a site built on another machine.
    """
    words = [NUMBER.sub("#", text) for text in (shown, computed)]
    if volatile:
        words = [re.sub(r"[\s#]+", " ", text) for text in words]  # widths vary with the numbers
    pairs = list(zip_longest(*(NUMBER.findall(text) for text in (shown, computed))))
    if words[0] != words[1] or any(None in pair for pair in pairs):
        yield Mismatch(page, cell, shown, computed)
    elif not volatile:
        for one, other in pairs:
            near = tolerance and abs(float(one) - float(other)) <= tolerance * max(float(other), 1e-6)
            if one != other and not near:
                yield Mismatch(page, cell, one, other)


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


def cells_text(element) -> str:
    return " ".join(part.xpath("string()") for part in element.xpath(".//th|.//td"))


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


def glued(element) -> str:
    """Return what stands beside a value and makes another number of it; nothing if nothing does.

    A ± stands before a standard error, whose name ends with _error or _se.
    """
    before, after = beside(element)
    error = before.rstrip().endswith("±") and element.get("data-value").endswith(("_error", "_se"))
    found = None if error else re.search(BEFORE, before)
    found = found or re.match(AFTER, after)
    return found[0] if found else ""
