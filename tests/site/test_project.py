"""The files around: every dependency locked and justified, the documented way to add a page works."""

from __future__ import annotations

import ast
import json
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def direct(root) -> set[str]:
    """Return the names of all direct dependencies, those of the tests too."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["test"]
    return {normal(re.match(r"[\w.-]+", requirement)[0]) for requirement in wanted}


def test_every_direct_dependency_is_locked_exactly_and_nothing_of_cuda(root, direct):
    lines = (root / "requirements.txt").read_text(encoding="utf-8").splitlines()
    locked = [line for line in lines if line and not line.startswith("#")]
    assert all(re.match(r"[\w.\[\]-]+==[\w.+!-]+( ; .+)?$", line) for line in locked)
    assert direct <= {normal(line.split("==")[0]) for line in locked}
    assert not [line for line in locked if line.startswith(("nvidia", "cuda", "triton"))]


def test_every_direct_dependency_is_justified_in_contributing(root, direct):
    table = (root / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## Why each dependency")[1]
    named = {
        normal(name)
        for row in re.findall(r"^\| ([^|]+) \|", table, re.M)
        for name in re.split(r", | \(", row)
    }
    packages = json.loads((root / "package.json").read_text(encoding="utf-8"))
    npm = {normal(name) for kind in ("dependencies", "devDependencies") for name in packages[kind]}
    assert direct | npm <= named, sorted((direct | npm) - named)


def test_every_import_is_of_a_direct_dependency(root, direct):
    """Not of what another package happens to need."""
    folders = (".", "literate", "publish", "snippets", "tests", "tests/*")
    paths = [path for folder in folders for path in root.glob(f"{folder}/*.py")]
    ours = {path.stem for path in paths} | {"literate", "publish"}
    origin = packages_distributions()
    for path in paths:
        for name in imported(path) - ours:
            assert {normal(package) for package in origin[name]} & direct, f"{path} imports {name}"


def test_no_dependency_is_fetched_from_a_place_of_its_own(root):
    lock = json.loads((root / "package-lock.json").read_text(encoding="utf-8"))
    assert not [name for name, entry in lock["packages"].items() if "resolved" in entry]


NAMED_FIRST = {"sklearn": "scikit-learn", "sympy": "SymPy"}  # where a snippet's first cell says so


def imported(path: Path) -> set[str]:
    """Return the top-level names of what a file imports, anywhere in it, but for the standard library."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "." for node in nodes if isinstance(node, ast.ImportFrom)}
    return {name.split(".")[0] for name in names} - sys.stdlib_module_names


def test_who_may_import_whom(root):
    assert imported(root / "models.py") == {"torch"}
    for path in root.glob("literate/*.py"):
        assert not imported(path) & {"torch", "models", "publish"}, path
    for path in root.glob("publish/*.py"):
        assert not imported(path) & {"torch", "models", "literate"}, path
    for path in root.glob("snippets/*.py"):
        first = path.read_text("utf-8").split("\n# %%")[0]
        named = {name for name, title in NAMED_FIRST.items() if title in first}
        assert imported(path) <= {"models", "torch", "numpy", "matplotlib"} | named, path
