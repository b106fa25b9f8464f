"""Lines of a thousand characters: each scrolls by itself or breaks, and none widens a phone's page."""

import pytest
from reader_settings import layout_faults, visitor

from publish import cells, formulas

TERMS = "+".join(["a_1"] * 250)  # 999 characters, as a reader would type them
CODE = '<div class="highlight"><pre><span></span><code>{}</code></pre></div>'
CELL = '<div class="cell" data-source="snippets/long.py#L1-L2" id="cell-long-line">{}</div>'
OUTPUT = '<div class="output" role="group" aria-label="Output of cell long"><pre tabindex="0">{}</pre></div>'
DISPLAY = r'<div class="arithmatex">\[ {} \]</div>'
TABLE = "<table><tr>" + "<td><code>cell_of_a_wide_table</code></td>" * 40 + "</tr></table>"
LONG = {
    "equation that breaks": DISPLAY.format(TERMS + r"\tag{91}"),
    "fraction that cannot break": DISPLAY.format(rf"\frac{{{TERMS}}}{{2}}\tag{{92}}"),
    "line of code": CELL.format(CODE.format("x" * 1000)),
    "line printed": OUTPUT.format("9" * 1000),
    "wide table": TABLE,
    "formula in a sentence": rf'<p>So <span class="arithmatex">\({TERMS}\)</span> holds.</p>',
    "code in a sentence": f"<p>So <code>{'x' * 1000}</code> holds.</p>",
    "word": f"<p>{'x' * 1000}</p><h3>{'x' * 1000}</h3><ul><li>{'x' * 1000}</li></ul>",
}
SCROLL = {"fraction that cannot break", "line of code", "line printed", "wide table"}
BOX = ".long :is(.equation-body, .highlight pre, .output pre, .table)"


@pytest.fixture(scope="module")
def visit(browser, site_url):
    with visitor(browser, site_url) as found:
        yield found


@pytest.fixture(scope="module")
def drawn():
    """The long things as the publisher finishes what Markdown gives it."""
    renderer = formulas.Renderer()
    yield {
        name: formulas.draw_formulas(cells.finish_cells(source), "long.md", renderer)
        for name, source in LONG.items()
    }
    renderer.close()


def open_with(visit, part, **settings):
    """Open a page that holds this part between two paragraphs."""

    def answer(route):
        body = route.fetch().text()
        assert body.count('<div class="text">') == 1
        between = f'<div class="text"><p>Before.</p>{part}<p>After.</p>'
        route.fulfill(body=body.replace('<div class="text">', between), content_type="text/html")

    styled = "priors/" if "<table" in part else "404.html"  # a page without a table lacks the sheet of tables
    return visit(styled, answer=answer, **settings)


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("name", LONG)
def test_a_thousand_characters_widen_nothing(visit, drawn, name, scripts):
    part = f'<div class="text long">{drawn[name]}</div>'
    page = open_with(visit, part, java_script_enabled=scripts)
    assert layout_faults(page) == []
    boxes = page.locator(BOX)
    wide = boxes.evaluate_all("boxes => boxes.filter((box) => box.scrollWidth > box.clientWidth + 1).length")
    assert wide == (name in SCROLL)
    if wide:
        box = boxes.first
        if scripts:
            page.wait_for_selector(f"{BOX}[tabindex='0']")
        box.focus()
        assert box.evaluate("box => box === document.activeElement")
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        page.wait_for_timeout(300)
        assert box.evaluate("box => box.scrollLeft") > 0, "the arrow keys move it"
        box.evaluate("box => { box.scrollLeft = box.scrollWidth }")
        assert box.evaluate("box => box.scrollLeft + box.clientWidth >= box.scrollWidth - 1"), (
            "its end can be read"
        )
    page.close()
