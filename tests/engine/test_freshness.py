"""Never stale: each thing that can change an output makes its snippets run again, and nothing else does."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from tiny import Tiny

from literate import fresh

MAIN = "import models, os; os.chdir('/'); print(models.value)"
FILES = {
    "models.py": "import deeper\nvalue = deeper.value\n",
    "deeper.py": "from package import part\nvalue = part.value\n",
    "package/__init__.py": "",
    "package/part.py": "from . import beside\nvalue = beside.value\n",
    "package/beside.py": "value = 7\n",
    "unused.py": "value = 1\n",
    "matplotlibrc": "backend: agg\n",
    "notes.txt": "7",
}


@pytest.fixture(scope="module")
def once(tmp_path_factory) -> Tiny:
    tiny = Tiny(tmp_path_factory.mktemp("once") / "project", main=MAIN, other="print(2)")
    for name, text in FILES.items():
        tiny.write(name, text)
    tiny.build()
    assert sorted(tiny.ran) == ["main", "other"]
    return tiny


@pytest.fixture
def tiny(once, tmp_path) -> Tiny:
    """Return a copy of the built project, to be changed."""
    copied = Tiny.__new__(Tiny)
    copied.root = shutil.copytree(once.root, tmp_path / "project")
    return copied


BOTH = ["main", "other"]
CHANGES = {  # what is edited: file, old, new; or a new file -> what runs
    ("docs/main.md", "# main", "# Main"): [],
    ("unused.py", "1", "2"): [],
    ("notes.txt", "7", "8"): [],
    ("mkdocs.yml", "site_name: Tiny", "site_name: Other"): [],
    ("snippets/other.py", "print(2)", "print(2)  # two"): ["other"],
    ("snippets/other.py", "# # Title", "# # Another"): ["other"],
    ("models.py", "deeper.value", "deeper.value + 1"): ["main"],
    ("deeper.py", "part.value", "part.value + 1"): ["main"],
    ("package/__init__.py", "", "x = 1"): ["main"],
    ("package/part.py", "beside.value", "beside.value + 1"): ["main"],
    ("package/beside.py", "value = 7", "value = 7 + 1"): ["main"],
    ("matplotlibrc", "agg", "svg"): BOTH,
    ("data/table.csv", "", "7\n"): BOTH,
    ("data/deep/table.csv", "", "7\n"): BOTH,
    ("package/more.py", "", "value = 7"): ["main"],
    ("deeper/__init__.py", "", "value = 7"): ["main"],  # it shadows deeper.py
    ("data/.hidden", "", "7"): [],
    ("package/__pycache__/part.cpython-311.pyc", "", "7"): [],
    ("docs/table.csv", "", "7\n"): [],
}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: f"{change[0]} {change[2]}")
def test_a_change_runs_the_snippets_that_it_concerns_and_no_other(change, tiny) -> None:
    name, old, new = change
    tiny.edit(name, old, new) if old else tiny.write(name, new)
    tiny.build()
    assert sorted(tiny.ran) == CHANGES[change]
    assert tiny.outputs("main") == {"cell": ["8" if "+ 1" in new else "7"]} and tiny.ran == []


def test_an_edit_within_the_second_counts_beside_bytecode_of_the_old_state(tiny) -> None:
    stamp = (tiny.root / "models.py").stat().st_mtime_ns
    subprocess.run([sys.executable, "-c", "import models"], cwd=tiny.root, check=True)
    tiny.write("models.py", "import deeper\nvalue = 7 + 0 + 1   \n")
    os.utime(tiny.root / "models.py", ns=(stamp, stamp))
    assert tiny.outputs("main") == {"cell": ["8"]} and tiny.ran == ["main"]


READERS = [  # roads to a file that the first house did not see
    "import bz2; bz2.open('notes.txt').read()",
    "import linecache; assert linecache.getlines('notes.txt')",
    "import sqlite3; sqlite3.connect('file:notes.txt?mode=ro', uri=True).execute('select 1 from sqlite_master')",
    "import subprocess; subprocess.run(['cat', 'notes.txt'], check=True, capture_output=True)",
    "import concurrent.futures as c, multiprocessing as m\n"
    "with c.ProcessPoolExecutor(1, m.get_context('fork')) as p: p.submit(open, 'notes.txt').result()",
    "import os; os.open('notes.txt', os.O_RDONLY)",
    "import runpy; runpy.run_path('unused.py')",
    "import importlib; importlib.import_module('unused')",
    "import pkgutil; assert [m for m in pkgutil.iter_modules() if m.name in ('unused', 'literate', 'publish')]",
    "import os; os.listdir('docs')",
    "import mmap, pathlib; pathlib.Path('notes.txt').read_text()",
]


def test_what_is_not_among_what_a_snippet_may_read_is_not_there(tmp_path) -> None:
    tiny = Tiny(tmp_path, **{f"reads{number:02}": code for number, code in enumerate(READERS)})
    for name, text in FILES.items():
        tiny.write(name, text)
    assert len(tiny.faults()) == len(READERS)


def test_data_is_there_whatever_reads_it(tmp_path) -> None:
    tiny = Tiny(tmp_path, reads="import subprocess; subprocess.run(['cat', 'data/a.txt'])")
    tiny.write("data/a.txt", "seven\n")
    assert tiny.outputs("reads") == {"cell": ["seven"]}
    tiny.write("data/a.txt", "eight\n")
    assert tiny.outputs("reads") == {"cell": ["eight"]} and tiny.ran == ["reads"]


def test_a_run_leaves_the_project_as_it_was(tmp_path) -> None:
    tiny = Tiny(tmp_path, writes="open('data/a.txt', 'w').write('2'); open('b.txt', 'w').write('3')")
    tiny.write("data/a.txt", "1\n")
    tiny.build()
    assert (tmp_path / "data/a.txt").read_text() == "1\n" and not (tmp_path / "b.txt").exists()


def test_machine_packages_threads_and_engine_are_part_of_the_key(tmp_path, monkeypatch) -> None:
    seen = [fresh.machine_of(1), fresh.machine_of(2)]
    assert seen[0] == fresh.machine_of(1)
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "default")
    seen.append(fresh.machine_of(1))
    monkeypatch.syspath_prepend(tmp_path)
    for name, record in (("a-1.0", ""), ("a-1.1", ""), ("a-1.1", "another build")):
        (tmp_path / f"{name}.dist-info").mkdir(exist_ok=True)
        (tmp_path / f"{name}.dist-info/RECORD").write_text(record)
        seen.append(fresh.machine_of(1))
    monkeypatch.setattr(fresh, "ENGINE", ["another"])
    seen.append(fresh.machine_of(1))
    monkeypatch.setattr(fresh.platform, "machine", lambda: "another")
    seen.append(fresh.machine_of(1))
    assert len(set(seen)) == len(seen) == 8


DAMAGES = {
    "cut short": lambda good: good[: len(good) // 2],
    "empty": lambda good: "",
    "hand-edited": lambda good: good.replace('"7\\n"', '"8\\n"'),
    "not a notebook": lambda good: '["metadata"]',
}


@pytest.mark.parametrize("damage", [*DAMAGES, "half written beside it"])
def test_a_damaged_run_counts_as_no_run(damage, tiny) -> None:
    run = tiny.root / "outputs/notebooks/main.ipynb"
    good = run.read_text(encoding="utf-8")
    if damage in DAMAGES:
        run.write_text(DAMAGES[damage](good), encoding="utf-8")
    run.with_name(".main.ipynb.part").write_text(good[:100])
    tiny.build()
    assert tiny.ran == ["main"] * (damage in DAMAGES)
    assert run.read_text(encoding="utf-8") == good


def test_nothing_is_kept_of_snippets_that_are_gone(tiny) -> None:
    for name in ("snippets/other.py", "docs/other.md"):
        (tiny.root / name).unlink()
    (tiny.root / "outputs/notebooks/.ipynb_checkpoints").mkdir()  # Jupyter's own
    assert list(tiny.build().views) == ["main"]
    assert [path.name for path in (tiny.root / "outputs/notebooks").glob("*.ipynb")] == ["main.ipynb"]


def test_long_snippets_run_first_and_volatile_ones_alone_at_the_end(tmp_path) -> None:
    sleep = "import time; time.sleep(0.2)\n"
    tiny = Tiny(tmp_path, a="x = 1", b=sleep, z=sleep + "x = 1\n" * 99)
    tiny.snippet("a", '# %% cell tags=["volatile"]\nx = 1')
    tiny.build()
    assert tiny.ran == ["z", "b", "a"] and any("a: running" in one for one in tiny.said[-2:])
