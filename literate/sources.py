"""Sources: the author's files as text, and how a fault in one is said."""

import re
from pathlib import Path

UNSEEN = re.compile(rb"\A\xef\xbb\xbf|[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f]|\r(?!\n)")  # in an editor


class LiterateError(Exception):
    """Faults of snippets and pages, worded for their author."""


def fault(where: str, what: str, rule: str, source: str = "") -> LiterateError:
    """Return the error that says where, what, the rule and the way out, and shows the source."""
    shown = "".join(f"\n    | {line}" for line in source.rstrip().split("\n") if source)
    return LiterateError(f"{where}: {what}\n    rule: {rule}{shown}")


def below(root: Path, name: str) -> list[Path]:
    """Return a file, or those of a folder; hidden ones and caches are not the author's."""
    files = [path for path in (root / name, *sorted((root / name).rglob("*"))) if path.is_file()]
    paths = [path.relative_to(root) for path in files]
    return [path for path in paths if not any(part.startswith((".", "__pycache__")) for part in path.parts)]


def read_text(path: Path, root: Path) -> str:
    """Return the text of the source file at `path`, relative to `root`."""
    try:
        data = (root / path).read_bytes()
    except OSError as error:
        raise fault(f"{path}", error.strerror, "pages and snippets are files that can be read") from None
    if odd := UNSEEN.search(data):
        line, what = data.count(b"\n", 0, odd.start()) + 1, odd[0].decode()
        raise fault(f"{path}:{line}", f"the invisible character {what!r}", "save it as plain UTF-8 text")
    try:
        return data.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise fault(f"{path}:{line}", "this is not UTF-8 text", "save it as UTF-8") from None
