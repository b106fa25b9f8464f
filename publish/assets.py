"""Assets: one style sheet, one script, the fonts, each named by its content.

In: the sheets in docs/assets/css, KaTeX's own, config.extra_css, and the pages
that are already written. Out: files under assets/, and the pages with the plain
names `assets/site.css`, `assets/site.js`, `assets/fonts/x.woff2` replaced by those names.
"""

import hashlib
import html
import re
from collections.abc import Iterable
from pathlib import Path

from publish import fonts
from publish.formulas import ROOT

SHEETS = ["tokens", "layout", "prose", "cells", "math", "print"]
TEXT_FACE = "serif-normal"
# Asked for early where formulas can stand on the first screen; that of the article is its head.
FORMULA_FACES = ["katex-main-regular", "katex-math-italic"]
STYLE_SHEET = "assets/site.css"
SCRIPTS = ["assets/site.js", "assets/search.js"]


def write_assets(site: Path, docs: Path, extra_css: list[str], formulas: Iterable[str]) -> None:
    """Write style sheet, script and fonts into the site and point its pages to them."""
    pages = {path: path.read_text(encoding="utf-8") for path in sorted(site.rglob("*.html"))}
    characters: set[str] = set()
    slanted: set[str] = set()
    for text in pages.values():
        characters.update(html.unescape(text))
        slanted |= fonts.italics(text)
    files, faces = fonts.make_fonts(characters, slanted, fonts.formula_glyphs(formulas))
    folder = site / "assets" / "fonts"
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    names = {f"assets/fonts/{stem(name)}.woff2": f"assets/fonts/{name}" for name in files}
    sheet = faces + smaller(style_sheet(docs, extra_css))
    names[STYLE_SHEET] = named(site, STYLE_SHEET, sheet)
    for script in SCRIPTS:
        names[script] = named(site, script, (docs / script).read_text(encoding="utf-8"))
    for path, text in pages.items():
        path.write_text(renamed(text, names), encoding="utf-8")


def stem(name: str) -> str:
    """Return a font's name without the part made of its content."""
    return name.split(".")[0]


def named(site: Path, name: str, text: str) -> str:
    """Write a text file under a name made of its content, and return that name."""
    path = Path(name)
    target = f"{path.parent}/{path.stem}.{hashlib.sha256(text.encode()).hexdigest()[:8]}{path.suffix}"
    (site / target).write_text(text, encoding="utf-8")
    return target


def style_sheet(docs: Path, extra_css: list[str]) -> str:
    """Return KaTeX's sheet without its fonts, then ours, then those that mkdocs.yml adds."""
    katex = (ROOT / "node_modules/katex/dist/katex.css").read_text(encoding="utf-8")
    katex = re.sub(r"@font-face\s*\{[^}]*\}", "", katex)
    ours = [docs / "assets" / "css" / f"{name}.css" for name in SHEETS] + [docs / name for name in extra_css]
    return "\n".join([katex, *(path.read_text(encoding="utf-8") for path in ours)])


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
