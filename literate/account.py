"""Account: what the cells of a run have left, and whether a page can show it.

In: the files `out`, `err` and `report`, as the snippet's process writes them (runner). Out: each cell's
outputs for the notebook, or the fault.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import nbformat

from literate.notebook import FIGURE, output_of, printed
from literate.read import Cell, Snippet
from literate.sources import fault

WAIT = "wait in its cell for whatever it starts"
PROCESS = "see what the snippet does to its process"


@dataclass(frozen=True)
class Limits:
    """What one cell may take and leave, and the threads that each snippet has.

    Raises:
        LiterateError: a limit that is no limit.
    """

    seconds: float = 60.0
    characters: int = 100_000
    threads: int = 1

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 < value < float("inf"):
                rule = "the limits of the plugin `literate` are numbers above zero"
                raise fault("mkdocs.yml", f"{name}: {value}", rule)


@dataclass(frozen=True)
class Ended:
    """How a snippet's process ended, and whether something that it had started had to be ended."""

    how: str
    left: bool


class Account:
    """Of one run, in the folder `place`."""

    def __init__(self, snippet: Snippet, limits: Limits, place: Path) -> None:
        self.snippet, self.limits, self.place = snippet, limits, place
        self.cells = [cell for cell in snippet.cells if cell.code]
        self.reports: list[dict] = []  # of the cells that have ended, then of the values

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

    def wrote(self, number: int | None = None, end: int | None = None) -> str:
        """Return the last that a cell, or the one that runs, wrote to stderr, worded for a message."""
        data = (self.place / "err").read_bytes()[self.before("err", number) : end]
        said = data.decode(errors="replace").strip()
        return f"; wrote to stderr: {said[-1000:]}" if said else ""

    def check_quiet(self, cell: Cell, number: int | None = None, end: int | None = None) -> None:
        if said := self.wrote(number, end):
            raise cell.fault(said.removeprefix("; "), "mend the cause of the warning")

    def check_room(self, cell: Cell, size: int) -> None:
        """Raise if a cell has left more than a page should show."""
        if size > self.limits.characters:
            what = f"left more than {self.limits.characters} characters, a figure counted as {FIGURE}"
            raise cell.fault(what, "leave only what readers should see")

    def outputs(self, number: int, ended: Ended) -> list[nbformat.NotebookNode]:
        """Return what a cell printed, and its figures where it showed them."""
        cell = self.cells[number]
        if number >= len(self.reports):
            raise cell.fault(f"its process ended: {ended.how}", PROCESS)
        report, start = self.reports[number], self.before("out", number)
        if error := report["error"]:
            raise cell.fault(error["what"], "a cell must run without an error", error["line"])
        self.check_quiet(cell, number, report["err"])
        if report["alive"]:
            raise cell.fault(f"left running: {', '.join(report['alive'])}", WAIT)
        self.check_room(cell, report["out"] - start + FIGURE * len(report["figures"]))
        outputs, data = [], (self.place / "out").read_bytes()
        for figure in report["figures"]:
            outputs += [*printed(cell, data[start : figure["after"]]), output_of(cell, figure)]
            start = figure["after"]
        return outputs + printed(cell, data[start : report["out"]])

    def check_end(self, ended: Ended) -> None:
        """Raise at what comes after the last cell, which belongs to none."""
        cell = self.snippet.cells[-1]
        if ended.left:
            raise cell.fault("left a process running", WAIT)
        self.check_quiet(cell)
        if ended.how != "status 0":
            raise cell.fault(f"its process ended: {ended.how}", PROCESS)
        if self.size("out") > self.before("out"):
            raise cell.fault("printed after its last cell", WAIT)
