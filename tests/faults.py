"""Ways to break a project, one at a time, each with what the message must say.

Beside each fault stand the pieces of the message: the place, what is wrong, and the source where one
line is to blame. tests/test_faults.py breaks a tiny project so and builds it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from tiny_project import edit

CELL = "snippets/other.py:5, cell 'two'"  # where its marker stands
CODE = "snippets/other.py:6, cell 'two'"  # its first line of code
VALUES = "snippets/other.py:8, cell 'values'"
PRINT = 'print("two", 2)'


@dataclass(frozen=True)
class Fault:
    """A change of the project, and what its build must say."""

    name: str
    change: Callable[[Path], None]
    says: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    engine: bool = False  # the engine alone finds it, before MkDocs begins


def code(name: str, source: str, *says: str, **environment: str) -> Fault:
    """Cell `two` with other code; the message shows that code."""
    shown = tuple(f"| {line}" for line in source.split("\n")[:1])
    return replace(other(name, PRINT, source, *says, "rule:", *shown), environment=environment)


def values(name: str, expression: str, *says: str) -> Fault:
    """Cell `values` with other values."""
    shown = (VALUES, "rule:", f"| values = {expression}")
    return other(name, '{"two": 2.0}', expression, *shown, *says)


def other(name: str, old: str, new: str, *says: str) -> Fault:
    """The snippet `other` with one place changed."""
    return by_engine(swap(name, "snippets/other.py", old, new, *says))


def by_engine(fault: Fault) -> Fault:
    return replace(fault, engine=True)


def swap(name: str, path: str, old: str, new: str, *says: str) -> Fault:
    """Any file with one place changed."""
    return Fault(name, lambda folder: edit(folder / path, old, new), says)


def page(name: str, line: str, *says: str) -> Fault:
    """The page docs/other.md with more from its eighth line on; the message names that line and shows it."""

    def change(folder: Path) -> None:
        edit(folder / "docs/other.md", "# Other {#other}\n", f"# Other {{#other}}\n\n{line}\n")

    shown = line.split("\n")[0].rstrip()
    return Fault(name, change, ("docs/other.md:8", "rule:", f"| {shown}", *says), engine=True)


def not_utf8(path: str) -> Callable[[Path], None]:
    return lambda folder: (folder / path).write_bytes((folder / path).read_bytes() + b"# caf\xe9\n")


def file_for_folder(name: str) -> Callable[[Path], None]:
    """Put a file where a folder must be: not writable, even for root."""

    def change(folder: Path) -> None:
        (folder / name).rename(folder / (name.replace("/", "-") + ".before"))
        (folder / name).write_text("in the way")
        edit(folder / "snippets/other.py", PRINT, 'print("two", 2.5)')

    return change


CELLS = [
    code("raises", 'raise ValueError("broken")', CODE, "ValueError: broken"),
    code("raises below", "x = 1\n1 / 0", "snippets/other.py:7, cell 'two'", "ZeroDivisionError"),
    code("hangs", "while True: pass", CELL, "after 3 s", "raise LITERATE_TIMEOUT", LITERATE_TIMEOUT="3"),
    code("writes to stderr", 'import sys; print("oh", file=sys.stderr)', CELL, "wrote to stderr: oh"),
    code("warns", 'import warnings; warnings.warn("beware")', CELL, "beware"),
    code("prints without end", 'while True: print("x" * 1000)', CELL, "left more than 100000 characters"),
    code("prints too much", 'print("x" * 1000000)', CELL, "left more than 100000 characters"),
    code(
        "draws without end",
        'import matplotlib.pyplot as plt\nwhile True: fig = plt.figure(label="x"); plt.show()',
        CELL,
        "left more than 100000 characters",
    ),
    code("prints control characters", r'print("50%\r100%")', CELL, r"control character '\r'"),
    code(
        "shows an object",
        "from IPython.display import HTML, display; display(HTML('<b>x</b>'))",
        CELL,
        "kind display_data",
    ),
    code("is killed", "import os; os.kill(os.getpid(), 9)", CELL, "the kernel died"),
    code("leaves the process", "import os; os._exit(0)", CELL, "the kernel died"),
    code("exits", "raise SystemExit(0)", CELL, "SystemExit"),
    code("asks", "input()", CODE, "StdinNotImplementedError"),
    code("imports what is not there", "import absent", CODE, "No module named 'absent'"),
    code("syntax error", "def f(:", CODE, "SyntaxError: invalid syntax"),
    code(
        "figure without alternative text",
        "import matplotlib.pyplot as plt; plt.figure()",
        CELL,
        "without alternative text",
        "fig.set_label",
    ),
    other("unnamed cell", "# %% two", "# %%", "snippets/other.py:5, cell ''", "needs a name"),
    other("doubled name", "# %% values", "# %% two", "snippets/other.py:8, cell 'two'", "share this name"),
    other("unknown tag", '["hidden"]', '["hiden"]', VALUES, "unknown tag ['hiden']", "'hidden'"),
    other("unknown metadata", "tags=", "tag=", VALUES, "unknown tag ['tag']", "tags=[…]"),
    other("not JSON", "# %% two", '# %% two tags=["data"]', CELL, "data that is not JSON"),
    other("code before the first cell", "# %% [markdown]", "x = 1\n# %% [markdown]", "snippets/other.py:1"),
    other(
        "code in the first cell",
        "# %% [markdown]\n# # Other\n# A sentence.\n",
        "",
        "snippets/other.py:1: cell markers: 2, cells: code, code",
        "begins with `# %% [markdown]`",
    ),
    by_engine(
        swap(
            "neither shown nor hidden",
            "docs/other.md",
            '--8<-- "other/two.md"',
            "",
            CELL,
            "no page shows this cell",
            f"| {PRINT}",
        )
    ),
    by_engine(
        swap(
            "module with a syntax error",
            "models.py",
            "import deeper",
            "def f(:",
            "models.py:1: SyntaxError: invalid syntax",
            "rule: mend the module",
            "| def f(:",
        )
    ),
    by_engine(
        swap(
            "figure left undrawn",
            "deeper.py",
            "value",
            "from matplotlib import pyplot; pyplot.figure()\nvalue",
            "alternative text",
        )
    ),
    swap(
        "color of its own",
        "snippets/numbers.py",
        'color="k"',
        'color="pink"',
        "numbers/drawing",
        "use C0 to C5",
    ),
    by_engine(
        swap(
            "bad style",
            "matplotlibrc",
            "backend: agg",
            "backend: agg\nno.such: 1",
            "snippets/numbers.py",
            "no.such",
        )
    ),
    Fault(
        "snippet that is not UTF-8",
        not_utf8("snippets/other.py"),
        ("snippets/other.py:10", "not UTF-8", "rule:"),
    ),
]
VALUES_FAULTS = [
    values("value NaN", '{"two": float("nan")}', "values['two'] is nan"),
    values("values not a dict", "[2.0]", "`values` is not a dict"),
    values("value not JSON", '{"two": object()}', "values['two'] is a object"),
    values("nested values", '{"two": {"deep": 1}}', "values['two'] is a dict"),
    values("key that is a tuple", '{("two", 1): 1, "two": 2.0}', """values["('two', 1)"] is 1"""),
    values("value that UTF-8 cannot carry", r'{"two": "\ud800"}', r"values['two'] is '\ud800'"),
    values("bad key", '{"Two things": 1, "two": 2.0}', "values['Two things'] is 1"),
]
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
EVERY = CELLS + VALUES_FAULTS + PAGES + SURROUNDINGS
# Of those that the engine finds, the ones that go the whole way all the same, one of each kind.
WHOLE_WAY = {"raises", "is killed", "figure without alternative text", "value NaN", "embed of nothing"}
