"""The one error of the engine: where, what, the rule and the way out, and the source."""

from __future__ import annotations

from collections.abc import Iterable


class LiterateError(Exception):
    """A fault of a snippet, a page or the set-up, worded for the author."""

    def __init__(self, where: str, what: str, rule: str, source: str = "") -> None:
        shown = "".join(f"\n    | {line}" for line in source.rstrip().split("\n")) if source else ""
        super().__init__(f"{where}: {what}\n    rule: {rule}{shown}")

    @classmethod
    def of_many(cls, messages: Iterable[str]) -> LiterateError:
        """Return one error that lists several, so that an author mends them in one go."""
        error = cls.__new__(cls)
        Exception.__init__(error, "\n\n".join(messages))
        return error
