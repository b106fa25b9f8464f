"""A tiny project that runs the real engine: snippets without torch, pages without a publisher.

What a test does not care about is filled in: a snippet's first cell of text, the page that shows its cells,
mkdocs.yml.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import lxml.html

from literate.account import Limits
from literate.alone import alone
from literate.build import Built, build
from literate.sources import LiterateError

CONFIGURATION = """\
site_name: Tiny
site_url: http://127.0.0.1:8000/
theme: mkdocs
plugins: [literate]
markdown_extensions: [literate, admonition, attr_list, md_in_html, tables, pymdownx.details,
  pymdownx.superfences, pymdownx.blocks.html, pymdownx.arithmatex: {generic: true}]
"""


class Tiny:
    """A project in a folder; `ran` names the snippets that the last build ran."""

    def __init__(self, root: Path, **snippets: str) -> None:
        self.root, self.ran, self.said, self.python = root, [], [], sys.executable
        self.write("mkdocs.yml", CONFIGURATION)
        self.write("docs/index.md", "# Tiny\n")
        for name, text in snippets.items():
            self.snippet(name, text)

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.root / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{name} has {old!r} {text.count(old)} times"
        self.write(name, text.replace(old, new))

    def snippet(self, name: str, text: str) -> None:
        """Write a snippet, as cells or as the code of one, and a page that shows it."""
        if not text.startswith("# %%"):
            text = f"# %% cell\n{text}\n"
        self.write(f"snippets/{name}.py", f"# %% [markdown]\n# # Title\n\n{text}")
        cells = re.findall(r"^# %% (\w+)(.*)$", text, re.M)
        embeds = "".join(f'--8<-- "{name}/{cell}.md"\n\n' for cell, tags in cells if "hidden" not in tags)
        self.write(f"docs/{name}.md", f"# {name}\n\n{embeds}")

    def build(self, preload: list[str] = (), **limits: float) -> Built:
        """Run the engine without MkDocs, in a thread of its own: a browser may hold the loop of this one."""
        self.ran, self.said = [], []
        with alone(self.root, self.say), ThreadPoolExecutor(1) as apart:
            asked = self.root, Path("docs"), Limits(**limits), self.say, preload
            return apart.submit(build, *asked).result()

    def say(self, text: str) -> None:
        self.said.append(text)
        self.ran += re.findall(r"^(\w+): running", text)

    def faults(self, **settings) -> list[str]:
        """Build what must fail, and return what is said."""
        try:
            self.build(**settings)
        except LiterateError as error:
            return str(error).split("\n\n")
        raise AssertionError("nothing is said")

    def outputs(self, name: str) -> dict[str, list[str]]:
        """Return by cell what a snippet's run left: printed text, or the markup of a figure."""
        found = self.build().views[name].outputs
        return {cell: [printed(one.html()) for one in outputs] for cell, outputs in found.items()}

    def command(self, *arguments: str, module: str = "mkdocs", **environment: str) -> dict:
        """Return what subprocess needs to run MkDocs here, or the engine's own command."""
        environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "SOURCE_DATE_EPOCH": "0"} | environment
        return {"args": [self.python, "-m", module, *arguments], "cwd": self.root, "env": environment}

    def by(self, module: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        """Build by MkDocs, or run the engine's own command."""
        arguments = arguments or ["build", "--strict"] * (module == "mkdocs")
        asked = self.command(*arguments, module=module, **environment)
        return subprocess.run(**asked, capture_output=True, text=True, timeout=60)

    def mkdocs(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        return self.by("mkdocs", *arguments, **environment)

    def page(self, name: str) -> lxml.html.HtmlElement:
        return lxml.html.fromstring((self.root / "site" / name / "index.html").read_text(encoding="utf-8"))


def printed(output: str) -> str:
    return output if "<svg" in output else lxml.html.fromstring(output).text_content()
