"""Traces: what a cell leaves (runner).

In: the folder of a run, with the files `out` and `err`: descriptors 1 and 2, which take what cells, their
threads and child processes write. Out: the sizes of these files at the end of a cell, which tell what is
whose; its figures, as SVG; and what still runs.
"""

import io
import re
import sys
import threading
import time
from contextlib import suppress
from ctypes import CDLL
from pathlib import Path

UNDATED = dict.fromkeys(("Date", "Creator", "Format", "Type"))
HELPERS = re.compile(rb"from multiprocessing\.(resource_tracker|forkserver) import")
MOMENT = 0.5  # seconds in which what was told to end is gone


class Traces:
    """Of the cell that runs, in the folder `place`."""

    def __init__(self, place: Path) -> None:
        self.place, self.figures = place, []

    def of_cell(self) -> dict:
        """Return what the cell has left, and begin anew."""
        figures, self.figures = self.figures, []
        return {"alive": alive(), "out": self.size("out"), "err": self.size("err"), "figures": figures}

    def size(self, name: str) -> int:
        return (self.place / name).stat().st_size

    def keep_open_figures(self) -> None:
        if pyplot := sys.modules.get("matplotlib.pyplot"):
            for number in pyplot.get_fignums():
                self.keep(pyplot.figure(number))

    def keep(self, figure) -> None:
        """Draw a figure as SVG, noting how much was printed before it, and close it."""
        flush()
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata=UNDATED)
        drawn = {"after": self.size("out"), "svg": text.getvalue(), "alt": figure.get_label()}
        self.figures.append(drawn)
        sys.modules["matplotlib.pyplot"].close(figure)
        if len(self.figures) > 20:
            raise RuntimeError("this cell draws more than 20 figures")


def flush() -> None:
    """Hand on what Python and C hold back, whatever a cell has put in the place of its streams."""
    for name in ("stdout", "stderr", "__stdout__", "__stderr__"):
        with suppress(AttributeError, ValueError, OSError):  # absent or closed
            getattr(sys, name).flush()
    CDLL(None).fflush(None)


def alive() -> list[str]:
    """Return what still runs of what the cell has started; what is about to end has a moment for it."""
    until = time.monotonic() + MOMENT
    while (found := threads() + processes()) and time.monotonic() < until:
        time.sleep(0.01)
    return found


def threads() -> list[str]:
    return [f"thread {one.name}" for one in threading.enumerate() if one is not threading.main_thread()]


def processes() -> list[str]:
    """Return the processes that this one has started and that run, but for Python's own helpers."""
    found = []
    for listed in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):  # gone
            for number in listed.read_text().split():
                name, _, state = Path(f"/proc/{number}/stat").read_text().rpartition(")")
                ended = state.split()[0] in "XZ"
                if not ended and not HELPERS.search(Path(f"/proc/{number}/cmdline").read_bytes()):
                    found.append("process " + name.partition("(")[2])
    return found
