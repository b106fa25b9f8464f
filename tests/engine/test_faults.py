"""Never wrong in silence: a fault is said with file, line, cell, rule and source, all of a kind in one build."""

from __future__ import annotations

import re

import pytest
from tiny import Tiny

CODE = 5  # the line of a snippet's first line of code
RUNS = {  # code of a cell -> (line, what is said)
    'raise ValueError("broken")': (CODE, "ValueError: broken"),
    "x = 1\n1 / 0": (CODE + 1, "ZeroDivisionError"),
    "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise ValueError('no') from e": (
        CODE + 3,
        "ValueError: no",
    ),
    "def f(): 1 / 0\n\nf()": (CODE, "ZeroDivisionError"),
    "import broken_module": (CODE, r"KeyError: 'gone' \(in broken_module.py:3\)"),
    "print(1); exit(); print(2)": (CODE, "SystemExit"),
    "quit(0)": (CODE, "SystemExit"),
    "import sys\nsys.exit()": (CODE + 1, "SystemExit"),
    "raise KeyboardInterrupt": (CODE, "KeyboardInterrupt"),
    "breakpoint()": (CODE, r"breakpoint\(\) was left in"),
    "import pdb; pdb.set_trace()\nx = 1": (f"[{CODE}{CODE + 1}]", "BdbQuit"),  # Python 3.13 stops a line before
    "input()": (CODE, "EOFError"),
    "import absent": (CODE, "No module named 'absent'"),
    "import importlib; importlib.import_module('models')": (CODE, "No module named 'models'"),
    "open('mkdocs.yml')": (CODE, "No such file"),
    "open('docs/made.json', 'w')": (CODE, "No such file"),
    "open('../mkdocs.yml')": (CODE, "No such file"),
    "import os; os._exit(0)": (4, "its process ended: status 0"),
    "import os; os._exit(3)": (4, "its process ended: status 3"),
    "import os; os.kill(os.getpid(), 9)": (4, "its process ended: SIGKILL"),
    "import ctypes; ctypes.string_at(0)": (4, "its process ended: SIGSEGV"),
    "import os, signal; os.kill(os.getppid(), signal.SIGKILL)": (4, "its process ended: killed"),
    "import os, signal; os.killpg(0, signal.SIGKILL)": (4, "its process ended: killed"),
    "import os\nos.fork(); print('both')": (4, "wrote to stderr: a forked process ran on"),
    "import atexit, os; atexit.register(os._exit, 5)": (4, "its process ended: status 5"),
    'import sys; print("oh", file=sys.stderr)': (4, "wrote to stderr: oh"),
    'import os; os.system("echo oh >&2")': (4, "wrote to stderr: oh"),
    'import warnings; warnings.warn("beware")': (4, "wrote to stderr: .*beware"),
    "import sys; del sys.stderr; 1 / 0": (CODE, "ZeroDivisionError"),
    "import threading; threading.Thread(target=lambda: 1 / 0).start()": (4, "ZeroDivisionError"),
    "import threading, time\nt = threading.Thread(target=lambda: 1 / 0); t.start(); t.join()": (4, "ZeroDivisionError"),
    "import threading, time\nthreading.Thread(target=lambda: (time.sleep(1), print('late'))).start()": (4, "left running: thread Thread-1"),
    "import threading; threading.Timer(9, print).start()": (4, "left running: thread"),
    "import threading, time; threading.Thread(target=time.sleep, args=[9], daemon=True).start()": (4, "left running: thread"),
    "from concurrent.futures import ThreadPoolExecutor; p = ThreadPoolExecutor(); p.submit(print)": (4, "left running: thread"),
    "import asyncio\nasync def f(): 1 / 0\nasync def g(): asyncio.create_task(f()); await asyncio.sleep(0.1)\n"
    "asyncio.run(g())": (4, "Task exception was never retrieved"),
    "import asyncio\nasync def f(): await asyncio.sleep(9)\nl = asyncio.new_event_loop()\n"
    "t = l.create_task(f()); l.run_until_complete(asyncio.sleep(0))": (4, "Task was destroyed but it is pending"),
    "async def f(): pass\nf()": (4, "never awaited"),
    'import subprocess; p = subprocess.Popen(["sleep", "60"])': (4, "left running: process sleep"),
    'import os; os.system("(sleep 60; echo late) & ")': (4, "left a process running"),
    'import os; os.system("setsid sleep 60 & ")': (4, "left a process running"),
    "import multiprocessing as m, time\nlate = lambda: (time.sleep(1), print('late'))\nm.get_context('fork').Process(target=late).start()": (4, "left running: process"),
    "import atexit; atexit.register(print, 'late')": (4, "printed after its last cell"),
    'while True: print("x" * 1000)': (4, "left more than 100000 characters"),
    'print("x" * 10**6)': (4, "left more than 100000 characters"),
    'import os\nwhile True: os.write(2, b"x" * 9000)': (4, "left more than 100000 characters"),
    r'print("50%\r100%")': (4, r"printed '\\r'"),
    r'print("\x1b[1mbold")': (4, r"printed '\\x1b'"),
    r"import os; os.write(1, b'caf\xe9')": (4, "printed '.udce9'"),
    "import matplotlib.pyplot as plt; plt.figure()": (4, "a figure without alternative text"),
    "import matplotlib.pyplot as plt; plt.figure(label=' '); plt.show()": (4, "a figure without alternative text"),
    "import left_open": (4, "a figure without alternative text"),
    "import matplotlib.pyplot as plt\nwhile True: plt.figure(label='x'); plt.show()": (CODE + 1, "more than 20 figures"),
    r'import matplotlib.pyplot as plt; plt.figure(label="x").suptitle(r"$\lamda$")': (4, r"Unknown symbol: \\lamda"),
    "values = {'x': float('nan')}": (4, "no cell `values` assigns `values`"),
    '# %% cell tags=["data"]\nprint("no")': (4, "data that is not JSON"),
    '# %% cell tags=["data"]\nprint(\'{"x": 1e999}\')': (4, "data that is not JSON: 1e999"),
    '# %% cell tags=["data"]\nprint(\'{"x": NaN}\')': (4, "data that is not JSON: NaN"),
}
HANGS = {
    "import time\nwhile True: time.sleep(1)": "still running after 2 s",
    "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: pass": "still running after 2 s",
    "import atexit, time; atexit.register(time.sleep, 99)": "did not end after the last cell",
    "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)": "still running after 2 s",
    "import os, signal; os.killpg(0, signal.SIGSTOP)": "still running after 2 s",
    "import os, time; os.write(2, b'why'); time.sleep(99)": "still running after 2 s; wrote to stderr: why",
}
VALUES = {  # expression of `values` -> what is said of it
    '{"two": float("nan")}': "values['two'] is a float that is not finite",
    '{"two": 10**5000}': "values['two'] is a int that is not finite, or too large",
    '{"two": object()}': "values['two'] is a object",
    '{"two": {"deep": 1}}': "values['two'] is a dict",
    '{"two": 1j}': "values['two'] is a complex",
    "[2.0]": "`values` is not a dict",
    'type("Odd", (dict,), {"items": None})()': "`values` is not a dict",
    '{type("Odd", (), {"__str__": None})(): 1}': "`values` is not a dict",
    '{("two", 1): 1}': r"values\[\"\('two', 1\)\"\] is 1",
    '{"Two things": 1}': "values['Two things'] is 1",
    r'{"two": "\ud800"}': "values['two'] is",
    r'{"two": "a\x00b"}': "values['two'] is",
}


@pytest.fixture(scope="module")
def said(tmp_path_factory) -> list[str]:
    """Return what one build says of all that can go wrong while snippets run."""
    tiny = Tiny(tmp_path_factory.mktemp("faults"))
    tiny.write("broken_module.py", "def f():\n    return {}\nf()['gone']\n")
    tiny.write("left_open.py", "import matplotlib.pyplot\nmatplotlib.pyplot.figure()\n")
    tiny.write("models.py", "")
    for number, code in enumerate(RUNS):
        tiny.snippet(f"run{number:02}", code)
    for number, expression in enumerate(VALUES):
        tiny.snippet(f"values{number:02}", f'# %% values tags=["hidden"]\nvalues = {expression}')
    return tiny.faults(seconds=30)


def the_one(said: list[str], name: str) -> str:
    (found,) = [one for one in said if one.startswith(f"snippets/{name}.py")]
    return found


@pytest.mark.parametrize("code", RUNS)
def test_a_fault_of_a_run_is_said_with_its_place_rule_and_source(code, said) -> None:
    line, what = RUNS[code]
    found = the_one(said, f"run{list(RUNS).index(code):02}")
    assert re.match(rf"snippets/\w+.py:{line}, cell 'cell': .*", found), found
    assert re.search(what, found, re.S) and "\n    rule: " in found, found
    assert f"\n    | {code.split(chr(10))[code.startswith('# %%')]}" in found


@pytest.mark.parametrize("expression", VALUES)
def test_a_value_that_no_page_can_carry_is_said(expression, said) -> None:
    found = the_one(said, f"values{list(VALUES).index(expression):02}")
    assert found.startswith(f"snippets/values{list(VALUES).index(expression):02}.py:4, cell 'values': ")
    what = VALUES[expression]
    assert re.search(what if "\\" in what else re.escape(what), found), found


def test_what_does_not_end_is_ended(tmp_path) -> None:
    tiny = Tiny(tmp_path, **{f"hangs{number}": code for number, code in enumerate(HANGS)})
    said = tiny.faults(seconds=2)
    for one, what in zip(said, HANGS.values(), strict=True):
        assert one.startswith(f"snippets/hangs{said.index(one)}.py:4, cell 'cell': {what}"), said


SNIPPETS = {  # text of a snippet, or its bytes -> what is said of it
    "# %% one\nprint(1)\n": ":1: no text says what this is about",
    "": ":1: no text says what this is about",
    "x = 1\n# %% [markdown]\n# # T\n": ":1: no text",
    "# %% [markdown]\n# # T\n\n# %%\nprint(1)\n": ":4: cannot read what this cell is called",
    "# %% [markdown]\n# # T\n\n# %% One\nprint(1)\n": ":4: cannot read what this cell is called",
    f"# %% [markdown]\n# # T\n\n# %% {'a' * 65}\nprint(1)\n": ":4: cannot read what this cell is called",
    '# %% [markdown]\n# # T\n\n# %% tags=["hidden"]\nprint(1)\n': ":4",
    "# %% [markdown]\n# # T\n\n#%% one\nprint(1)\n": ":4: cannot read what this cell is called",
    "# %% [markdown]\n# # T\nx = 1\n": ":1: code in a cell of text",
    "# %% [markdown]\n# # T\n\n# %% one two\nprint(1)\n": ":4: cannot read what this cell is called",
    '# %% [markdown]\n# # T\n\n# %% one tag=["hidden"]\nprint(1)\n': ":4: cannot read what this cell is called",
    '# %% [markdown]\n# # T\n\n# %% one tags=["hiden"]\nprint(1)\n': ":4, cell 'one': unknown tag ['hiden']",
    "# %% [markdown]\n# # T\n\n# %% one\n\n# %% one\n": ":6, cell 'one': two cells share this name",
    "# %% [markdown]\n# # T\n\n# %% one\n\n\nx = (\n": ":7, cell 'one': SyntaxError: '(' was never closed",
    "# %% [markdown]\n# # T\n\n# %% one\nawait f()\n": ":5, cell 'one': SyntaxError: 'await' outside function",
    "# %% [markdown]\n# # T\n\n# %% one\nreturn\n": ":5, cell 'one': SyntaxError: 'return' outside function",
    "# %% [markdown]\n# # T\n\n# %% one\n!ls\n": ":5, cell 'one': SyntaxError",
    f"# %% [markdown]\n# # T\n\n# %% one\nx = {'(' * 300}1{')' * 300}\n": ":5, cell 'one': ",
    "\ufeff# %% [markdown]\n# # T\n": ":1: the invisible character '\\ufeff'",
    "# %% [markdown]\n# # T\n\n# %% one\nx = '\x00'\n": ":5: the invisible character '\\x00'",
    "# %% [markdown]\r# # T\r": ":1: the invisible character '\\r'",
    b"# %% [markdown]\n# # T caf\xe9\n": ":2: this is not UTF-8",
}
MODULES = {
    "def f(:\n": ":1: SyntaxError: invalid syntax",
    "\ufeffx = 1\n": ":1: the invisible character '\\ufeff'",
    b"x = 1\n# caf\xe9\n": ":2: this is not UTF-8",
    "x = 1\n\nif x:\n": ":3: IndentationError",
}


def test_sources_that_cannot_be_read_are_said_before_anything_runs(tmp_path) -> None:
    tiny = Tiny(tmp_path, good="print(1)")
    for number, text in enumerate(SNIPPETS):
        tiny.write(f"snippets/s{number:02}.py", text)
    for number, text in enumerate(MODULES):
        tiny.write(f"module{number}.py", text)
        tiny.snippet(f"m{number}", f"import module{number}")
        tiny.snippet(f"again{number}", f"from module{number} import x")
    tiny.write("snippets/not-a-name.py", "# %% [markdown]\n# # T\n")
    (tmp_path / "snippets/lost.py").symlink_to("nowhere.py")
    tiny.write("docs/latin.md", b"# caf\xe9\n")
    said = tiny.faults()
    wanted = [f"snippets/s{number:02}.py{what}" for number, what in enumerate(SNIPPETS.values())]
    wanted += [f"module{number}.py{what}" for number, what in enumerate(MODULES.values())]
    wanted += [
        "snippets/not-a-name.py:1: pages cannot name",
        "snippets/lost.py: No such file",
        "docs/latin.md:1",
    ]
    for what in wanted:
        assert len([one for one in said if one.startswith(what) and "\n    rule: " in one]) == 1, (what, said)
    assert len(said) == len(wanted) and tiny.ran == []


def test_a_module_whose_name_is_taken_is_said(tmp_path) -> None:
    tiny = Tiny(tmp_path, a="import json")
    tiny.write("json.py", "value = 1\n")
    assert tiny.faults()[0].startswith("snippets/a.py:4, cell 'cell': ImportError: json.py: a module of this name")


def test_an_empty_snippet_folder_and_a_page_without_embeds_are_no_faults(tmp_path) -> None:
    assert Tiny(tmp_path).build().snippets == []


def test_comments_names_and_hidden_files_are_no_faults(tmp_path) -> None:
    names = "map = range = print = exec = isinstance = str = len = open = type = sys = None"
    tiny = Tiny(tmp_path, other=f"# cp -= 1\n# cd\nprint(1)\n{names}")
    tiny.write("docs/.ipynb_checkpoints/other.md", '--8<-- "other/absent.md"')
    (tmp_path / "docs/.#index.md").symlink_to("somebody@somewhere.1234")
    tiny.write("data/.DS_Store", b"\xff")
    tiny.build()
