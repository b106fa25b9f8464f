"""The pages outlive their site generator: Zensical builds the same pages from the same templates.

Material for MkDocs ends on 5 May 2027; its successor reads mkdocs.yml, its templates with our overrides,
and Python-Markdown extensions, but runs no plugin and no hook. So the engine runs before it and the publisher
after it, each as a command. ADAPTED says what the configuration must leave out for now.
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
from copies import ADDRESSES, ROOT, copy_sources

VERSION = "0.0.73"
PAGES = sorted(path.stem for path in (ROOT / "docs").glob("*.md"))
ADAPTED = [
    (r"^(?P<key> +\w+: )(\d{4}-\d{2}-\d{2})$", r'\g<key>"\2"', "dates in `extra` must be strings"),
    (r"^theme:\n", "theme:\n  variant: classic\n", "its own new templates are another theme"),
    (r"^hooks:\n(?:  - .*\n)+", "", "no hooks"),
    (r"^  - literate:.*\n(?: {6}.*\n)+", "", "no plugins: the engine runs before"),
    (r"^  - mkdocs-jupyter:\n(?: {6}.*\n)+", "", "no plugins, so no notebook pages"),
    (r"^  - .*: notebooks/.*\n", "", "no notebook pages in the navigation"),
    (r"^strict: true\n", "", "links to notebook pages and to equation numbers are unknown to it"),
]
NOT_COMPARED = ".//*[@data-volatile] | .//*[contains(@class, 'actions')] | .//script"
COMPARED = ("@data-cell", "@data-value", "@id", "@class", "*[local-name()='annotation']/text()")


@pytest.fixture(scope="module")
def other_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the site that Zensical builds of the same pages and templates."""
    folder = copy_sources(tmp_path_factory.mktemp("zensical") / "project")
    if (ROOT / "outputs").exists():  # the engine decides whether these still hold
        shutil.copytree(ROOT / "outputs", folder / "outputs")
    configuration = (folder / "mkdocs.yml").read_text(encoding="utf-8")
    for pattern, instead, why in ADAPTED:
        configuration, found = re.subn(pattern, instead, configuration, flags=re.M)
        assert found, f"no longer needed: {why}"
    (folder / "zensical.yml").write_text(configuration, encoding="utf-8")
    zensical = apart.installed("zensical", VERSION, sees_ours=True)
    environment = os.environ | ADDRESSES | {"PYTHONPATH": str(folder), "LITERATE_SECONDS": "600"}
    for command in (
        [sys.executable, "-m", "literate"],
        [str(zensical), "build", "--config-file", "zensical.yml"],
        [sys.executable, "-m", "publish", "site"],
    ):
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder / "site"


def article(site: Path, page: str) -> lxml.html.HtmlElement:
    """Return what is the page's own, without what changes from run to run and links to other forms."""
    path = site / "index.html" if page == "index" else site / page / "index.html"
    (found,) = lxml.html.fromstring(path.read_text(encoding="utf-8")).xpath("//article")
    for element in found.xpath(NOT_COMPARED):
        element.drop_tree()
    return found


def words(element: lxml.html.HtmlElement) -> list[str]:
    return element.text_content().split()


@pytest.mark.nightly
@pytest.mark.parametrize("page", PAGES)
def test_zensical_gives_the_same_text_outputs_values_and_formulas(page, site_dir, other_site):
    ours, theirs = article(site_dir, page), article(other_site, page)
    for kind in COMPARED:
        assert ours.xpath(f".//{kind}") == theirs.xpath(f".//{kind}"), kind
    assert words(ours) == words(theirs)
    assert words(ours)
