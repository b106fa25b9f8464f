"""Facts: what the pages say about the article, read once from mkdocs.yml and docs/references.bib."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from pybtex.database import Entry

from publish.bibliography import entries
from publish.page import PublishError

NEEDED = ("post", "method", "published", "edition", "license")
LOCAL = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True)
class Facts:
    """The post, its extended edition, the paper to cite for the method, and where all this stands."""

    name: str  # of the site
    url: str  # of the site; empty where nobody else could open it
    below: str  # path of that address, or of the preview's
    docs: Path
    repository: str
    notebook_service: str
    post: Entry
    method: Entry
    published: date
    edition: date
    license: dict[str, str]  # name, url


def facts_of(config: Mapping, docs: Path) -> Facts:
    """Return the facts that a configuration states.

    Raises:
        PublishError: it lacks one of them.
    """
    extra = config.get("extra") or {}
    article = extra.get("article") or {}
    if missing := [key for key in NEEDED if key not in article]:
        raise PublishError(f"mkdocs.yml: extra.article lacks {', '.join(missing)}\n    rule: pages state it")
    known = entries(docs / "references.bib")
    for key in ("post", "method"):
        if article[key] not in known:
            rule = "the key of an entry in references.bib"
            raise PublishError(f"mkdocs.yml: extra.article.{key} is '{article[key]}'\n    rule: {rule}")
    address = urlsplit(config.get("site_url") or "")
    return Facts(
        name=config["site_name"],
        url="" if address.hostname in (None, *LOCAL) else address.geturl().rstrip("/") + "/",
        below=address.path.rstrip("/") + "/",
        docs=docs,
        repository=config.get("repo_url") or extra.get("repository") or "",
        notebook_service=extra.get("notebook_service") or "",
        post=known[article["post"]],
        method=known[article["method"]],
        published=article["published"],
        edition=article["edition"],
        license=article["license"],
    )


def read_configuration(path: Path) -> Mapping:
    """Return mkdocs.yml as MkDocs would read it, `!ENV [NAME, default]` included, Python's own tags left out."""

    class Loader(yaml.SafeLoader):
        pass

    def variable(loader, node):
        *names, default = loader.construct_sequence(node)
        return next((os.environ[name] for name in names if name in os.environ), default)

    Loader.add_constructor("!ENV", variable)
    Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda loader, suffix, node: None)
    return yaml.load(path.read_text(encoding="utf-8"), Loader)


def day(value: date) -> str:
    """Return a date in words: 11 June 2024."""
    return f"{value.day} {value:%B %Y}"
