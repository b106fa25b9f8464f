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
from collections import defaultdict
from functools import lru_cache
from pathlib import Path

import lxml.html
from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer
from lxml.html import builder

from publish.page import Page

MODULES = Path(__file__).resolve().parent.parent / "node_modules"
SERIF = str(MODULES / "@fontsource-variable/source-serif-4/files/source-serif-4-{}-wght-{}.woff2")
KATEX = MODULES / "katex/dist"
SIGNS = "katex_main-regular"  # has what the text face lacks: √, ∞
EARLY = {  # what a page's first screen needs: face, where it is used
    "serif-latin-normal": "//article",
    "serif-latin-italic": "//article//em[not(preceding::h2)]",
    SIGNS: "//article//*[contains(@class, 'stuck')]",
    "katex_math-italic": "//article//*[contains(@class, 'stuck')]",
}
ITALIC = "//em | //i | //var | //cite | //blockquote"  # what the style sheet sets in italics
SMALL = 1500  # bytes: such a face weighs less in the style sheet than a request for it does
KATEX_FACE = re.compile(r"@font-face\{[^}]*src:url\(fonts/KaTeX_([\w-]+)\.woff2\)[^}]*\}")
RULE = (
    '@font-face{{font-family:"Source Serif 4";font-style:{};font-weight:{};font-display:swap;'
    'src:url({}) format("woff2");unicode-range:{}}}\n'
)


def write_fonts(site: Path, pages: list[Page], formulas: list[str]) -> None:
    """Write the fonts and their style sheet into the site, and point the pages to them.

    Args:
        formulas: KaTeX's HTML of every formula.
    """
    scripts = set().union(*(path.read_text(encoding="utf-8") for path in site.glob("assets/*.js")))
    text = scripts.union(*(html.unescape(page.html()) for page in pages))
    slanted = {letter for letter in scripts if not letter.isascii()}  # a script's λ may be slanted
    slanted.update(*(element.text_content() for page in pages for element in page.tree.xpath(ITALIC)))
    sheet = (KATEX / "katex-swap.min.css").read_text(encoding="utf-8")
    katex = rules_for(formulas, sheet)
    signs = signs_of(formulas, katex)
    signs["Main-Regular"] |= {letter for letter in text if not letter.isascii()}
    folder, places, letters = site / "assets/fonts", {}, {}
    folder.mkdir(parents=True, exist_ok=True)

    def keep(name: str, source: Path, wanted: set[str], weights: tuple[int, int] | None = None) -> str:
        """Write a face with these letters, as far as it has them; return its address."""
        data, letters[name] = cut(source, "".join(sorted(wanted)), weights)
        if len(data) < SMALL:
            return "data:font/woff2;base64," + base64.b64encode(data).decode()
        places[name] = f"{name}.{hashlib.sha256(data).hexdigest()[:8]}.woff2"
        (folder / places[name]).write_bytes(data)
        return places[name]

    rules = [Path(__file__).with_name("fonts.css").read_text(encoding="utf-8")]
    for face in KATEX_FACE.finditer(sheet):
        if wanted := signs.get(face[1]):
            place = keep(f"katex_{face[1]}".lower(), KATEX / f"fonts/KaTeX_{face[1]}.woff2", wanted)
            rules.append(re.sub("src:[^;}]*", f"src:url({place})", face[0]))
    if SIGNS in places:
        rules.append(RULE.format("normal", "400 600", places[SIGNS], span(letters[SIGNS])))
    for script in ("latin-ext", "greek", "latin"):  # where two have a letter, browsers take the last
        for style, weights, wanted in (("normal", (400, 600), text), ("italic", (400, 400), slanted)):
            if script != "latin":
                wanted = {letter for letter in wanted if letter > "\xff"}
            name, source = f"serif-{script}-{style}", Path(SERIF.format(script, style))
            place = keep(name, source, wanted, weights)
            if letters[name]:
                rules.append(RULE.format(style, "{} {}".format(*weights), place, span(letters[name])))
    rules += [rule for _, rule in katex]
    (folder / "fonts.css").write_text("".join(rules), encoding="utf-8")
    for page in pages:
        first = page.tree.find(".//link[@rel='stylesheet']")
        for name, where in EARLY.items():
            if name in places and page.tree.xpath(where):
                preload = {"rel": "preload", "as": "font", "type": "font/woff2", "crossorigin": ""}
                first.addprevious(builder.LINK(preload, href=f"{page.up}assets/fonts/{places[name]}"))
        first.addprevious(builder.LINK(rel="stylesheet", href=f"{page.up}assets/fonts/fonts.css"))


def rules_for(formulas: list[str], sheet: str) -> list[tuple[list[set[str]], str]]:
    """Return the rules of KaTeX's sheet that formulas ask for: the classes of each selector, and its text."""
    used = {name for names in re.findall('class="([^"]*)"', "".join(formulas)) for name in names.split()}
    rules = []
    for text in re.findall(r"[^{}]+\{[^{}]*\}", KATEX_FACE.sub("", sheet)):
        selectors = text.partition("{")[0].split(",")
        classes = [set(re.findall(r"(?<!not\()\.([a-zA-Z][\w-]*)", one)) for one in selectors]
        if any(one <= used for one in classes):
            rules.append((classes, text))
    return rules


def signs_of(formulas: list[str], rules: list[tuple[list[set[str]], str]]) -> dict[str, set[str]]:
    """Return the letters that formulas set in each of KaTeX's faces, as its rules choose them."""
    asked, signs = [], defaultdict(set)
    for lists, text in rules:
        if re.search("font-(family|style|weight):", text):
            family = re.search(r"font-family:KaTeX_(\w+)", text)
            slope = "Bold" * ("font-weight:700" in text) + "Italic" * ("font-style:italic" in text)
            asked += [(one, f"{family[1] if family else 'Main'}-{slope or 'Regular'}") for one in lists]
    for formula in formulas:
        for element in lxml.html.fragment_fromstring(formula).find_class("katex-html")[0].iter():
            if letters := set(element.text or "") | set(element.tail or ""):
                classes = {name for one in (element, *element.iterancestors()) for name in one.classes}
                for name in {face for needed, face in asked if needed <= classes} or {"Main-Regular"}:
                    signs[name] |= letters
    return signs


def span(letters: frozenset[str]) -> str:
    """Return letters as a style sheet names them."""
    return ",".join(f"U+{ord(letter):X}" for letter in sorted(letters))


@lru_cache(maxsize=64)
def cut(source: Path, letters: str, weights: tuple[int, int] | None) -> tuple[bytes, frozenset[str]]:
    """Return a font with only these characters, and these weights if it is variable; and which it has."""
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
    return out.getvalue(), frozenset(map(chr, font.getBestCmap() or ()))
