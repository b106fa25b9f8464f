"""Publishing in one step: whatever stops a build, readers keep a site, and nothing is left behind."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest
import tiny_project
from mkdocs.exceptions import PluginError

import literate
import site_build
import site_hooks
from publish import policy

NO_PDF = {"CHROMIUM": ""}  # printing is not what is tested here, and slow
KILLED = """
import os, pathlib, site_build
replace, calls = os.replace, []
os.replace = lambda *paths: os._exit(9) if calls else calls.append(replace(*paths))
site_build.swap(pathlib.Path("site.staging"), pathlib.Path("site"))
"""


@pytest.fixture
def two_sites(tmp_path: Path) -> tuple[Path, Path]:
    """Return a staged site and a published one."""
    for name, text in (("site.staging", "new"), ("site", "old")):
        (tmp_path / name / "assets").mkdir(parents=True)
        for file in ("index.html", *site_build.OURS):
            (tmp_path / name / file).write_text(text)
    return tmp_path / "site.staging", tmp_path / "site"


def shown(site: Path) -> str:
    return (site / "index.html").read_text()


def test_swap_leaves_the_new_site_alone(two_sites):
    staging, site = two_sites
    site_build.swap(staging, site)
    assert shown(site) == "new" and list(site.parent.iterdir()) == [site]


@pytest.mark.parametrize("failing", [0, 1], ids=["first step", "second step"])
def test_a_failed_swap_leaves_the_old_site(two_sites, monkeypatch, failing):
    staging, site = two_sites
    replace, calls = os.replace, []

    def fails_once(*paths: Path) -> None:
        calls.append(paths)
        if len(calls) == failing + 1:
            raise OSError(errno.EACCES, "Permission denied")
        replace(*paths)

    monkeypatch.setattr(os, "replace", fails_once)
    with pytest.raises(OSError, match="Permission denied"):
        site_build.swap(staging, site)
    assert shown(site) == "old" and not site_build.aside(site).exists()


def test_a_build_killed_between_the_steps_is_mended_by_the_next_even_if_that_fails(two_sites, monkeypatch):
    _, site = two_sites
    environment = os.environ | {"PYTHONPATH": str(tiny_project.ROOT)}
    killed = subprocess.run([sys.executable, "-c", KILLED], cwd=site.parent, env=environment)
    assert killed.returncode == 9 and not site.exists() and shown(site_build.aside(site)) == "old"

    def fails(*_) -> None:
        raise site_build.BuildFailedError("for another reason")

    monkeypatch.setattr(site_build, "configured", fails)
    with pytest.raises(site_build.BuildFailedError, match="for another reason"):
        site_build.build_site(site.parent, site)
    assert shown(site) == "old"


@pytest.mark.parametrize(
    "number,rule",
    [(errno.ENOSPC, "with room left"), (errno.ENOTDIR, "move away the file"), (errno.EMFILE, "")],
)
def test_an_error_of_the_system_has_the_rule_that_fits_it_or_none(monkeypatch, number, rule):
    def fails(*_) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(site_build, "build_site", fails)
    monkeypatch.setattr(sys, "argv", ["site_build.py"])
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with pytest.raises(SystemExit) as caught:
        site_build.main()
    said = str(caught.value)
    assert os.strerror(number) in said and (rule in said if rule else "rule:" not in said)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return tiny_project.make_site(tmp_path / "project")


def build(project: Path, **environment: str) -> subprocess.CompletedProcess:
    command, settings = [sys.executable, "site_build.py"], os.environ | NO_PDF | environment
    return subprocess.run(command, cwd=project, env=settings, capture_output=True, text=True)


def test_a_file_in_the_place_of_the_site_is_named_and_kept(project):
    (project / "site").write_text("mine")
    done = build(project)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "site is a file\nrule: a site is a folder" in done.stderr
    assert (project / "site").read_text() == "mine"


@pytest.mark.parametrize(
    "below,what",
    [("", "holds the project"), ("project/docs", "holds other files"), ("mine", "mine.+ holds other files")],
)
@pytest.mark.parametrize("beside", ["mine.old", "mine.staging"])
def test_a_folder_that_is_no_site_of_ours_is_not_replaced(tmp_path, below, what, beside):
    root = tiny_project.make(tmp_path / "project")
    (tmp_path / beside).mkdir()
    (tmp_path / beside / "letter.txt").touch()
    before = sorted(tmp_path.rglob("*.*"))
    with pytest.raises(site_build.BuildFailedError, match=f"{what}.*\nrule: a site is a folder of its own"):
        site_build.build_site(root, tmp_path / below)
    assert [path for path in sorted(tmp_path.rglob("*.*")) if "outputs" not in path.parts] == before


def test_a_port_that_is_taken_is_said_before_anything_is_built(project):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [sys.executable, "site_build.py", "--serve", "--port", str(taken.getsockname()[1])]
        done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "in use" in done.stderr and "rule: end the other program" in done.stderr
    assert not (project / "outputs").exists()


def test_a_site_without_an_address_is_refused(project):
    done = build(project, SITE_URL="")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "site_url of mkdocs.yml is empty\n    rule:" in done.stderr


@pytest.mark.parametrize("file", ["data/table.csv", "my data.txt", "données.txt", "data.txt"])
def test_a_notebook_to_take_away_writes_the_files_that_it_reads_or_is_refused(tmp_path, file):
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text("7\n")
    inputs = dict.fromkeys([file, "matplotlibrc", "snippets/x.py"], "its digest") | {"gone.txt": "absent"}
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# X")])
    notebook.metadata["literate"] = {"inputs": inputs, "values": {}}
    if file != "data.txt":
        with pytest.raises(literate.LiterateError, match=f"snippets/x.py: it reads {file}"):
            site_hooks.downloadable(tmp_path, "x", notebook)
    else:
        _, written = nbformat.reads(site_hooks.downloadable(tmp_path, "x", notebook), as_version=4).cells
        assert (written.id, written.source) == ("write-data-txt", "%%writefile data.txt\n7")


def test_missing_packages_are_named_with_the_command_that_installs_them(project):
    (project / "node_modules").unlink()
    done = build(project)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "KaTeX is not installed" in done.stderr and "run `make site`" in done.stderr


def test_a_page_without_a_place_for_the_policy_stops_the_build(tmp_path):
    (tmp_path / "index.html").write_text("<p>no head</p>")
    with pytest.raises(PluginError, match="to put the policy behind"):
        policy.write_policy(tmp_path)


@pytest.mark.parametrize("moment", ["running", "serving"])
def test_a_terminated_preview_leaves_no_process_and_no_folder(project, tmp_path, moment):
    if moment == "running":
        tiny_project.edit(project / "snippets/other.py", 'print("two", 2)', "import time; time.sleep(600)")
    log, temporary = tmp_path / "log", tmp_path / "temporary"
    temporary.mkdir()
    command = [sys.executable, "site_build.py", "--serve", "--port", "0"]
    environment = os.environ | NO_PDF | {"TMPDIR": str(temporary), "LITERATE_TIMEOUT": "600"}
    with log.open("wb") as into:
        process = subprocess.Popen(command, cwd=project, env=environment, stdout=into, stderr=into)
    until, said = time.monotonic() + 60, {"running": "other: running", "serving": "Serving on"}[moment]
    while said not in log.read_text() or not (children := psutil.Process(process.pid).children(True)):
        assert process.poll() is None and time.monotonic() < until, log.read_text()
        time.sleep(0.1)
    assert list(temporary.glob("preview-*"))
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0, log.read_text()
    assert not psutil.wait_procs(children, timeout=20)[1]
    assert not list(temporary.iterdir()) and "Traceback" not in log.read_text(), log.read_text()
