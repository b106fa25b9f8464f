"""Fixtures: the site, built once or given by --site; plain runs of the snippets; a browser."""

from __future__ import annotations

import functools
import http.server
import os
import subprocess
import sys
import threading
from pathlib import Path

import find_browser
import pytest
import torch
from filelock import FileLock
from plain_run import ROOT, PlainRuns

SITE_URL = "https://example.org/weight-decay/"  # a sub-path, as Pages serves it


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--site", metavar="DIR", help="check this built site instead of building one")


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
            environment = os.environ | {
                "SITE_URL": SITE_URL,
                "LITERATE_TIMEOUT": "600",
            }  # a busy machine is no fault
            ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
            assert ran.returncode == 0, f"the site does not build:\n{ran.stdout}{ran.stderr}"
            (together / "building").rename(folder)
    return folder


@pytest.fixture(scope="session")
def plain(together: Path) -> PlainRuns:
    """Return plain("name"): the PlainRun of a snippet, run once for all workers."""
    (together / "plain").mkdir(exist_ok=True)
    return PlainRuns(together / "plain")


@pytest.fixture(scope="session")
def site_url(site_dir: Path):
    """Serve the built site on a free port under the sub-path that it was built for."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_) -> None:
            pass

        def translate_path(self, path: str) -> str:
            return super().translate_path("/" + path.removeprefix("/weight-decay/").lstrip("/"))

        def send_error(self, code, *args) -> None:
            if code == 404 and (page := site_dir / "404.html").exists():
                self.send_response(404)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(page.read_bytes())
            else:
                super().send_error(code, *args)

    handler = functools.partial(Quiet, directory=str(site_dir))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/weight-decay/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def browser():
    """Start headless Chromium: the system's if there is one, else Playwright's own."""
    from playwright.sync_api import sync_playwright

    found = find_browser.installed()
    assert found, "no Chromium: run `make test`, which installs one"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=find_browser.FLAGS)
        yield chromium
        chromium.close()
