"""Run: one snippet in a process and a folder of its own, for a time that is bounded.

In: a Snippet. Out: its executed notebook, the single result. The folder is new and holds only the snippet's
files; the process, its keeper and all that they start end with the run, whatever happens (forker).
"""

import asyncio
import json
import os
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import nbformat

from literate.account import WAIT, Account, Ended, Limits
from literate.forks import ForkServer
from literate.notebook import compose, setup, values_of
from literate.read import Snippet

PATIENCE = 10.0  # seconds between two signs of life


async def execute(
    snippet: Snippet, limits: Limits, server: ForkServer, say: Callable
) -> nbformat.NotebookNode:
    """Run a snippet from the top, saying now and then that it runs.

    Raises:
        LiterateError: a cell fails, or leaves what no page can show.
    """
    first = setup(snippet)
    with tempfile.TemporaryDirectory(prefix="literate-", ignore_cleanup_errors=True) as place:
        account = Account(snippet, limits, Path(place).resolve())
        keeper = start(account, server)
        try:
            ended = await end(account, keeper, say)
            outputs = {cell.name: account.outputs(number, ended) for number, cell in enumerate(account.cells)}
            account.check_end(ended)
        except BaseException:
            kill(keeper)
            raise
    return compose(snippet, first, outputs, values_of(snippet, account.reports[-1]))


def start(account: Account, server: ForkServer) -> int:
    """Lay the folder and start the process in it; return the number of its keeper, which leads its group."""
    snippet = account.snippet
    for name, data in {"../out": b"", "../err": b"", "../report": b"", **snippet.files}.items():
        path = account.place / "run" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    job = {"file": snippet.path.as_posix(), "text": snippet.text, "imports": sorted(snippet.imports)}
    job |= {"place": str(account.place), "cells": [(cell.line, cell.source) for cell in account.cells]}
    if not (answer := server.ask(job, account.limits.seconds)):
        rule = "see what memory and processes the system has left"
        raise snippet.cells[0].fault("no process could be started", rule)
    return int(answer)


async def end(account: Account, keeper: int, say: Callable) -> Ended:
    """Wait until all has ended and say how; give up when a cell takes or leaves too much."""
    began, read, said = time.monotonic(), 0, time.monotonic()
    while not (ended := how_ended(account.place, keeper)):
        await asyncio.sleep(0.02)
        if (size := account.size("report")) != read:
            began, read = time.monotonic(), size
            account.read_reports()
        cell = account.running()
        account.check_room(cell, max(account.size("out") - account.before("out"), account.size("err")))
        if time.monotonic() > said + PATIENCE:
            said = time.monotonic()
            say(f"{account.snippet.name}: cell '{cell.name}' has been running for {said - began:.0f} s")
        if time.monotonic() > began + account.limits.seconds:
            if len(account.reports) > len(account.cells):
                raise cell.fault("did not end after the last cell", WAIT)
            rule = "keep cells short, or raise `seconds` of the plugin `literate` in mkdocs.yml"
            raise cell.fault(f"still running after {account.limits.seconds:g} s{account.wrote()}", rule)
    account.read_reports()
    return ended


def how_ended(place: Path, keeper: int) -> Ended | None:
    """Return how the process ended, or nothing while it or its keeper runs."""
    gone = is_gone(keeper)  # looked at before the file, which is written first
    with suppress(FileNotFoundError, ValueError):  # not there, or not written yet
        report = json.loads((place / "ended").read_text())
        code = report["status"]
        return Ended(f"status {code}" if code >= 0 else signal.Signals(-code).name, report["left"])
    return Ended("killed", left=False) if gone else None


def is_gone(group: int) -> bool:
    """Return whether nobody of a process group is left (on macOS, nobody that lives)."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return True
    return False


def kill(keeper: int) -> None:
    """End the process and all that it started: its keeper does, unless it is stopped itself."""
    with suppress(ProcessLookupError, PermissionError):
        os.kill(keeper, signal.SIGTERM)
        until = time.monotonic() + 1
        while time.monotonic() < until and not is_gone(keeper):
            time.sleep(0.01)
        os.killpg(keeper, signal.SIGKILL)
