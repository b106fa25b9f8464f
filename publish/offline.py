"""Offline: a service worker that keeps every page, so that each opens without a network after one visit.

Its version is made of the content of the files it keeps: a changed site is
fetched anew, an unchanged one never. Downloads (notebooks, the PDF) are not kept.
"""

import hashlib
import json
from pathlib import Path

KEPT = {".html", ".css", ".js", ".woff2", ".svg", ".json"}


def write_service_worker(site: Path) -> None:
    """Write sw.js beside the pages."""
    files = sorted(path for path in site.rglob("*") if path.suffix in KEPT and path.name != "sw.js")
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(site).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    names = [address(path.relative_to(site).as_posix()) for path in files]
    source = Path(__file__).with_name("worker.js").read_text(encoding="utf-8")
    source = source.replace('"VERSION"', json.dumps("#" + digest.hexdigest()[:16]))
    source = source.replace('["FILES"]', json.dumps(names, ensure_ascii=False))
    (site / "sw.js").write_text(source, encoding="utf-8")


def address(name: str) -> str:
    """Return the address under which a file is asked for."""
    return (name.removesuffix("index.html") or "./") if name.endswith("index.html") else name
