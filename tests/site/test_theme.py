"""The theme: what stands on Material's templates, and what of theirs it relies on.

Markup of the theme that overrides/ patches, and the option that its documentation does not name, are looked
for here: an update that moves them fails.
"""

import re
from pathlib import Path

import files
import material
import pytest
from bs4 import BeautifulSoup
from lighthouse import INDEX
from visits import file_of, pages_of, settle

ELEMENTS = 4000  # of the article, without its formulas and drawings
ARTICLE, PACKED_INDEX = 200 * 1024, 60 * 1024


@pytest.fixture(scope="module")
def article(site_dir):
    return BeautifulSoup((site_dir / "index.html").read_text("utf-8"), "lxml")


def test_the_theme_still_has_what_is_patched_and_what_it_does_not_document(article):
    (bundle,) = Path(material.__file__).parent.glob("templates/assets/javascripts/bundle.*.js")
    assert '"content.lazy"' in bundle.read_text("utf-8")
    assert article.select_one('.md-search[role="dialog"][aria-label]')
    scripts = article.select("script[src]")
    assert len(scripts) >= 2 and all(script.has_attr("defer") for script in scripts)


def test_nothing_of_the_themes_typography_reaches_the_text(site_dir):
    for name in pages_of(site_dir):
        page = BeautifulSoup(file_of(site_dir, name).read_text("utf-8"), "lxml")
        assert page.select_one("article.text"), name
        assert not page.select(".md-typeset article, article.md-typeset, article .md-typeset"), name


def test_the_repository_is_a_link_and_each_page_leads_to_its_source(article):
    assert article.select_one(".md-nav a[href^='https://code.example.org/']")
    assert not article.select("[data-md-component=source]"), "it would ask the repository's host"
    edited = article.select_one("article a[rel=edit]")
    assert edited["href"].endswith("/edit/main/docs/index.md")


def test_the_byline_says_who_and_when_below_the_answer(article):
    words = " ".join(article.select_one(".byline").get_text(" ").split())
    assert re.search(r"Ethan Harvey, Mikhail Petrov, Michael C. Hughes, 11 June 2024", words)
    assert "not been reviewed by them" in words
    assert article.select_one(".answer").find_next(class_="byline"), "reading order"


def test_the_answer_fits_one_screen(visit):
    page = visit()
    box = page.locator(".answer").bounding_box()
    assert box["y"] + box["height"] <= 900


def test_the_article_is_lean(article):
    """Each element costs a phone time when the page is laid out."""
    drawn = ".katex, .katex *, svg, svg *"
    assert len(article.find_all(True)) - len(article.select(drawn)) <= ELEMENTS


def test_article_and_index_keep_to_their_weight(site_dir, site_url, browser):
    """What a browser fetches for the article, packed as by gzip; not for the search, as the audit counts."""
    fetched: list[str] = []
    page = browser.new_page(viewport={"width": 360, "height": 800})
    page.on("request", lambda request: fetched.append(request.url.partition("#")[0]))
    page.goto(site_url, wait_until="networkidle")
    page.close()
    fetched = [url for url in fetched if "/workers/search." not in url]
    paths = {site_dir / url.removeprefix(site_url) for url in fetched} - {site_dir / INDEX}
    weights = {path: files.packed_size(path / "index.html" if path.is_dir() else path) for path in paths}
    assert sum(weights.values()) <= ARTICLE, weights
    assert files.packed_size(site_dir / INDEX) <= PACKED_INDEX


def test_the_name_is_whole_in_the_header_of_a_phone(visit):
    page = visit(viewport={"width": 360, "height": 800})
    name = page.locator(".brand span")
    assert name.inner_text() == "Weight decay as MAP estimation"
    box = name.bounding_box()
    assert box["x"] + box["width"] <= 360 and name.evaluate("one => one.scrollWidth <= one.clientWidth + 1")


GROUND = "getComputedStyle(document.documentElement).backgroundColor"
PAPER = {"light": "rgb(255, 253, 249)", "dark": "rgb(23, 22, 20)"}


def test_colors_follow_the_system_until_the_reader_chooses(visit):
    page = visit(color_scheme="light")
    assert page.evaluate(GROUND) == PAPER["light"]
    page.emulate_media(color_scheme="dark")
    page.wait_for_selector("body[data-md-color-scheme=slate]")
    assert page.evaluate(GROUND) == PAPER["dark"]
    toggle = page.locator("form[data-md-component=palette] label:visible")
    toggle.click()  # from the system's to light
    page.wait_for_selector("body[data-md-color-scheme=default]")
    assert page.evaluate(GROUND) == PAPER["light"]
    page.reload()
    settle(page)
    assert page.evaluate(GROUND) == PAPER["light"]


def test_a_reference_shows_what_it_leads_to(visit):
    page = visit()
    link = page.locator(".text p a[href*='#eq-']").first
    link.hover()
    page.wait_for_selector("#preview:not([hidden]) .katex")
    page.keyboard.press("Escape")
    assert page.locator("#preview").is_hidden()
    page.locator(".text .cite").first.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    page.wait_for_selector("#preview:not([hidden])")


def test_copying_an_equation_gives_its_tex_and_the_button_gives_the_code(visit):
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    tex = page.evaluate("document.querySelector('#eq-1 annotation').textContent")
    page.evaluate("getSelection().selectAllChildren(document.querySelector('#eq-1 .katex-html'))")
    page.keyboard.press("Control+c")
    assert page.evaluate("navigator.clipboard.readText()") == f"$${tex}$$"
    code = page.locator(".text > .cell .highlight").first
    code.scroll_into_view_if_needed()
    code.locator(".md-code__button").click()
    page.wait_for_selector(".md-dialog--active")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.strip() == code.locator("code").inner_text().strip()
