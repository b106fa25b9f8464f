"""Previews: what a citation, an equation or a figure refers to is shown beside the link to it."""

import re

import pytest
from reader_settings import ready, visitor

# For each kind of link a preview belongs to: the link, and what its target says.
PREVIEWED = {
    "reference": '.text a[href^="#ref-"]',
    "equation": '.text a[href^="#eq-"]:not(.equation-number)',
    "figure": '.text p a[href^="#fig-"]:not(.caption-prefix a)',
}
WORDS = r"""(link) => {
  const copy = document.querySelector(link.hash).cloneNode(true);
  copy.querySelectorAll('.headerlink, .cite-back').forEach((part) => part.remove());
  return copy.textContent.replace(/\s+/g, ' ').trim();
}"""


@pytest.fixture
def visit(browser, site_url):
    with visitor(browser, site_url) as found:
        yield found


def shown(page):
    page.wait_for_selector(".preview", state="visible")
    return " ".join(page.inner_text(".preview").split())


def test_pointing_at_a_link_shows_what_it_leads_to(visit):
    for kind, selector in PREVIEWED.items():
        name = "priors/" if kind == "figure" else ""
        page = ready(visit(name, viewport={"width": 1280, "height": 900}))
        link = page.locator(selector).locator("visible=true").first
        link.scroll_into_view_if_needed()
        link.hover()
        page.wait_for_selector(".preview", state="visible")
        target = link.evaluate(WORDS)
        assert len(target) > 20 and " ".join(page.text_content(".preview").split()) == target, kind
        box, window = page.locator(".preview").bounding_box(), page.viewport_size
        assert 0 <= box["x"] and box["x"] + box["width"] <= window["width"], kind
        page.mouse.move(1, 1)
        page.wait_for_selector(".preview", state="hidden")


def test_going_from_one_link_to_the_next_shows_the_second(visit):
    page = ready(visit(viewport={"width": 1280, "height": 900}))
    first, second = (page.locator(PREVIEWED["reference"]).nth(place) for place in (0, 1))
    first.hover()
    page.wait_for_selector(".preview", state="visible")
    second.hover()
    page.wait_for_timeout(600)  # longer than showing and hiding wait
    assert " ".join(page.text_content(".preview").split()) == second.evaluate(WORDS) != first.evaluate(WORDS)
    assert page.is_visible(".preview")


def test_keyboard_shows_and_hides_a_preview(visit):
    page = ready(visit())
    link = page.locator(PREVIEWED["reference"]).first
    page.keyboard.press("Tab")  # from now on focus is shown, as it is for a keyboard
    link.focus()
    described = link.get_attribute("aria-describedby")
    assert not described or page.query_selector(f"#{described}")
    assert re.search(r"\b(19|20)\d\d\b", shown(page)), "a reference has a year"
    page.keyboard.press("Escape")
    page.wait_for_selector(".preview", state="hidden")
    assert link.evaluate("(link) => link === document.activeElement")


def test_first_tap_shows_the_second_follows(visit):
    page = ready(visit(has_touch=True))
    link = page.locator(PREVIEWED["reference"]).first
    address = page.url
    link.tap()
    assert shown(page) and page.url == address
    link.tap()
    page.wait_for_url("**#ref-*")
