"""No letter of the text or of a formula is drawn in a face that the reader's machine happens to have.

The fonts hold only the characters that the build counted; the browser says which font it drew with.
"""

import re

import lxml.html
from visits import UNFOLD, pages_of

# What is set in our faces. Code is set in the reader's own.
TEXT = "main :is(p, li, dt, dd, th, td, h1, h2, h3, h4, figcaption, label):not(:has(code, .katex, pre, svg))"
OURS = ["main .katex-html", "main svg text", TEXT]


def test_every_glyph_is_drawn_with_our_own_fonts(visit, site_dir):
    names = [name for name in pages_of(site_dir) if not name.startswith("notebooks/")]
    for name in [*names, "notebooks/weight_decay/"]:
        page = visit(name)
        page.evaluate(UNFOLD)
        page.evaluate("document.fonts.ready.then(() => null)")
        session = page.context.new_cdp_session(page)
        for domain in ("DOM", "CSS"):
            session.send(f"{domain}.enable")
        root = session.send("DOM.getDocument")["root"]["nodeId"]
        for selector in OURS:
            asked = {"nodeId": root, "selector": selector}
            nodes = session.send("DOM.querySelectorAll", asked)["nodeIds"]
            used = [session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"] for node in nodes]
            assert not [font for fonts in used for font in fonts if not font["isCustomFont"]], f"/{name}"
            assert any(used) or selector != TEXT


def typewritten(page: bytes) -> list[str]:
    """Return the typewriter's apostrophes and quotation marks in a page's prose, with what is around them."""
    # Alternative texts stand in code, so they are typed as code is.
    document = lxml.html.fromstring(page, parser=lxml.html.HTMLParser(encoding="utf-8"))
    for element in document.xpath("//script | //style | //code | //pre | //svg | //*[@class='katex']"):
        element.drop_tree()
    return re.findall(r".{0,20}(?:\w'|\"\w).{0,20}", document.text_content())


def test_prose_has_no_typewriters_quotation_marks(site_dir):
    for page in sorted(site_dir.rglob("*.html")):
        assert typewritten(page.read_bytes()) == [], page
