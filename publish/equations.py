r"""Equations: a display `$$ … \tag{C1} $$` gets the id `eq-c1`, so that pages link to it as to a heading.

A Markdown extension, so that MkDocs checks the links; formulas.py draws the display later.
"""

import re

from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor

TAG = re.compile(r"\\tag\{([^{}]+)\}")


class EquationIds(Treeprocessor):
    def run(self, root) -> None:
        for display in root.iter("div"):
            if display.get("class") == "arithmatex" and (tag := TAG.search(display.text or "")):
                display.set("id", "eq-" + re.sub(r"[^a-z0-9]+", "-", tag[1].lower()).strip("-"))


class EquationsExtension(Extension):
    def extendMarkdown(self, md) -> None:
        md.treeprocessors.register(EquationIds(md), "equations", 9)  # before MkDocs reads the ids


makeExtension = EquationsExtension
