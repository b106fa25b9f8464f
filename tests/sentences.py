"""Formulas within the sentences of a built page."""

import re
from pathlib import Path

from bs4 import BeautifulSoup

RELATION = re.compile(r"[=<>]|\\(?:leq?|geq?|propto|sim|approx|leftarrow|ne)(?![a-z])")


def within_sentences(site: Path, page: str) -> list[str]:
    """Return the TeX of each, in order; the page is named as its source, without `.md`."""
    path = site / ("" if page == "index" else page) / "index.html"
    formulas = BeautifulSoup(path.read_text(encoding="utf-8"), "lxml").select(".katex annotation")
    return [one.get_text() for one in formulas if not one.find_parent(class_="katex-display")]
