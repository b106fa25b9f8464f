"""Run: one snippet in a fresh kernel of its own; what a cell may leave is bounded, every fault is worded."""

import inspect
import json
import os
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

from literate.fresh import PLACES, inputs, settings
from literate.inside import prepare, report
from literate.read import Cell

TIME_LIMIT = int(os.environ.get("LITERATE_TIMEOUT", "60"))  # seconds for one cell
OUTPUT_LIMIT, FIGURE = 100_000, 5_000  # characters that one cell may leave, and what a figure counts as
SETTINGS = {"timeout": TIME_LIMIT, "startup_timeout": 120, "iopub_timeout": 60}
SETTINGS |= {"raise_on_iopub_timeout": True}  # no output is lost in silence
SETTINGS |= {"coalesce_streams": True, "record_timing": False}  # the same bytes in every run
CONTROL = re.compile(r"[^\n\t -~\u00a0-\U0010ffff]|[\ud800-\udfff]")  # what neither HTML nor UTF-8 can carry


async def execute(cells: list[Cell], root: Path, began: float) -> nbformat.NotebookNode:
    """Run a snippet from the top; return its notebook with its values and the state of the files it read.

    Raises:
        LiterateError: a cell fails, or leaves what no page can show.
    """
    first, last = (engine_cell(cells, function) for function in (prepare, report))
    nodes = [as_node(cell) for cell in (first, *cells, last)]
    notebook = nbformat.v4.new_notebook(cells=nodes)
    with tempfile.TemporaryDirectory(prefix="lit") as folder:
        async with kernel(notebook, root, folder) as client:
            for index, (cell, node) in enumerate(zip((first, *cells, last), nodes)):
                await client.run(cell, node, index)
    found = json.loads(nodes[-1].outputs[0].text)
    check_values(cells, found["values"])
    notebook.cells = nodes[1:-1]
    read = inputs([*found["read"], cells[0].path.as_posix()], root, began)
    notebook.metadata["literate"] = {"inputs": read, "values": found["values"]}
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return notebook


def engine_cell(cells: list[Cell], function: Callable) -> Cell:
    """Return the cell that runs one of the engine's functions; its faults are the snippet's."""
    name = function.__name__
    code = f"{inspect.getsource(function)}\n{name}()"
    source = f"__import__('builtins').exec({code!r}, {{}})"  # no name of the snippet is in its way
    return replace(cells[0], name=name, kind="code", tags=frozenset(), line=0, source=source)


def as_node(cell: Cell) -> nbformat.NotebookNode:
    """Return the notebook's cell; its id is its name, so that two runs give the same bytes."""
    make = nbformat.v4.new_code_cell if cell.kind == "code" else nbformat.v4.new_markdown_cell
    return make(cell.source, id=cell.name, metadata={"tags": sorted(cell.tags)} if cell.tags else {})


@asynccontextmanager
async def kernel(notebook: nbformat.NotebookNode, root: Path, folder: str) -> AsyncIterator["Client"]:
    """Start a kernel of this interpreter whose sockets lie in `folder`; end it, whatever it does."""
    manager = AsyncKernelManager(
        kernel_name="python3",
        kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),  # whatever kernels a user has installed
        transport="tcp" if sys.platform == "win32" else "ipc",
        connection_file=f"{folder}/k.json",
    )
    places = {name: os.environ[name] for name in PLACES if name in os.environ}
    client = Client(notebook, km=manager, **SETTINGS)
    try:
        # Nothing of a user's configuration of IPython reaches the kernel.
        await client.async_start_new_kernel(cwd=str(root), env=places | settings() | {"IPYTHONDIR": folder})
        client.kc = manager.client()
        client.kc.start_channels(hb=False)  # its thread may outlive a stop; the manager sees the process end
        await client.kc.wait_for_ready(timeout=client.startup_timeout)
        client.kc.allow_stdin = False
        yield client
    finally:
        if client.kc:
            client.kc.stop_channels()
        if manager.has_kernel:
            await manager.shutdown_kernel(now=True)
        await manager.cleanup_resources()


class Client(NotebookClient):
    """Runs cells one by one, and stops a cell as soon as it leaves what no page can carry."""

    left, refused = 0, None

    async def run(self, cell: Cell, node: nbformat.NotebookNode, index: int) -> None:
        """Run one cell; raise what its author must mend."""
        self.left, self.refused = 0, None
        try:
            await self.async_execute_cell(node, index, store_history=cell.line > 0)
        except CellExecutionError as error:
            trace = re.sub(r"\x1b\[[0-9;]*m", "", error.traceback)
            last = re.split(r"^(?:The above|During handling of the above) exception", trace, flags=re.M)[-1]
            lines = re.findall(r"^\s*Cell In\[\d+\], line (\d+)", last, re.M) or ["0"]
            what, rule = f"{error.ename}: {error.evalue}", "a cell must run without an error"
            raise cell.fault(what, rule, int(lines[0])) from None
        except TimeoutError:
            late = f"still running after {TIME_LIMIT} s", "keep cells short, or raise LITERATE_TIMEOUT"
            raise cell.fault(*late) from None
        except DeadKernelError:
            dead = "the kernel died", "see what the cell does to its process"
            raise cell.fault(*(self.refused or dead)) from None
        for refused in (self.refused, *(refusal(output, cell.tags) for output in node.get("outputs", ()))):
            if refused:
                raise cell.fault(*refused)

    def output(self, outs, msg, display_id, cell_index):
        """Take an output from the kernel; give the cell up if that is one too many."""
        content = msg["content"]
        text = content.get("text")
        self.left += FIGURE if text is None else len(text)
        if self.left > OUTPUT_LIMIT:
            what = f"left more than {OUTPUT_LIMIT} characters, a figure counted as {FIGURE}"
            self.refused = what, "leave only what readers should see"
        elif found := CONTROL.search(text or ""):
            what = f"printed the control character {found[0]!r}"
            self.refused = what, "print plain lines: no colors, no progress bars"
        if "image/svg+xml" in content.get("data", ()):  # a figure is that and no text beside it
            content["data"] = {"image/svg+xml": content["data"]["image/svg+xml"]}
        if self.refused:
            self.task_poll_for_reply.cancel()
        return super().output(outs, msg, display_id, cell_index)


def refusal(output: nbformat.NotebookNode, tags: frozenset[str]) -> tuple[str, str] | None:
    """Return (what, rule) unless an output is printed text, or a figure with alternative text."""
    if output.output_type == "stream" and output.name == "stderr":
        return f"wrote to stderr: {output.text.strip()[-500:]}", "mend the cause of the warning"
    if output.output_type == "stream" and "data" in tags:
        try:
            json.loads(output.text, parse_constant=int)  # NaN and Infinity are no integers either
        except ValueError as error:
            return f"data that is not JSON: {error}", "a cell tagged `data` prints one JSON document"
    if output.output_type == "stream":
        return None
    if output.output_type == "display_data" and "image/svg+xml" in output.data:
        alt = output.metadata.get("image/svg+xml", {}).get("alt", "").strip()
        rule = 'say what is to be seen: fig.set_label("…")'
        return None if alt else ("a figure without alternative text", rule)
    if output.output_type == "error":  # raised while a figure was drawn, after the cell's last line
        return f"{output.ename}: {output.evalue}", "a figure must be drawn without an error"
    what = f"gave an output of kind {output.output_type}"
    return what, "print what readers should see; draw figures with Matplotlib"


def check_values(cells: list[Cell], values: dict | None) -> None:
    """Allow a flat dict of finite numbers and of strings that a page can carry, or none at all."""
    rule = "values are finite Python numbers, and strings without control characters, by lower_case keys"
    cell = next((cell for cell in cells if cell.name == "values"), cells[-1])
    if cell.name != "values" and values != {}:
        lone = "no cell `values` assigns `values`", 'give them a cell: `# %% values tags=["hidden"]`'
        raise cell.fault(*lone)
    if values is None:
        raise cell.fault("`values` is not a dict", rule)
    for key, value in values.items():
        number = isinstance(value, (int, float)) and abs(value) < float("inf")
        text = isinstance(value, str) and not CONTROL.search(value)
        if not ((number or text) and re.fullmatch(r"[a-z]\w*", key)):
            shown = f"a {value['type']}" if isinstance(value, dict) else repr(value)
            raise cell.fault(f"values[{key!r}] is {shown}", rule)
