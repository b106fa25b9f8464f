"""Page quality: what the built site promises to every reader. Times are left to `make audit`."""

import re
import sys
from itertools import cycle, product
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from audit import ARTICLE_BYTES, NOTEBOOK_BYTES, raw_tex  # noqa: E402 (it lies in the root)
from publish import audit_browser, audit_files  # noqa: E402
from publish.paper import NAME  # noqa: E402
from publish.serving import base_of, served  # noqa: E402
from publish.shots import SCHEMES, WIDTHS, pages_of  # noqa: E402


@pytest.fixture(scope="module")
def names(site_dir):
    return pages_of(site_dir)


@pytest.fixture(scope="module")
def address(site_dir):
    with served(site_dir) as found:
        yield found


def soup_of(site, name):
    path = site / name if name.endswith(".html") else site / name / "index.html"
    return BeautifulSoup(path.read_text(encoding="utf-8"), "lxml")


def test_no_page_shows_raw_tex(site_dir, names):
    assert raw_tex(site_dir, names) == []


def test_every_page_is_valid_html(address, names):
    assert audit_files.html_faults(address, names) == []


def test_every_link_and_anchor_leads_somewhere(site_dir):
    assert audit_files.link_faults(site_dir, base_of(site_dir)) == []


@pytest.mark.parametrize("width,scheme", list(product(WIDTHS, SCHEMES)))
def test_axe_console_and_network_find_nothing(address, names, browser, width, scheme):
    """Every page in all four settings; notebook pages, which share one template, take turns."""
    settings = cycle(product(WIDTHS, SCHEMES))
    turn = {name: next(settings) for name in names if name.startswith("notebooks/")}
    here = [name for name in names if turn.get(name, (width, scheme)) == (width, scheme)]
    assert audit_browser.axe_faults(browser, address, here, (width,), (scheme,)) == []


def test_no_page_scrolls_sideways(address, names, browser):
    assert audit_browser.scroll_faults(browser, address, names) == []


def test_every_page_opens_offline_after_one_visit(address, names, browser):
    assert audit_browser.offline_faults(browser, address, names) == []


def test_article_and_notebooks_keep_to_their_weight(site_dir, address, names, browser):
    """What a browser fetches for the page itself, packed as a host with gzip packs it."""
    for name in ["", *(name for name in names if name.startswith("notebooks/"))]:
        fetched: list[str] = []
        context = browser.new_context(viewport={"width": 360, "height": 800})
        context.add_init_script(audit_browser.SAVE_DATA)
        page = context.new_page()
        page.on("request", lambda request, into=fetched: into.append(request.url))
        page.goto(address + name, wait_until="networkidle")
        context.close()
        paths = {site_dir / url.removeprefix(address).partition("#")[0] for url in fetched}
        files = {path / "index.html" if path.is_dir() else path for path in paths}
        weight = sum(audit_files.packed_size(path) for path in files)
        assert weight <= (NOTEBOOK_BYTES if name else ARTICLE_BYTES), f"/{name} weighs {weight} bytes"


def test_every_figure_and_scrolling_box_has_a_name(site_dir, names):
    for name in names:
        soup = soup_of(site_dir, name)
        for svg in soup.select(".output.figure > svg"):
            assert svg["role"] == "img" and svg.find("title").get_text(strip=True), name
            assert svg["viewbox"] and svg["width"] and svg["height"], name
        for box in soup.select("main [tabindex='0']"):
            named = box.get("aria-label") or box.parent.get("aria-label")
            assert named, f"{name}: {str(box)[:120]}"


def test_pages_run_without_inline_handlers_and_under_a_strict_policy(site_dir, names):
    for name in names:
        text = str(soup_of(site_dir, name))
        rules = re.search(r'http-equiv="Content-Security-Policy"[^>]*', text) or re.search(
            r"default-src[^>]*", text
        )
        assert rules, name
        policy = soup_of(site_dir, name).find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
        assert "default-src 'none'" in policy and "script-src 'self'" in policy, name
        assert "unsafe-inline" not in policy.replace("style-src-attr 'unsafe-inline'", ""), name
        assert not re.search(r'<[^>]+\son[a-z]+="', text), name


def test_copying_an_equation_gives_its_tex(address, browser):
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(address)
    tex = page.evaluate("document.querySelector('#eq-1 annotation').textContent")
    page.evaluate("getSelection().selectAllChildren(document.querySelector('#eq-1 .katex-html'))")
    page.keyboard.press("Control+c")
    assert page.evaluate("navigator.clipboard.readText()") == f"$${tex}$$"
    context.close()


def test_keyboard_reaches_text_search_and_menu(address, browser):
    page = browser.new_page(viewport={"width": 360, "height": 800})
    page.goto(address)
    focused = "document.activeElement.closest('a, button, summary, input, main')?.className"
    page.keyboard.press("Tab")
    assert page.evaluate(focused) == "skip"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.keyboard.press("/")
    page.wait_for_selector("dialog.search[open]")
    page.keyboard.type("evidence")
    page.wait_for_selector("dialog.search li a")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.matches('dialog.search li a')")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog.search", state="hidden")
    page.focus(".menu summary")
    page.keyboard.press("Enter")
    assert page.is_visible(".menu nav a")
    page.keyboard.press("Escape")
    assert not page.is_visible(".menu nav a")
    page.close()


def test_article_can_be_cited_from_one_source(site_dir):
    article = yaml.load((ROOT / "mkdocs.yml").read_text("utf-8"), Loader)["extra"]["article"]
    soup = soup_of(site_dir, "")
    tags = {tag["name"]: tag["content"] for tag in soup.find_all("meta", {"name": True})}
    authors = [tag["content"] for tag in soup.find_all("meta", {"name": "citation_author"})]
    assert authors == [f"{one['family']}, {one['given']}" for one in article["authors"]]
    assert tags["citation_title"] == soup.h1.get_text(strip=True)
    assert tags["citation_publication_date"] == f"{article['published']:%Y/%m/%d}"
    if (site_dir / NAME).exists():
        assert tags["citation_pdf_url"] == base_of(site_dir) + NAME
    cff = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    for entry in (cff, cff["preferred-citation"]):
        names = [f"{one['given-names']} {one['family-names']}" for one in entry["authors"]]
        assert names == [one["name"] for one in article["authors"]]
    assert cff["date-released"] == article["edition"]
    assert cff["preferred-citation"]["title"] == article["method"]["title"]
    assert cff["preferred-citation"]["url"] == article["method"]["url"]


class Loader(yaml.SafeLoader):
    """Reads mkdocs.yml; values from the environment do not matter here."""


Loader.add_constructor("!ENV", lambda loader, node: None)
