"""Audit in a browser: what axe-core, the console, the network and the layout say of every page.

In: the address of a served site and a Playwright browser. Out: lists of faults, each
naming its page, setting and place; empty lists are what the site promises.
"""

import html
import json
import re
from itertools import product
from urllib.parse import urlsplit

from publish.formulas import ROOT
from publish.shots import LAY_OUT, SCHEMES, WIDTHS, settle

AXE = ROOT / "node_modules/axe-core/axe.min.js"
TITLE = re.compile(r"<title>(.*?)</title>", re.S)
RULES = ["wcag2a", "wcag2aa", "wcag2aaa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# A reader who saves data gets no service worker, so that each page comes from the server.
SAVE_DATA = "Object.defineProperty(navigator, 'connection', {value: {saveData: true}})"
# Everything open and laid out, also what waits until the reader comes near.
OPEN_ALL = "document.querySelectorAll('main details').forEach((part) => { part.open = true });"
UNFOLD = f"() => {{ {OPEN_ALL} {LAY_OUT} }}"
# After a change of the window: the page's observers have run, and it is drawn anew.
SETTLED = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(null))))"
# Whether a service worker takes over in time; without one the browser's own promise waits for ever.
KEEPING = 60  # seconds
KEPT = f"""Promise.race([
  navigator.serviceWorker.ready.then(() => true),
  new Promise((done) => setTimeout(done, {1000 * KEEPING}, false)),
])"""
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


def open_page(context, address: str, faults: list[str], setting: str, scripts: bool = True):
    """Open a page; add to the faults what its console says and what it asks of other hosts."""
    page = context.new_page()
    where = f"{urlsplit(address).path} ({setting})"
    home = urlsplit(address).netloc

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
    options = json.dumps({"runOnly": RULES, "resultTypes": ["violations"]})
    context = browser.new_context()
    context.add_init_script(SAVE_DATA)
    for name in names:
        page = open_page(context, address + name, faults, "all settings")
        page.evaluate(UNFOLD)
        page.evaluate(script)
        for width, scheme in product(WIDTHS, SCHEMES):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            page.evaluate(SETTLED)
            result = page.evaluate(f"axe.run(document, {options})")
            for violation in result["violations"]:
                faults.append(f"/{name} ({width} px, {scheme}): {said(violation)}")
        page.close()
    context.close()
    return faults


def silence_faults(browser, address: str, names: list[str]) -> list[str]:
    """Return what console and network say of pages that run no script."""
    faults: list[str] = []
    context = browser.new_context(java_script_enabled=False)
    for name in names:
        open_page(context, address + name, faults, "without scripts", scripts=False).close()
    context.close()
    return faults


def said(violation: dict) -> str:
    """Return one of axe's violations as a line: the rule, how often, the first place, the reason."""
    nodes = violation["nodes"]
    reason = nodes[0]["failureSummary"].replace("\n", " ")[:300]
    return f"{violation['id']} at {len(nodes)} places: {nodes[0]['html'][:160]}: {reason}"


def scroll_faults(browser, address: str, names: list[str], widths=(320, 360, 640, 1024, 1280)) -> list[str]:
    """Return the pages that are wider than their window, and what console and network say.

    They open dark and narrow; for axe-core they opened light and wide.
    """
    faults: list[str] = []
    context = browser.new_context(viewport={"width": widths[0], "height": 800}, color_scheme="dark")
    context.add_init_script(SAVE_DATA)
    for name in names:
        page = open_page(context, address + name, faults, "all widths")
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


def offline_faults(browser, address: str, names: list[str]) -> list[str]:
    """Visit the front page once, go offline, and return the pages that do not open as themselves."""
    faults: list[str] = []
    context = browser.new_context()
    titles = {name: TITLE.search(context.request.get(address + name).text())[1] for name in names}
    page = context.new_page()
    page.goto(address, wait_until="load")
    if not (kept := page.evaluate(KEPT)):
        faults.append(f"/: nothing keeps the site for offline reading within {KEEPING} s")
    context.set_offline(True)
    for name in names if kept else []:
        try:
            page.goto(address + name, wait_until="load", timeout=10_000)
        except Exception as error:  # Playwright's own class is not imported where no browser is
            faults.append(f"/{name}: does not open offline: {str(error).splitlines()[0]}")
            continue
        broken = page.evaluate("[...document.styleSheets].length === 0 || !document.querySelector('h1')")
        if broken:
            faults.append(f"/{name}: opens offline without its style or text")
        if (title := page.title()) != html.unescape(titles[name]):  # as the page for what is missing does
            faults.append(f"/{name}: another page opens offline: {title}")
    context.close()
    return faults
