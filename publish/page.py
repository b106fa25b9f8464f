r"""Page: a finished HTML page as a tree, with what is only carried lifted out of it.

What stands in <pre>, <svg>, <script>, <style> and <textarea> is never parsed as HTML: a mark stands for it in
the tree, and its text comes back to the letter. So what a cell printed or drew cannot be altered on the way.
"""

import re
from collections.abc import Callable
from pathlib import Path

import lxml.html
from lxml.html import HtmlElement

from publish import PublishError

ATTRIBUTES = r"""(?:[^>"']|"[^"]*"|'[^']*')*"""
CARRIED = re.compile(
    rf"<svg\b{ATTRIBUTES}>.*?</svg>|(?<=<)(?P<open>(?P<tag>pre|script|style|textarea)\b{ATTRIBUTES}>)"
    r"(?P<body>.*?)(?=</(?P=tag)>)",
    re.DOTALL,
)
MARK = re.compile("\ue000(\\d+)\ue001")  # of Unicode's private use
DONE = "finished"  # the class of <html> in a page that has been through


class Page:
    """One HTML file of a site."""

    def __init__(self, path: Path, site: Path, below: str = "/") -> None:
        """Read a page of a site that will be served under the path `below`."""
        self.path, self.name = path, path.relative_to(site).as_posix()
        self.address = self.name.removesuffix("index.html")  # seen from the front page
        self.up = below if self.name == "404.html" else "../" * self.name.count("/")  # to the front page
        self.carried: list[str] = []
        text = path.read_text(encoding="utf-8")
        if MARK.search(CARRIED.sub("", text)):
            raise PublishError(f"{self.name}: U+E000 in its prose\n    rule: no characters of private use")
        parser = lxml.html.HTMLParser(encoding="utf-8")
        self.tree = lxml.html.document_fromstring(CARRIED.sub(self._lift, text).encode(), parser=parser)
        if DONE in self.tree.classes:
            raise PublishError(f"{self.name} is finished already\n    rule: finish a newly built site, once")
        self.tree.classes.add(DONE)

    def _lift(self, match: re.Match[str]) -> str:
        if match["tag"]:
            return match["open"] + self.carry(match["body"])
        return self.carry(match[0])

    def carry(self, html: str) -> str:
        """Return the mark that stands for some HTML until the page is written."""
        self.carried.append(html)
        return f"\ue000{len(self.carried) - 1}\ue001"

    def text(self, element: HtmlElement) -> str:
        """Return the text that an element holds, carried or not."""
        return MARK.sub(lambda mark: self.carried[int(mark[1])], element.text_content())

    def edit(self, element: HtmlElement, change: Callable[[str], str]) -> None:
        """Apply a function to the carried text of an element."""
        element.text = self.carry(change(self.text(element)))

    @property
    def is_notebook(self) -> bool:
        return self.name.startswith("notebooks/")

    @property
    def title(self) -> str:
        """The title that stands on the page."""
        heading = self.tree.find(".//h1")
        return " ".join(heading.text_content().split()).removesuffix("#") if heading is not None else ""

    @property
    def description(self) -> str:
        metas = self.tree.xpath("//meta[@name='description']/@content")
        return metas[0] if metas else ""

    def html(self) -> str:
        """Return the page, what was lifted out of it in its place."""
        text = lxml.html.tostring(self.tree, encoding="unicode", doctype="<!doctype html>")
        text = re.sub(r"</(wbr|source|track)>", "", text)  # void, which libxml2 does not know
        return MARK.sub(lambda mark: self.carried[int(mark[1])], text)


def wrap(element: HtmlElement, tag: str, **attributes: str) -> HtmlElement:
    """Put an element into a new one, in its place; return the new one."""
    outer = element.makeelement(tag, {name.replace("_", "-"): value for name, value in attributes.items()})
    element.addprevious(outer)
    outer.tail, element.tail = element.tail, None
    outer.append(element)
    return outer
