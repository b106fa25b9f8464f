"""Faults of pages, of the bibliography, and of what surrounds both: the configuration, the folders."""

from __future__ import annotations

from faults import Fault, by_engine, file_for_folder, not_utf8, other, page, swap

PAGES = [
    page("embed of nothing", '--8<-- "other/absent.md"', 'nothing is called "other/absent.md"'),
    page("embed of a hidden cell", '--8<-- "other/values.md"', 'nothing is called "other/values.md"'),
    page("embed with one dash", '-8<- "other/two.md"', "cannot read this embed"),
    page("embed with a space behind it", '--8<-- "other/two.md" ', "cannot read this embed"),
    page("embed in a comment", '<!--\n--8<-- "other/two.md"\n-->', "an embed or a value in a comment"),
    page("value in a block of code", "``` text\n`#!val other.two`\n```", "in a block of code"),
    page("embed in the text", 'see --8<-- "other/two.md"', "cannot read this embed"),
    page("value of nothing", "It is `#!val other.absent`.", "no such value"),
    page("value cut by a line", "It is `#!val other.", "no such value"),
    page("bad format", "It is `#!val other.two:.3q`.", "cannot format", "'q'"),
    page("value in a span of more marks", "It is `` `#!val other.two` ``.", "no such value"),
    page("value after a space", "It is ` #!val other.two`.", "no such value"),
    page("value of the engine's own", "It is `#!val other.__volatile__`.", "no such value"),
    other(
        "number too large for its format", "2.0", "10**400", "docs/index.md:12", "cannot format", "too large"
    ),
    page("value in a heading", "## About `#!val other.two` {#about}", "a value in a heading"),
    page("formula in a heading", "## About $a + b$ {#about}", "a formula in a heading"),
    page("formula in an underlined heading", "About $a$\n---", "a formula in a heading"),
    page("value in an underlined heading", "About `#!val other.two`\n---", "a value in a heading"),
    by_engine(
        Fault(
            "page that is no file",
            lambda folder: (folder / "docs/lost.md").symlink_to("absent.md"),
            ("docs/lost.md: No such file", "rule:", "a file that can be read"),
        )
    ),
    Fault("page that is not UTF-8", not_utf8("docs/other.md"), ("docs/other.md:", "not UTF-8", "rule:")),
    swap(
        "broken link",
        "docs/index.md",
        "(other.md#two)",
        "(absent.md)",
        "1 warnings",
        "docs/index.md:14: a link to absent.md leads nowhere",
        "rule:",
        "| See [other](absent.md).",
    ),
    swap(
        "broken anchor",
        "docs/index.md",
        "(other.md#two)",
        "(other.md#absent)",
        "1 warnings",
        "docs/index.md:14: a link to other.md#absent leads nowhere",
        "rule:",
        "| See [other](other.md#absent).",
    ),
    swap(
        "missing page",
        "mkdocs.yml",
        "- Other: other.md",
        "- Other: other.md\n  - Absent: absent.md",
        "absent.md",
        "warnings",
    ),
    swap(
        "page that nothing leads to",
        "mkdocs.yml",
        "  - Other: other.md\n",
        "",
        "docs/other.md:1",
        "nothing leads to this page",
        "rule:",
    ),
    swap("formula cut off", "docs/other.md", "$a + b$", r"$\frac{a$", "docs/other.md:8", r"\frac{a", "rule:"),
    swap(
        "formula with an unknown macro",
        "docs/other.md",
        "c = a + b",
        r"c = \nosuch b",
        "docs/other.md:11",
        r"\nosuch",
        "rule:",
    ),
    swap(
        "citation without entry",
        "docs/other.md",
        "[@someone2024title]",
        "[@nobody2024]",
        "docs/other.md:8",
        "no entry",
        "rule:",
    ),
    swap(
        "entry that nobody cites",
        "docs/other.md",
        " [@someone2024title]",
        "",
        "docs/references.bib:1",
        "no page cites",
        "rule:",
    ),
    swap(
        "entry without a year",
        "docs/references.bib",
        "  year = {2024},\n",
        "",
        "docs/references.bib:1: 'someone2024title' has no year",
        "rule:",
    ),
    swap(
        "key with a capital",
        "docs/other.md",
        "[@someone2024title]",
        "[@Someone2024title]",
        "docs/other.md:8",
        "keys are of a-z and 0-9",
    ),
    swap(
        "bad BibTeX",
        "docs/references.bib",
        "title = {A Title}",
        "title = {A Title",
        "references.bib",
        "rule:",
    ),
]
SURROUNDINGS = [
    swap("bad YAML", "mkdocs.yml", "plugins:", "plugins: [", "mkdocs.yml", "line"),
    swap("unknown extension", "mkdocs.yml", "  - abbr", "  - absent_extension", "absent_extension"),
    swap("unknown plugin", "mkdocs.yml", "  - search", "  - absent", '"absent" plugin is not installed'),
    Fault("outputs is a file", file_for_folder("outputs"), ("outputs", "rule:", "writable")),
    Fault("runs is a file", file_for_folder("outputs/runs"), ("outputs/runs", "rule:", "writable")),
    Fault(
        "fragments is a file",
        file_for_folder("outputs/fragments"),
        ("outputs/fragments", "rule:", "writable"),
    ),
]
OF_PAGES = PAGES + SURROUNDINGS
