"""Fixtures: pages of the site in a browser, and pages of a test's own that the publisher has not finished."""

from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from visits import settle

from publish.page import Page

HEAD = '<!doctype html><html><head><meta charset="utf-8"><link rel="stylesheet" href="x.css"></head>'


@pytest.fixture
def page_of(tmp_path):
    """Return page_of(html of an article, name): the page, read as the publisher reads it."""

    def make(article: str, name: str = "index.html") -> Page:
        path: Path = tmp_path / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{HEAD}<body><article>{article}</article></body></html>", encoding="utf-8")
        return Page(path, tmp_path / "site")

    return make


@pytest.fixture(scope="module")
def article(site_dir) -> BeautifulSoup:
    return BeautifulSoup((site_dir / "index.html").read_text(encoding="utf-8"), "lxml")


@pytest.fixture
def visit(browser, site_url):
    """Return visit(page, **options of a context): a page of the site, opened.

    At the end nothing was logged, thrown, asked of another host or not found.
    """
    contexts, heard = [], []

    def open_page(name: str = "", **options):
        contexts.append(browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: heard.append(f"/{name} logs {message.text}"))
        page.on("pageerror", lambda error: heard.append(f"/{name} throws {error}"))
        ours = (site_url, "data:", "blob:")
        page.on("request", lambda one: one.url.startswith(ours) or heard.append(f"/{name} asks {one.url}"))
        page.on("response", lambda one: one.ok or heard.append(f"/{name} does not get {one.url}"))
        page.goto(site_url + name)
        if options.get("java_script_enabled", True):
            settle(page)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert heard == []
