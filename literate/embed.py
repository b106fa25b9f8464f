"""Embed: what pages may take from a run, checked with page and line; and the Markdown extension.

As a Markdown extension ("literate") it turns `#!val snippet.key:.3f` into the value of the run.
"""

import html
import json
import re
from collections.abc import Iterator
from glob import glob
from pathlib import Path

from markdown.extensions import Extension
from markdown.inlinepatterns import InlineProcessor

from literate.read import Cell, LiterateError, fault, read_text

EMBED = re.compile(r'^[ \t]*--8<--[ \t]+"(?P<cell>[^".]*)(?P<part>[^"]*)"\r?$')
QUOTE = re.compile(r"`#!val (?P<snippet>\w+)\.(?P<key>[a-z]\w*)(?::(?P<spec>[^`]*))?`")
# What may have been meant as an embed, or as a quote: it holds #!val, in a span of code or in none.
LOOSE_EMBED = re.compile(r"(?<![;-])-+8<-")
LOOSE_QUOTE = re.compile(r"(?<![`\\])(`+)(?!`).*?(?<!`)\1(?!`)|#!val.*")
HEADING = re.compile(r"[\s>*+-]*#|.*\n[\s>]*[=-]+\s*$")  # a line and the one below it
FORMULA = re.compile(r"(?<!\\)\$[^$`]+\$|\\\(")
# Metadata, a comment, a block of code: what stands in them does not show.
UNSEEN = re.compile(r"\A---.*?^---|<!--.*?-->|^[ \t]*(```+|~~~+)[^`\n]*\n.*?^[ \t]*\1", re.M | re.S)


def pages(root: Path) -> dict[Path, list[str]]:
    """Return the lines of every Markdown page; hidden files, as editors leave them, are none to MkDocs."""
    paths = sorted(Path("docs", name) for name in glob("**/*.md", root_dir=root / "docs", recursive=True))
    return {path: read_text(path, root).split("\n") for path in paths}


def faults(root: Path, cells: list[Cell], fragments: dict, values: dict) -> Iterator[LiterateError]:
    """Yield a fault for each embed or quote that a page cannot have, and each cell that none shows."""
    shown = set()
    for path, lines in pages(root).items():
        for block in UNSEEN.finditer("\n".join(lines)):
            if LOOSE_EMBED.search(block[0]) or "#!val" in block[0]:
                number = block.string.count("\n", 0, block.start()) + 1
                what = "an embed or a value in a comment, in metadata or in a block of code"
                yield fault(f"{path}:{number}", what, "put it where it shows", block[0])
        for number, (line, below) in enumerate(zip(lines, [*lines[1:], ""]), 1):
            shown.update(embed["cell"] for embed in EMBED.finditer(line))
            for what, rule in line_faults(line, below, fragments, values):
                yield fault(f"{path}:{number}", what, rule, line.strip())
    for cell in cells:
        if cell.kind == "code" and "hidden" not in cell.tags and f"{cell.path.stem}/{cell.name}" not in shown:
            yield cell.fault("no page shows this cell", 'embed it in a page, or tag it: `tags=["hidden"]`')


def line_faults(line: str, below: str, fragments: dict, values: dict) -> Iterator[tuple[str, str]]:
    """Yield (what, rule) for each fault of one page line; the line below it may make it a heading."""
    embed = EMBED.match(line)
    if not embed and LOOSE_EMBED.search(line):
        yield "cannot read this embed", 'write `--8<-- "snippet/cell.md"` on a line of its own'
    if embed and (name := embed["cell"] + embed["part"]) not in fragments:
        yield f'nothing is called "{name}"', "a page embeds shown cells of snippets: <snippet>/<cell>.md"
    if HEADING.match(f"{line}\n{below}") and FORMULA.search(line):
        yield "a formula in a heading", "write it in words: a heading also stands in titles and search"
    for quote in (span[0] for span in LOOSE_QUOTE.finditer(line) if "#!val" in span[0]):
        match = QUOTE.fullmatch(quote)
        if HEADING.match(f"{line}\n{below}"):
            yield f"a value in a heading: {quote}", "quote it in the text; a heading's id must not move"
        elif not match or match["key"] not in values.get(match["snippet"], ()):
            yield f"no such value: {quote}", "write `#!val snippet.key:format`, a key of its cell `values`"
        else:
            try:
                format(values[match["snippet"]][match["key"]], match["spec"] or "")
            except (ValueError, OverflowError) as error:
                yield f"cannot format {quote}: {error}", "use a Python format that fits the value"


def show_value(value: object, spec: str | None) -> str:
    """Format a value for prose: Python's format, with ×10ⁿ and a true minus sign, as HTML."""
    text = html.escape(format(value, spec or ""))
    if not isinstance(value, str):
        text = re.sub(r"[eE]([+-])0*(\d+)$", lambda m: f" × 10<sup>{m[1].strip('+')}{m[2]}</sup>", text)
        text = text.replace("-", "−")
    return text


class ValueInline(InlineProcessor):
    """`#!val snippet.key:format` becomes the value, followed to its cell by data-value."""

    def handleMatch(self, match, data):
        snippet, key, spec = match.groups()
        entry = self.md.quotable[snippet]
        volatile = " data-volatile" if entry.get("__volatile__") else ""
        shown = show_value(entry[key], spec)
        attributes = f'class="value" data-value="{snippet}.{key}"{volatile}'
        return self.md.htmlStash.store(f"<span {attributes}>{shown}</span>"), match.start(0), match.end(0)


class LiterateExtension(Extension):
    """Python-Markdown extension, for a build in the project's folder."""

    def extendMarkdown(self, md) -> None:
        path = Path("outputs/values.json")
        md.quotable = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        md.inlinePatterns.register(ValueInline(QUOTE.pattern, md), "literate-value", 195)


makeExtension = LiterateExtension
