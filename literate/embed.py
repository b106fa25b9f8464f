"""Embed: what pages may take from a run, checked with page and line; and the Markdown extension.

As a Markdown extension ("literate") it turns `#!val snippet.key:.3f` into the value of the run.
"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

from markdown.extensions import Extension
from markdown.inlinepatterns import InlineProcessor

from literate.errors import LiterateError
from literate.read import Snippet, read_text

EMBED = re.compile(r'^\s*--8<--\s+"(?P<path>[^"]+)"\s*$')
QUOTE = re.compile(r"`#!val (?P<snippet>\w+)\.(?P<key>\w+)(?::(?P<spec>[^`]*))?`")
LOOSE_EMBED, LOOSE_QUOTE = re.compile(r"(?<!;)--8<--"), re.compile(r"#!val\b(?:[^`]*`|.*)")


def pages(root: Path) -> dict[Path, list[str]]:
    """Return the lines of every Markdown page."""
    paths = sorted(path.relative_to(root) for path in (root / "docs").rglob("*.md"))
    return {path: read_text(path, root).split("\n") for path in paths}


def check_pages(root: Path, snippets: list[Snippet], fragments: set[str], values: dict) -> None:
    """Every embed and quote exists; every cell is shown or hidden. All faults at once."""
    faults, shown = [], set()
    for path, lines in pages(root).items():
        for number, line in enumerate(lines, 1):
            where = f"{path}:{number}"
            for fault in line_faults(line, fragments, values):
                faults.append(str(LiterateError(where, *fault, line.strip())))
            if match := EMBED.match(line):
                shown.add(shown_cell(match["path"]))
    for snippet in snippets:
        for cell in snippet.code:
            if "hidden" not in cell.tags and f"{snippet.name}/{cell.name}" not in shown:
                where = f"{snippet.path}:{cell.line}, cell '{cell.name}'"
                rule = 'embed it in a page, or tag it: `tags=["hidden"]`'
                faults.append(str(LiterateError(where, "no page shows this cell", rule, cell.source)))
    if faults:
        raise LiterateError.of_many(faults)


def shown_cell(path: str) -> str:
    """Return '<snippet>/<cell>' for a fragment's path."""
    return re.sub(r"(\.code|\.out)?\.md$", "", path)


def line_faults(line: str, fragments: set[str], values: dict):
    """Yield (what, rule) for each fault of one page line."""
    embed = EMBED.match(line)
    if not embed and LOOSE_EMBED.search(line):
        yield "cannot read this embed", 'write `--8<-- "snippet/cell.md"` on a line of its own'
    if embed and embed["path"] not in fragments:
        yield (
            f'nothing is called "{embed["path"]}"',
            "a page embeds shown cells of snippets: <snippet>/<cell>.md",
        )
    for loose in LOOSE_QUOTE.finditer(line):
        match = QUOTE.fullmatch("`" + loose[0])
        if line.lstrip().startswith("#"):
            yield (
                f"a value in a heading: `{loose[0]}",
                "quote values in the text; a heading's id must not move",
            )
        elif not match or match["snippet"] not in values or match["key"] not in values[match["snippet"]]:
            yield f"no such value: `{loose[0]}", "quote a key of the dict in a snippet's cell `values`"
        else:
            try:
                format(values[match["snippet"]][match["key"]], match["spec"] or "")
            except ValueError as error:
                yield f"cannot format `{loose[0]}: {error}", "use a Python format that fits the value"


def show_value(value: object, spec: str | None) -> str:
    """Format a value for prose: Python's format, with ×10ⁿ and a true minus sign, as HTML."""
    text = html.escape(format(value, spec or ""))
    if not isinstance(value, str):
        text = re.sub(r"e([+-])0*(\d+)$", lambda m: f" × 10<sup>{m[1].strip('+')}{m[2]}</sup>", text)
        text = text.replace("-", "−")
    return text


class ValueInline(InlineProcessor):
    """`#!val snippet.key:format` becomes the value, followed to its cell by data-value."""

    def __init__(self, values: dict, md) -> None:
        super().__init__(QUOTE.pattern, md)
        self.values = values

    def handleMatch(self, match, data):  # noqa: N802 (Markdown's name)
        snippet, key, spec = match["snippet"], match["key"], match["spec"]
        entry = self.values[snippet]
        volatile = " data-volatile" if entry.get("__volatile__") else ""
        shown = show_value(entry[key], spec)
        attributes = f'class="value" data-value="{snippet}.{key}" data-format="{spec or ""}"{volatile}'
        return self.md.htmlStash.store(f"<span {attributes}>{shown}</span>"), match.start(0), match.end(0)


class LiterateExtension(Extension):
    """Python-Markdown extension; `root` is the folder that holds outputs/."""

    def __init__(self, **settings) -> None:
        self.config = {"root": [".", "folder of the project"]}
        super().__init__(**settings)

    def extendMarkdown(self, md) -> None:  # noqa: N802 (Markdown's name)
        path = Path(self.getConfig("root")) / "outputs" / "values.json"
        values = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        md.inlinePatterns.register(ValueInline(values, md), "literate-value", 195)


def makeExtension(**settings) -> LiterateExtension:  # noqa: N802 (Markdown's name)
    return LiterateExtension(**settings)
