"""Check: what pages ask for exists, and stands in them as published.

In: the sources of the pages and the views of the runs; later each page's finished HTML. Out: faults, with
page and line. A source does not tell for sure where Markdown will not look (raw HTML, formulas, comments): so
what counts is that each embed and each quote of the source stands in the finished HTML exactly once.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from literate.embed import EMBED, QUOTE
from literate.read import Snippet
from literate.render import View
from literate.sources import LiterateError, fault, read_text

Pages = dict[Path, list[str]]
ENDINGS = {".md", ".markdown", ".mdown", ".mkdn", ".mkd"}  # what MkDocs takes for pages
MEANT = re.compile(r"-8<-|#!val")  # what somebody may have meant as an embed or a quote
CODE = re.compile(r"(`#!val[^`]*`)|`[^`]*`")
FORMULA = re.compile(r"(?<![\\$])\$(?![\s$])[^$]+(?<!\s)\$(?!\d)|\\\(.*?\\\)")
COMMENT = re.compile(r"<!--.*?-->", re.S)
HEADING = re.compile(r"<h([1-6])\b(?:(?!</h\1>).)*?(data-value|arithmatex|katex)", re.S)
MARK = re.compile(
    r'>[^<>]*<[a-z][^<>]*?\s(?:data-(?P<kind>cell|value)="(?P<name>[^"]*)"|id="cell-(?P<id>[\w-]*)")'
)


def pages_of(root: Path, docs: str = "docs") -> Pages:
    """Return the lines of every page; hidden files, as editors leave them, are none to MkDocs."""
    paths = [path.relative_to(root) for path in sorted((root / docs).rglob("*")) if path.suffix in ENDINGS]
    shown = [path for path in paths if not any(part[0] == "." for part in path.parts)]
    return {path: read_text(path, root).split("\n") for path in shown}


def faults(pages: Pages, snippets: list[Snippet], views: dict[str, View]) -> Iterator[LiterateError]:
    """Yield a fault for each embed or quote that a page cannot have, and each cell that none shows."""
    shown = set()
    for path, lines in pages.items():
        for number, line in enumerate(lines, 1):
            for what, rule in line_faults(line, views):
                yield fault(f"{path}:{number}", what, rule, line.strip())
            shown |= {(embed["snippet"], embed["cell"]) for embed in EMBED.finditer(line)}
    for snippet in snippets:
        for cell in snippet.cells:
            if cell.code and "hidden" not in cell.tags and (snippet.name, cell.name) not in shown:
                rule = 'embed it in a page, or tag it: `tags=["hidden"]`'
                yield cell.fault("no page shows this cell", rule)


def line_faults(line: str, views: dict[str, View]) -> Iterator[tuple[str, str]]:
    """Yield (what, rule) for each fault of a page's line."""
    for embed in EMBED.finditer(line):
        view = views.get(embed["snippet"], View())
        if embed["cell"] not in view.cells:
            yield f"nothing is called {embed[0][7:]}", "pages embed shown cells: <snippet>/<cell>.md"
        elif embed["half"] == ".out" and not view.outputs[embed["cell"]]:
            yield "this cell has no output", "print or draw something, or embed the code"
    if any("#!val" in formula for formula in FORMULA.findall(CODE.sub(r"\1", line))):
        yield "a value in a formula", "put it beside the formula"
    for quote in QUOTE.finditer(line):
        view = views.get(quote["snippet"], View())
        try:
            view.value(quote["key"], quote["spec"])
        except KeyError:
            yield f"no such value: {quote[0]}", "write `#!val snippet.key:format`, a key of its cell `values`"
        except (ValueError, OverflowError, MemoryError) as error:
            yield f"cannot format {quote[0]}: {error}", "use a Python format that fits the value"
    if MEANT.search(QUOTE.sub("", EMBED.sub("", line))):
        rule = 'write `--8<-- "snippet/cell.md"` on its own line, `#!val snippet.key` in single backticks'
        yield "cannot read this embed or value", rule


def published(path: Path, pages: Pages, page_html: str, views: dict[str, View]) -> Iterator[LiterateError]:
    """Yield a fault for each embed and quote of a page's source that its HTML has not exactly once."""
    lines, page_html = pages[path], COMMENT.sub("", page_html)
    found = Counter((mark["kind"] or "id", mark["name"] or mark["id"]) for mark in MARK.finditer(page_html))
    asked, places, said = Counter(), {}, set()
    for number, line in enumerate(lines, 1):
        for mark, times in wanted(line, views):
            asked[mark] = 1 if mark[0] == "id" else asked[mark] + times
            places[mark] = number
    for mark, times in asked.items():
        if found[mark] != times and (number := places[mark]) not in said:
            said.add(number)
            what = f"{mark[1]} stands {found[mark]} times in the finished page, not {times}"
            rule = "embed code once, on its own line; no value stands in HTML, formulas, code or comments"
            yield fault(f"{path}:{number}", what, rule, lines[number - 1].strip())
    for heading in HEADING.finditer(page_html):
        what = "a value in a heading" if heading[2] == "data-value" else "a formula in a heading"
        title = re.sub(r"<[^>]*>?", "", heading[0])
        yield fault(f"{path}:1", f"{what}: {title}", "use words: a heading is a title and a link, too")


def wanted(line: str, views: dict[str, View]) -> Iterator[tuple[tuple[str, str], int]]:
    """Yield what the HTML must have for a line of the source, and how often."""
    for quote in QUOTE.finditer(line):
        yield ("value", f"{quote['snippet']}.{quote['key']}"), 1
    for embed in EMBED.finditer(line):
        if embed["half"] != ".out":
            yield ("id", f"{embed['snippet']}-{embed['cell']}"), 1
        if embed["half"] != ".code":
            name = f"{embed['snippet']}/{embed['cell']}"
            yield ("cell", name), len(views[embed["snippet"]].outputs[embed["cell"]])
