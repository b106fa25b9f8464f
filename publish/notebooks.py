"""Notebooks: an executed notebook becomes a page in the markup of the others.

mkdocs-jupyter turns the notebook into HTML with a template of ours (notebook_template/); what it adds around
that is dropped here, and formulas in the notebook's prose are marked as arithmatex marks those of other pages.
"""

import html
import re
from pathlib import Path

from lxml.html import HtmlElement, builder
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from publish.page import Page, PublishError

TEMPLATES = Path(__file__).with_name("notebook_template")
FORMULA = re.compile(r"(?<![\\$\w])\$([^$\n]+?)(?<!\\)\$(?![\w$])")


def use_own_template() -> None:
    """Let mkdocs-jupyter take its template from here; its settings for that are not documented."""
    from mkdocs_jupyter.config import settings

    if not hasattr(settings, "templates_dir"):
        raise PublishError("mkdocs-jupyter has no `settings.templates_dir` any more; see publish/notebooks.py")
    settings.templates_dir = str(TEMPLATES)


def finish_notebook(page: Page) -> None:
    """Drop mkdocs-jupyter's style sheets, if the page is a notebook; mark the formulas in its prose."""
    for notebook in page.tree.find_class("notebook"):
        styles = [element for element in notebook.itersiblings("style")]
        if not styles:
            raise PublishError(f"{page.name}: mkdocs-jupyter's style sheets are elsewhere; see publish/notebooks.py")
        for style in styles:
            style.drop_tree()
        for note in notebook.find_class("note"):
            for element in [element for element in note.iter() if not in_code(element)]:
                mark_formulas(element)
            for link in note.find_class("anchor-link"):
                link.text = "#"
                link.attrib.update({"class": "headerlink", "title": "Link to this section"})
        for code in notebook.xpath(".//div[@class='highlight']/pre"):
            page.edit(code, colored)
        notebook.drop_tag()


def colored(code: str) -> str:
    """Return Python code with Pygments' classes, as on the other pages."""
    lines = highlight(html.unescape(code), PythonLexer(stripnl=False), HtmlFormatter(nowrap=True))
    return f"<code>{lines.removesuffix(chr(10))}</code>"


def in_code(element: HtmlElement) -> bool:
    return any(one.tag in ("code", "pre") for one in (element, *element.iterancestors()))


def mark_formulas(element: HtmlElement) -> None:
    """Mark each `$…$` in the text directly within an element."""
    for place, text in [(0, element.text), *((at + 1, child.tail) for at, child in enumerate(element))][::-1]:
        first, *parts = FORMULA.split(text or "")
        if parts:
            pieces = []
            for tex, after in zip(parts[::2], parts[1::2]):
                pieces.append(builder.SPAN({"class": "arithmatex"}, tex))
                pieces[-1].tail = after
            if place:
                element[place - 1].tail = first
            else:
                element.text = first
            element[place:place] = pieces
