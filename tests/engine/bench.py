"""How long builds take, as ratios whose two sides are measured in one run, one after the other.

    python tests/engine/bench.py                five repeats: medians, lowest and highest
    python tests/engine/bench.py --repeats 1    a first look
    python tests/engine/bench.py --old COMMIT   how long a clean build takes beside that of an older commit

Each ratio compares a build with what it cannot do without: running each snippet with plain Python, one after
the other, and a MkDocs build of the same pages that runs nothing. All of it happens in copies of the sources
in a temporary folder; the interpreter is that of this environment, with the packages that the commit needs.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict"]
# MkDocs alone: the runs are taken as they lie, pages are not checked.
PLAIN = """
import sys, literate.build, literate.plugin
literate.build.key_of, literate.build.stored = lambda *_: "", lambda *_: True
literate.plugin.published = lambda *_: []
from mkdocs.__main__ import cli
cli()
"""
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
EDITED = "weight_decay"  # the snippet that is edited
TARGETS = {
    "clean build, over all plain runs and MkDocs": 0.6,
    "nothing changed, over MkDocs": 1.2,
    "prose edited, over MkDocs": 1.2,
    "one snippet edited, over its plain run and MkDocs": 1.3,
    "prose edited in the preview, over a plain MkDocs preview": 1.5,
}


def copy_sources(folder: Path, commit: str = "") -> Path:
    """Copy what is under version control, or was at a commit, into a new folder; nothing that was built."""
    folder.mkdir()
    files = ["git", "archive", commit or "HEAD"]
    tar = subprocess.run(files, cwd=ROOT, check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x"], cwd=folder, input=tar, check=True)
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    return folder


def environment(folder: Path) -> dict[str, str]:
    return os.environ | ONE_THREAD | {"PYTHONPATH": str(folder), "NO_MKDOCS_2_WARNING": "1", "CHROMIUM": ""}


def seconds(command: list[str], folder: Path) -> float:
    """Run a command in a folder and return how long it took."""
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, text=True)
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
        port = probe.getsockname()[1]
    asked = [*command, "serve", "--dev-addr", f"127.0.0.1:{port}"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(asked, cwd=folder, env=environment(folder), **quiet)
    try:
        wait_for(port, "How these numbers are made", process)
        began, mark = time.perf_counter(), f"Shown in preview {turn}{port}."
        append(folder / "docs/provenance.md", f"\n{mark}\n")
        wait_for(port, mark, process)
        return time.perf_counter() - began
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int, text: str, process: subprocess.Popen) -> None:
    shown = ""
    while text not in shown:
        if process.poll() is not None:
            sys.exit("the preview ended")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/provenance/", timeout=300) as answer:
                shown = answer.read().decode()
        except OSError:
            pass
        time.sleep(0.02)


def measure(folder: Path, turn: int) -> dict[str, float]:
    """Return the seconds of every build and of what it is compared with, once each."""
    plain = {}
    for path in sorted((folder / "snippets").glob("*.py")):
        plain[path.stem] = seconds([sys.executable, str(path)], folder)
    shutil.rmtree(folder / "outputs", ignore_errors=True)
    took = {"plain": sum(plain.values()), "plain one": plain[EDITED]}
    took["clean"] = seconds(BUILD, folder)
    took["mkdocs"] = seconds([sys.executable, "-c", PLAIN, *BUILD[3:]], folder)
    took["nothing"] = seconds(BUILD, folder)
    append(folder / "docs/provenance.md", "\nEdited once more.\n")  # a line longer each time
    took["prose"] = seconds(BUILD, folder)
    append(folder / f"snippets/{EDITED}.py", f"# edit {turn}\n")
    took["snippet"] = seconds(BUILD, folder)
    took["plain preview"] = preview([sys.executable, "-c", PLAIN], folder, turn)
    took["preview"] = preview(BUILD[:3], folder, turn)
    return took


def ratios(took: dict[str, float]) -> list[float]:
    """Return the ratios, in the order of TARGETS."""
    return [
        took["clean"] / (took["plain"] + took["mkdocs"]),
        took["nothing"] / took["mkdocs"],
        took["prose"] / took["mkdocs"],
        took["snippet"] / (took["plain one"] + took["mkdocs"]),
        took["preview"] / took["plain preview"],
    ]


def compare(commit: str) -> None:
    """Print how long a clean build takes, here and at an older commit, one after the other."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        old, new = copy_sources(Path(name, "old"), commit), copy_sources(Path(name, "new"))
        command = [sys.executable, "site_build.py"] if (old / "site_build.py").exists() else BUILD
        before, now = seconds(command, old), seconds(BUILD, new)
    print(f"clean build: {now:.1f} s, at {commit} {before:.1f} s, ratio {now / before:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=re.split("\n", __doc__)[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--old", metavar="COMMIT")
    options = parser.parse_args()
    if options.old:
        return compare(options.old)
    taken = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = copy_sources(Path(name) / "project")
        for turn in range(options.repeats):
            taken.append(measure(folder, turn))
            shown = ", ".join(f"{what} {took:.1f} s" for what, took in taken[-1].items())
            print(f"repeat {turn + 1} of {options.repeats}: {shown}", flush=True)
    print(f"\n{os.cpu_count()} processors; median of {options.repeats} (lowest to highest)\n")
    for (what, target), column in zip(TARGETS.items(), zip(*map(ratios, taken))):
        middle = statistics.median(column)
        verdict = "" if middle <= target else "   above the target"
        print(f"{what:57} {middle:5.2f}  ({min(column):.2f} to {max(column):.2f})  target {target}{verdict}")


if __name__ == "__main__":
    main()
