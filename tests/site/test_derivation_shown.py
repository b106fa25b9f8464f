"""What the reader sees of a formula is what KaTeX draws of the TeX that was proved."""

import json
import subprocess

import pytest
from bs4 import BeautifulSoup
from computed import ROOT
from lighthouse import NODE

# The one thing that the publisher tells KaTeX: no line of a display ends after the bar of p(y | x).
DRAW = r"""
import katex from "katex";
import { readFileSync } from "node:fs";
const rules = { strict: "error", throwOnError: true };
const macros = (display) => (display ? { "\\mid": "∣\\nobreak" } : {});
const draw = ([tex, display]) =>
  katex.renderToString(tex, { displayMode: display, macros: macros(display), ...rules });
process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(draw)));
"""


def drawn_again(formulas):
    """Return the HTML of each (TeX, is a display), from a KaTeX process of this test's own."""
    command = [NODE, "--input-type=module", "--eval", DRAW]
    asked = {"cwd": ROOT, "input": json.dumps(formulas), "encoding": "utf-8", "timeout": 60}
    return json.loads(subprocess.run(command, **asked, capture_output=True, check=True).stdout)


def bare(html):
    """Return the markup with nothing around it, as one parser writes it.

    Without what the publisher changes and nobody sees: a width that is no longer MathML, and where a
    formula may break, which is at a <wbr> or between two of KaTeX's parts, each held up by a strut.
    """
    soup = BeautifulSoup(str(html).replace('<mtd width="50%">', "<mtd>"), "lxml")
    for strut in soup.select(".katex-strut"):
        strut.decompose()
    for place in [*soup("wbr"), *soup.select(".katex-base")]:
        place.unwrap()  # lxml takes what follows a <wbr> for its content
    return str(soup.body.find("span"))


@pytest.fixture(scope="module")
def formulas(site_dir):
    """Each formula of the site: its TeX, whether it is a display, and the element the page shows."""
    found = []
    for page in [site_dir / "index.html", *sorted(site_dir.rglob("*/index.html"))]:
        soup = BeautifulSoup(page.read_text(encoding="utf-8"), "lxml")
        for element in soup.select(".katex"):
            display = element.find_parent(class_="katex-display")
            found.append((element.find("annotation").get_text(), display is not None, display or element))
    return found


def test_each_formula_shown_is_its_annotation_drawn_again(formulas):
    fresh = drawn_again([(tex, display) for tex, display, _ in formulas])
    assert fresh
    for (tex, _, shown), html in zip(formulas, fresh, strict=True):
        assert bare(shown) == bare(html), f"the page shows something else than this TeX: {tex}"


def test_no_formula_is_hidden_from_the_eye_or_from_screen_readers(formulas):
    """Each has both halves, what is seen and its MathML, and neither is switched off in the markup."""
    for tex, _, shown in formulas:
        assert shown.select_one(".katex-html") and shown.select_one(".katex-mathml math"), tex
        for around in (shown, *shown.parents):
            assert not around.has_attr("hidden") and around.get("aria-hidden") != "true", tex
