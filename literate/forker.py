"""Forker: a process that imports once what many snippets import, and forks one for each. `forks` starts it.

In, on standard input: a line of JSON with the modules to import, then one for each snippet, its job (runner).
Out, on standard output: `ready`, then the number of each snippet's keeper. A keeper leads a group of its own,
forks the process in which the snippet runs, and waits for the end of that and of all that it started. The
file `ended` then has the status, and whether something had to be ended.
"""

import ctypes
import gc
import importlib
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TextIO

from runner import run

C = ctypes.CDLL(None)
DEATH_SIGNAL, SUBREAPER = 1, 36  # of Linux's prctl
MOMENT = 2.0  # seconds in which Python's own helpers are gone


def main() -> None:
    """Fork one process after another; in each of them return when its snippet has run."""
    prctl(DEATH_SIGNAL, signal.SIGKILL)
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what a module says when it is imported is no answer
    first = json.loads(sys.stdin.buffer.readline())
    isolate(first["root"])
    try:
        for name in first["modules"]:
            importlib.import_module(name)
    except BaseException as error:  # exit() too
        sys.exit(f"{name}: {type(error).__name__}: {error}")
    if threading.active_count() > 1:
        sys.exit("an imported module has started threads, which no fork takes along")
    gc.freeze()  # what was imported is not looked through again in each fork
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for keepers
    print("ready", file=answers, flush=True)
    for line in sys.stdin.buffer:
        if not os.fork():
            return keep(json.loads(line), answers)


def prctl(option: int, value: int) -> None:
    """Ask Linux for a signal when the parent ends, even by a kill; or for the orphans of what is started."""
    if sys.platform == "linux":
        C.prctl(option, value)


def isolate(root: str) -> None:
    """Let nothing of the project be imported but what lies in the folder of a snippet."""
    del sys.modules["runner"], sys.modules["traces"]
    sys.path[:] = ["", *(path for path in sys.path[1:] if path != root)]
    homes = [(finder, getattr(finder, "__module__", "")) for finder in sys.meta_path]
    sys.meta_path[:] = [finder for finder, home in homes if not home.startswith("__editable__")]


def keep(job: dict, answers: TextIO) -> None:
    """Run a snippet in a process of its own, and write down how that ended."""
    prctl(DEATH_SIGNAL, signal.SIGTERM)
    prctl(SUBREAPER, 1)
    os.setsid()
    signal.signal(signal.SIGTERM, end_all)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    print(os.getpid(), file=answers, flush=True)
    if child := os.fork():
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        left = not all_end()
        Path(job["place"], "ended").write_text(json.dumps({"status": status, "left": left}))
        end_all()
    prctl(DEATH_SIGNAL, signal.SIGKILL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    answers.close()
    run(job, Path(job["place"]))


def all_end() -> bool:
    """Return whether the snippet's process leaves nothing, wherever it may have hidden it."""
    until = time.monotonic() + MOMENT
    while time.monotonic() < until:
        try:
            os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return True
        time.sleep(0.01)
    return False


def end_all(*_: object) -> None:
    """End all that lives below this process, whose orphans become its own; then its group."""
    listed = Path(f"/proc/self/task/{os.getpid()}/children")
    while listed.exists() and (children := listed.read_text().split()):
        for number in children:
            os.kill(int(number), signal.SIGKILL)
        os.waitpid(-1, 0)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
