"""Assets: one style sheet in every page, the scripts and fonts beside them, named by their content.

In: the sheets in docs/assets/css, KaTeX's own, config.extra_css, and the pages
that are already written. Out: files under assets/, and the pages with the sheet in
place of their link to `assets/site.css`, and with `assets/site.js`, `assets/fonts/x.woff2`
and the like replaced by the names of those files. A sheet of its own would cost every first visit
a round trip before anything shows; in the page it costs a few kilobytes.
"""

import hashlib
import re
from pathlib import Path

from mkdocs.exceptions import PluginError

from publish import ROOT, fonts
from publish.formulas import Renderer

SHEETS = ["tokens", "layout", "prose", "cells", "math", "tables", "print"]
TEXT_FACE = "serif-normal"
# Asked for early where formulas can stand on the first screen; that of the article is its head.
FORMULA_FACES = ["katex-main-regular", "katex-math-italic"]
STYLE_LINK = re.compile(r'<link rel="stylesheet" href="(?P<up>[^"]*)assets/site\.css">')
CLASSES, NOT = re.compile(r"\.([\w-]+)"), re.compile(r":not\([^)]*\)")
CLASS, RULE = re.compile(r'\bclass="([^"]*)"'), re.compile(r"([^{}]+)(\{[^{}]*\})")
INDENT = re.compile(
    r"(?P<kept><(pre|script|style|textarea|annotation|svg)\b.*?</\2>)|\s*\n\s*", flags=re.DOTALL
)
NAMED = re.compile(r"assets/[^/]+\.(?:js|css)")  # written under names made of their content


def write_assets(site: Path, docs: Path, extra_css: list[str], drawn: Renderer) -> None:
    """Write style sheet, script and fonts into the site and point its pages to them."""
    pages = {path: path.read_text(encoding="utf-8") for path in sorted(site.rglob("*.html"))}
    characters, slanted = set(drawn.letters), set[str]()
    for text in pages.values():
        slanted |= fonts.italics(text)
    for script in docs.glob("assets/*.js"):  # what it writes can be known no closer
        letters = set(script.read_text(encoding="utf-8"))
        characters |= letters
        slanted |= {letter for letter in letters if letter.isalpha() and not letter.isascii()}
    files, faces = fonts.make_fonts(characters, slanted, fonts.formula_glyphs(drawn.used))
    folder = site / "assets" / "fonts"
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    names = {f"assets/fonts/{stem(name)}.woff2": f"assets/fonts/{name}" for name in files}
    classes = {name for text in pages.values() for found in CLASS.findall(text) for name in found.split()}
    sheets = {
        tables: faces + smaller(style_sheet(docs, extra_css, classes, tables)) for tables in (True, False)
    }
    for path in sorted(docs.glob("assets/*.*")):
        if NAMED.fullmatch(name := path.relative_to(docs).as_posix()):
            names[name] = named(site, name, path.read_text(encoding="utf-8"))
    for path, text in pages.items():
        sheet = sheets["<table" in text]
        page = with_sheet(without_indents(text), sheet, path)
        path.write_text(renamed(page, names), encoding="utf-8")


def with_sheet(text: str, sheet: str, path: Path) -> str:
    """Return a page with the style sheet in the place of the link to it.

    Raises:
        PluginError: the page does not have that link, once.
    """

    def style(match: re.Match[str]) -> str:
        return "<style>" + sheet.replace("url(fonts/", f"url({match['up']}assets/fonts/") + "</style>"

    text, found = STYLE_LINK.subn(style, text)
    if found != 1:
        raise PluginError(f"{path}: {found} links to assets/site.css, not one; see overrides/head.html")
    return text


def without_indents(text: str) -> str:
    """Drop white space around line ends, but where it shows or is data."""
    return INDENT.sub(lambda match: match["kept"] or "\n", text)


def stem(name: str) -> str:
    """Return a font's name without the part made of its content."""
    return name.split(".")[0]


def named(site: Path, name: str, text: str) -> str:
    """Write a text file under a name made of its content, and return that name."""
    path = Path(name)
    target = f"{path.parent}/{path.stem}.{hashlib.sha256(text.encode()).hexdigest()[:8]}{path.suffix}"
    (site / target).write_text(text, encoding="utf-8")
    return target


def style_sheet(docs: Path, extra_css: list[str], classes: set[str], tables: bool) -> str:
    """Return KaTeX's sheet for the classes in use, then ours, then those that mkdocs.yml adds.

    Without `tables`, the sheet of tables is left out: the article's few kilobytes decide how soon it shows.
    """
    katex = (ROOT / "node_modules/katex/dist/katex.css").read_text(encoding="utf-8")
    names = [name for name in SHEETS if tables or name != "tables"]
    ours = [docs / "assets" / "css" / f"{name}.css" for name in names] + [docs / name for name in extra_css]
    return "\n".join([used_rules(katex, classes), *(path.read_text(encoding="utf-8") for path in ours)])


def used_rules(css: str, classes: set[str]) -> str:
    """Return the rules that can apply where only these classes are in use; none that loads a font.

    For KaTeX's sheet, whose formulas are all drawn by now; it nests nothing in its rules.
    """
    kept = []
    for selectors, body in RULE.findall(re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)):
        alive = [one for one in selectors.split(",") if set(CLASSES.findall(NOT.sub("", one))) <= classes]
        if alive and "@font-face" not in selectors:
            kept.append(",".join(alive) + body)
    return "".join(kept)


def smaller(css: str) -> str:
    """Drop comments and needless white space from a style sheet."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    css = re.sub(r"\s+", " ", css)
    css = re.sub(r"\s*([{};,>])\s*", r"\1", css)
    return re.sub(r":\s+", ":", css).replace(";}", "}").strip()


def renamed(text: str, names: dict[str, str]) -> str:
    """Replace the plain names in the attributes of a page."""
    pattern = "|".join(map(re.escape, names))
    return re.sub(rf'(?<=[/"])({pattern})(?=")', lambda match: names[match[1]], text)
