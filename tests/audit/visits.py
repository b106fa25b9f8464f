"""Visits: what tests and screenshots do with a page that a browser has opened.

In: the folder of a built site, or an open page of Playwright's.
"""

from pathlib import Path

WIDTHS, SCHEMES = (360, 1280), ("light", "dark")
# Lay out what waits until the reader comes near, and open every fold.
LAY_OUT = "document.styleSheets[0].insertRule('* { content-visibility: visible !important }');"
OPEN_ALL = "document.querySelectorAll('main details').forEach((part) => { part.open = true });"
UNFOLD = f"() => {{ {OPEN_ALL} {LAY_OUT} }}"
# After a change of the window: the page's observers have run, and it is drawn anew.
SETTLED = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(null))))"
# How many pixels the page is wider than its window.
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def pages_of(site: Path) -> list[str]:
    """Return the addresses of a site's pages below its front page, which is the empty one."""
    names = (path.relative_to(site).as_posix() for path in sorted(site.rglob("*.html")))
    return [name.removesuffix("index.html") for name in names]


def settle(page) -> None:
    """Wait until the scripts of an opened page have run, and its fonts are there."""
    page.wait_for_selector("#preview", state="attached")
    page.evaluate("document.fonts.ready.then(() => null)")
