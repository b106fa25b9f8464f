"""A reader's settings: zoom, large text, colors, no scripts, no fonts, paper: nothing is cut or lost."""

import pytest
from reader_settings import MOVES, layout_faults
from visits import UNFOLD, settle

PAGES = ["", "questions/", "choosing/", "explorer/", "notebooks/weight_decay/"]
PHONE = {"viewport": {"width": 360, "height": 800}}
SETTINGS = {
    "a phone": PHONE,
    "a desk, at twice the size": {"viewport": {"width": 640, "height": 450}, "device_scale_factor": 2},
    "a wide screen": {"viewport": {"width": 1920, "height": 1080}},
    "forced colors": PHONE | {"forced_colors": "active", "color_scheme": "dark"},
    "no scripts": PHONE | {"java_script_enabled": False},
}
WORDS = "document.querySelector('.text').innerText.split(/\\s+/)"


@pytest.mark.parametrize("setting", SETTINGS)
def test_nothing_overlaps_or_is_cut(visit, setting):
    for name in PAGES:
        assert layout_faults(visit(name, **SETTINGS[setting])) == [], f"/{name}"


def test_text_of_twice_the_size_cuts_nothing(visit):
    for name in PAGES:
        page = visit(name, **PHONE)
        sizes = {"fontSizes": {"standard": 32, "fixed": 26}}
        page.context.new_cdp_session(page).send("Page.setFontSizes", sizes)
        assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "40px"
        assert layout_faults(page) == [], f"/{name}"


def test_without_the_fonts_nothing_is_cut(visit, browser, site_url):
    context = browser.new_context(**PHONE)
    context.route("**/*.woff2", lambda route: route.abort())
    page = context.new_page()
    for name in PAGES:
        page.goto(site_url + name)
        settle(page)
        assert layout_faults(page) == [], f"/{name}"
    context.close()


def test_on_paper_everything_is_open_dark_on_white_and_without_the_site(visit):
    page = visit(color_scheme="dark", viewport={"width": 620, "height": 900})
    page.emulate_media(media="print")
    assert layout_faults(page) == []
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    for part in (".md-header", ".md-sidebar", ".md-footer", ".actions"):
        assert not page.locator(part).first.is_visible(), part


def test_without_scripts_every_word_is_there(visit):
    for name in ("", "questions/", "notebooks/weight_decay/"):
        with_scripts, without = visit(name, **PHONE), visit(name, **PHONE, java_script_enabled=False)
        for page in (with_scripts, without):
            page.evaluate(UNFOLD)
        assert without.evaluate(WORDS) == with_scripts.evaluate(WORDS), f"/{name}"


def test_with_reduced_motion_nothing_moves(visit):
    assert visit(reduced_motion="reduce", **PHONE).evaluate(MOVES) == []


def test_figures_and_focus_are_seen_in_forced_colors(visit):
    page = visit(forced_colors="active", color_scheme="dark")
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    assert page.evaluate(ground) == "rgb(0, 0, 0)"
    text = page.locator("main .figure svg text").first
    assert text.evaluate("one => getComputedStyle(one).fill") == "rgb(255, 255, 255)"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
