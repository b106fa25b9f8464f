"""The workflows: pinned, with least rights, without findings of a linter; they make what there is."""

from __future__ import annotations

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


def test_zizmor_finds_nothing():
    zizmor = shutil.which("zizmor", path=str(Path(sys.executable).parent))
    command = [zizmor, "--offline", "--pedantic", *map(str, WORKFLOWS + ACTIONS)]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_only_the_deploying_job_may_write(path):
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        writes = {scope for scope, right in job["permissions"].items() if right == "write"}
        assert writes == ({"pages", "id-token"} if name == "deploy" else set()), name


def test_the_folder_that_is_deployed_is_the_one_that_was_tested():
    workflow = yaml.safe_load((GITHUB / "workflows/site.yml").read_text(encoding="utf-8"))
    commands = [step.get("run", step.get("uses", "")) for step in workflow["jobs"]["test"]["steps"]]
    in_order = ("make site", "make test SITE=site", "upload-pages-artifact")
    places = [next(k for k, command in enumerate(commands) if part in command) for part in in_order]
    assert places == sorted(places)
    assert not any("make site" in command or "clean" in command for command in commands[places[0] + 1 :])
    assert workflow["jobs"]["deploy"]["needs"] == "test"


def test_each_kind_of_test_is_run_by_a_workflow_and_each_target_made_exists(root):
    targets = set(re.findall(r"^([a-z]+):", (root / "Makefile").read_text(encoding="utf-8"), re.M))
    text = "\n".join(path.read_text(encoding="utf-8") for path in [*WORKFLOWS, root / ".ci/run"])
    made = set(re.findall(r"\bmake ([a-z]+)", text))
    assert {"check", "test", "nightly", "audit", "bench", "vulnerabilities", "links"} <= made <= targets
