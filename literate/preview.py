"""Preview: `mkdocs serve` goes on after any fault, with its message and the last good pages.

MkDocs gives up at a fault in the first build, answers no request after one in a later build, and empties the
folder that it shows before it builds. So any build may fail here, and what is shown is a copy.
"""

import html
import shutil
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

from mkdocs.commands import serve
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import MkDocsException
from mkdocs.livereload import LiveReloadServer
from mkdocs.plugins import get_plugin_logger

log = get_plugin_logger("literate")
NOT_BUILT = "<!doctype html><meta charset=utf-8><title>Not built</title><pre>{}</pre>"


class Preview:
    """A running `mkdocs serve`."""

    def __init__(self) -> None:
        self.place = tempfile.TemporaryDirectory(prefix="preview-")
        self.shown, self.changed = Path(self.place.name, "site"), Path(self.place.name, "changed")
        self.changed.touch()
        self.error: Exception | None = None  # of the last build, as it was raised
        self.first, serve.build = serve.build, self.build_first

    def build_first(self, config: MkDocsConfig, **settings) -> None:
        """Build; after a fault show its message in place of pages."""
        try:
            self.first(config, **settings)
        except (Exception, SystemExit) as error:
            message = self.say(error)
            for name in ("index.html", "404.html"):
                page = NOT_BUILT.format(html.escape(message))
                Path(config.site_dir, name).write_text(page, encoding="utf-8")

    def over(self, server: LiveReloadServer, config: MkDocsConfig, builder: Callable, root: Path):
        """Let a server show the last good pages, and notice changes of modules, new ones too."""
        serve.build = self.first
        shutil.copytree(config.site_dir, self.shown)
        server.root, server.builder = str(self.shown), lambda: self.rebuild(config.site_dir, builder)
        packages = [path.parent for path in root.glob("*/__init__.py")]
        for path in (root / "snippets", root / "data", self.changed, *packages):
            if path.exists():
                server.watch(str(path))
        server.observer.schedule(Modules(self.changed), str(root), recursive=False)
        return server

    def rebuild(self, site: str, builder: Callable) -> None:
        """Build anew; after a fault say so and leave what is shown."""
        try:
            builder()
        except (Exception, SystemExit) as error:
            self.say(error)
        else:
            shutil.rmtree(self.shown)
            shutil.copytree(site, self.shown)

    def say(self, error: BaseException) -> str:
        """Say why nothing was built, and return it."""
        error, self.error = self.error or error, None  # MkDocs hands on no more than that there was one
        message = str(error) if isinstance(error, MkDocsException) else worded(error)
        log.error("Not built: %s\nWhat is shown is the last good build, if there was one.\n", message.strip())
        return message

    def close(self) -> None:
        self.place.cleanup()


def worded(error: BaseException) -> str:
    return "".join(traceback.format_exception_only(error))


class Modules:
    """Passes on what happens to modules and the style of figures, not to other files beside mkdocs.yml."""

    def __init__(self, changed: Path) -> None:
        self.changed = changed

    def dispatch(self, event) -> None:
        if event.src_path.endswith((".py", "matplotlibrc")):
            self.changed.write_text(event.src_path)
