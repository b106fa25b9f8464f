"""The publisher's steps: formulas, figures, cells, notebooks, fonts, policy, offline, PDF dates."""

import base64
import hashlib
import io
import re
import xml.etree.ElementTree as ET
from types import SimpleNamespace

import numpy as np
import pytest
from bs4 import BeautifulSoup
from fontTools.pens.recordingPen import RecordingPen
from fontTools.svgLib.path import parse_path
from fontTools.ttLib import TTFont
from mkdocs.exceptions import PluginError

from publish import assets, cells, figures, fonts, formulas, hooks, notebooks, offline, paper, policy


@pytest.fixture(scope="module")
def renderer():
    shared = formulas.Renderer()
    yield shared
    shared.close()


def test_inline_formula_becomes_html_and_mathml_and_keeps_its_tex(renderer):
    page = r'<p><span class="arithmatex">\(a &lt; \frac{1}{2}\)</span></p>'
    soup = BeautifulSoup(formulas.draw_formulas(page, "x.md", renderer), "lxml")
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
    renderer, tex, breaks
):
    page = rf'<p>x (<span class="arithmatex">\({tex}\)</span>), <span class="arithmatex">\(c\)</span> y</p>'
    soup = BeautifulSoup(formulas.draw_formulas(page, "x.md", renderer), "lxml")
    (held,) = soup.select(".stuck")
    assert held.get_text().startswith("(") and held.get_text().endswith("),")
    assert len(held.select("wbr")) == breaks
    assert len(soup.select(".katex")) == 2


def test_a_formula_without_marks_is_held_only_where_it_must_not_break(renderer):
    for tex, held in (("a = b", True), ("c", False), ("a + b + c = d + e + f + g", False)):
        page = rf'<p>x <span class="arithmatex">\({tex}\)</span> y</p>'
        assert ("stuck" in formulas.draw_formulas(page, "x.md", renderer)) == held


def test_a_display_breaks_before_its_signs(renderer):
    page = r'<div class="arithmatex">\[ a = b + c - d \]</div>'
    soup = BeautifulSoup(formulas.draw_formulas(page, "x.md", renderer), "lxml")
    assert [part.get_text() for part in soup.select(".katex-base")] == ["a", "=b", "+c", "−d"]


def test_numbered_display_gets_an_id_and_a_link_to_itself(renderer):
    page = r'<div class="arithmatex">\[ E = mc^2 \tag{7a} \]</div>'
    soup = BeautifulSoup(formulas.draw_formulas(page, "x.md", renderer), "lxml")
    assert soup.select_one("#eq-7a > a.equation-number[href='#eq-7a']").get_text() == "(7a)"
    assert soup.select_one("#eq-7a [tabindex='0'][aria-label='Equation 7a']")
    assert formulas.anchors(page) == {"eq-7a"}


@pytest.mark.parametrize("tex", [r"\frac{1}", r"\nosuchmacro", "ü"])
def test_bad_tex_stops_the_build_and_names_page_and_formula(renderer, tex):
    page = rf'<span class="arithmatex">\({tex}\)</span>'
    with pytest.raises(PluginError) as caught:
        formulas.draw_formulas(page, "priors.md", renderer)
    assert "priors.md" in str(caught.value) and tex in str(caught.value)


def test_two_equations_with_one_number_stop_the_build(renderer):
    page = r'<div class="arithmatex">\[ a \tag{1} \]</div>' * 2
    with pytest.raises(PluginError, match=r"x\.md: two equations are numbered \(1\)"):
        formulas.draw_formulas(page, "x.md", renderer)


def test_neighbors_of_one_color_become_one_however_many():
    names = ["mi"] * 5 + ["k", "s1", "s2"]
    code = "".join(f'<span class="{name}">{at}</span>' for at, name in enumerate(names))
    joined = '<span class="m">01234</span><span class="k">5</span><span class="s">67</span>'
    assert cells.fewer_tokens(code) == joined


@pytest.fixture(scope="module")
def drawing():
    import matplotlib.pyplot as plt

    with plt.rc_context({"svg.fonttype": "none", "svg.hashsalt": "x"}):
        figure, axes = plt.subplots()
        axes.plot([0, 1, 2], [0, 1, 4], "o-", color="#0b62a8", label="a")
        axes.fill_between([0, 1], [0, 1], color="#c4440f", alpha=0.2)
        axes.set_xlabel("parameter")
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None})
        plt.close(figure)
    return out.getvalue()


def finished(svg, alt="Two lines. One rises."):
    page = f'<div class="figure output" data-alt="{alt}" data-cell="ridge/paths">{svg}</div>'
    return BeautifulSoup(figures.finish_figures(page, "x.md"), "html.parser")


def test_an_authors_own_images_are_kept_and_the_themes_are_not(tmp_path):
    config = SimpleNamespace(docs_dir=str(tmp_path / "docs"))
    own, theirs = (
        SimpleNamespace(src_uri="assets/images/favicon.png", src_dir=str(tmp_path / place))
        for place in ("docs", "theme")
    )
    assert hooks.on_files([own, theirs], config) == [own]


def test_figure_takes_its_colors_from_the_theme(drawing):
    svg = str(finished(drawing).svg)
    assert "var(--series-0)" in svg and "var(--series-1)" in svg and 'fill="currentColor"' in svg
    assert not re.search(r"#[0-9a-f]{6}", svg, re.I) and "font-family" not in svg


def test_figure_has_no_uses_no_style_sheet_and_ids_of_its_own(drawing):
    soup = finished(drawing)
    assert not soup.find(["use", "style", "metadata"])
    ids = [element["id"] for element in soup.svg.find_all(id=True)]
    assert len(ids) == len(set(ids)) and all(name.startswith("svg-ridge-paths-") for name in ids)
    for url in re.findall(r"url\(#([^)]*)\)", str(soup)):
        assert url in ids


def test_figure_says_what_it_shows(drawing):
    svg = finished(drawing).svg
    assert svg["role"] == "img" and svg.find("title").get_text() == "Two lines"
    assert svg.find("desc").get_text() == "One rises." and svg["width"] and svg["height"]
    assert svg["aria-labelledby"] == svg.find("title")["id"]


def test_figure_keeps_every_marker_at_its_place(drawing):
    """Each <use> of the drawing has become a shape at the same coordinates, to a tenth of a point."""
    root = ET.fromstring(drawing[drawing.index("<svg") :])
    uses = [element for element in root.iter() if element.tag.endswith("}use")]
    wanted = sorted(
        (round(float(use.get("x")), 1), round(float(use.get("y")), 1)) for use in uses if use.get("x")
    )
    shapes = finished(drawing).svg
    found = [(float(c["cx"]), float(c["cy"])) for c in shapes.find_all("circle")]
    moves = (
        re.fullmatch(r"translate\(([-\d.]+) ([-\d.]+)\)", p.get("transform", ""))
        for p in shapes.find_all("path")
    )
    found += [(float(move[1]), float(move[2])) for move in moves if move]
    assert len(found) == len(wanted)
    for place, meant in zip(sorted(found), wanted, strict=True):
        assert place == pytest.approx(meant, abs=0.001)


@pytest.mark.parametrize(
    "path",
    ["M 1.04 2.26 L 3.96 2.34 L 9.04 -7.06 z M 5 5 L 4 3", "M 0 0 L 9 0 z L 1 1", "M 0 2 C 1 2 3 4 5 6 z"],
)
def test_a_path_in_steps_keeps_every_point_to_a_tenth(path):
    """Steps are between rounded points: their errors do not add up."""
    square = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="{path}"/></svg>'
    given, written = RecordingPen(), RecordingPen()
    parse_path(path, given)
    parse_path(finished(square).svg.path["d"], written)
    assert [command for command, _ in written.value] == [command for command, _ in given.value]
    for (_, points), (_, meant) in zip(written.value, given.value):
        assert np.allclose(points, meant, atol=0.05 + 1e-9)


def test_color_without_a_dark_variant_stops_the_build(drawing):
    with pytest.raises(
        PluginError, match=r"x\.md: figure of cell 'ridge/paths': color #123456 has no dark variant"
    ):
        finished(drawing.replace("#0b62a8", "#123456"))


def test_cell_gets_its_name():
    page = (
        '<div class="cell" data-source="snippets/ridge.py#L3-L9" id="cell-ridge-fit">\n'
        '<div class="highlight"><pre><span></span><code><span class="n">x</span></code></pre></div></div>'
    )
    soup = BeautifulSoup(cells.finish_cells(page), "lxml")
    assert soup.select_one(".cell-name").get_text() == "ridge/fit"
    assert soup.pre["aria-label"] == "Code of cell ridge/fit" and soup.pre["tabindex"] == "0"


def test_notebook_prose_keeps_dollars_in_code_and_prices():
    marked = notebooks.mark_formulas("<p>costs 5$ and 6$, <code>$x$</code>, but $a_1$ counts</p>")
    assert marked.count("arithmatex") == 1 and r"\(a_1\)" in marked and "<code>$x$</code>" in marked


def test_notebook_from_another_template_stops_the_build():
    with pytest.raises(PluginError, match="notebook_template"):
        notebooks.finish_notebook('<div class="jupyter-wrapper"></div><style></style>')


def test_each_letter_comes_from_the_file_of_its_script():
    """Whether every glyph on the pages has a font is seen in the browser: test_glyphs.py."""
    files, rules = fonts.make_fonts(set("aéλ√"), set("bτ"), {"Math-Italic": set("θ")})
    has = {
        name.partition(".")[0]: set(map(chr, TTFont(io.BytesIO(data)).getBestCmap()))
        for name, data in files.items()
    }
    assert set("aé") <= has["serif-normal"] and set("λ√").isdisjoint(has["serif-normal"])
    assert has["serif-italic"] == {"b"} and has["serif-greek-italic"] == {"τ"}
    assert (has["serif-greek-normal"], has["serif-signs"], has["katex-math-italic"]) == ({"λ"}, {"√"}, {"θ"})
    assert all(name in rules for name in files)
    assert "unicode-range:U+3BB}" in rules and "unicode-range:U+221A}" in rules


def test_italics_are_found_in_markup_and_where_the_style_sheet_sets_them():
    page = '<blockquote>a<a href="#x">b</a></blockquote><p>c<em>d &amp; e</em></p>'
    assert fonts.italics(page) == set("abd &e")


def test_fonts_are_the_same_bytes_each_time():
    fonts.cut.cache_clear()
    first = fonts.make_fonts(set("abc"), set("b"), {"Main-Regular": set("+")})
    fonts.cut.cache_clear()
    assert fonts.make_fonts(set("abc"), set("b"), {"Main-Regular": set("+")}) == first


def test_policy_allows_the_scripts_of_the_page_and_no_other():
    page = "<script>one()</script><script src='a.js'></script>"
    wanted = base64.b64encode(hashlib.sha256(b"one()").digest()).decode()
    rules = dict(rule.partition(" ")[::2] for rule in policy.policy(page).split("; "))
    assert rules["script-src"] == f"'self' 'sha256-{wanted}'" and rules["default-src"] == "'none'"
    assert "unsafe-inline" not in rules["script-src"] + rules["style-src"]


def test_service_worker_has_another_version_when_a_file_changes(tmp_path):
    (tmp_path / "index.html").write_text("a")
    (tmp_path / "paper.pdf").write_text("b")
    offline.write_service_worker(tmp_path)
    first = (tmp_path / "sw.js").read_text()
    offline.write_service_worker(tmp_path)
    assert (tmp_path / "sw.js").read_text() == first and '["./"]' in first
    (tmp_path / "index.html").write_text("c")
    offline.write_service_worker(tmp_path)
    assert (tmp_path / "sw.js").read_text() != first


def test_pdf_dates_are_the_builds_and_no_byte_moves(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795392000")
    printed = b"%PDF /CreationDate (D:20300101120000+00'00')\n/ModDate (D:20300101120000+00'00')"
    fixed = paper.fixed(printed)
    assert len(fixed) == len(printed) and fixed.count(b"D:20261123000000+00'00'") == 2
    with pytest.raises(paper.PaperError, match="no dates"):
        paper.fixed(b"%PDF")


def test_only_rules_that_can_apply_are_kept_of_katex():
    css = ".a .b:not(.gone){width:0}.gone,.a{top:0}.b .gone{left:0}@font-face{src:url(x)}"
    assert assets.used_rules(css, {"a", "b"}) == ".a .b:not(.gone){width:0}.a{top:0}"


def test_style_sheet_is_smaller_and_means_the_same():
    css = "/* a */ a > b , c { color : red ; width: calc(100% - 2px); }\n d :is(e) { top: 0 }"
    assert assets.smaller(css) == "a>b,c{color :red;width:calc(100% - 2px)}d :is(e){top:0}"


def test_indents_go_but_where_white_space_shows_or_is_data():
    kept = "<pre>a\n  b</pre><script>c\n  d</script><annotation>e\n  f</annotation><svg>g\n  h</svg>"
    assert assets.without_indents(f"<p>g\n    h  i \n\n {kept}\n  </p>") == f"<p>g\nh  i\n{kept}\n</p>"


@pytest.mark.parametrize("command,kept", [("build", True), ("serve", False)])
def test_only_a_built_site_works_offline_and_links_to_a_pdf(monkeypatch, command, kept):
    monkeypatch.setattr(hooks, "serving", False)
    monkeypatch.setattr(paper, "chromium", lambda: "/usr/bin/a-chromium")
    hooks.on_startup(command, dirty=False)
    context = hooks.shared_context(
        {"base_url": ".", "page": None}, SimpleNamespace(site_url="https://site.example/")
    )
    assert context["offline"] is kept and bool(context["paper"]) is kept


def test_without_a_chromium_no_pdf_is_made_and_none_is_linked(monkeypatch, tmp_path):
    monkeypatch.setattr(hooks, "serving", False)
    monkeypatch.setattr(paper, "chromium", lambda: None)
    paper.write_paper(tmp_path, "https://site.example/")
    assert not list(tmp_path.iterdir())
    context = hooks.shared_context(
        {"base_url": ".", "page": None}, SimpleNamespace(site_url="https://site.example/")
    )
    assert context["paper"] is None
