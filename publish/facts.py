"""Facts: what the pages say about the article, read once from mkdocs.yml and docs/references.bib."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from pybtex.database import Entry

from publish import PublishError
from publish.bibliography import entries

LOCAL = (None, "127.0.0.1", "localhost")


@dataclass(frozen=True)
class Facts:
    """The post, its extended edition, the paper to cite for the method, and where all this stands."""

    name: str  # of the site
    url: str  # of the site; empty where nobody else could open it
    below: str  # path of that address
    repository: str
    docs: Path
    post: Entry
    method: Entry
    published: date
    edition: date
    license: str  # its address


def facts_of(config: Mapping, docs: Path) -> Facts:
    """Return what a configuration and a bibliography state; raise PublishError if something is missing."""
    article, known = config["extra"].get("article", {}), entries(docs / "references.bib")
    address = urlsplit((config.get("site_url") or "").rstrip("/") + "/")
    try:
        return Facts(
            name=config["site_name"],
            url="" if address.hostname in LOCAL else address.geturl(),
            below=address.path,
            repository=(config.get("repo_url") or "").rstrip("/"),
            docs=docs,
            post=known[article["post"]],
            method=known[article["method"]],
            published=date.fromisoformat(str(article["published"])),
            edition=date.fromisoformat(str(article["edition"])),
            license=article["license"]["url"],
        )
    except KeyError as error:
        rule = "post and method are keys of references.bib; published, edition, license stand beside them"
        raise PublishError(f"mkdocs.yml: extra.article: no {error}\n    rule: {rule}") from None
