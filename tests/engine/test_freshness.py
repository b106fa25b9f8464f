"""Never stale: each thing that can change an output makes its snippets run again, and nothing else does."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest
import tiny_project
from tiny_project import build, command, edit, values

from literate import fresh

BOTH = {"numbers", "other"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tiny project after a clean build."""
    folder = tiny_project.make(tmp_path_factory.mktemp("fresh") / "project")
    assert build(folder) == BOTH
    return folder


@pytest.fixture
def project(built: Path, tmp_path: Path) -> Path:
    """Return a copy of the built project, to be changed."""
    return Path(shutil.copytree(built, tmp_path / "project"))


def touch_nothing(folder: Path) -> None:
    pass


def edit_prose(folder: Path) -> None:
    edit(folder / "docs/index.md", "It is", "It always is")


def comment_elsewhere(folder: Path) -> None:
    edit(folder / "snippets/other.py", 'print("two", 2)', 'print("two", 2)  # a comment')


def edit_snippet(folder: Path) -> None:
    edit(folder / "snippets/numbers.py", '"value": models.value', '"value": models.value + 1')


def edit_module(folder: Path) -> None:
    edit(folder / "models.py", "deeper.value", "deeper.value + 1")


def edit_module_of_module(folder: Path) -> None:
    edit(folder / "deeper.py", "read())", "read()) + 1")


def edit_data(folder: Path) -> None:
    edit(folder / "data.txt", "7", "8")


def edit_module_within_the_second(folder: Path) -> None:
    """Same size, same time stamp, bytecode of the old state at hand: all that Python's cache looks at."""
    writing = os.environ | {"PYTHONDONTWRITEBYTECODE": ""}
    subprocess.run([sys.executable, "-c", "import models"], cwd=folder, env=writing, check=True)
    assert list((folder / "__pycache__").glob("models.*.pyc"))
    stamp = (folder / "models.py").stat().st_mtime_ns
    edit(folder / "models.py", "value = deeper.value\n", "value = 8 + 0 * 88  \n")
    os.utime(folder / "models.py", ns=(stamp, stamp))


def edit_style(folder: Path) -> None:
    edit(folder / "matplotlibrc", "hashsalt: tiny", "hashsalt: other")


@pytest.mark.parametrize(
    ("change", "runs", "value"),
    [
        (touch_nothing, set(), 7),
        (edit_prose, set(), 7),
        (comment_elsewhere, {"other"}, 7),
        (edit_snippet, {"numbers"}, 8),
        (edit_module, {"numbers"}, 8),
        (edit_module_of_module, {"numbers"}, 8),
        (edit_data, {"numbers"}, 8),
        (edit_module_within_the_second, {"numbers"}, 8),
        (edit_style, {"numbers"}, 7),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_change_runs_the_snippets_that_it_concerns_and_no_other(project, change, runs, value) -> None:
    change(project)
    assert build(project) == runs
    assert values(project)["numbers"]["value"] == value


RUN = "runpy.run_module('literate', run_name='__main__')"
ON = f"import os, runpy; os.sched_getaffinity = lambda _: {{}}; {RUN}"


def test_snippets_run_side_by_side(project: Path, tmp_path: Path) -> None:
    """Each says that it has begun, and waits until the other has; the engine believes in two processors."""
    for mine, other in (("numbers", "other"), ("other", "numbers")):
        path = project / f"snippets/{mine}.py"
        meeting = f"""\
import pathlib, time
pathlib.Path({str(tmp_path / mine)!r}).touch()
for _ in range(2000):
    if pathlib.Path({str(tmp_path / other)!r}).exists():
        break
    time.sleep(0.01)
else:
    raise SystemExit("nobody came")
"""
        edit(path, "# %% values", f'# %% meeting tags=["hidden"]\n{meeting}\n# %% values')
    asked = command(project) | {"args": [sys.executable, "-c", ON.format({0, 1})]}
    done = subprocess.run(**asked, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_where_one_processor_may_be_used_snippets_run_one_after_the_other(project: Path) -> None:
    shutil.rmtree(project / "outputs")
    asked = command(project) | {"args": [sys.executable, "-c", ON.format({0})]}
    said = subprocess.run(**asked, capture_output=True, text=True, check=True).stderr
    assert re.findall(r"running|done", said) == ["running", "done"] * 2


def add_package_that_shadows(folder: Path) -> dict:
    (folder / "deeper").mkdir()
    (folder / "deeper/__init__.py").write_text("value = 8\n")
    return {}


def more_threads(folder: Path) -> dict:
    return {"LITERATE_THREADS": "2"}


def other_vector_unit(folder: Path) -> dict:
    return {"ATEN_CPU_CAPABILITY": "default"}


def edit_engine(folder: Path) -> dict:
    with (folder / "literate/render.py").open("a") as file:
        file.write("# another engine\n")
    return {}


def new_package(folder: Path) -> dict:
    (folder.parent / "installed/somewhere-1.1.dist-info").mkdir(parents=True)
    return {"PYTHONPATH": str(folder.parent / "installed")}


@pytest.mark.parametrize(
    "change",
    [add_package_that_shadows, more_threads, other_vector_unit, edit_engine, new_package],
    ids=lambda value: value.__name__,
)
def test_a_change_of_the_surroundings_runs_every_snippet(project: Path, change) -> None:
    assert build(project, **change(project)) == BOTH


def test_version_files_and_processor_are_part_of_the_fingerprint(
    built: Path, tmp_path: Path, monkeypatch
) -> None:
    seen = [fresh.fingerprint(built)]
    assert seen == [fresh.fingerprint(built)]
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("torch-2.13.0.dist-info", "torch-2.13.1.dist-info"):
        (tmp_path / name).mkdir()
        seen.append(fresh.fingerprint(built))
        shutil.rmtree(tmp_path / name)
    for record in (
        "torch/__init__.py,sha256=a,1",
        "torch/__init__.py,sha256=b,1",
    ):  # another build of one version
        (tmp_path / "torch-2.13.0.dist-info").mkdir(exist_ok=True)
        (tmp_path / "torch-2.13.0.dist-info/RECORD").write_text(record)
        seen.append(fresh.fingerprint(built))
    for flags in ("flags : avx2", "flags : avx2 avx512f"):
        monkeypatch.setattr(fresh, "processor", lambda flags=flags: [flags])
        seen.append(fresh.fingerprint(built))
    assert len(set(seen)) == len(seen) == 7


def test_a_file_that_changes_while_a_snippet_runs_leaves_no_run_that_counts(project: Path) -> None:
    edit(
        project / "snippets/numbers.py",
        "import models\n",
        'import models\n\nopen("data.txt", "w").write("9")\n',
    )
    assert build(project) == {"numbers"}
    assert values(project)["numbers"]["value"] == 7  # read before the change
    assert "numbers" in build(project)
    assert values(project)["numbers"]["value"] == 9


def test_a_script_that_a_snippet_runs_is_one_of_its_inputs(project: Path) -> None:
    (project / "script.py").write_text("print('value', 7)")
    edit(
        project / "snippets/numbers.py",
        'print("value", models.value)',
        'import runpy; runpy.run_path("script.py")',
    )
    assert build(project) == BOTH  # a module more may shadow another
    edit(project / "script.py", "7", "8")
    assert build(project) == {"numbers"}


def test_a_project_inside_its_environment_notes_its_files_too() -> None:
    with tempfile.TemporaryDirectory(dir=sys.prefix, prefix="project") as folder:
        project = tiny_project.make(Path(folder) / "project")
        assert build(project) == BOTH
        edit_data(project)
        assert build(project) == {"numbers"}


def test_a_file_that_a_cell_opens_is_one_of_its_inputs(project: Path) -> None:
    (project / "own.txt").write_text("7")
    edit(project / "snippets/other.py", 'print("two", 2)', 'print("two", open("own.txt").read())')
    assert build(project) == {"other"}
    edit(project / "own.txt", "7", "8")
    assert build(project) == {"other"}
    assert "two 8" in (project / "outputs/fragments/other/two.md").read_text()


def test_nothing_is_kept_of_snippets_that_are_gone(project: Path) -> None:
    left = [
        project / "outputs" / name for name in ("runs/old.ipynb", "notebooks/old.ipynb", "fragments/old/a.md")
    ]
    for path in left:
        path.parent.mkdir(exist_ok=True)
        path.write_text("old")
    assert build(project) == set()
    assert not any(path.exists() for path in left)


@pytest.mark.parametrize(
    "damage", ["cut short", "empty", "hand-edited", "not a notebook", "half written beside it"]
)
def test_a_damaged_run_counts_as_no_run(project: Path, damage: str) -> None:
    run = project / "outputs/runs/numbers.ipynb"
    good = run.read_text(encoding="utf-8")
    bad = {
        "cut short": good[: len(good) // 2],
        "empty": "",
        "hand-edited": good.replace("value 7", "value 8"),
        "not a notebook": '["metadata"]',
        "half written beside it": good,
    }[damage]
    run.write_text(bad, encoding="utf-8")
    if damage == "half written beside it":
        run.with_name("numbers.ipynb.part").write_text(good[:100])
    assert build(project) == (set() if bad == good else {"numbers"})
    assert run.read_text(encoding="utf-8") == good


def test_a_build_killed_at_any_moment_leaves_nothing_false_and_no_kernel(built: Path, tmp_path: Path) -> None:
    project = tiny_project.make(tmp_path / "project")
    began = time.monotonic()
    subprocess.run(**command(project), check=True, capture_output=True)
    whole = time.monotonic() - began
    shutil.rmtree(project / "outputs")
    for moment in (0.3, 0.45, 0.6, 0.75, 0.9):
        process = subprocess.Popen(**command(project), stderr=subprocess.DEVNULL)
        time.sleep(whole * moment)
        kernels = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
        process.wait()
        _, alive = psutil.wait_procs(kernels, timeout=20)
        assert not alive, "a kernel outlives its build"
    build(project)
    for good in sorted((built / "outputs").rglob("*.*")):
        if good.is_file():
            again = project / good.relative_to(built)
            assert again.read_bytes() == good.read_bytes(), again


def test_an_interrupted_build_ends_at_once_with_its_kernels(project: Path) -> None:
    late = "import models, pathlib, time; time.sleep(25); pathlib.Path('late').touch()\n"
    edit(project / "snippets/numbers.py", "import models\n", late)
    process = subprocess.Popen(**command(project), stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 60
    while not (kernels := psutil.Process(process.pid).children()) and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    assert "Traceback" not in process.communicate()[1]
    assert process.returncode != 0
    assert not psutil.wait_procs(kernels, timeout=20)[1]
    assert not (project / "late").exists(), "the build waits for the cell instead of ending it"
