"""Inside: what a snippet's kernel does before and after the snippet.

`run` sends the source of these functions to the kernel, which never imports this file: it stands
in a namespace of its own there, and leaves no name behind.
"""


def prepare() -> None:
    """Note the files that are read, import modules from their source, draw SVG, bound what is printed."""
    import builtins
    import io
    import os
    import sys
    from importlib.machinery import SourceFileLoader

    from IPython import get_ipython

    shell, here, plain_open, plain_stats = get_ipython(), os.getcwd(), open, SourceFileLoader.path_stats
    shell.files_read = set()

    def noting_open(file, mode="r", *args, **kwargs):  # an audit hook would make torch twice as slow
        if not isinstance(file, int) and ("r" in mode or "+" in mode):
            shell.files_read.add(os.path.abspath(os.fsdecode(file)))
        return plain_open(file, mode, *args, **kwargs)

    def path_stats(loader, path):  # asked for each module that is imported from its source
        shell.files_read.add(path)
        installed = sys.prefix.startswith(here) and path.startswith(sys.prefix)
        if path.startswith(here) and not installed:
            raise OSError("no cache of bytecode: it tells changes by whole seconds only")
        return plain_stats(loader, path)

    def draw(figure):
        undated = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        for _ in range(3):  # constrained layout comes to rest only over several drawings
            text = io.StringIO()
            figure.savefig(text, format="svg", metadata=undated)
        return text.getvalue(), {"alt": figure.get_label()}

    def bound(_):  # far over what `run` allows; the rest would wait in memory, and stay there
        for stream in (sys.stdout, sys.stderr):
            stream.write = bounded(stream.write)  # for one cell: IPython puts its own `write` back after each

    def bounded(write, room=1_000_000):
        def write_within(text):
            nonlocal room
            kept, room = text[:room], max(room - len(text), 0)
            if kept:
                write(kept)
            return len(text)

        return write_within

    builtins.open = io.open = shell.user_ns["open"] = noting_open  # IPython gives cells an `open` of its own
    io.open_code = lambda path: noting_open(path, "rb")  # what runpy opens
    SourceFileLoader.path_stats = path_stats
    shell.events.register("pre_run_cell", bound)
    sys.path.insert(0, "")
    shell.ast_node_interactivity = "none"  # a bare expression shows nothing
    shell.config.InlineBackend.figure_formats = set()
    drawing = shell.display_formatter.formatters["image/svg+xml"]
    drawing.for_type_by_name("matplotlib.figure", "Figure", draw)  # imports nothing yet
    drawing.pop = lambda *_: None  # the inline backend would take it away when it starts


def report() -> None:
    """Print, as JSON, the snippet's values and the project's files that it read."""
    import json
    import os
    import sys

    from IPython import get_ipython

    def plain(value):
        return value if isinstance(value, (int, float, str)) else {"type": type(value).__name__}

    read = set(map(os.path.realpath, get_ipython().files_read))
    here, *away = (os.path.join(os.path.realpath(path), "") for path in (".", sys.prefix, "outputs"))
    away = tuple(path for path in away if path.startswith(here))  # the project can lie in its environment
    local = [path for path in read if path.startswith(here) and not path.startswith(away)]
    values = get_ipython().user_ns.get("values", {})
    entries = {str(key): plain(values[key]) for key in values} if isinstance(values, dict) else None
    print(json.dumps({"values": entries, "read": sorted(map(os.path.relpath, local))}))
