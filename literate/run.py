"""Run: one snippet in a process and a folder of its own; what it may take and leave is bounded.

In: a Snippet. Out: its executed notebook, the single result. The folder is new and holds only the snippet's
files; the process (runner.py) leads a group of its own, which ends with the run, whatever happens.
"""

import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import nbformat

from literate.fresh import PLACES, settings
from literate.notebook import FIGURE, compose, output_of, printed, setup, values_of
from literate.read import Cell, Snippet

RUNNER = Path(__file__).with_name("runner.py")
WAIT = "wait in its cell for whatever it starts"


@dataclass(frozen=True)
class Limits:
    """What one cell may take and leave, and the threads that each snippet has."""

    seconds: float = 60
    characters: int = 100_000
    threads: int = 1


async def execute(snippet: Snippet, root: Path, limits: Limits, fonts: Path) -> nbformat.NotebookNode:
    """Run a snippet from the top; Matplotlib's list of fonts lies in the folder `fonts`.

    Raises:
        LiterateError: a cell fails, or leaves what no page can show.
    """
    first = setup(snippet)
    with tempfile.TemporaryDirectory(prefix="literate-", ignore_cleanup_errors=True) as place:
        run = Run(snippet, limits, Path(place).resolve())
        await run.start(root, fonts)
        try:
            outputs = {cell.name: await run.outputs(cell) for cell in snippet.cells if cell.code}
            values = values_of(snippet, await run.report(snippet.cells[-1]))
            await run.end(snippet.cells[-1])
        finally:
            await run.kill()
    return compose(snippet, first, outputs, values)


class Run:
    """The process of a snippet, and the two files that take what it writes."""

    def __init__(self, snippet: Snippet, limits: Limits, place: Path) -> None:
        self.snippet, self.limits, self.place = snippet, limits, place
        self.folder, self.out, self.err = place / "run", place / "out", place / "err"
        self.read = 0  # bytes of `out` that belong to cells which have ended

    async def start(self, root: Path, fonts: Path) -> None:
        """Lay the folder and start the process in it."""
        for name, data in {"../out": b"", "../err": b"", **self.snippet.files}.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_bytes(data)
        places = {name: os.environ[name] for name in PLACES if name in os.environ}
        places |= {"HOME": str(self.place), "TMPDIR": str(self.place), "MPLCONFIGDIR": str(fonts)}
        settled = {"cwd": self.folder, "env": places | settings(self.limits.threads)}
        command = sys.executable, "-P", "-u", str(RUNNER)
        with self.err.open("ab") as err:
            pipes = {"stdin": PIPE, "stdout": PIPE, "stderr": err, "limit": 2**30}
            start = asyncio.create_subprocess_exec(*command, **settled, **pipes, start_new_session=True)
            self.process = await start
        job = {name: str(getattr(self, name)) for name in ("folder", "out", "err")}
        job |= {"file": self.snippet.path.as_posix(), "text": self.snippet.text, "root": str(root)}
        job["imports"] = sorted(self.snippet.imports)
        job["cells"] = [(cell.line, cell.source) for cell in self.snippet.cells if cell.code]
        self.process.stdin.write(json.dumps(job).encode())
        self.process.stdin.close()

    async def report(self, cell: Cell) -> dict:
        """Return what the process says when a cell has ended; give up when it takes or leaves too much."""
        reading = asyncio.ensure_future(self.process.stdout.readline())
        until = time.monotonic() + self.limits.seconds
        while not reading.done():
            await asyncio.wait([reading], timeout=0.1)
            self.check_room(cell)
            if time.monotonic() > until and not reading.done():
                rule = "keep cells short, or raise `seconds` of the plugin `literate` in mkdocs.yml"
                raise cell.fault(f"still running after {self.limits.seconds:g} s", rule)
        if not reading.result():
            what, rule = f"its process ended: {await self.ended()}", "see what the cell does to its process"
            raise cell.fault(what, rule)
        return json.loads(reading.result())

    def check_room(self, cell: Cell, figures: int = 0) -> None:
        """Raise if a cell has left more than a page should show."""
        size = max(self.out.stat().st_size - self.read, self.err.stat().st_size) + FIGURE * figures
        if size > self.limits.characters:
            what = f"left more than {self.limits.characters} characters, a figure counted as {FIGURE}"
            raise cell.fault(what, "leave only what readers should see")

    def check_quiet(self, cell: Cell) -> None:
        if said := self.err.read_bytes().decode(errors="replace").strip():
            raise cell.fault(f"wrote to stderr: {said[-1000:]}", "mend the cause of the warning")

    async def outputs(self, cell: Cell) -> list[nbformat.NotebookNode]:
        """Return what a cell that has ended printed, and its figures where it showed them."""
        report = await self.report(cell)
        if error := report["error"]:
            raise cell.fault(error["what"], "a cell must run without an error", error["line"])
        self.check_quiet(cell)
        if report["alive"]:
            raise cell.fault(f"left threads running: {', '.join(report['alive'])}", WAIT)
        self.check_room(cell, len(report["figures"]))
        outputs = []
        for figure in report["figures"]:
            outputs += [*printed(cell, self.taken(figure["after"])), output_of(cell, figure)]
        return outputs + printed(cell, self.taken(report["out"]))

    def taken(self, to: int) -> bytes:
        """Return what stands in `out` from where the last reading ended."""
        with self.out.open("rb") as file:
            file.seek(self.read)
            data, self.read = file.read(to - self.read), to
        return data

    async def end(self, cell: Cell) -> None:
        """Wait for the end; what comes after the last cell belongs to none, and is a fault."""
        try:
            said = await asyncio.wait_for(self.ended(), self.limits.seconds)
        except TimeoutError:
            raise cell.fault("did not end after the last cell", WAIT) from None
        self.check_quiet(cell)
        if said != "status 0":
            raise cell.fault(f"its process ended: {said}", "see what the snippet does to its process")
        with suppress(ProcessLookupError, PermissionError):  # nobody is left; on macOS, or none that lives
            for _ in range(20):  # Python's own helpers take a moment
                os.killpg(self.process.pid, 0)
                await asyncio.sleep(0.1)
            raise cell.fault("left a process running", WAIT)
        if self.out.stat().st_size > self.read:
            raise cell.fault("printed after its last cell", WAIT)

    async def ended(self) -> str:
        """Wait for the process and say how it ended."""
        code = await self.process.wait()
        return f"status {code}" if code >= 0 else signal.Signals(-code).name

    async def kill(self) -> None:
        """End the process and all that it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        with suppress(TimeoutError):
            await asyncio.wait_for(self.process.wait(), 5)
