"""Fonts: the text face and KaTeX's faces, cut down to the characters that the pages use.

In: the font files of node_modules, the text of all pages, the drawn formulas. Out: small WOFF2 files and one
style sheet, KaTeX's own with our files in its @font-face rules; each page links to it and asks early for the
faces of its first screen, so that nothing moves when they arrive.
"""

import base64
import hashlib
import html
import io
import re
from functools import lru_cache
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer
from lxml.html import builder

from publish.page import Page

MODULES = Path(__file__).resolve().parent.parent / "node_modules"
SERIF = str(MODULES / "@fontsource-variable/source-serif-4/files/source-serif-4-{}-wght-{}.woff2")
KATEX = MODULES / "katex/dist"
SIGNS = KATEX / "fonts/KaTeX_Main-Regular.woff2"  # has what the text face lacks: √, ∞
ALWAYS = "".join(map(chr, range(0x20, 0x7F))) + "–—‘’“”…×·−±²³½©\u00a0"
ITALIC = "//em | //i | //var | //cite | //blockquote"  # what the style sheet sets in italics
SMALL = 1500  # bytes: such a face weighs less in the style sheet than a request for it does
KATEX_FACE = re.compile(r"src:url\(fonts/(KaTeX_[\w-]+)\.woff2\)[^}]*")
TEXT, FORMULAS = ["serif-latin-normal"], ["katex_main-regular", "katex_math-italic"]  # asked for early


def write_fonts(site: Path, pages: list[Page], formulas: list[str]) -> None:
    """Write the fonts and their style sheet into the site, and point the pages to them.

    Args:
        formulas: KaTeX's HTML of every formula.
    """
    text = set(ALWAYS).union(*(html.unescape(page.html()) for page in pages))
    text.update(*(script.read_text(encoding="utf-8") for script in site.glob("assets/*.js")))
    slanted = set().union(*(element.text_content() for page in pages for element in page.tree.xpath(ITALIC)))
    drawn = (re.sub("<[^>]*>", "", formula.partition("katex-html")[2]) for formula in formulas)
    signs = set().union(*map(html.unescape, drawn))
    folder, files = site / "assets/fonts", {}
    folder.mkdir(parents=True, exist_ok=True)

    def keep(source: Path, name: str, letters: set[str], weights: tuple[int, int] | None = None) -> str:
        """Write a face with these letters; return its address, seen from the style sheet."""
        data = cut(source, "".join(sorted(letters)), weights)
        if len(data) < SMALL:
            return "data:font/woff2;base64," + base64.b64encode(data).decode()
        files[name] = f"{name}.{hashlib.sha256(data).hexdigest()[:8]}.woff2"
        (folder / files[name]).write_bytes(data)
        return files[name]

    rules = [Path(__file__).with_name("fonts.css").read_text(encoding="utf-8")]
    for style, weights, left in (("normal", (400, 600), text), ("italic", (400, 400), slanted)):
        for name, source in text_faces(style).items():  # the first that has a letter writes it
            if letters := left & written(source):
                left = left - letters
                place = keep(source, name, letters, None if source == SIGNS else weights)
                rules.append(face(place, style, weights, letters))
    katex = KATEX_FACE.sub(
        lambda face: f"src:url({keep(KATEX / 'fonts' / f'{face[1]}.woff2', face[1].lower(), signs)})",
        (KATEX / "katex-swap.min.css").read_text(encoding="utf-8"),
    )
    (folder / "fonts.css").write_text("".join(rules) + katex, encoding="utf-8")
    for page in pages:
        early = TEXT + FORMULAS * bool(page.tree.find_class("equation") or page.tree.find_class("stuck"))
        first = page.tree.find(".//link[@rel='stylesheet']")
        for name in early:
            place = f"{page.up}assets/fonts/{files[name]}"
            first.addprevious(
                builder.LINK(rel="preload", href=place, **{"as": "font"}, type="font/woff2", crossorigin="")
            )
        first.addprevious(builder.LINK(rel="stylesheet", href=f"{page.up}assets/fonts/fonts.css"))


def text_faces(style: str) -> dict[str, Path]:
    """Return the fonts that the text is set in, by the names of the files cut from them."""
    faces = {f"serif-{script}-{style}": Path(SERIF.format(script, style)) for script in ("latin", "greek")}
    return faces | ({"serif-signs": SIGNS} if style == "normal" else {})


def face(place: str, style: str, weights: tuple[int, int], letters: set[str]) -> str:
    """Return the @font-face rule of a file of the text face, for these letters."""
    span = ",".join(f"U+{ord(letter):X}" for letter in sorted(letters))
    return (
        f'@font-face{{font-family:"Source Serif 4";font-style:{style};font-weight:{weights[0]} {weights[1]};'
        f'font-display:swap;src:url({place}) format("woff2");unicode-range:{span}}}\n'
    )


@lru_cache
def written(source: Path) -> frozenset[str]:
    """Return the characters that a font can write."""
    with TTFont(source, lazy=True) as font:
        return frozenset(map(chr, font.getBestCmap()))


@lru_cache(maxsize=64)
def cut(source: Path, letters: str, weights: tuple[int, int] | None) -> bytes:
    """Return a font with only these characters, and these weights if it is variable."""
    options = subset.Options(layout_features=["kern", "liga", "tnum"], notdef_outline=True, hinting=False)
    options.name_IDs = [1, 2]
    font = TTFont(source, recalcTimestamp=False)
    cutter = subset.Subsetter(options)
    cutter.populate(text=letters)
    cutter.subset(font)
    if weights:
        limit = weights if weights[0] != weights[1] else weights[0]
        font = instancer.instantiateVariableFont(font, {"wght": limit})
    font.flavor = "woff2"
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()
