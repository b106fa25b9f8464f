"""What must stand on a page, in order: read from its Markdown and from plain runs, not from the engine."""

from __future__ import annotations

import re
from pathlib import Path

from plain_run import ROOT, PlainRun, files_beside

EMBED = re.compile(r'^\s*--8<--\s+"(?P<cell>\w+/\w+?)(?P<part>\.code|\.out)?\.md"\s*$')
QUOTE = re.compile(r"`#!val (?P<name>\w+\.\w+)(?::(?P<spec>[^`]*))?`")
NOTEBOOK = re.compile(r"notebooks/(?P<name>\w+)/index\.html")
LEDGER = "[quoted-values]"
Pairs = list[tuple[str, str]]


class PageSources:
    """The outputs, quoted values and code of each page; a page is named by its path in the site."""

    def __init__(self, runs: dict[str, PlainRun], sources: Path) -> None:
        self.runs, self.sources = runs, sources

    def lines(self, page: str) -> list[str]:
        """Return the lines of a page's Markdown; none if it was not made from any."""
        path = self.sources / f"{page.removesuffix('index.html').strip('/') or 'index'}.md"
        return path.read_text(encoding="utf-8").split("\n") if path.exists() else []

    def outputs(self, page: str) -> Pairs:
        """Return (cell, kind) for each output."""
        if notebook := NOTEBOOK.fullmatch(page):
            cells = [f"{notebook['name']}/{name}" for name in self.runs[notebook["name"]].tags]
        else:
            embeds = [embed for line in self.lines(page) if (embed := EMBED.match(line))]
            cells = [embed["cell"] for embed in embeds if embed["part"] != ".code"]
        return [pair for cell in cells for pair in self.kinds(cell)]

    def kinds(self, cell: str) -> Pairs:
        run, name = self.runs[cell.split("/")[0]], cell.split("/")[1]
        tags = run.tags[name]
        text = "data" if "data" in tags else "table" if "markdown" in tags else "text"
        printed = [(cell, text)] if run.stdout[name] else []
        return printed + [(cell, f"figure {i}") for i in range(len(run.figures[name]))]

    def quotes(self, page: str) -> Pairs:
        """Return (name of the value, format) for each quoted value."""
        quotes = []
        for line in self.lines(page):
            quotes += [(quote["name"], quote["spec"] or "") for quote in QUOTE.finditer(line)]
            quotes += self.ledger() if line.strip() == LEDGER else []
        return quotes

    def ledger(self) -> Pairs:
        quotes = []
        for path in sorted(self.sources.rglob("*.md"), key=lambda path: (path.name != "index.md", path)):
            found = QUOTE.finditer(path.read_text(encoding="utf-8"))
            quotes += dict.fromkeys((quote["name"], quote["spec"] or "") for quote in found)
        return quotes

    def code(self, page: str) -> Pairs:
        """Return (id of the block, code) for each block of code."""
        if notebook := NOTEBOOK.fullmatch(page):
            run = self.runs[notebook["name"]]
            sources = written_files(run) | run.sources
            return [(f"cell-{notebook['name']}-{name}", source) for name, source in sources.items()]
        embeds = [embed for line in self.lines(page) if (embed := EMBED.match(line))]
        cells = [embed["cell"].split("/") for embed in embeds if embed["part"] != ".out"]
        return [(f"cell-{snippet}-{name}", self.runs[snippet].sources[name]) for snippet, name in cells]


def written_files(run: PlainRun) -> dict[str, str]:
    """Return the cells in which a notebook writes what lay beside its snippet in the plain run."""
    return {
        f"write-{path.name.removesuffix('.py').replace('.', '-')}": (
            f"%%writefile {path.name}\n{path.read_text(encoding='utf-8').rstrip()}"
        )
        for path in files_beside("\n".join(run.sources.values()))
    }


def notebook_texts(name: str) -> list[str]:
    """Return the cells of prose of a snippet, as its notebook must show them."""
    texts, inside = [], False
    for line in (ROOT / "snippets" / f"{name}.py").read_text(encoding="utf-8").split("\n"):
        if line.startswith("# %%"):
            inside = "[markdown]" in line
            if inside:
                texts.append([])
        elif inside and line.startswith("#"):
            texts[-1].append(line[1:].removeprefix(" "))
    return ["\n".join(lines) for lines in texts]
