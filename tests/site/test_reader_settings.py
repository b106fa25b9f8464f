"""A reader's settings: whatever they are, nothing overlaps, nothing is cut, nothing is lost."""

import base64
import re

import pytest
from reader_settings import CUT, EXCEPT_SCRIPTS, LABELS, MOVES, OVERLAPS, TEXT, layout_faults, visitor
from visits import UNFOLD, file_of, pages_of

from publish.formulas import ROOT

WINDOWS = [(360, 800, 1), (1280, 800, 1)]  # width and height in CSS pixels, device pixels to each
SCREENS = [
    (360, 800, 3),
    (640, 450, 2),  # a window of 1280 px at 200 %
    (320, 225, 4),  # the same at 400 %
    *WINDOWS,
]


@pytest.fixture(scope="module")
def names(site_dir):
    """Every page that is no notebook, and one that is: those share a template."""
    found = pages_of(site_dir)
    return [name for name in found if not name.startswith("notebooks/")] + ["notebooks/weight_decay/"]


@pytest.fixture
def visit(browser, site_url):
    with visitor(browser, site_url) as found:
        yield found


def faults_on(names, open_page, windows=WINDOWS):
    """Return the layout faults of pages in windows; each is opened by open_page(name), once."""
    faults = []
    for name in names:
        page = open_page(name)
        session = page.context.new_cdp_session(page)
        for width, height, density in windows:
            metrics = {"width": width, "height": height, "deviceScaleFactor": density, "mobile": False}
            session.send("Emulation.setDeviceMetricsOverride", metrics)
            assert page.evaluate("[innerWidth, devicePixelRatio]") == [width, density]
            faults += [f"/{name} ({width} px, {density}x): {fault}" for fault in layout_faults(page)]
        page.close()
    return faults


def test_screens_and_zoom_cut_nothing(visit, names):
    assert faults_on(names, visit, SCREENS) == []


def test_text_of_twice_the_size_cuts_nothing(visit, names):
    def open_page(name):
        page = visit(name)
        sizes = {"fontSizes": {"standard": 32, "fixed": 26}}
        page.context.new_cdp_session(page).send("Page.setFontSizes", sizes)
        assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "32px"
        return page

    assert faults_on(names, open_page) == []


def test_blocked_fonts_cut_nothing(visit, names):
    def open_page(name):
        page = visit(name, blocked="**/*.woff2")
        faces = page.evaluate("[...document.fonts].map((face) => [face.family, face.status])")
        # The fallbacks are the reader's own, and one face of KaTeX's lies in the page.
        fetched = [one for one in faces if "Fallback" not in one[0] and one[0] != "KaTeX_Size2"]
        states = {state for _, state in fetched}
        assert "error" in states and "loaded" not in states
        return page

    assert faults_on(names, open_page) == []


TOPS = """[...document.querySelectorAll('.title-block *, .contents, .contents *')]
  .filter((part) => part.checkVisibility())
  .map((part) => Math.round(part.getBoundingClientRect().top))"""
STANDS_IN = """document.fonts.load('20px "Fallback Times"').then((faces) => faces.length)"""
# A font of the widths and the kerning of Times, in the place of the reader's own, which may be lacking here.
TIMES = ROOT / "node_modules/@fontsource/tinos/files"
WEIGHTS = {"400": "400", "600": "700"}
LOCAL = re.compile(r'("Fallback Times";font-weight:(\d+);src:)(local\([^)]*\),?)+')


def with_times(route):
    """Answer with the page, its stand-in face made of that font."""

    def font(match):
        data = (TIMES / f"tinos-latin-{WEIGHTS[match[2]]}-normal.woff2").read_bytes()
        return f"{match[1]}url(data:font/woff2;base64,{base64.b64encode(data).decode()})"

    body, count = LOCAL.subn(font, route.fetch().text())
    assert count == len(WEIGHTS)
    route.fulfill(body=body, content_type="text/html")


@pytest.mark.parametrize("width", [360, 390, 412, 1280])
def test_nothing_on_the_first_screen_moves_when_the_text_face_arrives(visit, width):
    window = {"viewport": {"width": width, "height": 800}}
    early = visit("", blocked="**/serif-*.woff2", answer=with_times, bypass_csp=True, **window)
    late = visit("", **window)
    assert early.evaluate(STANDS_IN)
    assert early.evaluate(TOPS) == late.evaluate(TOPS)
    early.close()
    late.close()


# Of each figure, the height of its smallest letters in pixels of the page.
LETTERS = r"""() => [...document.querySelectorAll('main .figure svg')].map((svg) => {
  const words = [...svg.querySelectorAll('text, tspan')].filter((word) =>
    !word.childElementCount && word.textContent.trim());
  const heights = words.map((word) => {
    const { a, b } = word.getScreenCTM();
    return parseFloat(getComputedStyle(word).fontSize) * Math.hypot(a, b);
  });
  return [svg.closest('[data-cell]').dataset.cell, Math.min(...heights)];
})"""


def test_the_smallest_letters_of_figures_are_legible_on_a_phone(visit, names):
    found = {}
    for name in names:
        page = visit(name)
        page.evaluate(UNFOLD)
        found |= dict(page.evaluate(LETTERS))
        page.close()
    assert len(found) > 10 and {cell: height for cell, height in found.items() if height < 8.5} == {}


def test_no_picture_is_made_of_pixels(site_dir, names):
    """So screens of every density get the same sharp one."""
    for name in pages_of(site_dir):
        text = file_of(site_dir, name).read_text("utf-8")
        assert not re.search("<(img|canvas|video|iframe|object|image)[ >]", text), name


def test_without_javascript_every_word_is_there_and_every_fold_opens(visit, names):
    for name in names:
        plain, full = visit(name, java_script_enabled=False), visit(name)
        if name == "explorer/":
            full.wait_for_selector("#explorer.drawn")
        plain.focus(".bar .menu > summary")
        plain.keyboard.press("Enter")
        assert plain.is_visible(".menu nav a"), name
        plain.keyboard.press("Enter")
        folds = plain.locator("main details > summary")
        for index, fold in enumerate(folds.all()):
            # A key that the reader presses on the first; the same click on the others, which is quicker.
            fold.evaluate("summary => summary.click()") if index else fold.press("Enter")
        shut = "folds => folds.filter((one) => !one.parentElement.open).map((one) => one.textContent)"
        assert folds.evaluate_all(shut) == [], name
        assert plain.locator(":is(.theme, .search-open, .cell-head button):visible").count() == 0, name
        for page in (plain, full):
            page.evaluate(UNFOLD)
        words = plain.evaluate(TEXT, EXCEPT_SCRIPTS)
        assert words == full.evaluate(TEXT, EXCEPT_SCRIPTS), name
        assert len(words) > 50, name
        plain.close()
        full.close()


def test_without_javascript_nothing_is_cut(visit, names):
    assert faults_on(names, lambda name: visit(name, java_script_enabled=False)) == []


def test_with_reduced_motion_nothing_moves(visit, names):
    for name in names:
        page = visit(name, reduced_motion="reduce")
        page.evaluate(UNFOLD)
        assert page.evaluate(MOVES) == [], name
        page.close()
    page = visit("explorer/", reduced_motion="reduce")
    curve = "document.querySelector('#explorer .explorer-fit .line.fit').getAttribute('d')"
    page.focus("#explorer-lambda")
    page.keyboard.press("End")
    first = page.evaluate(curve)
    page.wait_for_timeout(400)  # the movement takes 160 ms where it is wanted
    assert page.evaluate(curve) == first


@pytest.mark.parametrize(
    "check,rule",
    [
        (OVERLAPS, "main p + p { margin-top: -2rem }"),
        (OVERLAPS, "main p { height: 1rem }"),
        (CUT, "main p { max-height: 1.5rem; overflow: hidden }"),
        (CUT, "main p { overflow: hidden; white-space: nowrap }"),
        (CUT, "main p { white-space: nowrap }"),
        (CUT, "main h2 { margin-left: -4rem }"),
        (LABELS, ".figure svg text { scale: 4 }"),
        (MOVES, "main a { transition: color 1s }"),
        (MOVES, "html { scroll-behavior: smooth }"),
    ],
)
def test_the_checks_find_what_they_look_for(visit, check, rule):
    page = visit()
    page.evaluate(UNFOLD)
    assert page.evaluate(check) == []
    page.evaluate(
        "(rule) => { document.styleSheets[0].insertRule(rule, 1) }", rule.replace(" }", " !important }")
    )
    assert page.evaluate(check) != []
