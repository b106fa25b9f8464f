"""Build: bring outputs/ up to date with the sources, side by side, and check the pages against it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path

import nbformat
from filelock import FileLock, Timeout

from literate.embed import check_pages, pages
from literate.errors import LiterateError
from literate.fresh import fingerprint, inputs, seal, stored
from literate.kernel import execute, stopping
from literate.ledger import FRAGMENT, ledger
from literate.read import Snippet, read
from literate.render import downloadable, render


def build(root: Path, say: Callable = print) -> dict[str, nbformat.NotebookNode]:
    """Run what is stale, render, check the pages; return the executed notebooks by name."""
    outputs = root / "outputs"
    lock = FileLock(outputs / ".lock")
    try:
        outputs.mkdir(exist_ok=True)
        try:
            lock.acquire(timeout=1)
        except Timeout:
            say("another build is at work here; waiting for its end")
            lock.acquire()
        return bring_up_to_date(root, outputs, say)
    except OSError as error:
        where = str(error.filename or outputs)
        raise LiterateError(
            where, error.strerror or str(error), "outputs/ must be writable, with room left"
        ) from None
    finally:
        lock.release()


def bring_up_to_date(root: Path, outputs: Path, say: Callable) -> dict[str, nbformat.NotebookNode]:
    began = time.time()
    snippets = [read(path.relative_to(root), root) for path in sorted((root / "snippets").glob("*.py"))]
    results = run_all(root, snippets, began, say)
    fragments, values = {}, {}
    for snippet in snippets:
        fragments |= render(snippet, results[snippet.name])
        values[snippet.name] = dict(results[snippet.name].metadata["literate"]["values"])
        if snippet.volatile:
            values[snippet.name]["__volatile__"] = True
    check_pages(root, snippets, {*fragments, FRAGMENT}, values)
    fragments[FRAGMENT] = ledger(pages(root), snippets)
    publish(outputs, fragments, values)
    for snippet in snippets:
        write(
            outputs / "notebooks" / f"{snippet.name}.ipynb",
            downloadable(root, snippet, results[snippet.name]),
        )
    return results


def run_all(
    root: Path, snippets: list[Snippet], began: float, say: Callable
) -> dict[str, nbformat.NotebookNode]:
    """Run what is stale, side by side; volatile snippets one by one at the end. All faults at once."""
    machine = fingerprint(root)
    results = {s.name: stored(run_path(root, s), machine, root) for s in snippets}
    stale = [s for s in snippets if results[s.name] is None]
    stale.sort(key=lambda s: -sum(len(cell.source) for cell in s.code))  # long ones last would run alone
    say(f"{len(stale)} of {len(snippets)} snippets to run")

    def run(snippet: Snippet) -> None:
        started = time.monotonic()
        say(f"{snippet.name}: running {len(snippet.code)} cells")
        notebook, report = execute(snippet, root, say)
        read = inputs([*report["read"], snippet.path], root, began)
        notebook.metadata["literate"] = {"fingerprint": machine, "inputs": read, "values": report["values"]}
        write(run_path(root, snippet), seal(notebook))
        results[snippet.name] = notebook
        left = sum(result is None for result in results.values())
        say(f"{snippet.name}: done in {time.monotonic() - started:.1f} s, {left} to go")

    faults = []
    for workers, batch in (
        (os.cpu_count(), [s for s in stale if not s.volatile]),
        (1, [s for s in stale if s.volatile]),
    ):
        faults += run_batch(run, batch, workers)
        if faults:
            raise LiterateError.of_many(faults)
    return results


def run_batch(run: Callable, batch: list[Snippet], workers: int | None) -> list[str]:
    """Run snippets side by side and return the authors' faults; at any other end, stop every kernel."""
    stopping.clear()
    pool = ThreadPoolExecutor(workers)
    try:
        jobs = [pool.submit(run, snippet) for snippet in batch]
        while pending := [job for job in jobs if not job.done()]:
            wait(pending, timeout=1, return_when=FIRST_EXCEPTION)  # in short steps, so that Ctrl-C is heard
        faults = [str(job.exception()) for job in jobs if isinstance(job.exception(), LiterateError)]
        for job in jobs:
            if not isinstance(job.exception(), LiterateError):
                job.result()  # a fault that is not the author's keeps its traceback
        return faults
    except BaseException:
        stopping.set()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def run_path(root: Path, snippet: Snippet) -> Path:
    return root / "outputs" / "runs" / f"{snippet.name}.ipynb"


def publish(outputs: Path, fragments: dict[str, str], values: dict) -> None:
    """Write fragments and values, and remove fragments that no snippet makes any more."""
    for name, text in fragments.items():
        write(outputs / "fragments" / name, text)
    for path in (outputs / "fragments").rglob("*.md"):
        if path.relative_to(outputs / "fragments").as_posix() not in fragments:
            path.unlink()
    write(outputs / "values.json", json.dumps(values, indent=1, sort_keys=True) + "\n")


def write(path: Path, text: str) -> None:
    """Write in one step, and only what changed, so that watchers and readers see whole files."""
    if path.exists() and path.read_bytes() == text.encode():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    draft.write_bytes(text.encode())
    os.replace(draft, path)
