"""Article: who wrote what, when, under which licence: read once, said in every place that states it.

In: `extra.article` of mkdocs.yml, and from docs/references.bib the entries of the post and of the paper that
it names. Out: one Article for templates, tags, feed, card and PDF.
"""

import os
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from pybtex.database import BibliographyData, Entry, Person

from publish.bibliography import ROADS, CitationError, entries, plain, surname

NEEDED = ("post", "method", "published", "edition", "license")
BIB = "references.bib"
EPOCH = "SOURCE_DATE_EPOCH"
GIVEN = os.environ.get(EPOCH)  # read before `date_build` writes there


@dataclass(frozen=True)
class Author:
    """One author, as first and last names."""

    given: str
    family: str

    @property
    def name(self) -> str:
        """The whole name, first names first."""
        return f"{self.given} {self.family}"


@dataclass(frozen=True)
class Article:
    """The post, its extended edition, and the paper to cite for the method."""

    post: Entry
    method: Entry
    published: date
    edition: date
    license: dict[str, str]  # name, url

    @property
    def authors(self) -> list[Author]:
        return list(map(author, self.post.persons["author"]))

    @property
    def original_title(self) -> str:
        """The title of the post of 2024, which this edition extends."""
        return plain(self.post.fields["title"])


def author(person: Person) -> Author:
    """Return one person of a BibTeX entry."""
    given = person.first_names + person.middle_names
    return Author(plain(" ".join(given)), surname(person))


def article_of(config: MkDocsConfig) -> Article:
    """Read the article's facts; stop the build if the one source lacks something that the pages say."""
    given = config.extra.get("article", {})
    if missing := [key for key in NEEDED if key not in given]:
        raise PluginError(f"mkdocs.yml: extra.article lacks {', '.join(missing)}")
    try:
        known = entries(Path(config.docs_dir) / BIB)
    except CitationError as error:
        raise PluginError(f"\n\n{error}\n") from None
    for name in ("post", "method"):
        if given[name] not in known:
            raise PluginError(
                f"mkdocs.yml: extra.article.{name} is '{given[name]}'\n    rule: the key of an entry in {BIB}"
            )
    return Article(**{key: known[given[key]] if key in ("post", "method") else given[key] for key in NEEDED})


def date_build(article: Article) -> None:
    """Date everything that is built by the edition, unless the environment gives another date."""
    midnight = datetime.combine(article.edition, datetime.min.time(), UTC)
    os.environ[EPOCH] = GIVEN or str(int(midnight.timestamp()))


def address_of(entry: Entry) -> str:
    """Return where a work is read: the first of its DOI, its OpenReview page, arXiv, its address."""
    roads = (road.format(entry.fields[field]) for field, (road, _) in ROADS.items() if field in entry.fields)
    return next(roads, "")


def bibtex_of(key: str, entry: Entry, **others: str) -> str:
    """Return an entry as BibTeX, without the fields that only this project reads.

    Args:
        others: fields to add or to put in the place of those that the entry has.
    """
    own = ("openreview", "confirmed")
    fields = {name: value for name, value in entry.fields.items() if name.lower() not in own}
    if "eprint" in fields:
        fields["archiveprefix"] = "arXiv"
    shown = Entry(entry.type, fields=fields | others, persons=entry.persons)
    return BibliographyData({key: shown}).to_string("bibtex").strip()
