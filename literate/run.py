"""Run: one snippet in a process and a folder of its own; what it may take and leave is bounded.

In: a Snippet. Out: its executed notebook, the single result. The folder is new and holds only the snippet's
files; the process belongs to a group of its own, which ends with the run, whatever happens.
"""

import asyncio
import json
import os
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import nbformat

from literate.forks import ForkServer
from literate.notebook import FIGURE, compose, output_of, printed, setup, values_of
from literate.read import Cell, Snippet

PATIENCE = 10.0  # seconds between two signs of life
WAIT = "wait in its cell for whatever it starts"


@dataclass(frozen=True)
class Limits:
    """What one cell may take and leave, and the threads that each snippet has."""

    seconds: float = 60
    characters: int = 100_000
    threads: int = 1


async def execute(
    snippet: Snippet, limits: Limits, server: ForkServer, say: Callable
) -> nbformat.NotebookNode:
    """Run a snippet from the top, saying now and then that it runs.

    Raises:
        LiterateError: a cell fails, or leaves what no page can show.
    """
    first = setup(snippet)
    with tempfile.TemporaryDirectory(prefix="literate-", ignore_cleanup_errors=True) as place:
        run = Run(snippet, limits, Path(place).resolve())
        run.start(server)
        try:
            status = await run.end(say)
            outputs = {cell.name: run.outputs(number) for number, cell in enumerate(run.cells)}
            await run.check_end(status)
        finally:
            run.kill()
    return compose(snippet, first, outputs, values_of(snippet, run.reports[-1]))


class Run:
    """The process of a snippet, and the files `out`, `err` and `report`, which it writes."""

    def __init__(self, snippet: Snippet, limits: Limits, place: Path) -> None:
        self.snippet, self.limits, self.place = snippet, limits, place
        self.cells = [cell for cell in snippet.cells if cell.code]
        self.reports: list[dict] = []  # of the cells that have ended, then of the values

    def start(self, server: ForkServer) -> None:
        """Lay the folder and start the process in it."""
        for name, data in {"../out": b"", "../err": b"", "../report": b"", **self.snippet.files}.items():
            path = self.place / "run" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        job = {"file": self.snippet.path.as_posix(), "text": self.snippet.text, "place": str(self.place)}
        job["imports"] = sorted(self.snippet.imports)
        job["cells"] = [(cell.line, cell.source) for cell in self.cells]
        if not (answer := server.ask(job, self.limits.seconds)):
            rule = "see what memory and processes the system has left"
            raise self.snippet.cells[0].fault("no process could be started", rule)
        self.group = int(answer)

    async def end(self, say: Callable) -> str:
        """Wait until the process has ended and say how; give up when a cell takes or leaves too much."""
        began, read, said = time.monotonic(), 0, time.monotonic()
        while not (status := self.status()):
            await asyncio.sleep(0.02)
            if (size := self.size("report")) != read:
                began, read = time.monotonic(), size
                self.read_reports()
            cell = self.running()
            self.check_room(cell, max(self.size("out") - self.before("out"), self.size("err")))
            if time.monotonic() > said + PATIENCE:
                said = time.monotonic()
                say(f"{self.snippet.name}: cell '{cell.name}' has been running for {said - began:.0f} s")
            if time.monotonic() > began + self.limits.seconds:
                if len(self.reports) > len(self.cells):
                    raise cell.fault("did not end after the last cell", WAIT)
                rule = "keep cells short, or raise `seconds` of the plugin `literate` in mkdocs.yml"
                raise cell.fault(f"still running after {self.limits.seconds:g} s", rule)
        self.read_reports()
        return status

    def status(self) -> str:
        """Say how the process ended, or nothing while it runs."""
        gone = self.gone()  # looked at before the status, which is written first
        with suppress(FileNotFoundError, ValueError):  # not there, or not written yet
            code = int((self.place / "ended").read_text())
            return f"status {code}" if code >= 0 else signal.Signals(-code).name
        return "killed" if gone else ""

    def gone(self) -> bool:
        """Return whether nobody of the group is left (on macOS, nobody that lives)."""
        try:
            os.killpg(self.group, 0)
        except (ProcessLookupError, PermissionError):
            return True
        return False

    def size(self, name: str) -> int:
        return (self.place / name).stat().st_size

    def read_reports(self) -> None:
        lines = (self.place / "report").read_bytes().split(b"\n")[:-1]
        self.reports = [json.loads(line) for line in lines]

    def running(self) -> Cell:
        """Return the cell that runs now, or the snippet's last."""
        return [*self.cells, *[self.snippet.cells[-1]] * 2][len(self.reports)]

    def before(self, name: str, number: int | None = None) -> int:
        """Return how much `out` or `err` held before a cell, or before the one that runs now."""
        ended = self.reports[: len(self.cells)][:number]
        return ended[-1][name] if ended else 0

    def check_room(self, cell: Cell, size: int) -> None:
        """Raise if a cell has left more than a page should show."""
        if size > self.limits.characters:
            what = f"left more than {self.limits.characters} characters, a figure counted as {FIGURE}"
            raise cell.fault(what, "leave only what readers should see")

    def check_quiet(self, cell: Cell, start: int, end: int | None = None) -> None:
        if said := (self.place / "err").read_bytes()[start:end].decode(errors="replace").strip():
            raise cell.fault(f"wrote to stderr: {said[-1000:]}", "mend the cause of the warning")

    def outputs(self, number: int) -> list[nbformat.NotebookNode]:
        """Return what a cell printed, and its figures where it showed them."""
        cell = self.cells[number]
        if number >= len(self.reports):
            raise cell.fault(f"its process ended: {self.status()}", "see what the cell does to its process")
        report, start = self.reports[number], self.before("out", number)
        if error := report["error"]:
            raise cell.fault(error["what"], "a cell must run without an error", error["line"])
        self.check_quiet(cell, self.before("err", number), report["err"])
        if report["alive"]:
            raise cell.fault(f"left threads running: {', '.join(report['alive'])}", WAIT)
        self.check_room(cell, report["out"] - start + FIGURE * len(report["figures"]))
        outputs, data = [], (self.place / "out").read_bytes()
        for figure in report["figures"]:
            outputs += [*printed(cell, data[start : figure["after"]]), output_of(cell, figure)]
            start = figure["after"]
        return outputs + printed(cell, data[start : report["out"]])

    async def check_end(self, status: str) -> None:
        """Raise at what comes after the last cell, which belongs to none."""
        cell = self.snippet.cells[-1]
        until = time.monotonic() + 2  # Python's own helpers take a moment
        while not self.gone():
            await asyncio.sleep(0.02)
            if time.monotonic() > until:
                raise cell.fault("left a process running", WAIT)
        self.check_quiet(cell, self.before("err"))
        if status != "status 0":
            raise cell.fault(f"its process ended: {status}", "see what the snippet does to its process")
        if self.size("out") > self.before("out"):
            raise cell.fault("printed after its last cell", WAIT)

    def kill(self) -> None:
        """End the process and all that it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.group, signal.SIGKILL)
