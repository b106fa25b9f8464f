"""Runner: the cells of one snippet, one after another in one namespace. `run` starts it by its path.

In, on standard input: a line of JSON with the modules that many snippets import, then a line for each of
them: its path, line and source of each cell, what it imports, its folder. Each snippet runs in a process that
is forked from this one, where those modules are imported; another process in between waits for its end.

Out, in files beside the snippet's folder: `report`, a line of JSON for each cell that has ended and one with
the values; `out` and `err`, descriptors 1 and 2, which take what cells, their threads and child processes
write (their sizes at the end of a cell tell what is whose); `ended`, the status.
"""

import ctypes
import gc
import importlib
import io
import json
import linecache
import os
import signal
import sys
import tempfile
import threading
import traceback
import types
from pathlib import Path
from typing import TextIO

UNDATED = dict.fromkeys(("Date", "Creator", "Format", "Type"))
FIGURES: list[dict] = []  # those of the cell that runs
C = ctypes.CDLL(None)


def main() -> None:
    """Fork one process after another; in each of them return when its snippet has run."""
    notice_parents_end(signal.SIGKILL)
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
        raise RuntimeError("an imported module has started threads, which no fork takes along")
    gc.freeze()  # what was imported is not looked through again in each fork
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those below
    print("ready", file=answers, flush=True)
    for line in sys.stdin.buffer:
        if not os.fork():
            return wait_for_snippet(json.loads(line), answers)


def notice_parents_end(number: int) -> None:
    """Let this process get a signal when its parent ends, even by a kill."""
    if sys.platform == "linux":
        C.prctl(1, number)


def wait_for_snippet(job: dict, answers: TextIO) -> None:
    """Lead a process group of a snippet's own, run it there and write down how it ended."""
    notice_parents_end(signal.SIGTERM)
    os.setsid()
    signal.signal(signal.SIGTERM, lambda *_: os.killpg(0, signal.SIGKILL))
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    print(os.getpid(), file=answers, flush=True)
    if runner := os.fork():
        status = os.waitstatus_to_exitcode(os.waitpid(runner, 0)[1])
        Path(job["place"], "ended").write_text(f"{status}\n")
        os._exit(0)
    notice_parents_end(signal.SIGKILL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    answers.close()
    run(job, Path(job["place"]))


def run(job: dict, place: Path) -> None:
    """Run the cells; stop at an error."""
    report = (place / "report").open("a", encoding="ascii")
    out, err = place / "out", place / "err"
    os.environ |= {"HOME": str(place), "TMPDIR": str(place)}
    tempfile.tempdir = None  # as if nobody had asked for it yet
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()  # as it is where numpy is imported
    os.chdir(place / "run")
    take(0, os.devnull, os.O_RDONLY)
    take(1, out, os.O_WRONLY | os.O_APPEND)
    take(2, err, os.O_WRONLY | os.O_APPEND)
    namespace, me = namespace_of(job), os.getpid()
    for number, (line, source) in enumerate(job["cells"]):
        FIGURES.clear()
        error = None
        try:
            if number == 0:
                refuse_names_taken()
                if "matplotlib" in job["imports"]:
                    keep_shown_figures(out)
            code = compile("\n" * line + source, job["file"], "exec", dont_inherit=True)
            exec(code, namespace)
            keep_open_figures(out)
        except BaseException as raised:  # exit() too
            error = worded(raised, job["file"], str(place))
        flush()
        if os.getpid() != me:
            os.write(2, b"a forked process ran on past the end of its cell")
            os._exit(1)
        if "asyncio" in job["imports"]:
            gc.collect()  # tasks that failed say so when they go
        alive = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
        sizes = {"out": out.stat().st_size, "err": err.stat().st_size}
        said = sizes | {"error": error, "alive": alive, "figures": FIGURES}
        print(json.dumps(said), file=report, flush=True)
        if error:
            return
    values = namespace.get("values", {})
    entries = {str(key): plain(values[key]) for key in values} if isinstance(values, dict) else None
    print(json.dumps({"values": entries}), file=report, flush=True)
    namespace.clear()
    gc.collect() if "asyncio" in job["imports"] else None


def take(descriptor: int, path: str | Path, mode: int) -> None:
    """Let a descriptor, as this process and its children see it, be that of a file."""
    opened = os.open(path, mode)
    os.dup2(opened, descriptor)
    os.close(opened)


def isolate(root: str) -> None:
    """Let nothing of the project be imported but what lies in the folder of a snippet."""
    sys.path[:] = ["", *(path for path in sys.path if path != root)]
    homes = [(finder, getattr(finder, "__module__", "")) for finder in sys.meta_path]
    sys.meta_path[:] = [finder for finder, home in homes if not home.startswith("__editable__")]


def namespace_of(job: dict) -> dict:
    """Return the namespace in which the cells run, that of a new module `__main__`."""
    sys.path[0], sys.argv[:] = os.getcwd(), [job["file"]]
    sys.breakpointhook = forgotten
    lines = [f"{line}\n" for line in job["text"].split("\n")]
    linecache.cache[job["file"]] = len(job["text"]), None, lines, job["file"]  # for tracebacks and inspect
    sys.modules["__main__"] = types.ModuleType("__main__")
    return sys.modules["__main__"].__dict__


def refuse_names_taken() -> None:
    """Raise if a file has the name of a module that is there already: nobody could import it."""
    taken = [path.name for path in Path().iterdir() if path.name.removesuffix(".py") in sys.modules]
    if taken:
        raise ImportError(f"{', '.join(taken)}: a module of this name is imported before; call it otherwise")


def forgotten(*args: object, **kwargs: object) -> None:
    raise RuntimeError("breakpoint() was left in")


def keep_shown_figures(out: Path) -> None:
    """Let `plt.show()` and `fig.show()` keep figures where they are called."""
    from matplotlib.backend_bases import FigureManagerBase

    FigureManagerBase.show = lambda manager: keep(manager.canvas.figure, out)


def keep_open_figures(out: Path) -> None:
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        for number in pyplot.get_fignums():
            keep(pyplot.figure(number), out)


def keep(figure, out: Path) -> None:
    """Draw a figure as SVG, noting how much was printed before it, and close it."""
    flush()
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata=UNDATED)
    FIGURES.append({"after": out.stat().st_size, "svg": text.getvalue(), "alt": figure.get_label()})
    sys.modules["matplotlib.pyplot"].close(figure)
    if len(FIGURES) > 20:
        raise RuntimeError("this cell draws more than 20 figures")


def flush() -> None:
    """Hand on what Python and C hold back, whatever a cell has put in the place of its streams."""
    for name in ("stdout", "stderr", "__stdout__", "__stderr__"):
        try:
            getattr(sys, name).flush()
        except (AttributeError, ValueError, OSError):  # absent or closed
            pass
    C.fflush(None)


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


def plain(value: object) -> object:
    """Return a value that JSON can carry, or say what it is instead."""
    if isinstance(value, str) or isinstance(value, (int, float)) and abs(value) <= sys.float_info.max:
        return value
    finite = isinstance(value, (int, float))
    return {"kind": f"a {type(value).__name__}" + (" that is not finite, or too large" if finite else "")}


if __name__ == "__main__":
    main()
