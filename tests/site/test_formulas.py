"""Formulas: what is drawn, its numbers and links, how lines break, and what stops the build."""

import re

import pytest
from bs4 import BeautifulSoup
from visits import UNFOLD, settle

from publish import formulas
from publish.equations import makeExtension
from publish.page import PublishError


@pytest.fixture
def drawn(page_of, tmp_path):
    """Return drawn(article): the page as soup, its formulas drawn."""

    def make(article: str) -> BeautifulSoup:
        page = page_of(article)
        formulas.place(page, formulas.draw({key for _, key in formulas.keys(page)}), tmp_path / "docs")
        return BeautifulSoup(page.html(), "lxml")

    return make


def inline(tex: str) -> str:
    return rf'<span class="arithmatex">\({tex}\)</span>'


def test_an_inline_formula_becomes_html_and_mathml_and_keeps_its_tex(drawn):
    soup = drawn("<p>" + inline(r"a &lt; \frac{1}{2}"))
    assert soup.find("annotation").get_text() == r"a < \frac{1}{2}"
    assert soup.select_one(".katex-html[aria-hidden=true]") and soup.select_one("math mfrac")


@pytest.mark.parametrize(
    ("tex", "breaks"),
    [
        ("a = b", 0),  # short
        (r"a + b + c = d + e + f + g", 6),
        (r"p(y \mid x, \theta) = f(a + b) + c", 2),  # none in brackets
        (r"\lbrace a + b \rbrace + c + d + e + f = g", 5),
    ],
)
def test_a_formula_keeps_the_marks_beside_it_and_breaks_where_it_is_long_and_no_bracket_open(
    drawn, tex, breaks
):
    soup = drawn(f"<p>x ({inline(tex)}), {inline('c')} y</p>")
    held = soup.select_one(".stuck")
    assert held.get_text().startswith("(") and held.get_text().endswith("),")
    assert len(held.select("wbr")) == breaks
    assert soup.p.get_text().startswith("x (") and soup.p.get_text().endswith(" y")


def test_a_value_stays_on_the_line_of_the_sign_that_a_formula_gives_it(drawn):
    soup = drawn(f'<p>at {inline("k")} = <span class="value">3</span>, so</p>')
    assert soup.select_one(".stuck").get_text().endswith("\xa0=")
    assert soup.p.get_text().endswith("\xa0=\xa03, so")


def test_a_display_breaks_before_its_signs(drawn):
    soup = drawn(r'<div class="arithmatex">\[ a = b + c - d \]</div>')
    assert [part.get_text() for part in soup.select(".katex-base")] == ["a", "=b", "+c", "−d"]


def test_a_numbered_display_has_an_id_that_markdown_knows_and_a_link_to_itself(drawn):
    import markdown

    text = "$$\nE = mc^2 \\tag{7a}\n$$\n"
    settings = {"pymdownx.arithmatex": {"generic": True}}
    soup = drawn(
        markdown.markdown(
            text, extensions=["pymdownx.arithmatex", makeExtension()], extension_configs=settings
        )
    )
    assert soup.select_one("#eq-7a > a.equation-number[href='#eq-7a']").get_text() == "(7a)"
    assert soup.select_one("#eq-7a [tabindex='0'][aria-label='Equation 7a']")


@pytest.mark.parametrize("tex", [r"\frac{1}", r"\nosuchmacro", "ü"])
def test_bad_tex_stops_the_build_with_its_line_in_the_source(drawn, tex, tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/index.md").write_text(f"# T {tex}2\n\nso ${tex}$\n", encoding="utf-8")
    with pytest.raises(PublishError) as caught:
        drawn(f"<p>{inline(tex)}</p>")
    assert str(caught.value).startswith(f"docs/index.md:3: formula `{tex}`: ")


def test_no_page_shows_tex(site_dir):
    for path in sorted(site_dir.rglob("*.html")):
        soup = BeautifulSoup(path.read_text(encoding="utf-8"), "lxml")
        for part in soup(["annotation", "code", "pre", "script"]):
            part.decompose()
        assert not soup.select(".arithmatex, .katex-error"), path
        assert "\\(" not in soup.get_text() and "\\[" not in soup.get_text(), path


BOXES = """() => [...document.querySelectorAll("main .katex-html *")].map((part) => {
  const { x, y, width, height } = part.getBoundingClientRect();
  return [part.className, x, y, width, height].join(" ");
})"""
PREPEND = """(textContent) =>
  document.head.prepend(Object.assign(document.createElement("style"), { textContent }))"""


@pytest.mark.parametrize("name", ["", "breaks/", "priors/", "choosing/", "map-estimate/"])
def test_the_style_sheet_that_is_cut_draws_formulas_as_the_whole_one_does(name, visit, root):
    whole = (root / "node_modules/katex/dist/katex-swap.min.css").read_text(encoding="utf-8")
    page = visit(name, bypass_csp=True)
    page.evaluate(UNFOLD)
    settle(page)  # what was folded may ask for more fonts
    ours = page.evaluate(BOXES)
    page.evaluate(PREPEND, re.sub("@font-face{[^}]*}", "", whole))
    assert ours and page.evaluate(BOXES) == ours
