"""Embed: pages take cells and values from the stored runs.

A Markdown extension ("literate"). In: a line `--8<-- "snippet/cell.md"`, or `cell.code.md`, `cell.out.md` for
one half of it; and `#!val snippet.key:.3f` in backticks. Out: the elements of `render` in their place. What
stands where Markdown has neither blocks nor text stays as it is, and `check` finds it.
"""

import re
from pathlib import Path
from xml.etree.ElementTree import Element as Node
from xml.etree.ElementTree import SubElement

from markdown.blockprocessors import BlockProcessor
from markdown.extensions import Extension
from markdown.inlinepatterns import InlineProcessor

from literate.render import Element, view_of

EMBED = re.compile(r'--8<-- "(?P<snippet>\w+)/(?P<cell>\w+)(?P<half>|\.code|\.out)\.md"')
QUOTE = re.compile(r"(?<!`)`#!val (?P<snippet>\w+)\.(?P<key>[a-z]\w*)(?::(?P<spec>[^`\n]*))?`(?!`)")


class EmbedBlock(BlockProcessor):
    """Puts the elements of a cell in the place of the line that names it."""

    LINE = re.compile(rf"^ {{0,3}}{EMBED.pattern}[ \t]*$", re.M)

    def __init__(self, md, folder: Path) -> None:
        super().__init__(md.parser)
        self.md, self.folder = md, folder

    def test(self, parent, block) -> bool:
        return bool(self.LINE.search(block)) and not self.parser.state.isstate("table of a cell")

    def run(self, parent, blocks) -> None:
        block = blocks.pop(0)
        embed = self.LINE.search(block)
        self.parser.parseBlocks(parent, [block[: embed.start()]])
        view, cell = view_of(self.folder, embed["snippet"]), embed["cell"]
        box = parent
        if embed["half"] != ".out":
            box = SubElement(parent, "div", view.cells[cell])
            self.put(box, view.code[cell])
        for element in view.outputs[cell] if embed["half"] != ".code" else ():
            self.put(box, element)
        blocks.insert(0, block[embed.end() :].lstrip("\n"))

    def put(self, box: Node, element: Element) -> None:
        if element.markdown:
            self.parser.state.set("table of a cell")
            table = SubElement(box, element.tag, element.attributes)
            mark = "`#!val"  # is no quote here
            text = element.content.strip().replace(mark, self.md.htmlStash.store(mark))
            self.parser.parseChunk(table, text)
            self.parser.state.reset()
        else:
            SubElement(box, "p").text = self.md.htmlStash.store(element.html())


class ValueInline(InlineProcessor):
    """Puts a value in the place of its name, which data-value keeps."""

    def __init__(self, md, folder: Path) -> None:
        super().__init__(QUOTE.pattern, md)
        self.folder = folder

    def handleMatch(self, match, data):
        snippet, key, spec = match.groups()
        view = view_of(self.folder, snippet)
        volatile = " data-volatile" if view.volatile else ""
        attributes = f'class="value" data-value="{snippet}.{key}"{volatile}'
        span = f"<span {attributes}>{view.value(key, spec)}</span>"
        return self.md.htmlStash.store(span), match.start(0), match.end(0)


class LiterateExtension(Extension):
    """Python-Markdown extension; `folder` holds the stored runs."""

    def __init__(self, **settings) -> None:
        self.config = {"folder": ["outputs/notebooks", "where the stored runs lie"]}
        super().__init__(**settings)

    def extendMarkdown(self, md) -> None:
        folder = Path(self.getConfig("folder"))
        md.parser.blockprocessors.register(EmbedBlock(md, folder), "literate-embed", 75)
        md.inlinePatterns.register(ValueInline(md, folder), "literate-value", 195)


makeExtension = LiterateExtension
