"""Never wrong in silence: whatever is broken, the build says where and why, and the published site stands."""

from __future__ import annotations

import hashlib
import os
import resource
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import tiny_project
from faults import PRINT, Fault
from faults_of_pages import OF_PAGES
from faults_of_snippets import OF_SNIPPETS
from tiny_project import edit

EVERY = OF_SNIPPETS + OF_PAGES
# Of those that the engine finds, the ones that go the whole way all the same, one of each kind.
WHOLE_WAY = {"raises", "is killed", "figure without alternative text", "value NaN", "embed of nothing"}
NO_PDF = {"CHROMIUM": ""}  # printing is not what is tested here, and slow


SITE, ENGINE = ["site_build.py"], ["-m", "literate"]


def build(folder: Path, road: list[str] = SITE, **settings) -> subprocess.CompletedProcess:
    """Run the site's build command, or its first part."""
    environment = os.environ | NO_PDF | {"LITERATE_TIMEOUT": "30"} | settings.pop("environment", {})
    command = [sys.executable, *road]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, **settings
    )


def published(folder: Path) -> dict[str, str]:
    """Return the digest of every file that readers see."""
    files = sorted(path for path in (folder / "site").rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tiny project whose site is published."""
    folder = tiny_project.make_site(tmp_path_factory.mktemp("faults") / "project")
    done = build(folder)
    assert done.returncode == 0, done.stderr
    return folder


def copy(built: Path, folder: Path) -> Path:
    return Path(shutil.copytree(built, folder, symlinks=True))


@pytest.fixture(scope="module")
def broken(built: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest):
    """Return a function that gives the build of each fault; they all start at once, two side by side."""
    folder = tmp_path_factory.mktemp("broken")

    def run(number: int, fault: Fault) -> tuple[Path, subprocess.CompletedProcess]:
        project = copy(built, folder / str(number))
        fault.change(project)
        road = ENGINE if fault.engine and fault.name not in WHOLE_WAY else SITE
        return project, build(project, road, environment=fault.environment)

    with ThreadPoolExecutor(2) as pool:
        chosen = [
            item.callspec.params["fault"] for item in request.session.items if "fault" in fixtures(item)
        ]
        jobs = {fault.name: pool.submit(run, number, fault) for number, fault in enumerate(chosen)}
        yield lambda fault: jobs[fault.name].result()
        for job in jobs.values():
            job.cancel()


def fixtures(item: pytest.Item) -> dict:
    return item.callspec.params if hasattr(item, "callspec") else {}


@pytest.mark.parametrize("fault", EVERY, ids=lambda fault: fault.name)
def test_a_fault_stops_the_build_with_its_place_and_rule_and_leaves_the_site(fault, broken, built) -> None:
    project, done = broken(fault)
    said = done.stdout + done.stderr
    assert done.returncode != 0, said
    missing = [piece for piece in fault.says if piece not in said]
    assert not missing, f"not said: {missing}\n{said}"
    assert "Traceback (most recent call last)" not in said, said
    assert published(project) == published(built)
    assert not list(project.glob("*.staging"))


@pytest.mark.parametrize(
    ("path", "old", "new", "said"),
    [
        ("snippets/other.py", PRINT, "1 / 0", "snippets/other.py:6, cell 'two': ZeroDivisionError"),
        ("docs/index.md", "(other.md#two)", "(absent.md)", "1 warnings in strict mode"),
    ],
)
def test_plain_mkdocs_build_fails_too(path, old, new, said, built: Path, tmp_path: Path) -> None:
    project = copy(built, tmp_path / "project")
    edit(project / path, old, new)
    done = build(project, ["-m", "mkdocs", "build", "--site-dir", str(tmp_path / "site")])
    assert done.returncode != 0 and said in done.stdout + done.stderr


def test_comments_names_and_hidden_files_are_no_faults(built: Path, tmp_path: Path) -> None:
    """What looks like a command to jupytext, what the engine's own code calls, what editors leave."""
    project = copy(built, tmp_path / "project")
    names = "map = range = print = exec = isinstance = str = None"
    edit(project / "snippets/other.py", PRINT, f"# cp -= 1\n# copy the weights\n# cd\n{PRINT}\n{names}")
    hidden = project / "docs/.ipynb_checkpoints/other-checkpoint.md"
    hidden.parent.mkdir()
    hidden.write_text('--8<-- "other/absent.md"\n[references]\n')
    (project / "docs/.#index.md").symlink_to("somebody@somewhere.1234")
    edit(project / "docs/other.md", "# Other {#other}", "# Other {#other}\n\n<!-- [@nobody2024] -->")
    done = build(project)
    assert done.returncode == 0, done.stderr
    assert published(project)["site/index.html"] == published(built)["site/index.html"]


def test_a_build_called_from_another_project_is_of_its_own(built: Path, tmp_path: Path) -> None:
    project = copy(built, tmp_path / "project")
    edit(project / "snippets/other.py", PRINT, 'print("two", 2.75)')
    before = published(built)
    done = build(built, [str(project / "site_build.py")])
    assert done.returncode == 0, done.stderr
    assert "two 2.75" in (project / "site/other/index.html").read_text(encoding="utf-8")
    assert published(built) == before
    plain = ["-m", "mkdocs", "build", "-f", str(project / "mkdocs.yml"), "-d", str(tmp_path / "site")]
    done = build(built, plain)
    assert done.returncode != 0 and "is not the project's folder" in done.stderr


# What the forking process held counts into a peak, and a worker of tests holds a lot; this one is small.
PEAK = """
import resource, subprocess, sys
done = subprocess.run([sys.executable, "-m", "literate"])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(done.returncode)
"""


@pytest.mark.parametrize("code", ['while True: print("x" * 1000)', 'print("x" * 10**8)'])
def test_printing_stops_at_its_bound_of_output_in_bounded_memory(code, built: Path, tmp_path: Path) -> None:
    """Unbounded, the second takes 440 MB; the first as much as it prints before it is read."""
    project = copy(built, tmp_path / "project")
    edit(project / "snippets/other.py", PRINT, code)
    done = build(project, ["-c", PEAK])
    assert "left more than 100000 characters" in done.stderr  # and not: still running after its limit
    assert done.returncode == 1
    assert int(done.stdout) < 300_000 * (1000 if sys.platform == "darwin" else 1)  # bytes there, else KiB


def test_a_full_disk_stops_the_build_and_leaves_the_site(built: Path, tmp_path: Path) -> None:
    project = copy(built, tmp_path / "project")
    edit(project / "snippets/numbers.py", '"value": models.value', '"value": models.value + 1')

    def small_files() -> None:  # a stand-in for a disk without room
        resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))

    done = build(project, preexec_fn=small_files)
    assert done.returncode != 0
    assert "File too large" in done.stderr and "rule:" in done.stderr
    assert "Traceback" not in done.stderr
    assert published(project) == published(built)
    assert build(project).returncode == 0


def test_two_builds_at_once_give_one_run_and_the_site_of_either(built: Path, tmp_path: Path) -> None:
    project = copy(built, tmp_path / "project")
    edit(project / "snippets/other.py", PRINT, 'print("two", 2)  # edited')
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(build, [project, project])
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert (first.stderr + second.stderr).count("other: running") == 1
    reference = published(project)
    assert reference != published(built)
    assert build(project).returncode == 0
    assert published(project) == reference
