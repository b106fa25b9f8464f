"""Inside: what runs in a snippet's kernel around the snippet, as source text; it leaves no name behind."""

# Before the snippet: note every file that is opened, show no bare expression, and read local
# modules from their source, since Python's cache of them tells whole seconds only.
# (An audit hook would see more, and make torch's loops twice as slow.)
PROLOGUE = """
def _prepare():
    import builtins, io, os, sys
    from importlib.machinery import FileFinder, SourceFileLoader
    shell, here, plain_open = get_ipython(), os.getcwd(), open
    shell.literate_read, shell.literate_root = set(), here
    def noting_open(file, mode="r", *args, **kwargs):
        if isinstance(file, (str, os.PathLike)) and ("r" in mode or "+" in mode):
            shell.literate_read.add(os.path.abspath(file))
        return plain_open(file, mode, *args, **kwargs)
    class Uncached(SourceFileLoader):
        def path_stats(self, path):
            raise OSError("no cache of bytecode")
    find = FileFinder.path_hook((Uncached, [".py"]))
    def local(path):
        place = os.path.abspath(path)
        if path and not place.startswith(here) or place.startswith(sys.prefix):
            raise ImportError(path)
        return find(path)
    builtins.open = io.open = noting_open
    sys.path.insert(0, "")
    sys.path_hooks.insert(0, local)
    sys.path_importer_cache.clear()
    shell.ast_node_interactivity = "none"
_prepare()
del _prepare
"""

# And for snippets that draw: figures become SVG that carries its alternative text.
DRAWING = """
def _prepare():
    import io
    from matplotlib.figure import Figure
    def draw(figure):
        undated = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        for _ in range(3):  # constrained layout comes to rest only over several drawings
            text = io.StringIO()
            figure.savefig(text, format="svg", metadata=undated)
        return text.getvalue(), {"alt": figure.get_label()}
    shell = get_ipython()
    shell.config.InlineBackend.figure_formats = set()
    shell.run_line_magic("matplotlib", "inline")
    shell.display_formatter.formatters["image/svg+xml"].for_type(Figure, draw)
_prepare()
del _prepare
"""

# After the snippet: hand over its values, the local files that were read, and what was left undrawn.
EPILOGUE = """
def _report(path):
    import IPython, io, json, os, sys
    shell, values = IPython.get_ipython(), globals().get("values", {{}})
    if isinstance(values, dict):
        values = {{str(key): value for key, value in values.items()}}
    read = shell.literate_read | {{vars(m).get("__file__") or "" for m in list(sys.modules.values())}}
    here = [p for p in map(os.path.abspath, read) if p.startswith(shell.literate_root)]
    pyplot = sys.modules.get("matplotlib.pyplot")
    report = {{"values": values, "read": sorted(here), "undrawn": len(pyplot.get_fignums()) if pyplot else 0}}
    with io.open(path, "w", encoding="utf-8") as file:
        json.dump(report, file, default=lambda value: {{"type": type(value).__name__}})
_report({path!r})
"""
