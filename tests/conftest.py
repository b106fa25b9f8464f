"""What all workers of a session share: one built site, one second road; a browser; the gate of values."""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest
import torch
from computed import ROOT, Runs, Values
from copies import ADDRESSES, build
from filelock import FileLock
from gate import unread
from serving import served

from publish.browser import FLAGS, NONE, chromium

# A shell starts background jobs deaf to Ctrl-C, and what they start inherits that; tests interrupt builds.
signal.signal(signal.SIGINT, signal.default_int_handler)
# Workers share the processors: torch, asked for more threads than are free, waits for itself.
torch.set_num_threads(1)
# The files that take longest come first, so that none is left to run alone at the end.
LONG = "honest_edits builds faults freshness every_page steps".split()
SHARED = "TESTS_OF_ONE_SESSION"  # names the folder that the workers of one session share
ran: set[str] = set()  # the files whose tests ran, for the gate
UNREAD = pytest.StashKey[list[str]]()  # what the gate found


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--site", metavar="DIR", help="check this built site instead of building one")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        os.environ[SHARED] = tempfile.mkdtemp(prefix="tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(SHARED), ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first; the order within a file stays."""
    places = {f"test_{name}.py": place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path.name, len(LONG)))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" and report.passed:
        ran.add(Path(report.nodeid.split("::")[0]).name)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Gate: where all oracles ran, each value that a page quotes was read by one, or is a setting."""
    together = Path(os.environ[SHARED])
    if hasattr(session.config, "workerinput"):
        name = session.config.workerinput["workerid"]
        (together / f"{name}.read").write_text(json.dumps(sorted(Values.READ)), encoding="utf-8")
        return
    site = Path(session.config.getoption("--site") or together / "site")
    oracles = {path.name for path in (ROOT / "tests/numbers").glob("test_*.py")}
    if oracles <= ran and site.exists() and not session.config.option.keyword:
        read = Values.READ.union(*(json.loads(one.read_text()) for one in together.glob("*.read")))
        session.config.stash[UNREAD] = unread(site, ROOT / "snippets", read)
        if session.config.stash[UNREAD]:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    for line in config.stash.get(UNREAD, []):
        terminalreporter.write_line(f"FAILED {line}", red=True)


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
def together() -> Path:
    """Return the folder that all workers of one test session share."""
    return Path(os.environ[SHARED])


@pytest.fixture(scope="session")
def site_dir(request: pytest.FixtureRequest, together: Path) -> Path:
    """Return the folder of the built site; the first worker that asks builds it for all."""
    if given := request.config.getoption("--site"):
        return Path(given).resolve()
    with FileLock(together / "site.lock"):
        if not (together / "site").exists():
            build(ROOT, together / "building", **ADDRESSES)
            (together / "building").rename(together / "site")
    return together / "site"


@pytest.fixture(scope="session")
def computed(site_dir: Path, together: Path) -> Runs:
    """Return computed("name"): what the downloaded notebook of a snippet gives, run once for all workers."""
    return Runs(site_dir, together / "computed")


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
