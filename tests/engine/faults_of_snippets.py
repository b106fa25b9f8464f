"""Faults of snippets, and of what they import and read: their cells, then their values."""

from __future__ import annotations

from faults import CELL, CODE, PRINT, VALUES, Fault, by_engine, code, not_utf8, other, swap, values

CELLS = [
    code("raises", 'raise ValueError("broken")', CODE, "ValueError: broken"),
    code("raises below", "x = 1\n1 / 0", "snippets/other.py:7, cell 'two'", "ZeroDivisionError"),
    code(
        "raises from another error",
        "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise ValueError('no') from error",
        "snippets/other.py:9, cell 'two': ValueError: no",
    ),
    code(
        "figure that cannot be drawn",
        r"""import matplotlib.pyplot as plt; plt.figure(label="x").suptitle(r"$\lamda$")""",
        CELL,
        r"Unknown symbol: \lamda",
        "drawn without an error",
    ),
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
    by_engine(
        Fault(
            "name that no page can write",
            lambda folder: (folder / "snippets/other.py").rename(folder / "snippets/other-one.py"),
            ("snippets/other-one.py:1: pages cannot name", "rule:"),
        )
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
VALUES_OF_CELLS = [
    values("value NaN", '{"two": float("nan")}', "values['two'] is nan"),
    values("values not a dict", "[2.0]", "`values` is not a dict"),
    values("value not JSON", '{"two": object()}', "values['two'] is a object"),
    values("nested values", '{"two": {"deep": 1}}', "values['two'] is a dict"),
    values("key that is a tuple", '{("two", 1): 1, "two": 2.0}', """values["('two', 1)"] is 1"""),
    values("value that UTF-8 cannot carry", r'{"two": "\ud800"}', r"values['two'] is '\ud800'"),
    other("values in no cell of their own", "# %% values", "# %% numbers", "cell 'numbers': no cell"),
    values("bad key", '{"Two things": 1, "two": 2.0}', "values['Two things'] is 1"),
]
OF_SNIPPETS = CELLS + VALUES_OF_CELLS
