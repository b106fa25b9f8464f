"""`mkdocs serve` goes on after any fault: its message appears, the last good pages stay, what is mended shows."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from urllib.error import HTTPError

import psutil
import pytest
from tiny import Tiny

PATIENCE = 60  # seconds to wait before giving up; nothing is timed


class Preview:
    """A running `mkdocs serve`."""

    def __init__(self, tiny: Tiny, temporary: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{probe.getsockname()[1]}"
        self.tiny, self.log = tiny, tiny.root / "serve.log"  # beside mkdocs.yml, where it must not be noticed
        asked = tiny.command("serve", "--dev-addr", self.address, TMPDIR=str(temporary))
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(**asked, stdout=log, stderr=log)

    def page(self, name: str = "main/") -> str:
        try:
            with urllib.request.urlopen(f"http://{self.address}/{name}", timeout=20) as answer:
                return answer.read().decode()
        except HTTPError as error:
            return error.read().decode()
        except OSError:
            return ""

    def wait(self, condition) -> None:
        until = time.monotonic() + PATIENCE
        while not condition():
            said = self.log.read_text(encoding="utf-8")
            assert self.process.poll() is None and time.monotonic() < until, said[-3000:]
            time.sleep(0.2)

    def shows(self, text: str, name: str = "main/") -> None:
        self.wait(lambda: text in self.page(name))

    def says(self, text: str) -> None:
        """Wait for a message that comes after all that was said before."""
        self.wait(lambda: text in self.log.read_text(encoding="utf-8")[self.said :])
        self.wait(lambda: "Not built" in self.log.read_text(encoding="utf-8")[self.said :])

    def breaks(self, name: str, old: str, new: str, *says: str) -> None:
        """Break a file, see the message and the last good page, mend it."""
        self.said = len(self.log.read_text(encoding="utf-8"))
        self.tiny.edit(name, old, new)
        for text in says:
            self.says(text)
        assert "good 1" in self.page()
        self.tiny.edit(name, new, old)


@pytest.fixture
def preview(tmp_path):
    (tmp_path / "temporary").mkdir()
    tiny = Tiny(tmp_path / "project", main="import sought; print('good', sought.value)")
    tiny.write("theme/main.html", '{% extends "base.html" %}')
    tiny.edit("mkdocs.yml", "theme: mkdocs", "theme: {name: mkdocs, custom_dir: theme}\nwatch: [theme]")
    started = Preview(tiny, tmp_path / "temporary")
    yield started
    children = psutil.Process(started.process.pid).children(recursive=True)
    started.process.send_signal(signal.SIGTERM)
    started.process.wait(timeout=20)
    assert not psutil.wait_procs(children, timeout=20)[1] and not list((tmp_path / "temporary").iterdir())


def test_a_preview_survives_every_fault_and_notices_every_change(preview) -> None:
    tiny = preview.tiny
    preview.shows("No module named &#x27;sought&#x27;", "")  # a fault at the start
    assert "No module named" in preview.page()
    tiny.write("sought.py", "value = 1\n")  # a new module
    preview.shows("good 1")
    builds = preview.log.read_text(encoding="utf-8").count("Building documentation...")

    preview.breaks(
        "snippets/main.py", "print('good'", "prin('good'", "snippets/main.py:5, cell 'cell': NameError"
    )
    preview.breaks("sought.py", "value = 1", "value = ", "sought.py:1: SyntaxError")
    preview.breaks("docs/main.md", "main/cell.md", "main/absent.md", "docs/main.md:3: nothing is called")
    preview.breaks("docs/main.md", "--8<--", "see --8<--", "docs/main.md:3: main-cell stands 0 times")
    preview.breaks("mkdocs.yml", "plugins: [literate]", "plugins: [", "mkdocs.yml")
    preview.breaks("mkdocs.yml", "plugins: [literate]", "plugins: [absent]", "absent")
    preview.breaks("mkdocs.yml", "[literate]", "[literate: {seconds: x}]", "seconds")
    preview.breaks("theme/main.html", "{% extends", "{{ broken( }}{% extends", "TemplateSyntaxError")

    tiny.write("sought.py", "value = 2\n")
    preview.shows("good 2")
    tiny.edit("docs/main.md", "# main\n", "# main\n\nProse saved while serving.\n")
    preview.shows("Prose saved while serving.")
    time.sleep(3)  # what was saved may have been noticed in two parts
    said = preview.log.read_text(encoding="utf-8")
    time.sleep(2)
    assert preview.log.read_text(encoding="utf-8") == said, "it rebuilds though nothing changed"
    assert builds == 2 and "Traceback" not in said
