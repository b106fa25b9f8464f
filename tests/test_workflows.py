"""The workflows: pinned, least permissions, and without findings of a security linter."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

WORKFLOWS = sorted((Path(__file__).parent.parent / ".github/workflows").glob("*.yml"))


def test_zizmor_finds_nothing(root):
    zizmor = shutil.which("zizmor", path=str(Path(sys.executable).parent))
    ran = subprocess.run(
        [zizmor, "--offline", "--pedantic", *map(str, WORKFLOWS)], capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_by_commit(path):
    for used in re.findall(r"uses: (\S+)", path.read_text(encoding="utf-8")):
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", used), used


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_only_the_deploying_job_may_write(path):
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        writes = {scope for scope, right in job["permissions"].items() if right == "write"}
        assert writes == ({"pages", "id-token"} if name == "deploy" else set()), name


def test_pushes_and_pull_requests_run_make_test_and_only_main_deploys():
    workflow = yaml.safe_load(WORKFLOWS[0].read_text(encoding="utf-8"))
    triggers = workflow[True]  # YAML reads the key `on` as true
    assert set(triggers) == {"push", "pull_request"}
    assert {"run": "make test"} in workflow["jobs"]["test"]["steps"]
    assert "refs/heads/main" in workflow["jobs"]["deploy"]["if"]
