"""The second road: the downloaded notebook of each snippet, run in Jupyter in an empty folder.

Nothing of the engine takes part: nbclient opens `notebooks/x/x.ipynb` of the built site and runs it from the
top, as a reader does. Pages, downloads and oracles are held against what it gives; that it runs at all is the
proof that notebooks run alone.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import nbformat
from filelock import FileLock
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
RECORDER = str(ROOT / "tests/recorder.py")
FIXED = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
FIXED |= {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8", "MPLBACKEND": "agg"}


class Values(dict):
    """A snippet's values; notes in `READ` which of them an oracle looked at."""

    READ: set[str] = set()

    def __init__(self, snippet: str, values: dict) -> None:
        super().__init__(values)
        self.snippet = snippet

    def __getitem__(self, key: str) -> object:
        self.READ.add(f"{self.snippet}.{key}")
        return super().__getitem__(key)


@dataclass(frozen=True)
class Run:
    """What a notebook gave, by cell in its order: text, figures, tags, code; and the snippet's values."""

    stdout: dict[str, str]
    figures: dict[str, list[dict]]  # each {"svg", "alt", "lines", "shapes"}, see recorder.py
    values: dict[str, object]
    tags: dict[str, list[str]]
    sources: dict[str, str]

    @property
    def volatile(self) -> bool:
        return any("volatile" in tags for tags in self.tags.values())

    def varies(self, key: str) -> bool:
        """Return whether a value may differ in another run: in a volatile snippet all but counts."""
        return self.volatile and not isinstance(self.values[key], int)


class Runs:
    """runs("x") is the Run of a snippet; the first that asks, in whichever process, starts it."""

    def __init__(self, site: Path, folder: Path, known_from: Runs | None = None) -> None:
        """`known_from` has run notebooks already; what has the same code is not run again."""
        self.site, self.folder, self.known_from, self.known = site, folder, known_from, {}
        folder.mkdir(exist_ok=True)

    def names(self) -> list[str]:
        """Return the snippets of the site, those with most code first: they tend to take longest."""
        paths = (self.site / "notebooks").glob("*/*.ipynb")
        return [path.stem for path in sorted(paths, key=lambda path: -path.stat().st_size)]

    def path(self, name: str) -> Path:
        return self.site / f"notebooks/{name}/{name}.ipynb"

    def code(self, name: str) -> list | None:
        """Return the cells of a notebook without what they gave; nothing if there is none."""
        if self.path(name).exists():
            cells = json.loads(self.path(name).read_text(encoding="utf-8"))["cells"]
            return [(cell["id"], cell["source"], cell["metadata"]) for cell in cells]

    def __call__(self, name: str) -> Run:
        if name not in self.known:
            kept = self.folder / f"{name}.json"
            with FileLock(self.folder / f"{name}.lock"):
                if not kept.exists() and (same := self.known_from) and same.code(name) == self.code(name):
                    return same(name)
                if not kept.exists():
                    kept.write_text(json.dumps(execute(self.path(name))), encoding="utf-8")
            run = Run(**json.loads(kept.read_text(encoding="utf-8")))
            self.known[name] = Run(**(vars(run) | {"values": Values(name, run.values)}))
        return self.known[name]

    def every(self) -> dict[str, Run]:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return dict(zip(self.names(), pool.map(self, self.names())))


def execute(path: Path) -> dict:
    """Run a notebook and return the fields of its Run.

    Raises:
        CellExecutionError: a cell fails.
        AssertionError: a cell writes to stderr.
    """
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory(prefix="n") as folder:  # a short path: systems limit those of sockets
        empty, startup = Path(folder, "empty"), Path(folder, "profile_default/startup")
        empty.mkdir()
        startup.mkdir(parents=True)
        startup.joinpath("first.py").write_text(f"exec(open({RECORDER!r}).read(), {{}})")  # no name is left
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "SYSTEMROOT") if name in os.environ}
        own = {"IPYTHONDIR": folder, "RECORD": f"{folder}/record.json"}
        own |= {"MATPLOTLIBRC": str(ROOT / "matplotlibrc")}
        with ThreadPoolExecutor(1) as apart:  # Playwright keeps a loop of its own in the thread of the tests
            apart.submit(asyncio.run, converse(notebook, folder, kept | FIXED | own)).result()
        recorded = json.loads(Path(folder, "record.json").read_text(encoding="utf-8"))
    ran = [cell for cell in notebook.cells if cell.cell_type == "code"]
    found = {"stdout": {}, "figures": {}, "tags": {}, "sources": {}, "values": recorded["values"]}
    for cell, figures in zip(ran, recorded["figures"], strict=True):
        streams = [output for output in cell.outputs if output.output_type == "stream"]
        assert not [one.text for one in streams if one.name == "stderr"], f"{path.name}, {cell.id}: {streams}"
        if "setup" not in cell.metadata.get("tags", []):
            found["stdout"][cell.id] = "".join(one.text for one in streams)
            found["figures"][cell.id], found["sources"][cell.id] = figures, cell.source
            found["tags"][cell.id] = cell.metadata.get("tags", [])
    return found


async def converse(notebook: nbformat.NotebookNode, folder: str, environment: dict[str, str]) -> None:
    """Run all cells in a kernel of this interpreter, in the folder `empty`."""
    manager = AsyncKernelManager(
        kernel_name="python3",
        kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),  # whatever kernels a user has installed
        transport="ipc" if os.name == "posix" else "tcp",
        connection_file=f"{folder}/k.json",
    )
    client = NotebookClient(notebook, km=manager, timeout=600, startup_timeout=300, record_timing=False)
    client.owns_km = True  # so that it also ends the kernel
    await client.async_execute(env=environment, cwd=f"{folder}/empty")
