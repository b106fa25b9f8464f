"""Fixtures: the site, built once or given by --site; plain runs of the snippets; a browser."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from filelock import FileLock
from plain_run import ROOT, PlainRuns

from publish.browser import FLAGS, NONE, chromium
from publish.serving import served

ADDRESSES = {
    "SITE_URL": "https://example.org/weight-decay/",  # a sub-path, as Pages serves it
    "REPOSITORY_URL": "https://code.example.org/somebody/weight-decay-as-map-estimation",
}
# A shell starts background jobs deaf to Ctrl-C, and what they start inherits that; tests interrupt builds.
signal.signal(signal.SIGINT, signal.default_int_handler)
# Workers share the processors: torch, asked for more threads than are free, waits for itself.
torch.set_num_threads(1)
# The files that take longest come first, so that none is left to run alone at the end.
LONG = "faults page_quality rendered freshness zensical".split()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--site", metavar="DIR", help="check this built site instead of building one")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first; the order within a file stays."""
    places = {f"test_{name}.py": place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path.name, len(LONG)))


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="module", autouse=True)
def default_dtype():
    """Begin and leave every test module in float32, whatever a snippet run inside it chose."""
    torch.set_default_dtype(torch.float32)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture
def double():
    """Compute in float64, for calls into snippets that do."""
    dtype = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(dtype)


@pytest.fixture(scope="session")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all workers of one test session share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "together"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def site_dir(request: pytest.FixtureRequest, together: Path) -> Path:
    """Return the folder of the built site; the first worker that asks builds it for all."""
    if given := request.config.getoption("--site"):
        return Path(given).resolve()
    folder = together / "site"
    with FileLock(together / "site.lock"):
        if not folder.exists():
            command = [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(together / "building")]
            environment = os.environ | ADDRESSES | {"LITERATE_TIMEOUT": "600"}  # a busy machine is no fault
            ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
            assert ran.returncode == 0, f"the site does not build:\n{ran.stdout}{ran.stderr}"
            (together / "building").rename(folder)
    return folder


@pytest.fixture(scope="session")
def computed(together: Path) -> PlainRuns:
    """Return computed("name"): the PlainRun of a snippet, run once for all workers."""
    (together / "plain").mkdir(exist_ok=True)
    return PlainRuns(together / "plain")


@pytest.fixture(scope="session")
def site_url(site_dir: Path):
    """Serve the built site on a free port under the sub-path that it was built for."""
    with served(site_dir) as address:
        yield address


@pytest.fixture(scope="session")
def browser():
    """Start the Chromium that prints the PDF, headless."""
    from playwright.sync_api import sync_playwright

    found = chromium()
    assert found, f"{NONE}; `make test` installs one"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield started
        started.close()
