"""The workflows: pinned, least permissions, and without findings of a security linter."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

GITHUB = Path(__file__).parents[2] / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
ACTIONS = sorted((GITHUB / "actions").glob("*/action.yml"))


def test_zizmor_finds_nothing(root):
    zizmor = shutil.which("zizmor", path=str(Path(sys.executable).parent))
    ran = subprocess.run(
        [zizmor, "--offline", "--pedantic", *map(str, WORKFLOWS + ACTIONS)], capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("path", WORKFLOWS + ACTIONS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_actions_are_pinned_by_commit_or_ours(path):
    ours = {f"$/.github/actions/{action.parent.name}" for action in ACTIONS}
    for used in re.findall(r"uses: (\S+)", path.read_text(encoding="utf-8")):
        assert used in ours or re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", used), used


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_only_the_deploying_job_may_write(path):
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        writes = {scope for scope, right in job["permissions"].items() if right == "write"}
        assert writes == ({"pages", "id-token"} if name == "deploy" else set()), name


def test_the_folder_that_is_deployed_is_the_one_that_was_tested():
    workflow = yaml.safe_load(WORKFLOWS[0].read_text(encoding="utf-8"))
    triggers = workflow[True]  # YAML reads the key `on` as true
    assert set(triggers) == {"push", "pull_request"}
    steps = workflow["jobs"]["test"]["steps"]
    commands = [step.get("run", step.get("uses", "")) for step in steps]
    in_order = ("make browser", "make site", "make test SITE=site", "upload-pages-artifact")
    places = [next(k for k, command in enumerate(commands) if part in command) for part in in_order]
    assert places == sorted(places) and steps[places[-1]]["with"] == {"path": "site"}
    assert not any("make site" in command or "clean" in command for command in commands[places[1] + 1 :])
    assert workflow["jobs"]["deploy"]["needs"] == "test"
    assert "refs/heads/main" in workflow["jobs"]["deploy"]["if"]


def test_what_changes_outside_stops_no_correction_from_being_published():
    site, weekly = (yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values() for path in WORKFLOWS)
    commands = [{step.get("run") for job in jobs for step in job["steps"]} for jobs in (site, weekly)]
    outside = {"make vulnerabilities", "make links"}
    assert not outside & commands[0] and outside <= commands[1]


@pytest.mark.parametrize(
    ("repository", "named", "address"),
    [
        ("Decay", "", "https://someone.github.io/Decay/"),
        ("someone.github.io", "", "https://someone.github.io/"),
        ("Someone.github.io", "", "https://someone.github.io/"),
        ("other.github.io", "", "https://someone.github.io/other.github.io/"),
        ("Decay", "https://decay.example/", "https://decay.example/"),
        ('"; touch injected; "', "", 'https://someone.github.io/"; touch injected; "/'),
    ],
)
def test_the_site_is_built_for_the_address_that_pages_serves(repository, named, address, tmp_path):
    workflow = yaml.safe_load(WORKFLOWS[0].read_text(encoding="utf-8"))
    (step,) = (step for step in workflow["jobs"]["test"]["steps"] if "make site" in step.get("run", ""))
    assert "${{" not in step["run"] and set(step["env"]) == {"OWNER", "REPOSITORY", "SITE_URL"}
    make = tmp_path / "make"
    make.write_text('#!/bin/sh\nprintf %s "$SITE_URL"\n', encoding="utf-8")
    make.chmod(0o755)
    environment = os.environ | {"OWNER": "Someone", "REPOSITORY": repository, "SITE_URL": named}
    environment["PATH"] = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(
        ["bash", "-e", "-c", step["run"]], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert (ran.stdout, ran.returncode) == (address, 0), ran.stderr
    assert list(tmp_path.iterdir()) == [make]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_target_that_a_workflow_makes_is_in_the_makefile(path, root):
    targets = re.findall(r"^([a-z]+):", (root / "Makefile").read_text(encoding="utf-8"), re.M)
    made = re.findall(r"\bmake ([a-z]+)", path.read_text(encoding="utf-8"))
    assert made and set(made) <= set(targets)
