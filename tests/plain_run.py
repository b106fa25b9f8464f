"""The other road: run a snippet with plain Python, no notebook, no kernel, no cache.

Splits the file on its own, executes cell by cell, and keeps what each printed and drew, so that
the tests can hold the built pages against it. Shares no code with the engine. It runs where a
reader's notebook does: in an empty folder, with nothing of this repository but what that notebook
writes beside itself.

    python tests/plain_run.py snippets/x.py OUT.json
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

ROOT = Path(__file__).resolve().parent.parent
HEAD = re.compile(r"^# %% *(?P<kind>\[markdown\])? *(?P<name>\w*) *(?:tags=(?P<tags>\[.*?\]))? *$")


@dataclass(frozen=True)
class PlainRun:
    """What a snippet gave: text and figures by cell, its values, tags by cell, in file order."""

    stdout: dict[str, str]
    figures: dict[str, list[dict]]  # each {"svg": text, "alt": text, "axes": what axes_of returns}
    values: dict[str, object]
    tags: dict[str, list[str]]
    sources: dict[str, str]

    @property
    def volatile(self) -> bool:
        return any("volatile" in tags for tags in self.tags.values())

    def varies(self, key: str) -> bool:
        """Return whether a value may differ in another run: in a volatile snippet all but counts."""
        return self.volatile and not isinstance(self.values[key], int)


def split(text: str) -> list[tuple[str, list[str], str]]:
    """Return (name, tags, source) for each code cell."""
    cells: list[tuple[str, list[str], list[str]]] = []
    for line in text.split("\n"):
        if head := HEAD.match(line):
            name = "" if head["kind"] else head["name"]
            cells.append((name, json.loads(head["tags"] or "[]"), []))
        elif cells:
            cells[-1][2].append(line)
    return [(name, tags, "\n".join(lines).strip("\n")) for name, tags, lines in cells if name]


def draw_open_figures() -> list[dict]:
    """Save and close every open figure, as SVG and as the arrays behind its lines."""
    if "matplotlib.pyplot" not in sys.modules:
        return []
    plt = sys.modules["matplotlib.pyplot"]
    drawn = []
    for number in plt.get_fignums():
        figure = plt.figure(number)
        for _ in range(3):  # constrained layout comes to rest only over several drawings
            text = io.StringIO()
            figure.savefig(
                text, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
            )
        drawn.append({"svg": text.getvalue(), "alt": figure.get_label(), "axes": axes_of(figure)})
        plt.close(figure)
    return drawn


def axes_of(figure) -> list[dict]:
    """Return each pair of axes: its frame in fractions of the figure, limits, scales, its lines' arrays."""
    found = []
    for axes in figure.axes:
        lines = [line for line in axes.lines if line.get_transform() == axes.transData]
        found.append(
            {
                "frame": axes.get_position().extents.tolist(),
                "limits": [*axes.get_xlim(), *axes.get_ylim()],
                "scales": [axes.get_xscale(), axes.get_yscale()],
                "lines": [
                    {
                        "x": [float(x) for x in line.get_xdata()],
                        "y": [float(y) for y in line.get_ydata()],
                        "drawn": line.get_linestyle() != "None",
                        "marked": line.get_marker() not in ("None", None, ""),
                    }
                    for line in lines
                ],
            }
        )
    return found


def files_beside(source: str) -> list[Path]:
    """Return the files beside mkdocs.yml that a snippet imports, or names to read them."""
    imported = re.findall(r"^ *(?:import|from) (\w+)", source, re.M)
    named = re.findall(r"""["']([\w-]+\.[\w.]+)["']""", source)
    names = dict.fromkeys([f"{name}.py" for name in imported] + named)
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def close_off() -> None:
    """Let this process import nothing of the project but what lies in its own folder."""
    sys.meta_path[:] = [one for one in sys.meta_path if "editable" not in getattr(one, "__module__", "")]
    sys.path[0] = os.getcwd()  # was: the folder of this script
    if importlib.util.find_spec("literate"):
        raise ImportError("a plain run must not see the engine")


def run_here(path: Path) -> dict:
    """Execute a snippet in this process and return the fields of a PlainRun."""
    found: dict = {"stdout": {}, "figures": {}, "tags": {}, "sources": {}}
    namespace: dict = {"__name__": "__main__"}
    for name, tags, source in split(path.read_text(encoding="utf-8")):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(source, f"{path.name}:{name}", "exec"), namespace)
        found["stdout"][name], found["tags"][name], found["sources"][name] = printed.getvalue(), tags, source
        found["figures"][name] = draw_open_figures()
    return found | {"values": namespace.get("values", {})}


def start(path: Path, folder: Path) -> PlainRun:
    """Run a snippet in a process of its own, unless another worker has, and read what it left."""
    target = folder / f"{path.stem}.json"
    with FileLock(folder / f"{path.stem}.lock"):
        if not target.exists():
            run_apart(path, target)
    return PlainRun(**json.loads(target.read_text(encoding="utf-8")))


def run_apart(path: Path, target: Path) -> None:
    """Run a snippet in a process and an empty folder of its own."""
    threads = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    fixed = threads | {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8"}
    style = {"MATPLOTLIBRC": str(ROOT / "matplotlibrc")}
    command = [sys.executable, "-W", "error::UserWarning", __file__, str(path), str(target)]
    with tempfile.TemporaryDirectory(prefix="plain") as empty:
        for file in files_beside(path.read_text(encoding="utf-8")):
            shutil.copy(file, empty)
        environment = os.environ | fixed | style
        ran = subprocess.run(command, cwd=empty, env=environment, capture_output=True, text=True, timeout=600)
    assert ran.returncode == 0, f"plain run of {path.name}:\n{ran.stderr[-3000:]}"


class PlainRuns:
    """All snippets, run side by side on first use; volatile ones take their turn too."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.pool, self.jobs = folder, ThreadPoolExecutor(os.cpu_count()), {}

    def names(self) -> list[str]:
        return sorted(path.stem for path in (ROOT / "snippets").glob("*.py"))

    def job(self, name: str) -> Future:
        if name not in self.jobs:
            self.jobs[name] = self.pool.submit(start, ROOT / "snippets" / f"{name}.py", self.folder)
        return self.jobs[name]

    def __call__(self, name: str) -> PlainRun:
        return self.job(name).result()

    def every(self) -> dict[str, PlainRun]:
        jobs = {name: self.job(name) for name in self.names()}
        return {name: job.result() for name, job in jobs.items()}


if __name__ == "__main__":
    close_off()
    Path(sys.argv[2]).write_text(json.dumps(run_here(Path(sys.argv[1]))), encoding="utf-8")
