"""Forks: a process that imports once what many snippets import, and from which each of theirs is forked.

In: the modules to import. Out: a process for each snippet (forker, runner).
"""

import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from literate.fresh import PLACES, settings
from literate.sources import fault

FORKER = Path(__file__).with_name("forker.py")


def font_list(folder: Path, needed: bool) -> Path:
    """Let Matplotlib make its list of fonts, which takes long the first time, and return where it is."""
    folder.mkdir(parents=True, exist_ok=True)
    if needed and not any(folder.glob("fontlist-*")):
        command = [sys.executable, "-c", "import matplotlib.font_manager"]
        environment = os.environ | {"MPLCONFIGDIR": str(folder)}
        subprocess.run(command, env=environment, cwd=folder, capture_output=True)
    return folder


class ForkServer:
    """A running one, in the folder `place`."""

    def __init__(self, root: Path, place: Path, fonts: Path, threads: int) -> None:
        for style in root.glob("matplotlibrc"):  # Matplotlib reads it when it is imported
            (place / style.name).write_bytes(style.read_bytes())
        places = {name: os.environ[name] for name in PLACES if name in os.environ}
        places |= {"HOME": str(place), "TMPDIR": str(place), "MPLCONFIGDIR": str(fonts)}
        self.said = place / "said"
        with self.said.open("wb") as said:
            streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": said}
            settled = {"cwd": place, "env": places | settings(threads), "start_new_session": True}
            self.process = subprocess.Popen([sys.executable, "-u", str(FORKER)], **streams, **settled)

    def ask(self, job: dict, seconds: float) -> bytes:
        """Send a line; return the line that answers it, or nothing if there is none in time."""
        with suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(job).encode() + b"\n")
            self.process.stdin.flush()
        answers = self.process.stdout
        return answers.readline() if select.select([answers], [], [], seconds)[0] else b""

    def close(self) -> None:
        self.process.kill()
        with suppress(BrokenPipeError):
            self.process.communicate()


@contextmanager
def fork_server(
    root: Path, fonts: Path, threads: int, seconds: float, modules: Iterable[str]
) -> Iterator[ForkServer]:
    """Start a fork server that has imported some modules; Matplotlib's list of fonts is in `fonts`.

    Raises:
        LiterateError: a module that cannot be imported in silence and in time.
    """
    with tempfile.TemporaryDirectory(prefix="literate-", ignore_cleanup_errors=True) as place:
        server = ForkServer(root, Path(place).resolve(), fonts, threads)
        try:
            ready = server.ask({"root": str(root), "modules": list(modules)}, seconds)
            said = server.said.read_text(errors="replace").strip()
            if said or not ready:
                what = f"preload: {said[-1000:] or 'the modules are not ready in time'}"
                rule = "modules that are installed, and imported without a word, a thread or a wait"
                raise fault("mkdocs.yml", what, rule)
            yield server
        finally:
            server.close()
