"""Fixtures of tests that look at the publisher's steps on pages of their own, without a build."""

from pathlib import Path

import pytest

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
