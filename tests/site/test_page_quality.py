"""Page quality: what the built site promises to every reader. Times are left to `make audit`."""

import hashlib
import re
import shutil
from urllib.parse import urljoin

import pytest
import tiny_project
from bs4 import BeautifulSoup

from audit import ARTICLE_BYTES, NOTEBOOK_BYTES, PAGE_BYTES, raw_tex
from publish import audit_browser, audit_files
from publish.serving import base_of, served
from publish.shots import file_of, pages_of, settle


@pytest.fixture(scope="module")
def names(site_dir):
    return pages_of(site_dir)


def soup_of(site, name):
    return BeautifulSoup(file_of(site, name).read_text(encoding="utf-8"), "lxml")


def test_no_page_shows_raw_tex(site_dir, names):
    assert raw_tex(site_dir, names) == []


def test_every_page_is_valid_html(site_url, names):
    assert audit_files.html_faults(site_url, names) == []


def test_every_link_and_anchor_leads_somewhere(site_dir):
    assert audit_files.link_faults(site_dir, base_of(site_dir)) == []


def test_scripts_and_sheets_are_named_by_their_content(site_dir, names):
    """A page that a browser fetches anew never meets a script that it kept from before."""
    base, found = base_of(site_dir), set()
    for name in names:
        for element in soup_of(site_dir, name).select("script, link[rel=stylesheet]"):
            for attribute in ("src", "href", "data-script", "data-search"):
                if address := element.get(attribute):
                    found.add(site_dir / urljoin(base + name, address).removeprefix(base))
    assert {path.name.split(".")[0] for path in found} == {"site", "search", "calculator", "explorer"}
    for path in found:
        assert path.name.split(".")[1] == hashlib.sha256(path.read_bytes()).hexdigest()[:8], path


def test_axe_console_and_network_find_nothing(site_url, names, browser):
    """Every page in all four settings."""
    assert audit_browser.axe_faults(browser, site_url, names) == []


def test_console_and_network_find_nothing_without_scripts(site_url, names, browser):
    assert audit_browser.silence_faults(browser, site_url, names) == []


def test_no_page_scrolls_sideways(site_url, names, browser):
    assert audit_browser.scroll_faults(browser, site_url, names) == []


# Formulas in text after which a line ends though a point or comma follows.
PARTED = r"""() => [...document.querySelectorAll('main .katex')].filter((formula) => {
  const [next, last] = [formula.nextSibling, [...formula.querySelectorAll('.katex-base')].pop()];
  if (formula.closest('.katex-display') || !/^[.,:;!?)]/.test(next?.data ?? '')) return false;
  const range = document.createRange();
  range.setStart(next, 0);
  range.setEnd(next, 1);
  return range.getBoundingClientRect().left < last.getBoundingClientRect().left;
}).map((formula) => formula.querySelector('annotation').textContent)"""


def test_no_line_begins_with_the_mark_that_follows_a_formula(site_url, names, browser):
    page = browser.new_page()
    for name in names:
        page.goto(site_url + name)
        page.evaluate(audit_browser.UNFOLD)
        for width in (320, 360, 412, 640, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate(PARTED) == [], f"/{name} at {width} px"
    page.close()


def test_every_page_opens_offline_after_one_visit(site_url, names, browser):
    assert audit_browser.offline_faults(browser, site_url, names) == []


def test_a_worker_removes_its_own_old_files_and_not_those_of_a_site_below(site_url, browser):
    context = browser.new_context()
    context.add_init_script(audit_browser.SAVE_DATA)  # the page itself starts none
    page = context.new_page()
    page.goto(site_url)
    names = page.evaluate("""async () => {
      for (const name of ["#old", "below/#other"]) await caches.open(location.href + name);
      await navigator.serviceWorker.register("sw.js");
      await new Promise((done) => navigator.serviceWorker.addEventListener("controllerchange", done));
      return (await caches.keys()).map((name) => name.replace(location.href, ""));
    }""")
    assert len(names) == 2 and "below/#other" in names and "#old" not in names
    context.close()


def test_a_page_that_is_not_kept_for_offline_is_found(site_dir, browser, tmp_path):
    left_out = shutil.ignore_patterns("*.pdf", "*.ipynb")
    copy = shutil.copytree(site_dir, tmp_path / "site", ignore=left_out)
    tiny_project.edit(copy / "sw.js", '"priors/", ', "")
    with served(copy) as address:
        (fault,) = audit_browser.offline_faults(browser, address, ["breaks/", "priors/"])
    assert fault.startswith("/priors/: another page opens offline: Not found")


def test_article_and_notebooks_keep_to_their_weight(site_dir, site_url, names, browser):
    """What a browser fetches for the page itself, packed as a host with gzip packs it."""
    for name in ["", *(name for name in names if name.startswith("notebooks/"))]:
        fetched: list[str] = []
        context = browser.new_context(viewport={"width": 360, "height": 800})
        context.add_init_script(audit_browser.SAVE_DATA)
        page = context.new_page()
        page.on("request", lambda request, into=fetched: into.append(request.url))
        page.goto(site_url + name, wait_until="networkidle")
        context.close()
        paths = {site_dir / url.removeprefix(site_url).partition("#")[0] for url in fetched}
        files = {path / "index.html" if path.is_dir() else path for path in paths}
        weight = sum(audit_files.packed_size(path) for path in files)
        assert weight <= (NOTEBOOK_BYTES if name else ARTICLE_BYTES), f"/{name} weighs {weight} bytes"


def test_the_article_arrives_in_as_many_round_trips_as_it_was_measured_with(site_dir):
    assert audit_files.packed_size(site_dir / "index.html") <= PAGE_BYTES


def test_every_figure_and_scrolling_box_has_a_name(site_dir, names):
    for name in names:
        soup = soup_of(site_dir, name)
        for svg in soup.select(".output.figure > svg"):
            assert svg["role"] == "img" and svg.find("title").get_text(strip=True), name
            assert svg["viewbox"] and svg["width"] and svg["height"], name
        for box in soup.select("main [tabindex='0']"):
            named = box.get("aria-label") or box.parent.get("aria-label")
            assert named, f"{name}: {str(box)[:120]}"


POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "worker-src": "'self'",
    "style-src": "'self'",
    "style-src-attr": "'unsafe-inline'",
    "img-src": "'self' data:",
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
}


def test_pages_run_without_inline_handlers_and_under_a_strict_policy(site_dir, names):
    for name in names:
        soup = soup_of(site_dir, name)
        policy = soup.find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
        without_hashes = re.sub(r" 'sha256-[\w+/=]+'", "", policy)
        assert dict(rule.split(" ", 1) for rule in without_hashes.split("; ")) == POLICY, name
        assert soup.find("meta", {"name": "service-worker"}), name
        assert not re.search(r'<[^>]+\son[a-z]+="', str(soup)), name


def test_copying_an_equation_gives_its_tex(site_url, browser):
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(site_url)
    settle(page)
    tex = page.evaluate("document.querySelector('#eq-1 annotation').textContent")
    page.evaluate("getSelection().selectAllChildren(document.querySelector('#eq-1 .katex-html'))")
    page.keyboard.press("Control+c")
    assert page.evaluate("navigator.clipboard.readText()") == f"$${tex}$$"
    context.close()


def test_keyboard_reaches_text_search_and_menu(site_url, browser):
    page = browser.new_page(viewport={"width": 360, "height": 800})
    page.goto(site_url)
    settle(page)
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
