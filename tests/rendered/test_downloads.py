"""A notebook that a reader takes away runs in an empty folder and gives the page's numbers.

It is opened and run as a reader does it, with nbclient and no cell left out, in a kernel that can
import nothing of this repository: its editable install is closed off, and that is checked. This is done
with the notebook of the article's experiment, which writes models.py, and with one that writes nothing.
The others differ from them by their cells alone. Those test_rendered.py compares, to the letter, with the
cells of the plain run, which takes place in such a folder too, with what the notebook writes beside it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from plain_run import start

ROOT = Path(__file__).resolve().parents[2]
# Python imports `sitecustomize` at its start: here it takes the finder of the editable install away.
CLOSED_OFF = """
import sys
sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in getattr(finder, "__module__", "")]
"""
# The last cell of each copy: where the local modules come from.
WHEREFROM = """
import sys
local = [m for m in list(sys.modules.values()) if str(getattr(m, "__file__", "")).startswith({root!r})]
assert not [m for m in local if ".venv" not in m.__file__ and "site-packages" not in m.__file__], local
try:
    import literate
except ModuleNotFoundError:
    print("alone")
"""


def run(name: str, site: Path, folder: Path) -> tuple[nbformat.NotebookNode, nbformat.NotebookNode]:
    """Run a downloaded notebook in an empty folder; return it as it was published and as it came out."""
    source = site / "notebooks" / name / f"{name}.ipynb"
    empty, first = folder / name, folder / f"{name}-first"
    sockets = Path(tempfile.mkdtemp(prefix="s"))  # a short path: systems limit those of sockets
    for made in (empty, first):
        made.mkdir()
    (first / "sitecustomize.py").write_text(CLOSED_OFF)
    published = nbformat.read(source, as_version=4)
    copy = nbformat.read(source, as_version=4)
    copy.cells.append(nbformat.v4.new_code_cell(WHEREFROM.format(root=str(ROOT))))
    kernels = KernelSpecManager(kernel_dirs=[])
    manager = AsyncKernelManager(
        kernel_name="python3",
        kernel_spec_manager=kernels,
        transport="ipc",
        connection_file=str(sockets / "k.json"),
    )
    client = NotebookClient(
        copy, km=manager, timeout=600, startup_timeout=300, coalesce_streams=True, record_timing=False
    )
    client.owns_km = True  # so that it also ends the kernel
    threads = {key: "1" for key in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    environment = kept | threads | {"PYTHONPATH": str(first), "PYTHONHASHSEED": "0"}
    with ThreadPoolExecutor(1) as apart:  # Playwright keeps a loop of its own in the thread of the tests
        apart.submit(lambda: asyncio.run(client.async_execute(env=environment, cwd=str(empty)))).result()
    shutil.rmtree(sockets, ignore_errors=True)
    return published, copy


def printed(cell: nbformat.NotebookNode) -> str:
    """Return what a cell printed."""
    streams = [output for output in cell.outputs if output.output_type == "stream"]
    return "".join(output.text for output in streams if output.name == "stdout")


def figures(cell: nbformat.NotebookNode) -> int:
    """Return how many figures a cell drew."""
    return sum(output.output_type == "display_data" for output in cell.outputs)


@pytest.mark.parametrize(("name", "writes"), [("weight_decay", ["write-models"]), ("by_hand", [])])
def test_the_downloaded_notebook_gives_the_pages_numbers_in_an_empty_folder(name, writes, site_dir, tmp_path):
    published, executed = run(name, site_dir, tmp_path)
    assert [cell.id for cell in published.cells if "setup" in cell.metadata.get("tags", [])] == writes
    *cells, wherefrom = executed.cells
    assert printed(wherefrom) == "alone\n"
    compared = 0
    for before, after in zip(published.cells, cells, strict=True):
        tags = before.metadata.get("tags", [])
        if before.cell_type == "code" and "setup" not in tags:
            assert figures(after) == figures(before), f"cell {before.id}"
            if "volatile" not in tags:
                assert printed(after) == printed(before), f"cell {before.id}"
            compared += 1
    assert compared > 0


SEES = """\
# %% [markdown]
# # What a plain run sees

# %% files
import os
print(*sorted(os.listdir()))

# %% modules
import importlib.util
import models
print([importlib.util.find_spec(name) for name in ("ledger", "literate", "publish")])
"""


def test_a_plain_run_sees_of_the_project_only_what_the_notebook_writes(tmp_path):
    path = tmp_path / "sees.py"
    path.write_text(SEES, encoding="utf-8")
    assert start(path, tmp_path).stdout == {"files": "models.py\n", "modules": f"{[None] * 3}\n"}
