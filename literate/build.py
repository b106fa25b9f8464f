"""Build: bring outputs/ up to date with the sources, side by side, and check the pages against it."""

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

import nbformat
from filelock import FileLock, Timeout

from literate.embed import faults
from literate.fresh import fingerprint, seal, stored
from literate.read import Cell, LiterateError, check_modules, fault, read
from literate.render import render
from literate.run import execute

PATIENCE = 10.0  # seconds between two signs of life


def build(root: Path, say: Callable = print) -> dict[str, nbformat.NotebookNode]:
    """Run what is stale, render, check the pages; return the executed notebooks by name.

    Raises:
        LiterateError: what the author of a snippet or page must mend.
    """
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
        where, what = str(error.filename or outputs), error.strerror or str(error)
        raise fault(where, what, "outputs/ must be writable, with room left") from None
    finally:
        lock.release()


def bring_up_to_date(root: Path, outputs: Path, say: Callable) -> dict[str, nbformat.NotebookNode]:
    """Do what `build` says, while nobody else does."""
    began = time.time()
    check_modules(root)
    paths = sorted(path.relative_to(root) for path in (root / "snippets").glob("*.py"))
    snippets = {path.stem: read(path, root) for path in paths}
    results = asyncio.run(run_all(root, snippets, began, say))
    fragments, values = {}, {}
    for name, cells in snippets.items():
        fragments |= render(cells, results[name])
        values[name] = results[name].metadata["literate"]["values"] | {"__volatile__": volatile(cells)}
    raise_all(faults(root, [cell for cells in snippets.values() for cell in cells], fragments, values))
    for name, text in fragments.items():
        write(outputs / "fragments" / name, text)
    gone = set(outputs.rglob("*.md")) - {outputs / "fragments" / name for name in fragments}
    gone |= {path for path in outputs.rglob("*.ipynb") if path.stem not in snippets}
    for path in gone:
        path.unlink()
    write(outputs / "values.json", json.dumps(values, indent=1, sort_keys=True) + "\n")
    return results


def volatile(cells: list[Cell]) -> bool:
    """Return whether any output changes from run to run; such a snippet runs alone, last."""
    return any("volatile" in cell.tags for cell in cells)


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


async def run_all(root: Path, snippets: dict[str, list[Cell]], began: float, say: Callable) -> dict:
    """Run what is stale, side by side, volatile snippets one by one at the end; return all notebooks."""
    machine, runs = fingerprint(root), root / "outputs" / "runs"
    results = {name: stored(runs / f"{name}.ipynb", machine, root) for name in snippets}
    stale = [name for name in snippets if results[name] is None]
    stale.sort(key=lambda name: -sum(len(cell.source) for cell in snippets[name]))  # long ones first
    say(f"{len(stale)} of {len(snippets)} snippets to run")
    running: dict[str, float] = {}

    async def run(name: str, gate: asyncio.Semaphore) -> None:
        async with gate:
            running[name] = started = time.monotonic()
            say(f"{name}: running {sum(cell.kind == 'code' for cell in snippets[name])} cells")
            try:
                notebook = await execute(snippets[name], root, began)
            finally:
                del running[name]
            notebook.metadata["literate"]["fingerprint"] = machine
            write(runs / f"{name}.ipynb", seal(notebook))
            results[name] = notebook
            left = sum(result is None for result in results.values())
            say(f"{name}: done in {time.monotonic() - started:.1f} s, {left} to go")

    watch = asyncio.create_task(signs_of_life(running, say))
    beside, alone = asyncio.Semaphore(processors()), asyncio.Semaphore(1)
    await all_of([run(name, beside) for name in stale if not volatile(snippets[name])])
    await all_of([run(name, alone) for name in stale if volatile(snippets[name])])
    watch.cancel()
    return results


async def all_of(jobs: list[Awaitable]) -> None:
    """Await all jobs; then raise what is no author's fault, or all that are."""
    ends = [end for end in await asyncio.gather(*jobs, return_exceptions=True) if end]
    for end in ends:
        if not isinstance(end, LiterateError):
            raise end
    raise_all(ends)


def raise_all(found: Iterable[LiterateError]) -> None:
    """Raise all faults as one, if there are any, so that they are mended in one go."""
    if said := "\n\n".join(map(str, found)):
        raise LiterateError(said)


async def signs_of_life(running: dict[str, float], say: Callable) -> None:
    """Say now and then what is running, and for how long."""
    while True:
        await asyncio.sleep(PATIENCE)
        for name, started in running.items():
            if (spent := time.monotonic() - started) > PATIENCE:
                say(f"{name}: has been running for {spent:.0f} s")


def write(path: Path, text: str) -> None:
    """Write in one step, and only what changed, so that watchers and readers see whole files."""
    if path.exists() and path.read_bytes() == text.encode():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    draft.write_bytes(text.encode())
    os.replace(draft, path)
