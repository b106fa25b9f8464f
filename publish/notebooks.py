"""Notebooks: an executed notebook becomes a page in the markup of the others.

mkdocs-jupyter turns the notebook into HTML with a template of ours (notebook_template/). What it adds around
that is dropped here, code is colored, and formulas in prose are marked as arithmatex marks other pages'.
"""

import html
import re
from pathlib import Path

import lxml.html
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from publish import PublishError
from publish.page import Page

TEMPLATES = Path(__file__).with_name("notebook_template")
FORMULA = re.compile(r"<code>.*?</code>|<[^>]*>|(?<![\\$\w])\$([^$\n]+?)(?<!\\)\$(?![\w$])", re.DOTALL)
FORMULA_HTML = '<span class="arithmatex">{}</span>'


def use_own_template() -> None:
    """Let mkdocs-jupyter take its template from here; its settings for that are not documented."""
    from mkdocs_jupyter.config import settings

    if not hasattr(settings, "templates_dir"):
        raise PublishError("mkdocs-jupyter has no `settings.templates_dir` now; see publish/notebooks.py")
    settings.templates_dir = str(TEMPLATES)


def finish_notebook(page: Page) -> None:
    """Give a page that is a notebook the markup of the others."""
    for notebook in page.tree.find_class("notebook"):
        styles = list(notebook.itersiblings("style"))
        if not styles:
            raise PublishError(f"{page.name}: mkdocs-jupyter adds no style sheet; see publish/notebooks.py")
        for style in styles:
            style.drop_tree()
        for code in notebook.xpath(".//div[@class='highlight']/pre"):
            page.edit(code, colored)
        for link in notebook.find_class("anchor-link"):
            link.text = "#"
            link.attrib.update({"class": "headerlink", "title": "Link to this section"})
        for note in notebook.find_class("note"):
            text = lxml.html.tostring(note, encoding="unicode", with_tail=False)
            marked = FORMULA.sub(lambda found: FORMULA_HTML.format(found[1]) if found[1] else found[0], text)
            note.getparent().replace(note, lxml.html.fragment_fromstring(marked))
        for meta in page.tree.xpath("//meta[@name='description']"):
            meta.set("content", f"The executed notebook of “{page.title}”: each cell with what it printed.")
        notebook.drop_tag()


def colored(code: str) -> str:
    """Return Python code with Pygments' classes, as on the other pages."""
    lines = highlight(html.unescape(code), PythonLexer(stripnl=False), HtmlFormatter(nowrap=True))
    return f"<code>{lines.removesuffix(chr(10))}</code>"
