"""Run: one snippet in a fresh kernel of its own, every cell's output kept, every fault worded."""

from __future__ import annotations

import json
import os
import queue
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from literate.errors import LiterateError
from literate.fresh import environment
from literate.inside import DRAWING, EPILOGUE, PROLOGUE
from literate.outputs import FIGURE_LIMIT, OUTPUT_LIMIT, cell_error, check_outputs, check_values
from literate.read import Cell, Snippet

TIME_LIMIT = float(os.environ.get("LITERATE_TIMEOUT", "60"))  # seconds for one cell
PATIENCE = 10.0  # seconds between two signs of life
stopping = threading.Event()  # set when the build is given up: every kernel ends


def execute(snippet: Snippet, root: Path, say: Callable) -> tuple[nbformat.NotebookNode, dict]:
    """Run a snippet from the top; return its notebook and the kernel's report (values, files read)."""
    notebook = nbformat.v4.new_notebook(cells=[as_node(cell) for cell in snippet.cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    draws = any("matplotlib" in cell.source for cell in snippet.code)
    with (
        tempfile.TemporaryDirectory(prefix="lit") as folder,
        kernel(root, folder, snippet) as (manager, client),
    ):

        def run(source: str, cell: Cell | None) -> list[nbformat.NotebookNode]:
            outputs = run_cell(manager, client, source, snippet, cell, say)
            check_outputs(snippet, cell, outputs)
            return outputs

        run(PROLOGUE + DRAWING * draws, None)
        count = 0
        for cell, node in zip(snippet.cells, notebook.cells, strict=True):
            if cell.kind == "code":
                node.execution_count = count = count + 1
                node.outputs = run(cell.source, cell)
        target = Path(folder) / "report.json"
        run(EPILOGUE.format(path=str(target)), None)
        report = json.loads(target.read_text(encoding="utf-8"))
    if report["undrawn"]:
        raise LiterateError(
            str(snippet.path), "a figure was not drawn", "import matplotlib in the snippet itself"
        )
    check_values(snippet, report["values"])
    return notebook, report


def as_node(cell: Cell) -> nbformat.NotebookNode:
    """The notebook's cell: its id is its name, so that two runs give the same bytes."""
    make = nbformat.v4.new_code_cell if cell.kind == "code" else nbformat.v4.new_markdown_cell
    return make(cell.source, id=cell.name, metadata={"tags": sorted(cell.tags)} if cell.tags else {})


@contextmanager
def kernel(root: Path, folder: str, snippet: Snippet) -> Iterator[tuple]:
    """Start a kernel whose sockets live in `folder`; end it, however the snippet ended."""
    here = KernelSpecManager(kernel_dirs=[])  # this interpreter, whatever kernels a user has installed
    manager = KernelManager(
        kernel_name="python3",
        kernel_spec_manager=here,
        transport="tcp" if sys.platform == "win32" else "ipc",
        connection_file=f"{folder}/k.json",
    )
    client = None
    try:
        arguments = ["--HistoryManager.hist_file=:memory:"]
        manager.start_kernel(env=environment(), cwd=str(root), extra_arguments=arguments)
        client = manager.client()
        client.start_channels()
        client.wait_for_ready(timeout=120)
        yield manager, client
    except RuntimeError as error:  # only Jupyter raises it here
        raise LiterateError(
            str(snippet.path), f"no kernel: {error}", "`python -m ipykernel` must start here"
        ) from None
    finally:
        if client is not None:
            client.stop_channels()
        if manager.has_kernel:
            manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


def run_cell(manager, client, source: str, snippet: Snippet, cell: Cell | None, say: Callable) -> list:
    """Execute one cell and return its outputs, in bounded time and memory."""
    request = client.execute(source, allow_stdin=False)
    outputs, printed, started, told = [], 0, time.monotonic(), 0.0
    while True:
        try:
            message = client.get_iopub_msg(timeout=0.5)
        except queue.Empty:
            message = None
            if not manager.is_alive():
                raise cell_error(
                    snippet, cell, "the kernel died", "see what the cell does to its process"
                ) from None
        if stopping.is_set():
            raise LiterateError(str(snippet.path), "stopped", "another fault ended the build")
        spent = time.monotonic() - started
        if spent > TIME_LIMIT:
            raise cell_error(snippet, cell, f"still running after {TIME_LIMIT:g} s", "keep cells short")
        if spent > told + PATIENCE:
            told = spent
            say(
                f"{snippet.name}: cell '{cell.name if cell else 'values'}' has been running for {spent:.0f} s"
            )
        if message is None or message["parent_header"].get("msg_id") != request:
            continue
        kind, content = message["msg_type"], message["content"]
        if kind == "status" and content["execution_state"] == "idle":
            check_reply(client, request, snippet, cell)
            return outputs
        if kind == "error":
            raise raised(snippet, cell, content)
        if kind in ("stream", "display_data", "execute_result"):
            add_output(outputs, nbformat.v4.output_from_msg(message))
            printed += len(content.get("text", ""))
            if printed > OUTPUT_LIMIT or len(outputs) > FIGURE_LIMIT:
                what = (
                    f"printed more than {OUTPUT_LIMIT} characters, or drew more than {FIGURE_LIMIT} figures"
                )
                raise cell_error(snippet, cell, what, "leave only what readers should see")


def check_reply(client, request: str, snippet: Snippet, cell: Cell | None) -> None:
    """Stop unless the kernel itself says that the cell went well."""
    try:
        while (reply := client.get_shell_msg(timeout=5))["parent_header"].get("msg_id") != request:
            pass
    except queue.Empty:
        raise cell_error(
            snippet, cell, "the kernel no longer answers", "see what the cell does to its process"
        ) from None
    if reply["content"]["status"] != "ok":
        raise raised(
            snippet, cell, {"ename": "Error", "evalue": "stopped", "traceback": []} | reply["content"]
        )


def add_output(outputs: list, output: nbformat.NotebookNode) -> None:
    """Append an output; pieces of one stream become one, however the kernel cut them."""
    if output.output_type == "stream":
        for other in outputs:
            if other.output_type == "stream" and other.name == output.name:
                other.text += output.text
                return
    outputs.append(output)


def raised(snippet: Snippet, cell: Cell | None, content: dict) -> LiterateError:
    """Word an exception of the author's code: its name, its message and its line in the file."""
    trace = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(content["traceback"]))
    lines = re.findall(r"^Cell In\[\d+\], line (\d+)", trace, re.M)
    line = int(lines[0]) if lines else 0
    return cell_error(
        snippet, cell, f"{content['ename']}: {content['evalue']}", "a cell must run without an error", line
    )
