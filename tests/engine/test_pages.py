"""Pages are checked as published: each embed and quote stands in its page exactly once, or the build says why not."""

from __future__ import annotations

import csv
import re

import pytest
from tiny import Tiny

OTHER = '# %% two\nprint(2)\n\n# %% silent\nx = 1\n\n# %% values tags=["hidden"]\nvalues = {"two": 2.0, "name": "a-b"}\n'
BEFORE = {  # lines of a page -> what is said of its third line, before MkDocs begins
    '--8<-- "other/absent.md"': 'nothing is called "other/absent.md"',
    '--8<-- "other/values.md"': 'nothing is called "other/values.md"',
    '--8<-- "absent/two.md"': 'nothing is called "absent/two.md"',
    '--8<-- "other/silent.out.md"': "this cell has no output",
    '-8<- "other/two.md"': "cannot read this embed",
    "--8<-- 'other/two.md'": "cannot read this embed",
    "--8<-- other/two.md": "cannot read this embed",
    '--8<--  "other/two.md"': "cannot read this embed",
    ';--8<-- "other/two.txt"': "cannot read this embed",
    '--8<-- "../secret.md"': "cannot read this embed",
    "It is `#!val other.absent`.": "no such value",
    "It is `#!val absent.two`.": "no such value",
    "It is `#!val other.": "cannot read this embed or value",
    "It is ` #!val other.two`.": "cannot read this embed or value",
    "It is #!val other.two.": "cannot read this embed or value",
    "It is ``#!val other.two``.": "cannot read this embed or value",
    "For $a = `#!val other.two`$ and $b$.": "a value in a formula",
    r"For \(a = `#!val other.two`\).": "a value in a formula",
    "It is `#!val other.__volatile__`.": "cannot read",
    "It is `#!val other.two:.3q`.": "cannot format `#!val other.two:.3q`: ",
    "It is `#!val other.name:.3f`.": "cannot format",
    "It is `#!val other.huge:c`.": "cannot format",
}
AFTER = {  # lines of a page -> what is said of its third line, of the finished page
    'see --8<-- "other/two.md"': "other-two stands 0 times",
    '    --8<-- "other/two.md"': "other-two stands 0 times",
    '<details>\n--8<-- "other/two.md"\n</details>': "",
    '<p markdown="1">\n--8<-- "other/two.md"\n</p>': "",
    '<p>\n--8<-- "other/two.md"\n</p>': "",
    '$$\n--8<-- "other/two.md"\n$$': "",
    '```\n--8<-- "other/two.md"\n```': "",
    '<!--\n--8<-- "other/two.md"\n-->': "",
    '| a |\n|---|\n| --8<-- "other/two.md" |': "",
    "```\n`#!val other.two`\n```": "",
    "<p>`#!val other.two`</p>": "",
    "<details>`#!val other.two`</details>": "",
    "<!-- `#!val other.two` -->": "",
    "$$\na = `#!val other.two`\n$$": "",
    '--8<-- "other/two.code.md"\n\n--8<-- "other/two.md"': "other-two stands 2 times",
    "[two]: page.md '`#!val other.two`'": "",
    "![`#!val other.two`](x.png)": "",
    "## About `#!val other.two` {#about}": "a value in a heading",
    "About `#!val other.two`\n---": "a value in a heading",
    "## About $a + b$ {#about}": "a formula in a heading",
}
GOOD = {  # lines of a page -> where the embed of two, or the quotes, come to stand
    '--8<-- "other/two.md"': "body",
    '  --8<-- "other/two.md" ': "body",
    'text\n--8<-- "other/two.md"\nmore text': "body",
    '!!! note\n\n    --8<-- "other/two.md"': "div",
    '??? note "Folded"\n\n    text\n\n    --8<-- "other/two.md"\n\n    more': "details",
    '> quoted\n>\n> --8<-- "other/two.md"': "blockquote",
    '- item\n\n    --8<-- "other/two.md"': "li",
    '<div markdown="1">\n--8<-- "other/two.md"\n</div>': "div",
    '<details markdown="1">\n\n--8<-- "other/two.md"\n\n</details>': "details",
    '/// html | div.answer\n--8<-- "other/two.md"\n///': "div",
    '--8<-- "other/two.code.md"\n\ntext\n\n--8<-- "other/two.out.md"': "body",
    '--8<-- "other/two.out.md"\n\n--8<-- "other/two.out.md"\n\n--8<-- "other/two.md"': "body",
}


@pytest.fixture(scope="module")
def before(tmp_path_factory) -> list[str]:
    tiny = Tiny(tmp_path_factory.mktemp("before"))
    tiny.snippet("other", OTHER.replace("2.0", '2.0, "huge": 10**308') + "\n# %% unshown\n")
    for number, lines in enumerate(BEFORE):
        tiny.write(f"docs/p{number:02}.md", f"# Page\n\n{lines}\n")
    tiny.write("docs/front.md", "---\ntitle: `#!val other.absent`\n---\n")
    tiny.write("docs/other.md", '--8<-- "other/two.md"\n')
    return tiny.faults()


@pytest.mark.parametrize("lines", BEFORE)
def test_what_a_page_cannot_have_is_said_before_mkdocs_begins(lines, before) -> None:
    (found,) = [one for one in before if one.startswith(f"docs/p{list(BEFORE).index(lines):02}.md:3: ")]
    assert BEFORE[lines] in found and "\n    rule: " in found and "\n    | " in found


def test_a_value_in_front_matter_and_a_cell_that_no_page_shows_are_said(before) -> None:
    assert [one for one in before if one.startswith("docs/front.md:2: no such value")]
    unshown = "snippets/other.py:13, cell 'unshown': no page shows this cell"
    assert [one for one in before if one.startswith(unshown)]


def test_what_stands_where_markdown_does_not_look_is_said_of_the_finished_page(tmp_path) -> None:
    tiny = Tiny(tmp_path, other=OTHER)
    for number, lines in enumerate(AFTER):
        tiny.write(f"docs/p{number:02}.md", f"# Page\n\n{lines}\n")
    done = tiny.mkdocs("build")  # not strict: it fails all the same
    assert done.returncode != 0 and "Traceback" not in done.stderr
    said = re.split(r"\n\n", done.stderr)
    for number, what in enumerate(AFTER.values()):
        found = [one for one in said if one.startswith(f"docs/p{number:02}.md:") and "\n    rule: " in one]
        assert len(found) == 1 and (what or " 0 times in the finished page, not 1") in found[0], found


def test_embeds_and_quotes_are_rendered_wherever_markdown_has_blocks_or_text(tmp_path, tmp_path_factory) -> None:
    tiny = Tiny(tmp_path, other=OTHER)
    for number, lines in enumerate(GOOD):
        tiny.write(f"docs/p{number:02}.md", f"# Page\n\n{lines}\n")
    quotes = (
        "$a$,`#!val other.two`,$b$ `$x` `#!val other.two` `$y` $5 `#!val other.two` $6\n"
        "**`#!val other.two`** [`#!val other.name`](other.md) _`#!val other.two:.1e`_ `#!val other.two:.1E`"
    )
    tiny.write("docs/quotes.md", f"# Quotes\n\n{quotes}\n\n| a |\n|---|\n| `#!val other.two:+.0f` |\n")
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "page.md"
    elsewhere.write_text('# E\n\n--8<-- "other/two.md"\n', encoding="utf-8")
    (tiny.root / "docs/linked.md").symlink_to(elsewhere)
    tiny.write("docs/deep/er/page.markdown", '# Deep\n\n--8<-- "other/two.md"\n\n`#!val other.two`\n')
    done = tiny.mkdocs()
    assert done.returncode == 0, done.stderr
    for number, where in enumerate(GOOD.values()):
        found = tiny.page(f"p{number:02}").find_class("cell")
        assert len(found) == 1 and (where == "body" or found[0].getparent().tag == where)
        assert found[0].find(".//code").text_content() == "print(2)\n"
    values = [value.text_content() for value in tiny.page("quotes").find_class("value")]
    assert values == ["2.0"] * 3 + ["2.0", "a-b", "2.0 × 100", "2.0 × 100", "+2"]
    assert len(tiny.page("deep/er/page").find_class("value")) == 1
    assert len(tiny.page("linked").find_class("cell")) == 1


def test_signs_and_powers_of_values_read_as_such(tmp_path) -> None:
    tiny = Tiny(tmp_path, one='# %% values tags=["hidden"]\nvalues = {"x": -0.00123, "s": "-<1e5>"}')
    view = tiny.build().views["one"]
    assert view.value("x", ".2e") == view.value("x", ".2E") == "−1.23 × 10<sup>−3</sup>"
    assert view.value("s", "") == "-&lt;1e5&gt;"


def test_all_quoted_values_can_be_downloaded_as_a_table(tmp_path) -> None:
    tiny = Tiny(tmp_path, other=OTHER)
    tiny.write("docs/index.md", "# Tiny\n\nIt is `#!val other.two:.2f`, `#!val other.name`.\n")
    assert tiny.mkdocs().returncode == 0
    with (tmp_path / "site/quoted-values.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [list(row.values()) for row in rows] == [
        ["docs/index.md", "3", "2.00", "other.two", "2.0", "notebooks/other.ipynb"],
        ["docs/index.md", "3", "a-b", "other.name", "a-b", "notebooks/other.ipynb"],
    ]


def test_what_is_volatile_is_marked_so(tmp_path) -> None:
    times = '# %% times tags=["volatile"]\nimport time\nprint(time.time())\n\n# %% values tags=["hidden"]\n'
    tiny = Tiny(tmp_path, other=OTHER, times=times + 'values = {"t": time.time()}')
    tiny.write("docs/index.md", "# Tiny\n\n`#!val times.t` `#!val other.two`\n")
    assert tiny.mkdocs().returncode == 0
    assert [one.get("data-volatile") for one in tiny.page("times").find_class("output")] == [""]
    assert [one.get("data-volatile") for one in tiny.page("").find_class("value")] == ["", None]
    assert [one.get("data-volatile") for one in tiny.page("other").find_class("output")] == [None]
