"""How long builds take, as ratios whose two sides are measured in one run, one after the other.

    python tests/engine/bench.py                five repeats: medians, lowest and highest
    python tests/engine/bench.py --repeats 1    a first look

Each ratio compares a build with what it cannot do without: running each snippet with plain Python, one
after the other, and a MkDocs build of the same pages that runs nothing. All of it happens in a copy of
the sources in a temporary folder.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from copies import copy_sources

BUILD = [sys.executable, "site_build.py"]
RUN_NOTHING = "import literate, site_build; literate.build = lambda *_: {}; site_build.main()"
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
EDITED = "weight_decay"  # the snippet that is edited
TARGETS = {
    "clean build, over all plain runs and MkDocs": 0.7,
    "nothing changed, over MkDocs": 1.2,
    "prose edited, over MkDocs": 1.2,
    "one snippet edited, over its plain run and MkDocs": 1.3,
}


def seconds(command: list[str], folder: Path) -> float:
    """Run a command in a folder and return how long it took."""
    began = time.perf_counter()
    environment = os.environ | ONE_THREAD | {"PYTHONPATH": str(folder)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return time.perf_counter() - began


def append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def measure(folder: Path, turn: int) -> dict[str, float]:
    """Return the seconds of every build and of what it is compared with, once each."""
    snippets = sorted((folder / "snippets").glob("*.py"))
    plain = {path.stem: seconds([sys.executable, str(path)], folder) for path in snippets}
    shutil.rmtree(folder / "outputs", ignore_errors=True)
    took = {"plain": sum(plain.values()), "plain one": plain[EDITED]}
    took["clean"] = seconds(BUILD, folder)
    took["mkdocs"] = seconds([sys.executable, "-c", RUN_NOTHING], folder)
    took["nothing"] = seconds(BUILD, folder)
    append(folder / "docs/provenance.md", "\nEdited once more.\n")  # a line longer each time
    took["prose"] = seconds(BUILD, folder)
    append(folder / f"snippets/{EDITED}.py", f"# edit {turn}\n")
    took["snippet"] = seconds(BUILD, folder)
    return took


def ratios(took: dict[str, float]) -> list[float]:
    """Return the ratios, in the order of TARGETS."""
    return [
        took["clean"] / (took["plain"] + took["mkdocs"]),
        took["nothing"] / took["mkdocs"],
        took["prose"] / took["mkdocs"],
        took["snippet"] / (took["plain one"] + took["mkdocs"]),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    taken = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = copy_sources(Path(name) / "project")
        for turn in range(repeats):
            taken.append(measure(folder, turn))
            shown = ", ".join(f"{what} {took:.1f} s" for what, took in taken[-1].items())
            print(f"repeat {turn + 1} of {repeats}: {shown}", flush=True)
    print(f"\n{os.cpu_count()} processors; median of {repeats} (lowest to highest)\n")
    for (what, target), column in zip(TARGETS.items(), zip(*map(ratios, taken))):
        middle = statistics.median(column)
        verdict = "" if middle <= target else "   above the target"
        print(f"{what:50} {middle:5.2f}  ({min(column):.2f} to {max(column):.2f})  target {target}{verdict}")


if __name__ == "__main__":
    main()
