"""Assets: one style sheet in every page, the scripts and fonts beside them, named by their content.

In: the sheets in docs/assets/css, KaTeX's own, config.extra_css, and the pages
that are already written. Out: files under assets/, and the pages with the sheet in
place of their link to `assets/site.css`, and with `assets/site.js`, `assets/fonts/x.woff2`
and the like replaced by the names of those files. A sheet of its own would cost every first visit
a round trip before anything shows; in the page it costs a few kilobytes.
"""

import re
from pathlib import Path

from mkdocs.exceptions import PluginError

from publish import ROOT, fonts
from publish.formulas import Renderer

SHEET = "assets/publish.css"
TEXT_FACE = "serif-normal"
# Asked for early where formulas can stand on the first screen; that of the article is its head.
FORMULA_FACES = ["katex-main-regular", "katex-math-italic"]
STYLE_LINK = re.compile(r'<link rel="stylesheet" href="(?P<up>[^"]*)assets/extra\.css">')
CLASSES, NOT = re.compile(r"\.([\w-]+)"), re.compile(r":not\([^)]*\)")
CLASS, RULE = re.compile(r'\bclass="([^"]*)"'), re.compile(r"([^{}]+)(\{[^{}]*\})")
INDENT = re.compile(
    r"(?P<kept><(pre|script|style|textarea|annotation|svg)\b.*?</\2>)|\s*\n\s*", flags=re.DOTALL
)



def write_assets(site: Path, docs: Path, drawn: Renderer) -> None:
    """Write the fonts and the sheet that declares them and draws formulas, and link it before the theme's own."""
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
    classes = {name for text in pages.values() for found in CLASS.findall(text) for name in found.split()}
    katex = (ROOT / "node_modules/katex/dist/katex.css").read_text(encoding="utf-8")
    (site / SHEET).write_text(faces + smaller(used_rules(katex, classes)), encoding="utf-8")
    preloaded = [name for name in files if stem(name) in (TEXT_FACE, *FORMULA_FACES)]
    for path, text in pages.items():
        text, found = STYLE_LINK.subn(lambda match: links(match["up"], preloaded) + match[0], without_indents(text))
        if found != 1:
            raise PluginError(f"{path}: {found} links to assets/extra.css, not one")
        path.write_text(text, encoding="utf-8")


def links(up: str, preloaded: list[str]) -> str:
    """Return the links to the sheet and to the fonts that a first screen needs."""
    early = (
        f'<link rel="preload" href="{up}assets/fonts/{name}" as="font" type="font/woff2" crossorigin>'
        for name in preloaded
    )
    return "".join([*early, f'<link rel="stylesheet" href="{up}{SHEET}">'])


def without_indents(text: str) -> str:
    """Drop white space around line ends, but where it shows or is data."""
    return INDENT.sub(lambda match: match["kept"] or "\n", text)


def stem(name: str) -> str:
    """Return a font's name without the part made of its content."""
    return name.split(".")[0]


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
