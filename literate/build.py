"""Build: bring outputs/ up to date with the sources, side by side, and check the pages against it."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from filelock import FileLock

from literate.embed import check_pages
from literate.errors import LiterateError
from literate.fresh import fingerprint, seal, stored
from literate.kernel import execute
from literate.read import Snippet, read
from literate.render import downloadable, render


def build(root: Path, say=print) -> dict[str, nbformat.NotebookNode]:
    """Run what is stale, render, check the pages; return the executed notebooks by name."""
    outputs = root / "outputs"
    outputs.mkdir(exist_ok=True)
    with FileLock(outputs / ".lock"):  # a second build waits for the first
        snippets = [read(path.relative_to(root), root) for path in sorted((root / "snippets").glob("*.py"))]
        results = run_all(root, snippets, say)
        fragments, values = {}, {}
        for snippet in snippets:
            fragments |= render(snippet, results[snippet.name])
            values[snippet.name] = dict(results[snippet.name].metadata["literate"]["values"])
            if snippet.volatile:
                values[snippet.name]["__volatile__"] = True
        check_pages(root, snippets, set(fragments), values)
        publish(outputs, fragments, values)
        for snippet in snippets:
            write(outputs / "notebooks" / f"{snippet.name}.ipynb", downloadable(root, snippet, results[snippet.name]))
    return results


def run_all(root: Path, snippets: list[Snippet], say) -> dict[str, nbformat.NotebookNode]:
    """Run what is stale, side by side; volatile snippets one by one at the end."""
    machine = fingerprint(root)
    results = {s.name: stored(run_path(root, s), machine, root) for s in snippets}
    stale = [s for s in snippets if results[s.name] is None]
    say(f"{len(stale)} of {len(snippets)} snippets to run")

    def run(snippet: Snippet) -> None:
        results[snippet.name] = execute(snippet, root, machine, say)
        write(run_path(root, snippet), seal(results[snippet.name]))

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        jobs = [pool.submit(run, s) for s in stale if not s.volatile]
    failures = [str(job.exception()) for job in jobs if isinstance(job.exception(), LiterateError)]
    if failures:
        raise LiterateError.of_many(failures)
    for job in jobs:
        job.result()  # an error that is not the author's keeps its traceback
    for snippet in stale:
        if snippet.volatile:
            run(snippet)
    return results


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
