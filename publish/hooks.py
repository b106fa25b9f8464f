"""MkDocs hooks: what must happen before the pages are written, and the finishing pass over them."""

import os
from datetime import UTC, datetime
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import event_priority, get_plugin_logger

from publish import citations, notebooks
from publish.browser import NONE, chromium
from publish.facts import Facts, facts_of
from publish.page import PublishError
from publish.site import finish

log = get_plugin_logger("publish")
serving = False


def on_startup(command: str, dirty: bool) -> None:
    """Remember whether pages are served: then they carry no policy, and there is no PDF."""
    global serving
    serving = command == "serve"


def on_config(config: MkDocsConfig) -> None:
    """Date what is built by the edition; let notebooks take their template from here."""
    try:
        edition = facts(config).edition
        notebooks.use_own_template()
    except (PublishError, citations.CitationError) as error:
        raise PluginError(f"\n\n{error}\n") from None
    midnight = datetime(edition.year, edition.month, edition.day, tzinfo=UTC)
    os.environ.setdefault("SOURCE_DATE_EPOCH", f"{midnight.timestamp():.0f}")


def on_pre_build(config: MkDocsConfig) -> None:
    """Stop before anything is built if citations and entries do not match."""
    docs = Path(config.docs_dir)
    try:
        citations.check(docs, docs / "references.bib")
    except citations.CitationError as error:
        raise PluginError(f"\n\n{error}\n") from None


@event_priority(-100)  # after the search index is written
def on_post_build(config: MkDocsConfig) -> None:
    """Finish the pages that MkDocs wrote."""
    if not serving and not chromium():
        log.info("%s; without one the site has no PDF", NONE)
    try:
        finish(Path(config.site_dir), facts(config), preview=serving)
    except PublishError as error:
        raise PluginError(f"\n\n{error}\n") from None


def facts(config: MkDocsConfig) -> Facts:
    return facts_of(config, Path(config.docs_dir))
