"""How long builds take, as ratios whose two sides are measured in one run, one after the other.

Run: python tests/engine/bench.py [REPEATS]      (make bench: five repeats: medians, lowest and highest)

Each ratio compares a build with what it cannot do without: running each snippet with plain Python, one after
the other, and a MkDocs build of the same pages that runs nothing. All of it happens in a copy of the sources
in a temporary folder.
"""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from copies import copy_sources

MKDOCS = [sys.executable, "-m", "mkdocs"]
# MkDocs alone: the runs are taken as they lie, pages are not checked.
PLAIN = """
import sys, literate.build, literate.plugin
literate.build.key_of, literate.build.stored = lambda *_: "", lambda *_: True
literate.plugin.published = lambda *_: []
from mkdocs.__main__ import cli
cli()
"""
PLAIN_MKDOCS = [sys.executable, "-c", PLAIN]
BUILD = ["build", "--quiet", "--strict"]
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
EDITED = "weight_decay"  # the snippet that is edited
TARGETS = {
    "clean build, over all plain runs and MkDocs": 0.6,
    "nothing changed, over MkDocs": 1.2,
    "prose edited, over MkDocs": 1.2,
    "one snippet edited, over its plain run and MkDocs": 1.3,
    "prose edited in the preview, over a plain MkDocs preview": 1.5,
}


def asked(command: list[str], folder: Path) -> dict:
    """Return what subprocess needs to run a command on the copied sources."""
    own = {"PYTHONPATH": str(folder), "NO_MKDOCS_2_WARNING": "1", "CHROMIUM": ""}
    return {"args": command, "cwd": folder, "env": os.environ | ONE_THREAD | own}


def seconds(command: list[str], folder: Path) -> float:
    """Run a command in a folder and return how long it took."""
    began = time.perf_counter()
    done = subprocess.run(**asked(command, folder), capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return time.perf_counter() - began


def append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def preview(command: list[str], folder: Path, turn: int) -> float:
    """Return how long a saved edit of prose takes until a running preview shows it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    serve = asked([*command, "serve", "--dev-addr", address], folder)
    process = subprocess.Popen(**serve, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(address, "How these numbers are made", process)
        began, mark = time.perf_counter(), f"Shown in preview {turn} at {address}."
        append(folder / "docs/provenance.md", f"\n{mark}\n")
        wait_for(address, mark, process)
        return time.perf_counter() - began
    finally:
        process.terminate()
        process.wait()


def wait_for(address: str, text: str, process: subprocess.Popen) -> None:
    shown = ""
    while text not in shown:
        if process.poll() is not None:
            sys.exit("the preview ended")
        try:
            with urllib.request.urlopen(f"http://{address}/provenance/", timeout=300) as answer:
                shown = answer.read().decode()
        except OSError:
            pass
        time.sleep(0.02)


def measure(folder: Path, turn: int) -> list[float]:
    """Run every build, and what it is compared with, once each; return the ratios in the order of TARGETS."""
    snippets = sorted((folder / "snippets").glob("*.py"))
    plain = {path.stem: seconds([sys.executable, str(path)], folder) for path in snippets}
    shutil.rmtree(folder / "outputs", ignore_errors=True)
    clean = seconds(MKDOCS + BUILD, folder)
    mkdocs = seconds(PLAIN_MKDOCS + BUILD, folder)
    nothing = seconds(MKDOCS + BUILD, folder)
    append(folder / "docs/provenance.md", "\nEdited once more.\n")  # a line longer each time
    prose = seconds(MKDOCS + BUILD, folder)
    append(folder / f"snippets/{EDITED}.py", f"# edit {turn}\n")
    snippet = seconds(MKDOCS + BUILD, folder)
    shown, plain_shown = (preview(command, folder, turn) for command in (MKDOCS, PLAIN_MKDOCS))
    return [
        clean / (sum(plain.values()) + mkdocs),
        nothing / mkdocs,
        prose / mkdocs,
        snippet / (plain[EDITED] + mkdocs),
        shown / plain_shown,
    ]


def main(repeats: int = 5) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = copy_sources(Path(name))
        measured = [measure(folder, turn) for turn in range(repeats)]
    print(f"{os.cpu_count()} processors; median of {repeats} (lowest to highest)\n")
    for (what, target), column in zip(TARGETS.items(), zip(*measured)):
        middle = statistics.median(column)
        verdict = "" if middle <= target else "   above the target"
        print(f"{what:57} {middle:5.2f}  ({min(column):.2f} to {max(column):.2f})  target {target}{verdict}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
