"""Visits: pages in a browser, and what axe-core, the console, the network and the layout say of them.

In: the address of a site and a Playwright browser. Out: lists of faults, each naming its page, setting and
place; empty lists are what the site promises.
"""

import json
from itertools import product
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[2]
AXE = ROOT / "node_modules/axe-core/axe.min.js"
WIDTHS, SCHEMES = (360, 1280), ("light", "dark")
RULES = ["wcag2a", "wcag2aa", "wcag2aaa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Best practices that the theme's own markup does not follow. No rule of WCAG may stand here.
THEMES = {
    "landmark-unique": "a <nav> without a name stands in each block of code, around its copy button",
}
# Lay out what waits until the reader comes near, and open every fold.
LAY_OUT = "document.styleSheets[0].insertRule('* { content-visibility: visible !important }');"
OPEN_ALL = "document.querySelectorAll('main details').forEach((part) => { part.open = true });"
UNFOLD = f"() => {{ {OPEN_ALL} {LAY_OUT} }}"
# After a change of the window: the page's observers have run, and it is drawn anew.
SETTLED = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(null))))"
# Elements that reach beyond the right edge of the window, though no ancestor scrolls or hides them.
BEYOND = """() => {
  const width = document.documentElement.clientWidth;
  const inside = (element) => {
    for (let part = element.parentElement; part && part !== document.body; part = part.parentElement) {
      if (getComputedStyle(part).overflowX !== 'visible') return true;
    }
    return false;
  };
  if (document.documentElement.scrollWidth <= width) return [];
  return [...document.querySelectorAll('body *')]
    .filter((element) => element.getBoundingClientRect().right > width + 1 && !inside(element))
    .slice(0, 5).map((element) => element.outerHTML.slice(0, 120));
}"""


def pages_of(site: Path) -> list[str]:
    """Return the addresses of a site's pages below its front page, which is the empty one."""
    names = (path.relative_to(site).as_posix() for path in sorted(site.rglob("*.html")))
    return [name.removesuffix("index.html") for name in names]


def file_of(site: Path, name: str) -> Path:
    """Return the file of the page at an address below the front page's."""
    return site / name if name.endswith(".html") else site / name / "index.html"


def settle(page) -> None:
    """Wait until the scripts of an opened page have run, and its fonts are there."""
    page.wait_for_selector("#preview", state="attached")
    page.evaluate("document.fonts.ready.then(() => null)")


def open_page(context, address: str, faults: list[str], scripts: bool = True):
    """Open a page; add to the faults what its console says and what it asks of other hosts."""
    page = context.new_page()
    where, home = urlsplit(address).path, urlsplit(address).netloc

    def asked(request) -> None:
        if urlsplit(request.url).scheme in ("http", "https") and urlsplit(request.url).netloc != home:
            faults.append(f"{where}: asks another host: {request.url}")

    page.on("console", lambda message: faults.append(f"{where}: console: {message.text}"))
    page.on("pageerror", lambda error: faults.append(f"{where}: error: {error}"))
    page.on("request", asked)
    page.goto(address, wait_until="load")
    if scripts:
        settle(page)
    return page


def axe_faults(browser, address: str, names: list[str]) -> list[str]:
    """Return axe-core's violations on pages in all settings, and what console and network say.

    Each page is opened once; then the window changes its width, and the system its colors.
    """
    faults: list[str] = []
    script = AXE.read_text(encoding="utf-8")
    rules = {rule: {"enabled": False} for rule in THEMES}
    options = json.dumps({"runOnly": RULES, "rules": rules, "resultTypes": ["violations"]})
    context = browser.new_context(reduced_motion="reduce")
    for name in names:
        page = open_page(context, address + name, faults)
        page.evaluate(UNFOLD)
        page.evaluate(script)
        for width, scheme in product(WIDTHS, SCHEMES):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            page.evaluate(SETTLED)
            result = page.evaluate(f"axe.run(document, {options})")
            faults += [f"/{name} ({width} px, {scheme}): {said(one)}" for one in result["violations"]]
        page.close()
    context.close()
    return faults


def said(violation: dict) -> str:
    """Return one of axe's violations as a line: the rule, how often, the first place, the reason."""
    nodes = violation["nodes"]
    reason = nodes[0]["failureSummary"].replace("\n", " ")[:300]
    return f"{violation['id']} at {len(nodes)} places: {nodes[0]['html'][:160]}: {reason}"


def scroll_faults(browser, address: str, names: list[str], widths=(320, 360, 640, 1024, 1280)) -> list[str]:
    """Return the pages that are wider than their window, and what console and network say."""
    faults: list[str] = []
    context = browser.new_context(viewport={"width": widths[0], "height": 800}, color_scheme="dark")
    for name in names:
        page = open_page(context, address + name, faults)
        page.evaluate(UNFOLD)
        for width in widths:
            page.set_viewport_size({"width": width, "height": 800})
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                beyond = page.evaluate(BEYOND)
                faults.append(f"/{name}: {wide} px wide in a window of {width} px: {beyond}")
        page.close()
    context.close()
    return faults
