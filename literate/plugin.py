"""Plugin: the engine in MkDocs (`plugins: - literate`).

In: the project. Out: its pages, checked as published, with each snippet's notebook, the snippet itself and a
table of all quoted values to download. What is stale runs before MkDocs empties its output folder.
"""

import csv
import io
import logging
import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from mkdocs.config.base import Config
from mkdocs.config.config_options import ListOfItems, Type
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.livereload import LiveReloadServer
from mkdocs.plugins import BasePlugin, event_priority, get_plugin_logger
from mkdocs.structure.files import File, Files

from literate.account import Limits
from literate.alone import alone, end_on_request
from literate.build import build, raise_all
from literate.check import published
from literate.embed import QUOTE
from literate.preview import Preview
from literate.sources import LiterateError

log = get_plugin_logger("literate")
TABLE = "quoted-values.csv"


class Settings(Config):
    """What an author may set in mkdocs.yml."""

    seconds = Type((int, float), default=Limits.seconds)  # that one cell may take
    characters = Type(int, default=Limits.characters)  # that it may leave
    threads = Type(int, default=Limits.threads)  # that a snippet has
    preload = ListOfItems(Type(str), default=[])  # modules to import once for all snippets


class LiteratePlugin(BasePlugin[Settings]):
    """Runs snippets, checks pages, adds what there is to download."""

    def on_startup(self, *, command: str, dirty: bool) -> None:
        """Take a request to end as Ctrl-C, so that running snippets end too; let a preview survive faults."""
        end_on_request()
        for chatty in ("mkdocs.plugins.mkdocs_jupyter", "mkdocs.mkdocs-jupyter"):
            logging.getLogger(chatty).setLevel(logging.WARNING)
        self.preview = Preview() if command == "serve" else None
        self.lock = ExitStack()

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        self.root = Path(config.config_file_path).resolve().parent
        self.folder = self.root / "outputs/notebooks"
        config.mdx_configs.setdefault("literate", {})["folder"] = str(self.folder)
        return config

    def on_pre_build(self, config: MkDocsConfig) -> None:
        """Bring the runs up to date; hold others off until this build is over."""
        self.docs = Path(os.path.relpath(config.docs_dir, self.root))
        settings = dict(self.config)
        preload = settings.pop("preload")
        try:
            self.lock.enter_context(alone(self.root, log.info))
            self.built = build(self.root, self.docs, Limits(**settings), log.info, preload)
        except LiterateError as error:
            raise PluginError(f"\n\n{error}\n") from None

    @event_priority(100)  # before mkdocs-jupyter wraps the notebooks
    def on_files(self, files: Files, config: MkDocsConfig) -> Files:
        """Add each snippet's notebook page and, beside it, the snippet; and the table of values."""
        self.files = [file for file in files.documentation_pages() if file.abs_src_path]
        place = config.site_dir, config.use_directory_urls
        for name in self.built.views:  # mkdocs-jupyter takes no `File.generated`
            files.append(File(f"notebooks/{name}.ipynb", str(self.folder.parent), *place))
            script = f"notebooks/{name}/{name}.py"
            files.append(File(f"{name}.py", str(self.root / "snippets"), *place, dest_uri=script))
        files.append(File.generated(config, TABLE, content=self.table()))
        return files

    def table(self) -> str:
        """Return every value that a page quotes: where, as what, its name, in full, and its notebook."""
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(["page", "line", "quoted as", "name", "value", "notebook"])
        for path, lines in self.built.pages.items():
            for number, line in enumerate(lines, 1):
                for quote in QUOTE.finditer(line):
                    value = self.built.views[quote["snippet"]].values[quote["key"]]
                    shown = format(value, quote["spec"] or "")
                    name = f"{quote['snippet']}.{quote['key']}"
                    notebook = f"notebooks/{quote['snippet']}.ipynb"
                    rows.writerow([path.as_posix(), number, shown, name, value, notebook])
        return text.getvalue()

    @event_priority(-200)  # after all that others do to pages
    def on_post_build(self, config: MkDocsConfig) -> None:
        """Compare each finished page with its source; say what they lack, for all of them at once."""
        found = []
        for file in self.files:
            path = self.docs / file.src_uri
            if path in self.built.pages and (finished := Path(file.abs_dest_path)).is_file():
                page_html = finished.read_text(encoding="utf-8")
                found += published(path, self.built.pages, page_html, self.built.views)
        try:
            raise_all(found)
        except LiterateError as error:
            raise PluginError(f"\n\n{error}\n") from None
        self.lock.close()

    def on_build_error(self, *, error: Exception) -> None:
        self.lock.close()
        if self.preview:
            self.preview.error = error

    def on_serve(self, server: LiveReloadServer, *, config: MkDocsConfig, builder: Callable):
        """Watch what snippets read; go on after faults."""
        return self.preview.over(server, config, builder, self.root)

    def on_shutdown(self) -> None:
        self.lock.close()
        if self.preview:
            self.preview.close()
