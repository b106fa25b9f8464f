"""Runner: the cells of one snippet, one after another in one namespace. `run` starts it by its path.

In, on standard input: JSON with the snippet's path, the line and source of each cell, what it imports.
Out, on what was standard output: a line of JSON for each cell when it has ended, then one with the values.
What cells, their threads and their child processes write goes to two files, descriptors 1 and 2; their sizes
at the end of a cell tell what is whose.
"""

import ctypes
import gc
import io
import json
import linecache
import os
import sys
import threading
import traceback
import types

UNDATED = dict.fromkeys(("Date", "Creator", "Format", "Type"))
FIGURES: list[dict] = []  # those of the cell that runs
C = ctypes.CDLL(None)


def main() -> None:
    if sys.platform == "linux":
        C.prctl(1, 9)  # when the build is killed, so is this process
    job = json.loads(sys.stdin.buffer.read())
    report = os.fdopen(os.dup(1), "w", encoding="ascii")
    take(0, os.devnull, os.O_RDONLY)
    take(1, job["out"], os.O_WRONLY | os.O_APPEND)
    take(2, job["err"], os.O_WRONLY | os.O_APPEND)
    isolate(job)
    namespace = sys.modules["__main__"].__dict__
    for number, (line, source) in enumerate(job["cells"]):
        FIGURES.clear()
        error = None
        try:
            if number == 0 and "matplotlib" in job["imports"]:
                keep_shown_figures(job["out"])
            code = compile("\n" * line + source, job["file"], "exec", dont_inherit=True)
            exec(code, namespace)
            keep_open_figures(job["out"])
        except BaseException as raised:  # exit() too
            error = worded(raised, job)
        flush()
        if "asyncio" in job["imports"]:
            gc.collect()  # tasks that failed say so when they go
        alive = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
        sizes = {"out": os.path.getsize(job["out"]), "err": os.path.getsize(job["err"])}
        said = sizes | {"error": error, "alive": alive, "figures": FIGURES}
        print(json.dumps(said), file=report, flush=True)
        if error:
            return
    values = namespace.get("values", {})
    entries = {str(key): plain(values[key]) for key in values} if isinstance(values, dict) else None
    print(json.dumps({"values": entries}), file=report, flush=True)
    namespace.clear()
    gc.collect() if "asyncio" in job["imports"] else None


def take(descriptor: int, path: str, mode: int) -> None:
    """Let a descriptor, as this process and its children see it, be that of a file."""
    opened = os.open(path, mode)
    os.dup2(opened, descriptor)
    os.close(opened)


def isolate(job: dict) -> None:
    """Leave the cells a namespace of their own, and nothing of the project but what lies in this folder."""
    sys.modules["__main__"] = types.ModuleType("__main__")
    sys.path[:] = [os.getcwd(), *(path for path in sys.path if path != job["root"])]
    homes = [(finder, getattr(finder, "__module__", "")) for finder in sys.meta_path]
    sys.meta_path[:] = [finder for finder, home in homes if not home.startswith("__editable__")]
    sys.breakpointhook = forgotten
    lines = [f"{line}\n" for line in job["text"].split("\n")]
    linecache.cache[job["file"]] = len(job["text"]), None, lines, job["file"]  # for tracebacks and inspect


def forgotten(*args: object, **kwargs: object) -> None:
    raise RuntimeError("breakpoint() was left in")


def keep_shown_figures(out: str) -> None:
    """Let `plt.show()` and `fig.show()` keep figures where they are called."""
    from matplotlib.backend_bases import FigureManagerBase

    FigureManagerBase.show = lambda manager: keep(manager.canvas.figure, out)


def keep_open_figures(out: str) -> None:
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        for number in pyplot.get_fignums():
            keep(pyplot.figure(number), out)


def keep(figure, out: str) -> None:
    """Draw a figure as SVG, noting how much was printed before it, and close it."""
    flush()
    for _ in range(3):  # constrained layout comes to rest only over several drawings
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata=UNDATED)
    after = os.path.getsize(out)
    FIGURES.append({"after": after, "svg": text.getvalue(), "alt": figure.get_label()})
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


def worded(error: BaseException, job: dict) -> dict:
    """Return the snippet's line that raised, and what; with the line of the project's module, if any."""
    line, module = 0, ""
    for frame, number in traceback.walk_tb(error.__traceback__):
        path = frame.f_code.co_filename
        if path == job["file"]:
            line, module = number, ""
        elif path.startswith(job["folder"]):
            module = f" (in {os.path.relpath(path, job['folder'])}:{number})"
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
