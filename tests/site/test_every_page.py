"""Every page in a browser: axe, a silent console, no other host, no horizontal scroll, links, keyboard."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import lxml.html
import pytest
from computed import ROOT
from rendered import page_of

PAGES = [page_of(path.relative_to(ROOT / "docs")) for path in sorted((ROOT / "docs").rglob("*.md"))]
PAGES = [page.removesuffix("index.html") for page in PAGES] + ["notebooks/weight_decay/"]
AXE = ROOT / "node_modules/axe-core/axe.min.js"
UNFOLD = "document.querySelectorAll('main details').forEach(one => { one.open = true })"
FAULTS = """async () => (await axe.run({resultTypes: ["violations"]})).violations.flatMap(
  rule => rule.nodes.map(node => `${rule.id}: ${node.target}: ${node.failureSummary}`))"""


@pytest.mark.parametrize("name", PAGES, ids=lambda name: name or "article")
def test_axe_finds_nothing_in_light_and_dark_and_nothing_scrolls_sideways(name, visit):
    page = visit(name, color_scheme="light", bypass_csp=True)
    page.evaluate(UNFOLD)
    page.add_script_tag(path=AXE)
    assert page.evaluate(FAULTS) == []
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(FAULTS) == []
    for width in (1280, 360, 320):
        page.set_viewport_size({"width": width, "height": 800})
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{wide} px too wide at {width} px"


def test_axe_finds_nothing_in_the_search(visit):
    page = visit("", color_scheme="dark", bypass_csp=True)
    page.click("[data-md-component=search-query]")
    page.keyboard.type("evidence", delay=20)
    page.wait_for_selector(".md-search-result__link")
    page.add_script_tag(path=AXE)
    assert page.evaluate(FAULTS) == []


# Focusable elements of the text that show.
STOPS = """[...document.querySelectorAll("article :is(a[href], button, input, select, summary, [tabindex])")]
  .filter(one => one.tabIndex >= 0 && !one.disabled && one.checkVisibility({visibilityProperty: true}))"""
SCROLL = """async () => { for (let y = 0; y < document.body.scrollHeight; y += 600) {
  scrollTo(0, y); await new Promise(requestAnimationFrame); } scrollTo(0, 0); }"""  # some come as one scrolls
FOCUSED = """() => {
  const here = document.activeElement, style = getComputedStyle(here), before = window.lastFocused;
  const back = before && before.compareDocumentPosition(here) & Node.DOCUMENT_POSITION_PRECEDING;
  window.lastFocused = here;
  here.dataset.reached = "";
  return {html: here.outerHTML.slice(0, 160), body: here === document.body, back: !!back,
    marked: style.outlineStyle !== "none" || style.boxShadow !== "none"};
}"""


@pytest.mark.parametrize(("name", "width"), [("audit/", 1280), ("choosing/", 360)])
def test_the_tab_key_reaches_everything_in_order_and_shows_where_it_is(name, width, visit):
    page = visit(name, viewport={"width": width, "height": 800})
    page.evaluate(UNFOLD)
    page.evaluate(SCROLL)
    for _ in range(page.evaluate(f"{STOPS}.length") + 200):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUSED)
        if stop["body"] or stop["back"]:
            break
        assert stop["marked"], f"no mark of focus on {stop['html']}"
    missed = page.evaluate(f"{STOPS}.filter(one => !('reached' in one.dataset)).map(one => one.outerHTML)")
    assert missed == []


def test_every_link_and_anchor_of_the_site_leads_somewhere(site_dir, site_url):
    base = urlsplit(site_url).path
    documents = {path: lxml.html.parse(path).getroot() for path in site_dir.rglob("*.html")}
    ids = {path: {*root.xpath("//@id"), *root.xpath("//a/@name"), ""} for path, root in documents.items()}
    lost = []
    for path, root in documents.items():
        here = urljoin(base, path.relative_to(site_dir).as_posix().removesuffix("index.html"))
        for link in {*root.xpath("//@href"), *root.xpath("//@src")}:
            target = urlsplit(urljoin(f"http://here{here}", link))
            if target.netloc != "here" or target.scheme != "http":
                continue
            file = site_dir / unquote(target.path).removeprefix(base)
            file = file / "index.html" if file.is_dir() else file
            if not file.exists() or file in ids and unquote(target.fragment) not in ids[file]:
                lost.append(f"{path.relative_to(site_dir)} links to {link}")
    assert lost == []


def test_pages_run_without_inline_handlers_and_under_a_policy(site_dir):
    for path in site_dir.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r'<[^>]+\son[a-z]+="', text), path
        assert "http-equiv" in text or Path(path).name == "404.html", path
