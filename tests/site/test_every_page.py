"""Every page in a browser: axe, a silent console, no other host, no horizontal scroll, links, keyboard."""

from __future__ import annotations

import json
from itertools import product
from urllib.parse import unquote, urljoin, urlsplit

import lxml.html
import pytest
from computed import ROOT
from rendered import page_of
from serving import base_of
from visits import SCHEMES, SETTLED, UNFOLD, WIDER, WIDTHS

PAGES = [page_of(path.relative_to(ROOT / "docs")) for path in sorted((ROOT / "docs").rglob("*.md"))]
PAGES = [page.removesuffix("index.html") for page in PAGES] + ["404.html", "notebooks/weight_decay/"]
NOTEBOOKS = {f"notebooks/{path.stem}/" for path in (ROOT / "snippets").glob("*.py")} - {*PAGES}
AXE = (ROOT / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag2aaa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# No rule of WCAG is left out, and one best practice that the theme's own markup does not follow: a <nav>
# without a name stands in each block of code that has come near, around its copy button.
OPTIONS = {"runOnly": RULES, "rules": {"landmark-unique": {"enabled": False}}}
FAULTS = f"""async () => (await axe.run({json.dumps(OPTIONS)})).violations.flatMap(
  rule => rule.nodes.map(node => `${{rule.id}}: ${{node.target}}: ${{node.failureSummary}}`))"""


@pytest.mark.parametrize(
    "name",
    [*PAGES, *(pytest.param(name, marks=pytest.mark.nightly) for name in sorted(NOTEBOOKS))],
    ids=lambda name: name or "article",
)
def test_axe_finds_nothing_in_four_settings_and_nothing_scrolls_sideways(name, visit):
    page = visit(name, reduced_motion="reduce")
    page.evaluate(UNFOLD)
    page.evaluate(AXE)
    for width, scheme in product(WIDTHS, SCHEMES):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        page.evaluate(SETTLED)
        assert page.evaluate(FAULTS) == [], f"{width} px, {scheme}"
    for width in (1280, 1024, 640, 360, 320):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(WIDER) <= 0, f"in a window of {width} px"


def test_axe_finds_nothing_in_the_search(visit):
    page = visit(color_scheme="dark")
    page.click("[data-md-component=search-query]")
    page.keyboard.type("evidence", delay=20)
    page.wait_for_selector(".md-search-result__link")
    page.evaluate(AXE)
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


def test_every_link_and_anchor_of_the_site_leads_somewhere(site_dir):
    base = base_of(site_dir)
    documents = {path: lxml.html.parse(path).getroot() for path in site_dir.rglob("*.html")}
    ids = {path: {*root.xpath("//@id"), *root.xpath("//a/@name"), ""} for path, root in documents.items()}
    lost = []
    for path, root in documents.items():
        here = urljoin(base, path.relative_to(site_dir).as_posix())
        for link in {*root.xpath("//@href"), *root.xpath("//@src")}:
            target = urlsplit(urljoin(here, link))
            if target.netloc != urlsplit(base).netloc:
                continue
            file = site_dir / unquote(target.path).removeprefix(urlsplit(base).path)
            file = file / "index.html" if file.is_dir() else file
            if not file.exists() or file in ids and unquote(target.fragment) not in ids[file]:
                lost.append(f"{path.relative_to(site_dir)} links to {link}")
    assert lost == []
