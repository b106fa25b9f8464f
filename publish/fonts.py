"""Fonts: the text face and KaTeX's faces, cut down to the characters that the pages use.

In: the font files in node_modules and the characters on all pages. Out: small
WOFF2 files, named by their content, and the @font-face rules that load them.
"""

import hashlib
import io
import re
from functools import lru_cache
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

from publish.formulas import ROOT

TEXT_FACES = ROOT / "node_modules/@fontsource-variable/source-serif-4/files"
KATEX_FACES = ROOT / "node_modules/katex/dist/fonts"
ALWAYS = "".join(map(chr, range(0x20, 0x7F))) + "–—‘’“”…×·−→±²³½©\u00a0"
FEATURES = ["kern", "liga", "lnum", "onum", "pnum", "tnum", "locl", "mark", "ccmp", "sups"]
# Before the text face arrives, a local serif stands in for it in the same widths and heights.
FALLBACK = (
    '@font-face{font-family:"Source Serif Fallback";src:local("Georgia"),local("Times New Roman"),'
    'local("Liberation Serif"),local("DejaVu Serif");size-adjust:%s;ascent-override:98%%;descent-override:32%%;'
    "line-gap-override:0%%}" % "103%"
)


def make_fonts(characters: set[str], formula_characters: set[str]) -> tuple[dict[str, bytes], str]:
    """Return the font files by name, and the style sheet that declares them.

    Args:
        characters: every character on the pages.
        formula_characters: those of drawn formulas, for KaTeX's faces.
    """
    files: dict[str, bytes] = {}
    rules = [FALLBACK]
    text = "".join(sorted(characters | set(ALWAYS)))
    for style, weights in (("normal", (400, 700)), ("italic", (400, 400))):
        source = TEXT_FACES / f"source-serif-4-latin-wght-{style}.woff2"
        name = keep(files, f"serif-{style}", cut(source, text, weights))
        span = " ".join(map(str, sorted(set(weights))))
        rules.append(face("Source Serif 4", name, span, style))
    symbols = "".join(sorted(formula_characters | {" "}))
    for source in sorted(KATEX_FACES.glob("*.woff2")):
        family, _, cut_name = source.stem.partition("-")
        weight = "700" if "Bold" in cut_name else "400"
        style = "italic" if "Italic" in cut_name else "normal"
        name = keep(files, source.stem.lower().replace("_", "-"), cut(source, symbols, None))
        rules.append(face(family, name, weight, style))
    return files, "".join(rules)


def keep(files: dict[str, bytes], stem: str, data: bytes) -> str:
    """Add a file under a name made of its content, and return the name."""
    name = f"{stem}.{hashlib.sha256(data).hexdigest()[:8]}.woff2"
    files[name] = data
    return name


def face(family: str, name: str, weight: str, style: str) -> str:
    """Return one @font-face rule; style sheet and fonts/ lie in the same folder."""
    return (
        f'@font-face{{font-family:"{family}";font-style:{style};font-weight:{weight};font-display:swap;'
        f'src:url(fonts/{name}) format("woff2")}}'
    )


@lru_cache(maxsize=64)
def cut(source: Path, characters: str, weights: tuple[int, int] | None) -> bytes:
    """Return a font with only these characters, and these weights if it is variable."""
    font = TTFont(source, recalcTimestamp=False, lazy=False)
    options = subset.Options(
        flavor="woff2", layout_features=FEATURES, recalc_timestamp=False, notdef_outline=True
    )
    options.name_IDs = [1, 2]
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


def formula_characters(page_html: str) -> set[str]:
    """Return the characters that a page's drawn formulas show."""
    found: set[str] = set()
    for drawn in re.findall(
        r'<span class="katex-html".*?(?=<span class="katex-mathml"|<annotation|</p>|</div>|$)',
        page_html,
        re.DOTALL,
    ):
        found.update(re.sub(r"<[^>]*>", "", drawn))
    return found
