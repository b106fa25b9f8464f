"""`make serve`: a saved change shows up; a fault shows its message and leaves the last good pages up."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.error import HTTPError

import pytest
import tiny_project

PATIENCE = 60  # seconds to wait for a rebuild before giving up; nothing is timed


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Preview:
    """A running preview server of a tiny project."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.log = folder, free_port(), folder / "serve.log"
        command = [sys.executable, "site_build.py", "--serve", "--port", str(self.port)]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)

    def page(self, name: str = "") -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{name}", timeout=10) as answer:
            return answer.read().decode()

    def shown(self) -> str:
        """Return the value that the page quotes, or '' while there is no page."""
        try:
            found = re.search(r'data-value="numbers\.value"[^>]*>([^<]*)<', self.page())
        except OSError:
            return ""
        return found[1] if found else ""

    def wait(self, condition) -> None:
        until = time.monotonic() + PATIENCE
        while not condition():
            assert self.process.poll() is None and time.monotonic() < until, self.log.read_text()
            time.sleep(0.2)


@pytest.fixture
def preview(tmp_path):
    server = Preview(tiny_project.make_site(tmp_path))
    yield server
    server.process.terminate()
    server.process.wait(timeout=20)


def test_saved_changes_show_and_faults_leave_the_last_good_page(preview):
    preview.wait(lambda: preview.shown() == "7")
    page = preview.page()  # what the built site has (test_page_quality), and would break live reload
    assert "Content-Security-Policy" not in page and 'name="service-worker"' not in page
    with pytest.raises(HTTPError):
        preview.page("sw.js")

    models = preview.folder / "models.py"
    tiny_project.edit(models, "value = deeper.value", "value = deeper.value + 1")
    preview.wait(lambda: preview.shown() == "8")

    snippet = preview.folder / "snippets/numbers.py"
    tiny_project.edit(snippet, 'print("value", models.value)', "1 / 0")
    preview.wait(lambda: "ZeroDivisionError" in preview.log.read_text())
    preview.wait(lambda: "last good build" in preview.log.read_text())
    assert "snippets/numbers.py" in preview.log.read_text() and "cell 'one'" in preview.log.read_text()
    assert preview.shown() == "8"

    tiny_project.edit(snippet, "1 / 0", 'print("value", models.value + 1)')
    tiny_project.edit(models, "deeper.value + 1", "deeper.value + 2")
    preview.wait(lambda: preview.shown() == "9")

    tiny_project.edit(preview.folder / "deeper.py", "read())", "read()) + 1")
    preview.wait(lambda: preview.shown() == "10")

    page = preview.folder / "docs/index.md"
    tiny_project.edit(page, "# Tiny {#tiny}\n", "# Tiny {#tiny}\n\nProse saved while serving.\n")
    preview.wait(lambda: "Prose saved while serving." in preview.page())
