"""Forced colors: lines, words, buttons, the focus ring and the explorer's handle can still be seen.

Most is read from the pixels of the screen: what a style computes to is not always what forced colors paint.
"""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from reader_settings import visitor
from visits import UNFOLD

DESK = {"width": 900, "height": 900}
PAPER = {"light": [255, 255, 255], "dark": [0, 0, 0]}  # what Chromium forces
# The contrast of the inks of an SVG's shapes against a ground, with what has it; washes do not count.
INKS = r"""(svg, ground) => {
  const light = (color) => color.slice(0, 3).map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, k) => sum + part * [0.2126, 0.7152, 0.0722][k], 0);
  const ratio = (ink) => {
    const [one, other] = [light(ink), light(ground)].sort((a, b) => b - a);
    return (one + 0.05) / (other + 0.05);
  };
  const parse = (color) => color === 'none' ? null : color.match(/[\d.]+/g).map(Number);
  const parts = [...svg.querySelectorAll('path, circle')].filter((part) => !part.closest('clipPath, .grid'));
  return parts.map((part) => {
    const style = getComputedStyle(part);
    const inks = [[style.stroke, style.strokeOpacity], [style.fill, style.fillOpacity]]
      .filter(([, opacity]) => Number(opacity) * Number(style.opacity) === 1).map(([color]) => parse(color))
      .filter((ink) => ink && (ink.length < 4 || ink[3] === 1));
    return [inks.length ? Math.max(...inks.map(ratio)) : null, part.outerHTML.slice(0, 120)];
  }).filter(([found]) => found !== null);
}"""


@pytest.fixture(scope="module")
def visit(browser, site_url):
    with visitor(browser, site_url) as found:
        yield found


def pixels(target, **settings):
    """Return what an element or a page looks like: height, width and RGB from 0 to 1."""
    return plt.imread(io.BytesIO(target.screenshot(**settings)))[..., :3]


def luminance(colors):
    """Return the relative luminance of sRGB colors (WCAG 2.2)."""
    linear = np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def contrast(colors):
    """Return the highest contrast of any pixel against the most common color."""
    kinds, counts = np.unique(colors.reshape(-1, 3), axis=0, return_counts=True)
    ground, light = luminance(kinds[counts.argmax()]), luminance(kinds)
    return ((np.maximum(light, ground) + 0.05) / (np.minimum(light, ground) + 0.05)).max()


@pytest.mark.parametrize("forced,chosen", [("light", ""), ("dark", ""), ("light", "dark"), ("dark", "light")])
def test_figures_words_and_buttons_are_visible(visit, forced, chosen):
    """Also where the reader had chosen the other scheme with the site's switch before."""
    page = visit("", viewport=DESK, forced_colors="active", color_scheme=forced)
    page.evaluate("(theme) => { document.documentElement.dataset.theme = theme }", chosen)
    page.evaluate(UNFOLD)
    assert list(pixels(page.locator("main h1"))[0, 0] * 255) == PAPER[forced]
    for svg in page.locator("main .figure svg").all():
        inks = svg.evaluate(INKS, PAPER[forced])
        faint = [place for ratio, place in inks if ratio < 3]
        assert inks and not faint
        seen = pixels(svg)
        assert list(seen[2, 2] * 255) == PAPER[forced], "a figure stands on the forced paper"
        assert contrast(pixels(svg.locator("text").first)) > 7
    page.wait_for_selector(".bibtex button", state="attached")
    for button in page.locator(
        ".tool:visible, .actions > li > a:visible, .actions summary:visible, .bibtex button"
    ).all():
        seen = pixels(button)
        middle = slice(seen.shape[1] // 2 - 4, seen.shape[1] // 2 + 4)
        assert contrast(seen[5:-5]) > 7, f"its words: {button.evaluate('one => one.outerHTML')}"
        assert contrast(seen[:4, middle]) > 3, f"its edge: {button.evaluate('one => one.outerHTML')}"
    assert not page.locator(".theme").is_visible(), "the switch could change nothing"
    page.close()


@pytest.mark.parametrize("forced", ["light", "dark"])
def test_handle_ring_and_lines_of_the_explorer_are_visible(visit, forced):
    page = visit(
        "explorer/", viewport=DESK, forced_colors="active", color_scheme=forced, reduced_motion="reduce"
    )
    page.wait_for_selector("#explorer.drawn")
    slider = page.locator("#explorer-lambda")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    area = {"x": box["x"] - 8, "y": box["y"] - 8, "width": box["width"] + 16, "height": box["height"] + 16}

    resting = pixels(page, clip=area)
    slider.press("ArrowRight")
    slider.press("ArrowLeft")
    focused = pixels(page, clip=area)
    ring = np.abs(resting - focused).max(axis=-1) > 0.2
    for side, along in (("top", ring[:8].any(0)), ("bottom", ring[-8:].any(0))):
        assert along.mean() > 0.9, f"{side} of the ring is covered"
    for side, along in (("left", ring[:, :8].any(1)), ("right", ring[:, -8:].any(1))):
        assert along.mean() > 0.7, f"{side} of the ring is covered"

    share = slider.evaluate("one => (one.value - one.min) / (one.max - one.min)")
    place = round(8 + 8 + share * (box["width"] - 16))
    handle = slice(place - 7, place + 7)
    assert contrast(focused[10:-10, handle]) > 4.5
    slider.press("Home")
    assert np.abs(pixels(page, clip=area) - focused)[10:-10, handle].max() > 0.5, "the handle moves away"
    for svg in page.locator("#explorer .explorer-view > svg").all():
        inks = svg.evaluate(INKS, PAPER[forced])
        assert inks and not [place for ratio, place in inks if ratio < 3]
    page.close()


def test_what_has_the_focus_is_ringed(visit):
    page = visit("", viewport=DESK, forced_colors="active")
    targets = (".brand", ".menu summary", ".actions summary", ".actions > li > a", ".contents a")
    for target in (*targets, ".equation-number"):
        part = page.locator(target).first
        part.scroll_into_view_if_needed()
        box = part.bounding_box()
        area = {
            "x": box["x"] - 6,
            "y": box["y"] - 6,
            "width": box["width"] + 12,
            "height": box["height"] + 12,
        }
        area = {key: max(value, 0) for key, value in area.items()}
        before = pixels(page, clip=area)
        page.keyboard.press("Shift")  # so that the browser takes the reader for one with a keyboard
        part.focus()
        ring = np.abs(pixels(page, clip=area) - before).max(axis=-1) > 0.3
        assert ring[:6].any(0).mean() > 0.8 and ring[-6:].any(0).mean() > 0.8, target
    page.close()
