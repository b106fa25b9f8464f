"""Builds under bad circumstances: a clear message or a whole result; nothing stale, nothing left behind."""

from __future__ import annotations

import resource
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from hashlib import sha256
from pathlib import Path

import jupytext
import nbformat
import psutil
import pytest
from computed import execute
from copies import later
from tiny import Tiny

from literate import run
from literate.read import read

MAIN = """\
# %% cell
import models
print("value", models.value)

# %% values tags=["hidden"]
values = {"value": models.value}
"""
FIGURE = """\
import matplotlib.pyplot as plt
fig, ax = plt.subplots(figsize=(2, 2), layout="constrained", label="A line and an image")
ax.plot([1, 3], [2, 4]); ax.imshow([[0, 1]]); ax.set_title("title")
"""
STYLE = "backend: agg\nsvg.hashsalt: tiny\nsvg.fonttype: none\n"


def make(root: Path) -> Tiny:
    tiny = Tiny(root, main=MAIN, other="print(2)")
    tiny.write("models.py", "value = 7\n")
    tiny.write("docs/index.md", "# Tiny\n\nIt is `#!val main.value`.\n")
    return tiny


def files(tiny: Tiny) -> dict[str, bytes]:
    """Return the digests of a built site's files, but for the gzipped sitemap, which holds the time."""
    paths = (path for path in tiny.root.glob("site/**/*") if path.is_file() and path.suffix != ".gz")
    return {str(path.relative_to(tiny.root)): sha256(path.read_bytes()).digest() for path in sorted(paths)}


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> dict[str, bytes]:
    """Return the files of a site that was built in peace."""
    tiny = make(tmp_path_factory.mktemp("peace"))
    assert tiny.mkdocs().returncode == 0
    return files(tiny)


OTHERWISE = {
    "HOME": "/nowhere",
    "PYTHONHASHSEED": "4321",
    "TZ": "Pacific/Kiritimati",
    "LC_ALL": "C",
    "COLUMNS": "63",
    "USER": "somebody",
    "MPLBACKEND": "pdf",
    "MATPLOTLIBRC": "/nowhere",
    "OMP_NUM_THREADS": "3",
}


def test_two_clean_builds_give_the_same_bytes_wherever_and_whoever_builds(tmp_path) -> None:
    folder = tmp_path / "a b é # % '" / ("t" * 93)
    folder.mkdir(parents=True)
    both = make(tmp_path / "project"), make(tmp_path / "a b é # % '" / "project")
    for tiny, environment in zip(both, ({}, OTHERWISE | {"TMPDIR": str(folder)})):
        tiny.snippet("figure", FIGURE)
        tiny.write("matplotlibrc", STYLE)
        done = tiny.mkdocs(**environment)
        assert done.returncode == 0, done.stderr
        (fonts,) = (tiny.root / "outputs/fonts").iterdir()
        assert list(fonts.glob("fontlist-*.json"))  # made before snippets run, since it takes long
    assert files(both[0]) == files(both[1]) and not list(folder.iterdir())


def test_another_day_reaches_a_snippet_and_changes_nothing_else(tmp_path) -> None:
    both = make(tmp_path / "today"), make(tmp_path / "later")
    both[1].python = later(tmp_path / "python")
    for tiny in both:
        tiny.snippet("clock", "import datetime, time; print(datetime.date.today(), time.time())")
        assert tiny.mkdocs().returncode == 0
    days = [date.fromisoformat(tiny.page("clock").xpath("string(//*[@data-cell])").split()[0]) for tiny in both]
    assert (days[1] - days[0]).days in (400, 401)
    first, second = map(files, both)
    assert [name for name in first if first[name] != second[name] and "clock" not in name] == []


def test_a_build_works_without_home_and_from_another_folder(site, tmp_path) -> None:
    tiny = make(tmp_path / "project")
    asked = tiny.command("build", "--strict", "-f", str(tiny.root / "mkdocs.yml"))
    asked["env"].pop("HOME", None)
    done = subprocess.run(**asked | {"cwd": tmp_path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert files(tiny) == site
    done = tiny.by("literate")
    assert (done.returncode, done.stderr) == (0, "0 of 2 snippets to run\n")


def test_two_builds_at_once_give_one_run_and_a_whole_site(site, tmp_path) -> None:
    tiny = make(tmp_path)
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda _: tiny.mkdocs(), range(2)))
    said = "".join(one.stderr for one in done)
    assert [one.returncode for one in done] == [0, 0] and said.count("main: running") == 1, said
    assert "another build is at work here" in said and files(tiny) == site


def test_a_build_killed_at_any_moment_leaves_nothing_false_and_no_process(site, tmp_path) -> None:
    tiny = make(tmp_path / "project")
    (tmp_path / "temporary").mkdir()
    asked = tiny.command("build", TMPDIR=str(tmp_path / "temporary"))
    for moment in (0.2, 0.5, 0.8, 1.1, 1.5, 2.2):
        process = subprocess.Popen(**asked, stderr=subprocess.DEVNULL)
        time.sleep(moment)
        children = children_of(process.pid) if process.poll() is None else []
        process.kill()
        process.wait()
        assert not psutil.wait_procs(children, timeout=20)[1], "a snippet outlives its build"
    assert tiny.mkdocs().returncode == 0
    assert files(tiny) == site


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
@pytest.mark.parametrize("module", ["mkdocs", "literate"])
def test_an_interrupted_build_ends_at_once_with_all_that_it_started(number, module, tmp_path) -> None:
    """Also one that a script has started in the background, which then hears no Ctrl-C of the terminal."""
    tiny = Tiny(tmp_path / "project", waits="import os; os.system('echo begun; sleep 60')")
    (tmp_path / "temporary").mkdir()
    arguments = ["build"] * (module == "mkdocs")
    asked = tiny.command(*arguments, module=module, TMPDIR=str(tmp_path / "temporary"))
    asked["preexec_fn"] = lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)
    process = subprocess.Popen(**asked, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 30
    children: list[psutil.Process] = []
    while "sleep" not in [one.name() for one in children] and time.monotonic() < until:
        time.sleep(0.1)
        children = children_of(process.pid)
    process.send_signal(number)
    assert "Traceback" not in process.communicate(timeout=10)[1] and process.returncode != 0
    assert not psutil.wait_procs(children, timeout=10)[1]
    assert number == signal.SIGKILL or not list((tmp_path / "temporary").iterdir())


def children_of(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


@pytest.mark.parametrize("name", ["outputs", "outputs/notebooks"])
def test_a_file_in_the_place_of_a_folder_is_said(name, tmp_path) -> None:
    tiny = make(tmp_path)
    tiny.write(name, "in the way")
    done = tiny.mkdocs()
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert f"{name}" in done.stderr and "rule: outputs/" in done.stderr


def test_a_full_disk_stops_the_build_and_the_next_one_is_whole(site, tmp_path) -> None:
    tiny = make(tmp_path)

    def small_files() -> None:  # a stand-in for a disk without room
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    asked = tiny.command("build", "--strict")
    done = subprocess.run(**asked, preexec_fn=small_files, capture_output=True, text=True)
    assert done.returncode != 0 and "Traceback" not in done.stderr, done.stderr
    assert "File too large" in done.stderr
    assert tiny.mkdocs().returncode == 0
    assert files(tiny) == site


def test_a_fault_leaves_what_was_built_before(tmp_path) -> None:
    tiny = make(tmp_path)
    assert tiny.mkdocs().returncode == 0
    before = files(tiny)
    tiny.edit("models.py", "7", "1 / 0")
    assert tiny.mkdocs().returncode != 0 and files(tiny) == before


def test_printing_without_end_stops_in_bounded_memory(tmp_path) -> None:
    """What the forking process held counts into a peak, so a small process asks."""
    tiny = Tiny(tmp_path, prints='while True: print("x" * 100_000)')
    peak = (
        "import resource, subprocess, sys; code = subprocess.run([sys.executable, '-m', 'literate']).returncode\n"
        "print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run([sys.executable, "-c", peak], cwd=tmp_path, capture_output=True, text=True)
    code, size = map(int, done.stdout.split())
    assert code == 1 and "left more than 100000 characters" in done.stderr
    assert size < 200_000 * (1000 if sys.platform == "darwin" else 1)  # bytes there, else KiB
    assert tiny.root.exists()


@pytest.mark.parametrize("option", ["seconds: x", "seconds: .nan", "threads: many", "threads: 0", "characters: 1.5", "absent: 1"])
def test_an_option_that_is_none_is_said(option, tmp_path) -> None:
    tiny = make(tmp_path)
    tiny.edit("mkdocs.yml", "[literate]", f"[literate: {{{option}}}]")
    for module in ("mkdocs", "literate"):
        done = tiny.by(module)
        assert done.returncode != 0 and option.split(":")[0] in done.stderr and "Traceback" not in done.stderr


def test_options_reach_the_runs(tmp_path) -> None:
    tiny = Tiny(tmp_path, threads="import os; print(os.environ['OMP_NUM_THREADS'], 'x' * 20)")
    tiny.edit("mkdocs.yml", "[literate]", "[literate: {threads: 2, characters: 10, seconds: 0.5}]")
    for module in ("mkdocs", "literate"):
        assert "left more than 10 characters" in tiny.by(module).stderr
    tiny.edit("mkdocs.yml", "characters: 10, seconds: 0.5", "characters: !ENV [ROOM, 30]")
    assert tiny.by("literate").returncode == 0 and "0 of 1 snippets to run" in tiny.mkdocs().stderr
    assert tiny.page("threads").find_class("output")[0].text_content().startswith("2 x")


def test_what_is_imported_beforehand_changes_nothing_but_time(tmp_path) -> None:
    marks = "import fractions; print(vars(fractions).setdefault('mark', '{}'), __name__, globals().get('x')); x = 1"
    tiny = Tiny(tmp_path, a=marks.format("a"), b=marks.format("b"), figure=FIGURE)
    tiny.write("matplotlibrc", STYLE)
    shown = []
    for preload in ([], ["fractions", "matplotlib.pyplot", "json"]):
        shutil.rmtree(tmp_path / "outputs", ignore_errors=True)
        tiny.build(preload=preload)
        shown.append({name: tiny.outputs(name) for name in ("a", "b", "figure")})
    assert shown[0] == shown[1] and shown[0]["b"] == {"cell": ["b __main__ None"]}


PRELOADS = {  # what is imported beforehand -> what is said
    "models": "models: ModuleNotFoundError: No module named 'models'",  # of the project
    "mathh": "mathh: ModuleNotFoundError",
    "": "Empty module name",
    "this": "The Zen of Python",  # it prints
    "matplotlib.pyplot": "Bad key lines.linewidt",  # in matplotlibrc
}


@pytest.mark.parametrize("name", PRELOADS)
def test_what_cannot_be_imported_beforehand_in_silence_is_said(name, tmp_path) -> None:
    tiny = Tiny(tmp_path, a="import models")
    tiny.write("models.py", "")
    tiny.write("matplotlibrc", "lines.linewidt: 9\n")
    said = "\n\n".join(tiny.faults(preload=[name]))
    assert said.startswith("mkdocs.yml: preload: ") and PRELOADS[name] in said and "Traceback" not in said


def test_random_numbers_of_two_snippets_are_not_the_same(tmp_path) -> None:
    draw = "import numpy, random; print(numpy.random.rand(), random.random())"
    tiny = Tiny(tmp_path, a=draw, b=draw)
    tiny.build(preload=["numpy.random", "random"])
    assert len({part for name in "ab" for part in tiny.outputs(name)["cell"][0].split()}) == 4


def test_a_build_says_that_a_cell_is_still_running(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(run, "PATIENCE", 0.1)
    tiny = Tiny(tmp_path, waits="import time; time.sleep(0.5)")
    tiny.build()
    assert any(one.startswith("waits: cell 'cell' has been running for") for one in tiny.said)


def test_a_notebook_writes_what_it_reads_and_runs_alone(tmp_path) -> None:
    tiny = make(tmp_path / "project")
    tiny.write("package/__init__.py", "from . import part\n")
    tiny.write("package/part.py", "value = open('data/deep/a.txt').read()\n")
    tiny.write("data/deep/a.txt", "seven\n")
    tiny.snippet("reads", "import package; print(package.part.value, end='')")
    tiny.build()
    path = tiny.root / "outputs/notebooks/reads.ipynb"
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    assert execute(path)["stdout"]["cell"] == notebook.cells[-1].outputs[0].text == "seven\n"
    for data in (Path(sys.executable).read_bytes(), b"a\n\n", b"a"):
        tiny.write("data/odd", data)
        assert any(one.startswith("data/odd: no notebook can write this file") for one in tiny.faults())


def test_jupytext_reads_the_cells_that_the_engine_reads(root) -> None:
    settings = {"extension": ".py", "format_name": "percent", "comment_magics": False}
    for path in sorted((root / "snippets").glob("*.py")):
        ours = [(cell.code, cell.source) for cell in read(path.relative_to(root), root).cells]
        theirs = jupytext.read(path, fmt=settings).cells
        assert ours == [(cell.cell_type == "code", cell.source.rstrip()) for cell in theirs]
