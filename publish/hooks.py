"""MkDocs hooks: what must happen before the pages are written, and the finishing pass over them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import event_priority, get_plugin_logger

from publish import PublishError, citations, notebooks
from publish.browser import NONE, chromium
from publish.facts import facts_of
from publish.site import finish

log = get_plugin_logger("publish")
serving = False


@contextmanager
def faults() -> Iterator[None]:
    """Stop the build with the message alone."""
    try:
        yield
    except PublishError as error:
        raise PluginError(f"\n\n{error}\n") from None


def on_startup(command: str, dirty: bool) -> None:
    """Remember whether pages are served: then they carry no policy, and there is no PDF."""
    global serving
    serving = command == "serve"


def on_pre_build(config: MkDocsConfig) -> None:
    """Stop before anything is built at what the pages cannot state; date what is built by the edition."""
    docs = Path(config.docs_dir)
    with faults():
        notebooks.use_own_template()
        citations.check(docs, docs / "references.bib")
        edition = facts_of(config, docs).edition
    midnight = datetime(edition.year, edition.month, edition.day, tzinfo=UTC)
    os.environ.setdefault("SOURCE_DATE_EPOCH", f"{midnight.timestamp():.0f}")


def on_page_content(html: str, **_) -> str:
    """Keep the letters of drawings out of the search index."""
    return html.replace('<div class="output figure"', '<div class="output figure" data-search-exclude=""')


@event_priority(-100)  # after the search index is written
def on_post_build(config: MkDocsConfig) -> None:
    """Finish the pages that MkDocs wrote."""
    if not serving and not chromium():
        log.info("%s; without one the site has no PDF", NONE)
    with faults():
        finish(Path(config.site_dir), facts_of(config, Path(config.docs_dir)), preview=serving)
