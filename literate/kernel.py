"""Run: one snippet in a fresh kernel of its own, every cell's output kept, every fault worded."""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from literate.errors import LiterateError
from literate.fresh import digest, environment
from literate.read import Cell, Snippet

TIME_LIMIT = float(os.environ.get("LITERATE_TIMEOUT", "60"))  # seconds for one cell
OUTPUT_LIMIT = 100_000  # characters printed by one cell

# Runs in the kernel before the snippet: note every file that is opened, show no bare expression.
# (An audit hook would see more, and make torch's loops twice as slow.)
PROLOGUE = """
def _prepare():
    import builtins, io, sys
    opened, plain_open = set(), open
    def noting_open(file, mode="r", *args, **kwargs):
        opened.add((str(file), mode))
        return plain_open(file, mode, *args, **kwargs)
    builtins.open = io.open = noting_open
    sys.path.insert(0, "")
    get_ipython().ast_node_interactivity = "none"
    return opened
_opened = _prepare()
"""
# And for snippets that draw: figures become SVG that carries its alternative text.
DRAWING = """
def _prepare_figures():
    import io
    from matplotlib.figure import Figure
    def draw(figure):
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
        return text.getvalue(), {"alt": figure.get_label()}
    shell = get_ipython()
    shell.config.InlineBackend.figure_formats = set()
    shell.run_line_magic("matplotlib", "inline")
    shell.display_formatter.formatters["image/svg+xml"].for_type(Figure, draw)
_prepare_figures()
"""
# Runs in the kernel after the snippet: hand over the values and the local files that were read.
EPILOGUE = """
def _report():
    import json, os, sys
    read = {name for name, mode in _opened if "r" in mode}
    read |= {vars(module).get("__file__") or "" for module in list(sys.modules.values())}
    here = [p for p in map(os.path.abspath, read) if p.startswith(os.getcwd()) and not p.startswith(sys.prefix)]
    print(json.dumps({"values": globals().get("values", {}), "read": sorted(here)}))
_report()
"""


def execute(snippet: Snippet, root: Path, machine: str, say) -> nbformat.NotebookNode:
    """Run a snippet from the top and return its notebook, values and inputs in its metadata."""
    draws = any("matplotlib" in cell.source for cell in snippet.code)
    before = engine_cell("prologue", PROLOGUE + DRAWING * draws)
    cells = [before, *map(as_node, snippet.cells), engine_cell("epilogue", EPILOGUE)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    started = time.monotonic()
    say(f"{snippet.name}: running {len(snippet.code)} cells")
    with tempfile.TemporaryDirectory(prefix="lit") as folder:
        run_cells(snippet, notebook, root, folder)
    report = json.loads(notebook.cells.pop().outputs[0].text)
    notebook.cells.pop(0)
    number_cells(notebook)
    for cell, ran in zip(snippet.cells, notebook.cells, strict=True):
        check_outputs(snippet, cell, ran)
    inputs = local_files([*report["read"], snippet.path], root)
    check_values(snippet, report["values"])
    notebook.metadata["literate"] = {"fingerprint": machine, "inputs": inputs, "values": report["values"]}
    say(f"{snippet.name}: done in {time.monotonic() - started:.1f} s")
    return notebook


def engine_cell(name: str, source: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_code_cell(source, id=f"engine-{name}")


def as_node(cell: Cell) -> nbformat.NotebookNode:
    """The notebook's cell: its id is its name, so that two runs give the same bytes."""
    make = nbformat.v4.new_code_cell if cell.kind == "code" else nbformat.v4.new_markdown_cell
    return make(cell.source, id=cell.name, metadata={"tags": sorted(cell.tags)} if cell.tags else {})


def number_cells(notebook: nbformat.NotebookNode) -> None:
    """Count executions from 1, as if the engine's own cells had never been there."""
    for count, cell in enumerate((c for c in notebook.cells if c.cell_type == "code"), 1):
        cell.execution_count = count


def run_cells(snippet: Snippet, notebook: nbformat.NotebookNode, root: Path, folder: str) -> None:
    """Execute in a kernel whose sockets live in `folder`; raise at the first cell that fails."""
    specs = KernelSpecManager(kernel_dirs=[])  # this interpreter, whatever kernels a user has installed
    transport = "tcp" if sys.platform == "win32" else "ipc"
    manager = KernelManager(
        kernel_name="python3", kernel_spec_manager=specs, transport=transport, connection_file=f"{folder}/k.json"
    )
    client = NotebookClient(
        notebook, km=manager, timeout=TIME_LIMIT, coalesce_streams=True, record_timing=False, resources={}
    )
    cells = [None, *snippet.cells, None]
    current: list[Cell | None] = [None]
    client.on_cell_start = lambda cell, cell_index: current.__setitem__(0, cells[cell_index])
    try:
        with client.setup_kernel(env=environment(), cwd=str(root)):
            for index, cell in enumerate(notebook.cells):
                current[0] = cells[index]
                client.execute_cell(cell, index)
    except CellTimeoutError:
        raise cell_error(snippet, current[0], f"still running after {TIME_LIMIT:g} s", "keep cells short") from None
    except DeadKernelError:
        raise cell_error(snippet, current[0], "the kernel died", "see what the cell does to its process") from None
    except CellExecutionError as error:
        raise raised(snippet, current[0], notebook, error) from None
    finally:
        if manager.has_kernel:
            manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


def raised(snippet: Snippet, cell: Cell | None, notebook: nbformat.NotebookNode, error: CellExecutionError):
    """Word an exception of the author's code: its name, its message and its line in the file."""
    if cell is None and "JSON" in error.evalue:
        return value_error(snippet, f"`values` cannot be stored: {error.evalue}")
    trace = re.sub(r"\x1b\[[0-9;]*m", "", error.traceback)
    lines = re.findall(r"^-+> (\d+)", trace, re.M) or re.findall(r"Cell In\[\d+\][^\n]*line (\d+)", trace)
    line = int(lines[0]) if lines else 0
    return cell_error(snippet, cell, f"{error.ename}: {error.evalue}", "a cell must run without an error", line)


def cell_error(snippet: Snippet, cell: Cell | None, what: str, rule: str, line: int = 0) -> LiterateError:
    if cell is None:
        return LiterateError(f"{snippet.path}", what, rule)
    return LiterateError(f"{snippet.path}:{cell.line + line}, cell '{cell.name}'", what, rule, cell.source)


def value_error(snippet: Snippet, what: str) -> LiterateError:
    cell = next((cell for cell in snippet.code if cell.name == "values"), None)
    return cell_error(snippet, cell, what, "values are Python numbers and strings, none of them NaN or infinite")


def check_outputs(snippet: Snippet, cell: Cell, ran: nbformat.NotebookNode) -> None:
    """Allow printed text and figures with alternative text, nothing else."""
    for output in ran.get("outputs", []):
        fault = output_fault(output)
        if fault:
            raise cell_error(snippet, cell, *fault)


def output_fault(output: nbformat.NotebookNode) -> tuple[str, str] | None:
    """Return (what, rule) if an output may not stand on a page."""
    if output.output_type == "stream" and output.name == "stderr":
        return f"wrote to stderr: {output.text.strip()[-500:]}", "mend the cause of the warning"
    if output.output_type == "stream":
        much = len(output.text) > OUTPUT_LIMIT
        return (f"printed {len(output.text)} characters", f"print at most {OUTPUT_LIMIT}") if much else None
    if output.output_type == "display_data" and "image/svg+xml" in output.data:
        alt = output.metadata.get("image/svg+xml", {}).get("alt", "").strip()
        rule = 'say what is to be seen: fig.set_label("…")'
        output.data = {"image/svg+xml": output.data["image/svg+xml"]}
        return None if alt else ("a figure without alternative text", rule)
    return f"gave an output of kind {output.output_type}", "print what readers should see; draw figures with Matplotlib"


def check_values(snippet: Snippet, values: object) -> None:
    if not isinstance(values, dict):
        raise value_error(snippet, f"`values` is a {type(values).__name__}, not a dict")
    for key, value in values.items():
        finite = not isinstance(value, float) or abs(value) < float("inf")
        if not (isinstance(value, (int, float, str)) and finite and re.fullmatch(r"[a-z]\w*", key)):
            raise value_error(snippet, f"values[{key!r}] is {value!r}")


def local_files(read: list[str | Path], root: Path) -> dict[str, str]:
    """Return digests of the files below `root` that a run read, the environment's and outputs aside."""
    found = {}
    for name in read:
        path = (root / name).resolve()
        inside = path.is_relative_to(root.resolve()) and not path.is_relative_to(Path(sys.prefix).resolve())
        local = path.relative_to(root.resolve()).as_posix() if inside else ""
        if local and path.is_file() and not local.startswith("outputs/") and "__pycache__" not in local:
            found[local] = digest(path)
    return dict(sorted(found.items()))
