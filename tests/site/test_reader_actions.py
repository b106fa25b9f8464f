"""What a reader does with a page: presses tools, copies, searches, chooses a theme, follows permalinks."""

import re
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from plain_run import ROOT
from reader_settings import ready, visitor

from publish.audit_browser import OPEN_ALL
from publish.shots import pages_of, settle

# Open the folds around an element.
OPEN = "(part) => { for (let up = part; up; up = up.parentElement) if (up.open === false) up.open = true }"
# When the page was painted first, and when its script was asked for.
MOMENTS = """[
  performance.getEntriesByName('first-paint')[0].startTime,
  performance.getEntriesByType('resource').find(({ name }) => /site[^/]*\\.js$/.test(name)).startTime,
]"""
# A browser that tells of no paint, and is so slow to wait that the script comes after the load event.
NO_PAINT = """
window.PerformanceObserver = class { observe() {} };
const wait = setTimeout;
window.setTimeout = (work) => {
  if (document.readyState === 'complete') wait(work); else addEventListener('load', () => wait(work));
};
"""
# What the theme changes.
GROUND = (
    "[document.body, document.documentElement].map((part) => getComputedStyle(part).backgroundColor).join()"
)


@pytest.fixture
def visit(browser, site_url):
    with visitor(browser, site_url) as found:
        yield found


@pytest.fixture(scope="module")
def pages(site_dir):
    """Return name → soup of every page that is no notebook."""
    names = [name for name in pages_of(site_dir) if not name.startswith("notebooks/")]
    paths = {name: site_dir / name for name in names}
    files = {name: path / "index.html" if path.is_dir() else path for name, path in paths.items()}
    return {name: BeautifulSoup(file.read_text(encoding="utf-8"), "lxml") for name, file in files.items()}


def test_the_script_comes_after_the_first_paint(browser, site_url):
    page = browser.new_page()
    page.add_init_script("window.setTimeout = () => 0")  # so that nothing but the paint calls for it
    page.goto(site_url)
    settle(page)
    painted, fetched = page.evaluate(MOMENTS)
    assert painted < fetched
    page.close()


def test_the_script_comes_where_the_browser_tells_of_no_paint(browser, site_url):
    page = browser.new_page()
    page.add_init_script(NO_PAINT)
    page.goto(site_url)
    settle(page)
    kept = "navigator.serviceWorker.getRegistration().then(Boolean)"
    assert any(page.evaluate(kept) or page.wait_for_timeout(50) for _ in range(400)), "it is kept for offline"
    page.close()


def test_a_tool_pressed_before_the_script_is_there_does_its_work(browser, site_url):
    page = browser.new_page()
    held = []
    page.route("**/site.*.js", lambda route: held.append(route))
    page.goto(site_url, wait_until="domcontentloaded")  # the script, once asked for, holds up the load event
    while not held:
        page.wait_for_timeout(10)
    before = page.evaluate(GROUND)
    page.click(".theme")
    assert page.evaluate(GROUND) == before
    held.pop().continue_()
    settle(page)
    assert page.evaluate(GROUND) != before and page.get_attribute(".theme", "aria-pressed") == "true"
    page.close()


def test_copying_a_whole_page_leaves_out_what_does_not_show(visit):
    page = ready(visit("explorer/", permissions=["clipboard-read", "clipboard-write"]))
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+c")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "What to notice" in copied and r"\frac{\lambda}{2}" in copied
    folded = page.locator("details:not([open]) pre").first.text_content().split("\n")[0]
    assert len(folded) > 5 and folded not in copied and '"curve_x"' not in copied


def test_a_search_without_its_index_says_so_and_works_later(visit):
    page = ready(visit())
    index = "**/search/search_index.json"
    page.route(index, lambda route: route.abort())
    page.keyboard.press("/")
    page.wait_for_selector("dialog.search[open] .status:has-text('cannot be loaded')")
    page.keyboard.type("evidence")
    assert "cannot be loaded" in page.text_content("dialog.search .status")
    page.unroute(index)
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog.search", state="hidden")
    page.keyboard.press("/")
    page.wait_for_selector("dialog.search li a")


def test_each_cell_leads_to_its_source_in_the_repository_if_one_is_known(visit):
    page = ready(visit())
    page.wait_for_selector(".cell-links", state="attached")
    repository = page.eval_on_selector_all(".foot .repository", "(links) => links.map((link) => link.href)")
    sources = page.eval_on_selector_all(".cell[data-source]", "(all) => all.map((one) => one.dataset.source)")
    links = page.eval_on_selector_all(".cell-links a", "(links) => links.map((link) => link.href)")
    assert len(sources) > 10 and len(repository) <= 1
    assert links == [f"{home}/blob/main/{source}" for home in repository for source in sources]


def test_copying_code_gives_the_lines_of_the_snippet(visit):
    page = ready(visit(permissions=["clipboard-read", "clipboard-write"]))
    cells = page.locator(".cell[data-source]")
    count = cells.count()
    assert count > 10
    for at in (0, count // 2, count - 1):
        cell = cells.nth(at)
        button = cell.locator(".cell-links button")
        cell.evaluate(OPEN)
        assert cell.locator(".cell-name").inner_text() in button.get_attribute("aria-label")
        button.click()
        page.wait_for_selector("[role=status]:has-text('Copied')", state="attached")
        path, first, last = re.fullmatch(r"(.+)#L(\d+)-L(\d+)", cell.get_attribute("data-source")).groups()
        lines = (ROOT / path).read_text(encoding="utf-8").splitlines()[int(first) - 1 : int(last)]
        assert lines[0].startswith("# %%")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.strip() == "\n".join(lines[1:]).strip()
        page.wait_for_selector("[role=status]:has-text('Copied')", state="detached")


def test_copying_a_citation_gives_its_bibtex(visit):
    page = ready(visit(permissions=["clipboard-read", "clipboard-write"]))
    entries = page.locator(".bibtex")
    assert entries.count() == 2
    for at in range(2):
        entries.nth(at).locator("button").click()
        page.wait_for_selector("[role=status]:has-text('Copied')", state="attached")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == entries.nth(at).locator("code").text_content()
        assert re.match(r"@\w+\{harvey2024\w+,\n", copied) and copied.rstrip().endswith("}")


@pytest.mark.parametrize("system,chosen", [("light", "dark"), ("dark", "light")])
def test_the_theme_follows_the_system_until_the_reader_chooses(visit, system, chosen):
    page = visit(color_scheme=system)
    button = page.locator(".theme")
    pressed = {"light": "false", "dark": "true"}
    before = page.evaluate(GROUND)
    assert button.get_attribute("aria-pressed") == pressed[system]
    button.click()
    assert button.get_attribute("aria-pressed") == pressed[chosen]
    after = page.evaluate(GROUND)
    assert after != before
    page.reload()
    settle(page)
    assert page.evaluate(GROUND) == after and button.get_attribute("aria-pressed") == pressed[chosen]
    other = visit("choosing/", color_scheme=system)
    assert other.evaluate(GROUND) == after
    other.locator(".theme").click()
    assert other.evaluate(GROUND) == before


# Number what can be reached with the Tab key, in the order of the page, and return how many there are.
STOPS = r"""() => {
  const boxes = '.equation-body, pre, .table';  // stops if they scroll, which shows when they are laid out
  const wanted = `a[href], button, input, select, textarea, summary, ${boxes}, [tabindex="0"]`;
  const stops = [...document.querySelectorAll(wanted)].filter((element) =>
    element.checkVisibility({ visibilityProperty: true }) && !element.disabled
    && (element.tabIndex >= 0 || element.matches(boxes)) && !(element.type === 'radio' && !element.checked));
  stops.forEach((element, place) => { element.dataset.stop = place });
  return stops.length;
}"""
# The number of what has the focus, and what is wrong with how that shows.
FOCUSED = r"""async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  await frame(), await frame();
  const element = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  const [box, place] = [element.getBoundingClientRect(), element.dataset.stop];
  const faults = [];
  if (place === undefined) faults.push('it is none of the stops');
  if (outlineStyle === 'none' || !parseFloat(outlineWidth)) faults.push('its focus does not show');
  const beside = box.right < 0 || box.left > innerWidth;
  if (beside || box.bottom < 0 || box.top > innerHeight) faults.push('it is out of sight');
  return { place: Number(place), faults, html: element.outerHTML.slice(0, 120) };
}"""
# Those of the stops passed over that could still be reached: a box that fits is no stop once it is laid out.
MISSED = (
    "(passed) => passed.filter((place) => document.querySelector(`[data-stop='${place}']`).tabIndex >= 0)"
)


@pytest.mark.parametrize("width", [360, 1280])
def test_the_tab_key_reaches_everything_in_order_and_shows_where_it_is(visit, pages, width):
    for name in pages:
        page = visit(name, viewport={"width": width, "height": 800})
        if page.query_selector(".cell"):
            ready(page)
        page.evaluate(f"() => {{ {OPEN_ALL} }}")
        count, places = page.evaluate(STOPS), []
        while not places or places[-1] < count - 1:
            page.keyboard.press("Tab")
            stop = page.evaluate(FOCUSED)
            assert not stop["faults"], f"/{name} after {places[-1:]}: {stop['faults']}: {stop['html']}"
            assert not places or stop["place"] > places[-1], f"/{name}: {stop['html']} comes too late"
            places.append(stop["place"])
        missed = page.evaluate(MISSED, sorted(set(range(count)) - set(places)))
        assert not missed, f"/{name}: {missed} are passed over"
        page.close()


def test_headings_equations_and_figures_link_to_themselves(pages):
    for name, soup in pages.items():
        for heading in soup.select("main :is(h2, h3, h4)[id]"):
            links = {link["href"] for link in heading.select(".headerlink")}
            assert links & {f"#{part.get('id')}" for part in (heading, heading.parent)}, f"/{name}: {heading}"
        numbered = soup.select(".equation[id]")
        assert len(numbered) == len({equation["id"] for equation in numbered})
        for equation in numbered:
            link = equation.select_one("a.equation-number")
            assert link["href"] == f"#{equation['id']}", f"/{name}: {equation['id']}"
            assert link.get_text().lower() == f"({equation['id'].removeprefix('eq-')})"
        figures = soup.select("main figure[id]")
        assert len(figures) == len(soup.select("main figure"))
        links = [figure.select_one("figcaption .caption-prefix a") for figure in figures]
        assert [link["href"] for link in links] == [f"#{figure['id']}" for figure in figures]
        # As equations do, the figure of an example between the post's own has a letter before its number.
        numbers = [link.get_text() for link in links if not re.match(r"Figure [A-Z]", link.get_text())]
        assert numbers == [f"Figure {number}." for number in range(1, len(numbers) + 1)], f"/{name}"
        assert len(links) - len(numbers) == (1 if name == "" else 0)
    assert len(pages[""].select("main figure")) >= 3 and len(pages[""].select(".equation[id]")) > 9


def test_logo_and_icon_are_our_own(site_dir, pages):
    icons = {
        soup.select_one("link[rel=icon]")["href"].rsplit("../", 1)[-1]
        for name, soup in pages.items()
        if "404" not in name
    }
    assert icons == {"assets/logo.svg"}
    drawing = ElementTree.parse(site_dir / "assets/logo.svg").getroot()
    assert drawing.tag.endswith("svg") and drawing.get("viewBox") == "0 0 32 32"
    outlines = {path.get("d") for path in drawing.iter() if path.get("d")}
    for name, soup in pages.items():
        drawn = {path["d"] for path in soup.select(".brand svg path")}
        assert outlines & drawn, f"/{name}: the logo in the bar is another one"
