"""Runner: the cells of one snippet, one after another in one namespace, in a process of their own (forker).

In: the job, with the snippet's path, its text, line and source of each cell, what it imports, and a folder.
Out, in the file `report` of that folder: a line of JSON for each cell that has ended, with the traces that it
left, and one with the values.
"""

import __future__

import atexit
import gc
import json
import linecache
import os
import sys
import tempfile
import threading
import traceback
import types
from pathlib import Path

from traces import Traces, flush

FUTURE = sum(getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)


def run(job: dict, place: Path) -> None:
    """Run the cells; stop at an error. End without taking down what was imported, which takes long."""
    report = (place / "report").open("a", encoding="ascii")
    namespace, traces, flags = settle(job, place), Traces(place), 0
    for number, (line, source) in enumerate(job["cells"]):
        error, me = None, os.getpid()
        try:
            if number == 0:
                prepare(job, traces)
            code = compile("\n" * line + source, job["file"], "exec", flags, dont_inherit=True)
            flags |= code.co_flags & FUTURE
            exec(code, namespace)
            traces.keep_open_figures()
        except BaseException as raised:  # exit() too
            error = worded(raised, job["file"], str(place))
        flush()
        if os.getpid() != me:
            os.write(2, b"a forked process ran on past the end of its cell")
            os._exit(1)
        collect(job)
        print(json.dumps({"error": error} | traces.of_cell()), file=report, flush=True)
        if error:
            os._exit(0)
    print(json.dumps({"values": values_in(namespace)}), file=report, flush=True)
    namespace.clear()
    collect(job)
    threading._shutdown()
    atexit._run_exitfuncs()
    flush()
    os._exit(0)


def settle(job: dict, place: Path) -> dict:
    """Go where the snippet runs, and return the namespace of its cells, that of a new module `__main__`."""
    (place / "home").mkdir()
    os.environ |= dict.fromkeys(("HOME", "TMPDIR"), str(place / "home"))
    tempfile.tempdir = None  # as if nobody had asked for it yet
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()  # as it is where numpy is imported
    os.chdir(place / "run")
    sys.path[0], sys.argv[:] = os.getcwd(), [job["file"]]
    sys.breakpointhook = forgotten
    for number, path in enumerate((os.devnull, place / "out", place / "err")):
        opened = os.open(path, os.O_WRONLY | os.O_APPEND if number else os.O_RDONLY)
        os.dup2(opened, number)  # as this process and its children see it
        os.close(opened)
    lines = [f"{line}\n" for line in job["text"].split("\n")]
    linecache.cache[job["file"]] = len(job["text"]), None, lines, job["file"]  # for tracebacks and inspect
    sys.modules["__main__"] = types.ModuleType("__main__")
    return sys.modules["__main__"].__dict__


def forgotten(*args: object, **kwargs: object) -> None:
    raise RuntimeError("breakpoint() was left in")


def prepare(job: dict, traces: Traces) -> None:
    """Let `plt.show()` and `fig.show()` keep figures where they are called.

    Raises:
        ImportError: a file has the name of a module that is there already, so nobody could import it.
    """
    taken = [path.name for path in Path().iterdir() if path.name.removesuffix(".py") in sys.modules]
    if taken:
        raise ImportError(f"{', '.join(taken)}: a module of this name is imported before; call it otherwise")
    if "matplotlib" in job["imports"]:
        from matplotlib.backend_bases import FigureManagerBase

        FigureManagerBase.show = lambda manager: traces.keep(manager.canvas.figure)


def collect(job: dict) -> None:
    """Let tasks that failed say so, as they do when they go."""
    if "asyncio" in job["imports"]:
        gc.collect()


def worded(error: BaseException, file: str, place: str) -> dict:
    """Return the snippet's line that raised, and what; with the line of the project's module, if any."""
    line, module = 0, ""
    for frame, number in traceback.walk_tb(error.__traceback__):
        path = frame.f_code.co_filename
        if path == file:
            line, module = number, ""
        elif path.startswith(place):
            module = f" (in {os.path.relpath(path, os.path.join(place, 'run'))}:{number})"
    what = "".join(traceback.format_exception_only(type(error), error)).strip()
    return {"line": line, "what": what[:2000] + module}


def values_in(namespace: dict) -> dict | None:
    """Return the dict `values` as JSON can carry it, or nothing if it is no dict of such a kind."""
    values = namespace.get("values", {})
    try:
        return {str(key): plain(value) for key, value in values.items()} if isinstance(values, dict) else None
    except Exception:  # of a key or a value that does as it likes
        return None


def plain(value: object) -> object:
    """Return a value that JSON can carry, or say what it is instead."""
    if isinstance(value, str) or isinstance(value, (int, float)) and abs(value) <= sys.float_info.max:
        return value
    finite = isinstance(value, (int, float))
    return {"kind": f"a {type(value).__name__}" + (" that is not finite, or too large" if finite else "")}
