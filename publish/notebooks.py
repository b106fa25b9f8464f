"""Notebooks: an executed notebook becomes a page in the same design as the others.

mkdocs-jupyter turns the notebook into HTML with a template of ours
(notebook_template/); here its cells get the markup that `cells.py`, `figures.py`
and `formulas.py` know from the other pages.
"""

import html
import re
from pathlib import Path

from mkdocs.exceptions import PluginError
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

TEMPLATES = Path(__file__).with_name("notebook_template")
FORMULA = re.compile(
    r"(?<![\\$])\$\$(?P<display>[^$]+?)\$\$|(?<![\\$\w])\$(?P<inline>[^$\n]+?)(?<!\\)\$(?![\w$])"
)
MARKDOWN = re.compile(r'<div class="note">(.*?)</div><!--note-->', re.DOTALL)
LINK = re.compile(r'<a class="anchor-link" href="(#[^"]*)">¶</a>')
SKIPPED = re.compile(r"(<(code|pre|script|style)\b.*?</\2>|<[^>]*>)", re.DOTALL)
CODE = re.compile(r"(?<=<pre><span></span><code>)(.*?)(?=</code></pre></div>)", re.DOTALL)
DRAWING = re.compile(r'(?<=">)(&lt;(?:\?xml|svg).*?)(?=</div>)', re.DOTALL)
STYLE = re.compile(r"\s*<style>.*?</style>\s*\Z", re.DOTALL)


def use_own_template() -> None:
    """Let mkdocs-jupyter take its template from here; its settings for that are not documented."""
    from mkdocs_jupyter.config import settings

    if not hasattr(settings, "templates_dir"):
        raise PluginError(
            "mkdocs-jupyter no longer has `config.settings.templates_dir`; see publish/notebooks.py"
        )
    settings.templates_dir = str(TEMPLATES)


def finish_notebook(page_html: str) -> str:
    """Drop the style sheets that mkdocs-jupyter adds, and mark formulas in the notebook's prose."""
    page_html, dropped = STYLE.subn("", page_html)
    start, end = '<div class="notebook">', "</div>"
    inside = page_html.strip()
    if not (inside.startswith(start) and inside.endswith(end)):
        raise PluginError("a notebook was not made by the template in publish/notebook_template")
    if dropped != 1:
        raise PluginError(
            "mkdocs-jupyter no longer appends its style sheets to a notebook; see publish/notebooks.py"
        )
    page_html = inside.removeprefix(start).removesuffix(end)
    page_html = DRAWING.sub(lambda match: html.unescape(match[0]), page_html)
    page_html = CODE.sub(lambda match: color(html.unescape(match[0])), page_html)
    page_html = MARKDOWN.sub(lambda match: mark_formulas(match[1]), page_html)
    return LINK.sub(r'<a class="headerlink" href="\1" title="Link to this section">#</a>', page_html)


def color(source: str) -> str:
    """Return Python code with Pygments' classes, as on the other pages."""
    return highlight(source, PythonLexer(), HtmlFormatter(nowrap=True)).rstrip("\n")


def mark_formulas(text_html: str) -> str:
    """Mark `$…$` and `$$…$$` outside of tags and code, as arithmatex marks them on other pages."""
    parts = SKIPPED.split(text_html)
    out = []
    for index in range(0, len(parts), 3):
        out.append(FORMULA.sub(marked, parts[index]))
        out.append(parts[index + 1] if index + 1 < len(parts) else "")
    return "".join(out)


def marked(match: re.Match[str]) -> str:
    """Return one formula in arithmatex's marks."""
    if match["display"] is not None:
        return f'</p><div class="arithmatex">\\[{match["display"]}\\]</div><p>'
    return f'<span class="arithmatex">\\({html.escape(html.unescape(match["inline"]), quote=False)}\\)</span>'


def anchors(page_html: str) -> set[str]:
    """Return the ids of a notebook's cells, for the check of links to them."""
    return set(re.findall(r' id="(cell-[\w-]+)"', page_html))
