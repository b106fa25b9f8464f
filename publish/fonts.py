"""Fonts: the text face and KaTeX's faces, cut down to the characters that the pages use.

The text face comes in a file for each script, Latin and Greek; signs that neither has (√, ∞) are KaTeX's.
Browsers fetch those other files only for pages that use a letter of theirs.

In: the font files in node_modules and the characters on all pages. Out: small
WOFF2 files, named by their content, and the @font-face rules that load them.
"""

import base64
import hashlib
import html
import io
import re
from collections.abc import Iterable
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

from publish.formulas import ROOT

TEXT_FACES = ROOT / "node_modules/@fontsource-variable/source-serif-4/files"
KATEX_FACES = ROOT / "node_modules/katex/dist/fonts"
SIGNS = KATEX_FACES / "KaTeX_Main-Regular.woff2"
ALWAYS = "".join(map(chr, range(0x20, 0x7F))) + "–—‘’“”…×·−±²³½©\u00a0"
IGNORED = set("\u200b\n")
FEATURES = ["kern", "liga", "tnum"]
# What the style sheets set in italics. Code is not among it: its face is the reader's own.
ITALIC = re.compile(r"<(em|i|var|cite|blockquote)\b[^>]*>(.*?)</\1>", re.DOTALL)
VOID = {"path", "line", "img", "br"}
# Classes that set a face in KaTeX's style sheet, the later before the earlier.
FACE_OF = [
    ({"textrm"}, "Main-Regular"),
    ({"mainrm"}, "Main-Regular"),
    ({"mathnormal"}, "Math-Italic"),
    ({"boldsymbol"}, "Math-BoldItalic"),
    ({"mathit"}, "Main-Italic"),
    ({"textit"}, "Main-Italic"),
    ({"mathbf"}, "Main-Bold"),
    ({"textbf"}, "Main-Bold"),
    ({"amsrm"}, "AMS-Regular"),
    ({"mathbb"}, "AMS-Regular"),
    ({"mathcal"}, "Caligraphic-Regular"),
    ({"mathfrak"}, "Fraktur-Regular"),
    ({"mathscr"}, "Script-Regular"),
    ({"mathsf"}, "SansSerif-Regular"),
    ({"mathtt"}, "Typewriter-Regular"),
    ({"texttt"}, "Typewriter-Regular"),
    ({"delimsizing", "size1"}, "Size1-Regular"),
    ({"delimsizing", "size2"}, "Size2-Regular"),
    ({"delimsizing", "size3"}, "Size3-Regular"),
    ({"delimsizing", "size4"}, "Size4-Regular"),
    ({"delim-size1"}, "Size1-Regular"),
    ({"delim-size4"}, "Size4-Regular"),
    ({"small-op"}, "Size1-Regular"),
    ({"large-op"}, "Size2-Regular"),
]
# The face of sum signs and tall brackets weighs less than a request for it does: it lies in the sheet.
INSIDE = "Size2-Regular"
# Until the text face arrives, a font of the reader's stands in for it, in the same widths and heights, so
# that no line breaks anew: the fonts that share a width, and how much wider the article's words are in ours.
STAND_INS = {
    "Times": (("Times New Roman", "Liberation Serif", "Tinos", "Nimbus Roman"), {400: 1.165, 600: 1.118}),
    "Noto": (("Noto Serif",), {400: 0.992, 600: 0.95}),
}
ASCENT, DESCENT = 103.6, 33.5  # of the text face, percent of the font size


def make_fonts(
    characters: set[str], slanted: set[str], glyphs: dict[str, set[str]]
) -> tuple[dict[str, bytes], str]:
    """Return the font files by name, and the style sheet that declares them.

    Args:
        characters: every character on the pages.
        slanted: those of them in italics.
        glyphs: those of drawn formulas, by KaTeX's face.
    """
    files: dict[str, bytes] = {}
    rules = stand_ins()
    faces = (("normal", (400, 600), characters | set(ALWAYS)), ("italic", (400, 400), slanted))
    for style, weights, used in faces:
        span = " ".join(map(str, sorted(set(weights))))
        for stem, source in text_sources(style).items():  # the first that has a letter writes it
            letters = "".join(sorted(used & written(source)))
            used = used - set(letters)
            if letters:
                name = keep(files, stem, cut(source, letters, None if source == SIGNS else weights))
                only = "" if stem == f"serif-{style}" else letters
                rules.append(face("Source Serif 4", name, span, style, only))
    for face_name, used in sorted(glyphs.items()):
        source = KATEX_FACES / f"KaTeX_{face_name}.woff2"
        cut_name = face_name.partition("-")[2]
        weight = "700" if "Bold" in cut_name else "400"
        style = "italic" if "Italic" in cut_name else "normal"
        letters = "".join(sorted(used - IGNORED))
        data = cut(source, letters, None)
        inside = "data:font/woff2;base64," + base64.b64encode(data).decode()
        place = inside if face_name == INSIDE else keep(files, f"katex-{face_name.lower()}", data)
        rules.append(face(f"KaTeX_{face_name.partition('-')[0]}", place, weight, style))
    return files, "".join(rules)


def stand_ins() -> list[str]:
    """Return the @font-face rules of the fonts that stand in for the text face, as tokens.css names them."""
    rules = []
    for width, (fonts, factors) in STAND_INS.items():
        for weight, wider in factors.items():
            bold = " Bold" if weight > 400 else ""
            sources = ",".join(f'local("{font}{bold}")' for font in fonts)
            rules.append(
                f'@font-face{{font-family:"Fallback {width}";font-weight:{weight};src:{sources};'
                f"size-adjust:{100 * wider:.1f}%;ascent-override:{ASCENT / wider:.1f}%;"
                f"descent-override:{DESCENT / wider:.1f}%;line-gap-override:0%}}"
            )
    return rules


def keep(files: dict[str, bytes], stem: str, data: bytes) -> str:
    """Add a file under a name made of its content, and return the name."""
    name = f"{stem}.{hashlib.sha256(data).hexdigest()[:8]}.woff2"
    files[name] = data
    return name


def face(family: str, place: str, weight: str, style: str, letters: str = "") -> str:
    """Return one @font-face rule, for these letters alone if any are given.

    `place` is the font itself as a data: address, or the name of its file in fonts/, beside the sheet.
    """
    place = place if place.startswith("data:") else f"fonts/{place}"
    span = ";unicode-range:" + ",".join(f"U+{ord(letter):X}" for letter in letters) if letters else ""
    return (
        f'@font-face{{font-family:"{family}";font-style:{style};font-weight:{weight};font-display:swap;'
        f'src:url({place}) format("woff2"){span}}}'
    )


def text_sources(style: str) -> dict[str, Path]:
    """Return the fonts that the text is drawn with, by the stem of the files cut from them."""
    latin, greek = (
        TEXT_FACES / f"source-serif-4-{script}-wght-{style}.woff2" for script in ("latin", "greek")
    )
    signs = {"serif-signs": SIGNS} if style == "normal" else {}
    return {f"serif-{style}": latin, f"serif-greek-{style}": greek} | signs


@lru_cache(maxsize=16)
def written(source: Path) -> frozenset[str]:
    """Return the characters that a font can write."""
    with TTFont(source, lazy=True) as font:
        return frozenset(map(chr, font.getBestCmap()))


@lru_cache(maxsize=64)
def cut(source: Path, characters: str, weights: tuple[int, int] | None) -> bytes:
    """Return a font with only these characters, and these weights if it is variable."""
    font = TTFont(source, recalcTimestamp=False, lazy=False)
    options = subset.Options(
        flavor="woff2", layout_features=FEATURES, recalc_timestamp=False, notdef_outline=True
    )
    options.name_IDs = [1, 2]
    options.hinting = False
    cutter = subset.Subsetter(options)
    cutter.populate(text=characters)
    cutter.subset(font)
    if weights:
        limit = weights if weights[0] != weights[1] else weights[0]
        font = instancer.instantiateVariableFont(font, {"wght": limit})
    font.flavor = "woff2"
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


def italics(page_html: str) -> set[str]:
    """Return the characters of a page that stand in italics, by its markup or by the style sheet."""
    parts = [match[2] for match in ITALIC.finditer(page_html)]
    return set(html.unescape(re.sub(r"<[^>]*>", "", " ".join(parts))))


class Glyphs(HTMLParser):
    """The characters of drawn formulas, by the KaTeX face that each is set in."""

    def __init__(self) -> None:
        super().__init__()
        self.by_face: dict[str, set[str]] = {}
        self._faces: list[str | None] = [None]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        classes = set((dict(attrs).get("class") or "").split())
        if tag in VOID:
            return
        face = self._faces[-1]
        if "katex-html" in classes:
            face = "Main-Regular"
        for needed, name in FACE_OF:
            if face and needed <= classes:
                face = name
        self._faces.append(face)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            self._faces.pop()

    def handle_data(self, data: str) -> None:
        if self._faces[-1]:
            self.by_face.setdefault(self._faces[-1], set()).update(data)


def formula_glyphs(drawn: Iterable[str]) -> dict[str, set[str]]:
    """Return the characters of drawn formulas by KaTeX's face: {"Math-Italic": {"θ", …}, …}."""
    glyphs = Glyphs()
    for formula in drawn:
        glyphs.feed(formula)
    glyphs.close()
    return glyphs.by_face
