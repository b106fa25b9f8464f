"""Build: bring the stored runs up to date with the sources, side by side, and check the pages against them.

In: the project's folder. Out: outputs/notebooks/x.ipynb for each snippet, and what the pages may take from
them. Faults are raised together, those of sources before anything runs, so that they are mended in one go.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from literate.account import Limits
from literate.alone import explained
from literate.check import Pages, faults, pages_of
from literate.forks import ForkServer, font_list, fork_server
from literate.fresh import key_of, machine_of, store, stored
from literate.read import Snippet, read
from literate.render import View, view_of
from literate.run import execute
from literate.sources import LiterateError


@dataclass(frozen=True)
class Built:
    """What is at hand for the site after a build."""

    snippets: list[Snippet]
    pages: Pages
    views: dict[str, View]


def build(root: Path, docs: str, limits: Limits, say: Callable, preload: Iterable[str] = ()) -> Built:
    """Run what is stale, check the sources of the pages.

    Args:
        docs: the folder of the pages.
        say: takes what is said of the runs.
        preload: modules to be imported once, before the snippets are forked.

    Raises:
        LiterateError: what the author of a snippet or page must mend.
    """
    folder = root / "outputs/notebooks"
    paths = sorted(path.relative_to(root) for path in (root / "snippets").glob("*.py"))
    readings = [partial(read, path, root) for path in paths]
    *snippets, pages = all_of([*readings, partial(pages_of, root, docs)])
    with explained(root):
        machine = machine_of(limits.threads)
        keys = {snippet.name: key_of(snippet, machine) for snippet in snippets}
        stale = [one for one in snippets if not stored(folder / f"{one.name}.ipynb", keys[one.name])]
        say(f"{len(stale)} of {len(snippets)} snippets to run")
        if stale:
            imports = {name for snippet in stale for name in snippet.imports}
            fonts = font_list(root / "outputs/fonts" / machine[:16], needed="matplotlib" in imports)
            with fork_server(root, fonts, limits.threads, limits.seconds, preload) as server:
                asyncio.run(Runs(folder, keys, limits, say).all(stale, server))
        for path in set(folder.glob("*.ipynb")) - {folder / f"{name}.ipynb" for name in keys}:
            path.unlink()
    views = {name: view_of(folder, name) for name in keys}
    raise_all(faults(pages, snippets, views))
    return Built(snippets, pages, views)


def all_of(jobs: Iterable[Callable]) -> list:
    """Return what each job returns; raise the faults of all."""
    done, found = [], []
    for job in jobs:
        try:
            done.append(job())
        except LiterateError as error:
            found.append(error)
    raise_all(found)
    return done


def raise_all(found: Iterable[LiterateError]) -> None:
    """Raise all faults as one, if there are any."""
    if said := "\n\n".join(dict.fromkeys(map(str, found))):
        raise LiterateError(said)


class Runs:
    """Snippets that run side by side, long ones first; volatile ones one by one at the end."""

    def __init__(self, folder: Path, keys: dict[str, str], limits: Limits, say: Callable) -> None:
        self.folder, self.keys, self.limits, self.say = folder, keys, limits, say

    async def all(self, stale: list[Snippet], server: ForkServer) -> None:
        """Run them; raise the faults of all."""
        stale.sort(key=lambda one: -len(one.text))
        self.left, self.server = len(stale), server
        count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        ends = []
        for volatile, gate in ((False, asyncio.Semaphore(count)), (True, asyncio.Semaphore(1))):
            jobs = [self.run(snippet, gate) for snippet in stale if snippet.volatile is volatile]
            ends += await asyncio.gather(*jobs, return_exceptions=True)
        for end in ends:
            if end and not isinstance(end, LiterateError):
                raise end
        raise_all(sorted(filter(None, ends), key=str))

    async def run(self, snippet: Snippet, gate: asyncio.Semaphore) -> None:
        async with gate:
            self.say(f"{snippet.name}: running {sum(cell.code for cell in snippet.cells)} cells")
            began = time.monotonic()
            notebook = await execute(snippet, self.limits, self.server, self.say)
            store(self.folder / f"{snippet.name}.ipynb", notebook, self.keys[snippet.name])
            self.left -= 1
            self.say(f"{snippet.name}: done in {time.monotonic() - began:.1f} s, {self.left} to go")
