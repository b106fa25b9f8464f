"""The theme: what stands on Material's templates, and what of theirs it relies on.

Markup of the theme that overrides/ patches, and the option that its documentation does not name, are looked
for here: an update that moves them fails.
"""

import re
from pathlib import Path

import material
from bs4 import BeautifulSoup
from lighthouse import INDEX
from playwright.sync_api import expect

ELEMENTS = 4000  # of the article, without its formulas and drawings
ARTICLE, PACKED_INDEX = 200 * 1024, 60 * 1024


def test_the_theme_still_has_what_is_patched_and_what_it_does_not_document(article):
    (bundle,) = Path(material.__file__).parent.glob("templates/assets/javascripts/bundle.*.js")
    assert '"content.lazy"' in bundle.read_text("utf-8")
    assert article.select_one('.md-search[role="dialog"][aria-label]')
    scripts = article.select("script[src]")
    assert len(scripts) >= 2 and all(script.has_attr("defer") for script in scripts)


def test_nothing_of_the_themes_typography_reaches_the_text(site_dir):
    for path in site_dir.rglob("*.html"):
        page = BeautifulSoup(path.read_text("utf-8"), "lxml")
        assert page.select_one("article.text"), path
        assert not page.select(".md-typeset article, article.md-typeset, article .md-typeset"), path


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


def test_article_and_index_keep_to_their_weight(site_url, browser):
    """What a browser fetches for the article, packed by gzip; the search's worker is no part of it."""
    requests = []
    page = browser.new_page(viewport={"width": 360, "height": 800})
    page.on("requestfinished", lambda request: requests.append(request))
    with page.expect_event("requestfinished", lambda request: request.url == site_url + INDEX):
        page.goto(site_url, wait_until="networkidle")
    weights = {one.url: one.sizes()["responseBodySize"] for one in requests}
    page.close()
    index = weights.pop(site_url + INDEX)
    article = {url: size for url, size in weights.items() if "/workers/search." not in url}
    assert sum(article.values()) <= ARTICLE, article
    assert 0 < index <= PACKED_INDEX


def test_the_name_is_whole_in_the_header_of_a_phone(visit):
    page = visit(viewport={"width": 360, "height": 800})
    name = page.locator(".brand span")
    assert name.inner_text() == "Weight decay as MAP estimation"
    box = name.bounding_box()
    assert box["x"] + box["width"] <= 360 and name.evaluate("one => one.scrollWidth <= one.clientWidth + 1")


def test_colors_follow_the_system_until_the_reader_chooses(visit):
    """In the colors of our own two palettes; the theme keeps what was chosen."""
    page = visit(color_scheme="light")
    root = page.locator("html")
    expect(root).to_have_css("background-color", "rgb(255, 253, 249)")
    page.emulate_media(color_scheme="dark")
    expect(root).to_have_css("background-color", "rgb(23, 22, 20)")
    page.click("form[data-md-component=palette] label:visible")  # from the system's to light
    expect(root).to_have_css("background-color", "rgb(255, 253, 249)")


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


def test_copying_an_equation_gives_its_tex(visit):
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    tex = page.locator("#eq-1 annotation").text_content()
    page.evaluate("getSelection().selectAllChildren(document.querySelector('#eq-1 .katex-html'))")
    page.keyboard.press("Control+c")
    assert page.evaluate("navigator.clipboard.readText()") == f"$${tex}$$"
