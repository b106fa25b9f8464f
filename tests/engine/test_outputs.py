"""Nothing lost: whatever a cell writes or draws, by whichever road, is its own, in order."""

from __future__ import annotations

import pytest
from tiny import Tiny

INTERLEAVED = "\n".join(
    f"# %% c{n}\nimport os\nprint('a'); os.system('echo b'); print('c', end=''); os.system('echo d')"
    for n in range(20)
)
WRITES = {  # code -> what the cell shows
    'import subprocess; print("a"); subprocess.run(["echo", "b"]); print("c")': "a\nb\nc\n",
    'import threading; t = threading.Thread(target=print, args=["a"]); t.start(); t.join(); print("b")': "a\nb\n",
    'import ctypes; print("a"); ctypes.CDLL(None).puts(b"b"); print("c")': "a\nb\nc\n",
    'import os; print("a")\nif not os.fork(): print("b"); os._exit(0)\nos.wait(); print("c")': "a\nb\nc\n",
    'import multiprocessing\nwith multiprocessing.get_context("fork").Pool(1) as p: p.map(print, ["a"])': "a\n",
    "import os; os.write(1, b'a'); print('b')": "ab\n",
    "import sys; sys.stdout.buffer.write(b'a\\n'); sys.__stdout__.write('b\\n')": "a\nb\n",
    "import logging, sys; logging.basicConfig(stream=sys.stdout, format='%(message)s'); logging.warning('a')": "a\n",
    "import os\nfor n in range(3): print(n, end=' ', flush=n == 1)": "0 1 2 ",
    'print("x" * 90_000)': "x" * 90_000 + "\n",
    "import asyncio\nasync def f(): print('a')\nasyncio.run(f())": "a\n",
    "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(2) as p: list(p.map(print, 'ab'))": "",
    "import inspect\ndef f():\n    return 1\nprint(inspect.getsource(f))": "def f():\n    return 1\n\n",
    "import pickle\nclass A: pass\nprint(type(pickle.loads(pickle.dumps(A()))).__name__)": "A\n",
    "if __name__ == '__main__': print('main')": "main\n",
    "import sys; print(sys.stdin.read() == '', sys.stdout.encoding)": "True utf-8\n",
    "try: input()\nexcept EOFError: print('no input')": "no input\n",
    "import atexit; atexit.register(len, 'a'); print('end')": "end\n",
    "import sys; sys.stdout.flush(); sys.stderr.flush(); print('é ∇ 𝜆')": "é ∇ 𝜆\n",
    "import os, sys; print(sorted(os.listdir()), os.environ.get('USER'), sys.argv)": "[] None ['snippets/x19.py']\n",
    "import pathlib, shutil; shutil.rmtree(pathlib.Path.home()); print('gone')": "gone\n",
    "import warnings; warnings.simplefilter('ignore'); warnings.warn('no'); print('quiet')": "quiet\n",
}
ACROSS = """\
# %% swaps
import io, sys
kept, sys.stdout = sys.stdout, io.StringIO()
print("lost on purpose")

# %% puts_back
sys.stdout = kept
print("shown")

# %% dup
import os
saved = os.dup(1)
os.dup2(os.open("file", os.O_CREAT | os.O_WRONLY), 1)
print("to the file")
os.dup2(saved, 1)
print("shown too")

# %% state
print(open("file").read(), end="")

# %% started
from __future__ import annotations
import subprocess, sys
process = subprocess.Popen(["sh", "-c", "sleep 0.2; echo late"])

# %% after
def f(x: unknown): print(f.__annotations__)
f(1)
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Tiny:
    tiny = Tiny(tmp_path_factory.mktemp("written"), interleaved=INTERLEAVED, across=ACROSS)
    for number, code in enumerate(WRITES):
        tiny.snippet(f"x{number}", code)
    tiny.build()
    return tiny


def test_what_children_write_stands_in_its_cell_in_order(written) -> None:
    assert written.outputs("interleaved") == {f"c{n}": ["a\nb\ncd"] for n in range(20)}


@pytest.mark.parametrize("code", WRITES)
def test_a_cell_shows_all_that_is_written_while_it_runs(code, written) -> None:
    (shown,) = written.outputs(f"x{list(WRITES).index(code)}")["cell"]
    if WRITES[code]:
        assert shown == WRITES[code].removesuffix("\n")
    else:
        assert sorted("".join(shown.split())) == ["a", "b"]  # two threads


def test_nothing_is_lost_or_moved_between_cells(written) -> None:
    assert written.outputs("across") == {
        "swaps": [],
        "puts_back": ["shown"],
        "dup": ["shown too"],
        "state": ["to the file"],
        "started": ["late"],  # it ends in time
        "after": ["{'x': 'unknown'}"],  # what is imported from __future__ lasts, as in Jupyter
    }


FIGURES = """\
# %% agg
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
plt.plot([1, 2]); plt.gcf().set_label("agg")
plt.show()

# %% shown_and_closed
print("before")
plt.figure(label="first"); plt.plot([1]); plt.show(); plt.close("all")
print("between")
fig = plt.figure(label="second"); fig.show(); plt.close(fig)
print("after")

# %% open
for n in range(2):
    plt.subplots()[0].set_label(f"open {n}")
print("printed first")

# %% image
fig, ax = plt.subplots(label="image")
ax.imshow([[0, 1], [1, 0]], cmap="gray")

# %% rasterized
plt.figure(label="<b>&quot;")
plt.scatter([1, 2], [3, 4], rasterized=True); plt.title("a < b")

# %% object
from matplotlib.figure import Figure
Figure(label="never shown").savefig("file.svg"); print("saved")
"""


def test_figures_stand_where_they_are_shown_or_left_open_as_they_are_drawn(tmp_path) -> None:
    tiny = Tiny(tmp_path, figures=FIGURES)
    tiny.write("matplotlibrc", "backend: agg\nsvg.hashsalt: tiny\nsvg.fonttype: none\n")
    shown = tiny.outputs("figures")
    kinds = {cell: ["figure" if "<svg" in one else one for one in outputs] for cell, outputs in shown.items()}
    assert kinds == {
        "agg": ["figure"],
        "shown_and_closed": ["before", "figure", "between", "figure", "after"],
        "open": ["printed first", "figure", "figure"],
        "image": ["figure"],
        "rasterized": ["figure"],
        "object": ["saved"],
    }
    assert all(shown[cell][0].count("data:image/png;base64") == 1 for cell in ("image", "rasterized"))
    assert "a &lt; b" in shown["rasterized"][0] and 'data-alt="&lt;b&gt;&amp;quot;"' in shown["rasterized"][0]
    assert tiny.mkdocs().returncode == 0
    images = tiny.page("figures").xpath("//*[local-name() = 'image']/@*[contains(name(), 'href')]")
    assert len(images) == 2 and all(image.startswith("data:image/png;base64") for image in images)
