"""What is only carried through the publisher comes out to the letter; and no page goes through twice."""

import html

import pytest
from bs4 import BeautifulSoup

from publish.cells import finish_cells
from publish.page import Page, PublishError

PRINTED = [
    "a\tb",
    "\n\nA",
    '"assets/extra.js"',
    "costs $5 and $6, \\(x\\), \\[y\\]",
    "</div></pre><script>alert(1)</script>",
    "&nbsp; &amp; <wbr> é λ −1 \N{NO-BREAK SPACE}|",
    "\x1b[31mred\x1b[0m \x0b \ue0001\ue001",
    '--8<-- "other/two.md"\n[references]\n[@key]',
    "  trailing  \n\n",
]


@pytest.mark.parametrize("printed", PRINTED)
def test_what_a_cell_printed_is_carried_to_the_letter(page_of, printed):
    block = f'<pre tabindex="0">{html.escape(printed, quote=False)}</pre>'
    page = page_of(f'<div class="cell" id="cell-x-y"><div class="output">{block}</div></div>')
    finish_cells(page, "")
    assert block in page.html()


def test_scripts_styles_and_drawings_are_carried_to_the_letter(page_of):
    kept = (
        "<script>if (a < b && c) x('</p>')</script>",
        "<style>a > b::before { content: '<' }</style>",
        '<svg viewBox="0 0 2 2"><linearGradient id="a"/><path d="M0 0"/></svg>',
        '<script type="application/json" data-cell="x/y">{"a":"\\u003c"}</script>',
    )
    text = page_of("".join(kept)).html()
    assert all(part in text for part in kept)


def test_the_rest_of_a_page_means_to_a_browser_what_it_meant(page_of, browser):
    article = (
        '<nav><ul><li><input type="checkbox" id="a" checked><label for="a">x</label></ul></nav>'
        "<p>one<br>two<wbr>three &lt;four&gt; é</p><details open><summary>s</summary><p>t</details>"
        '<dialog><form><button>b</button></form></dialog><a href="x?a=1&amp;b=2" title="&quot;b&quot;">l</a>'
    )
    page = page_of(article)
    tab = browser.new_page()
    seen = []
    for text in (page.path.read_text(encoding="utf-8"), page.html()):
        tab.set_content(text)
        seen.append(tab.evaluate("document.querySelector('article').outerHTML"))
    tab.close()
    assert seen[0] == seen[1]


def test_a_cell_is_headed_by_its_name_which_links_to_its_lines(page_of):
    cell = (
        '<div class="cell" id="cell-ridge-fit" data-source="snippets/ridge.py#L3-L9">'
        '<div class="highlight"><pre><span></span><code><span class="n">x</span></code></pre></div></div>'
    )
    page = page_of(cell)
    finish_cells(page, "https://code.example.org/a/b")
    soup = BeautifulSoup(page.html(), "lxml")
    name = soup.select_one(".cell > .cell-head > a.cell-name")
    assert name.text == "ridge/fit"
    assert name["href"] == "https://code.example.org/a/b/blob/main/snippets/ridge.py#L3-L9"
    assert soup.pre["aria-label"] == "Code of cell ridge/fit" and soup.pre["tabindex"] == "0"
    assert str(soup.pre.code) == "<code>x</code>"


def test_a_step_is_a_section_up_to_the_next_heading(page_of):
    page = page_of('<h3 id="step-1">A</h3><p>a</p>t<h3 id="step-2">B</h3><p>b</p><h2 id="c">C</h2>')
    finish_cells(page, "")
    sections = BeautifulSoup(page.html(), "lxml").select("section.step")
    assert [part.get_text() for part in sections] == ["Aat", "Bb"]
    assert sections[0]["aria-labelledby"] == "step-1" and sections[1].find_next_sibling().name == "h2"


def test_a_finished_page_is_refused(page_of):
    page = page_of("<p>a</p>")
    page.path.write_text(page.html(), encoding="utf-8")
    with pytest.raises(PublishError, match="finished already"):
        Page(page.path, page.path.parent)
