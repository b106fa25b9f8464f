"""The pages outlive their site generator: Zensical builds the same text, outputs, values and equations.

Material for MkDocs is in maintenance; its successor reads mkdocs.yml and Python-Markdown extensions,
but no MkDocs hooks or plugins. So the engine runs as a command, its page side is a Markdown extension,
and this test holds both to that. ADAPTED says what the configuration must leave out for now.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import apart
import lxml.html
import pytest
from copies import ROOT, copy_sources

VERSION = "0.0.73"
PAGES = sorted(path.stem for path in (ROOT / "docs").glob("*.md"))
ADAPTED = [
    (r"^(?P<key> +\w+: )(\d{4}-\d{2}-\d{2})$", r'\g<key>"\2"', "dates in `extra` must be strings"),
    (r"^  custom_dir: .*\n", "", "our templates ask for what our hooks compute"),
    (r"^hooks:\n(?:  - .*\n)+", "", "no hooks"),
    (r"^  - mkdocs-jupyter:\n(?: {6}.*\n)+", "", "no plugins, so no notebook pages"),
    (r"^  - .*: notebooks/.*\n", "", "no notebook pages in the navigation"),
    (
        r"^strict: true\n",
        "",
        "links to notebook pages, and to equation numbers that our publisher adds, are unknown",
    ),
]
NOT_PROSE = [
    "@data-cell",
    "@data-volatile",
    "contains(@class, 'arithmatex') or contains(@class, 'katex')",
    "contains(@class, 'headerlink') or contains(@class, 'cell-head') or contains(@class, 'cite-previews')",
    "self::script or self::style or self::svg",
    "self::nav",  # our contents list and citing section are our templates'
]
BLOCKS = ("p", "li", "h1", "h2", "h3", "h4", "td", "th", "figcaption", "summary", "dt", "dd")


@pytest.fixture(scope="module")
def other_site(site_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the site that Zensical builds of the same pages, snippets and engine."""
    folder = copy_sources(tmp_path_factory.mktemp("zensical") / "project")
    if (ROOT / "outputs").exists():  # the engine decides whether these still hold
        shutil.copytree(ROOT / "outputs", folder / "outputs")
    configuration = (folder / "mkdocs.yml").read_text(encoding="utf-8")
    for pattern, instead, why in ADAPTED:
        configuration, found = re.subn(pattern, instead, configuration, flags=re.M)
        assert found, f"no longer needed: {why}"
    (folder / "mkdocs.yml").write_text(configuration, encoding="utf-8")
    zensical = apart.installed("zensical", VERSION, sees_ours=True)
    environment = os.environ | {"PYTHONPATH": str(folder), "NO_COLOR": "1"}
    for command in ([sys.executable, "-m", "literate"], [str(zensical), "build"]):
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder / "site"


def article(site: Path, page: str) -> lxml.html.HtmlElement:
    """Return the article of a page, without figures: each generator's publisher finishes them its own way."""
    path = site / "index.html" if page == "index" else site / page / "index.html"
    found = lxml.html.fromstring(path.read_text(encoding="utf-8")).xpath("//article")
    assert len(found) == 1
    return found[0]


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def outputs(root: lxml.html.HtmlElement) -> list[tuple]:
    """Return cell and text of every output; of a figure the alternative text, of what is volatile nothing."""
    found = []
    for element in root.xpath(".//*[@data-cell]"):
        drawn, volatile = element.xpath(".//*[local-name()='svg']"), "data-volatile" in element.attrib
        text = None if drawn or volatile else element.text_content().strip()
        found.append((element.get("data-cell"), bool(drawn), text))
    return found


def quoted(root: lxml.html.HtmlElement) -> list[tuple]:
    elements = root.xpath(".//*[@data-value]")
    return [(e.get("data-value"), e.get("data-volatile") is None and e.text_content()) for e in elements]


def equations(root: lxml.html.HtmlElement) -> list[str]:
    """Return the TeX of every formula, in order: drawn by our publisher, or as the page says it."""
    if drawn := root.xpath(".//annotation"):
        return [squeezed(element.text_content()) for element in drawn]
    marked = root.xpath(".//*[contains(@class, 'arithmatex')]")
    return [squeezed(element.text_content().strip()[2:-2]) for element in marked]


def prose(root: lxml.html.HtmlElement) -> list[str]:
    """Return the text of every block, without outputs and formulas."""
    for element in root.xpath("|".join(f".//*[{condition}]" for condition in NOT_PROSE)):
        if element.getparent() is not None:
            element.drop_tree()
    outer = [e for e in root.iter(*BLOCKS) if not any(parent.tag in BLOCKS for parent in e.iterancestors())]
    return [text for text in (squeezed(element.text_content()) for element in outer) if text]


@pytest.mark.nightly
@pytest.mark.parametrize("page", PAGES)
def test_zensical_gives_the_same_text_outputs_values_and_equations(
    page: str, site_dir: Path, other_site: Path
) -> None:
    ours, theirs = article(site_dir, page), article(other_site, page)
    assert outputs(ours) == outputs(theirs)
    assert quoted(ours) == quoted(theirs)
    assert equations(ours) == equations(theirs)
    assert len(outputs(ours)) + len(quoted(ours)) > 0
    title, *text = prose(theirs)
    around = prose(ours)  # with what our templates add before and after
    assert title in around
    start = around.index(text[0])
    assert around[start : start + len(text)] == text
