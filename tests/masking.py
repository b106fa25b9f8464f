"""Mask what volatile.toml lists, in every kind of file, so that the rest can be compared byte by byte."""

from __future__ import annotations

import io
import json
import re
import tomllib
from pathlib import Path

from pypdf import PdfReader
from pypdf.generic import StreamObject

MANIFEST = tomllib.loads(Path(__file__).with_name("volatile.toml").read_text(encoding="utf-8"))
ELEMENT = re.compile(
    rf"(<(?P<tag>div|span)\b[^>]*\b{MANIFEST['pages']['attribute']}\b[^>]*>)(?P<text>.*?)(?=</(?P=tag)>)",
    re.S,
)


def numbers(text: str) -> str:
    """Replace times and ratios, and the white space that aligns them; counts have no decimals and stay."""
    return re.sub(r"\s+", " ", re.sub(r"\d+\.\d+", "#", text))


def mask(name: str, data: bytes) -> object:
    """Return the content of a file with what is volatile masked; `name` is its path in the site."""
    kind = Path(name).suffix
    if kind == ".html":
        return ELEMENT.sub(lambda found: found[1] + numbers(found["text"]), data.decode())
    if name == "sw.js":
        masked, found = re.subn(MANIFEST["worker"]["pattern"], "#", data.decode())
        assert found == 1, "the service worker's version is not where volatile.toml says"
        return masked
    if name == "search/search_index.json":
        return mask_search(data)
    if kind == ".ipynb" and Path(name).stem in MANIFEST["snippets"]["names"]:
        return mask_notebook(data)
    return data


def alike(name: str, first: bytes, second: bytes) -> bool:
    """Return whether two files differ only in what is volatile."""
    if first == second:
        return True
    return papers_alike(first, second) if name.endswith(".pdf") else mask(name, first) == mask(name, second)


def mask_search(data: bytes) -> str:
    index = json.loads(data)
    for entry in index["docs"]:
        if entry["location"] in MANIFEST["search"]["entries"]:
            entry["text"] = numbers(entry["text"])
    return json.dumps(index)


def mask_notebook(data: bytes) -> str:
    notebook = json.loads(data)
    for cell in notebook["cells"]:
        if MANIFEST["notebooks"]["tag"] in cell["metadata"].get("tags", []):
            cell["outputs"] = "#"
    return json.dumps(notebook)


def papers_alike(first: bytes, second: bytes) -> bool:
    """Compare two PDFs object by object; where a page of the manifest differs, its text without numbers."""
    one, other = (PdfReader(io.BytesIO(data)) for data in (first, second))
    pages = {
        page["/Contents"].indirect_reference.idnum: (page, twin) for page, twin in zip(one.pages, other.pages)
    }
    if one.trailer["/Size"] != other.trailer["/Size"]:
        return False
    for number in range(1, int(one.trailer["/Size"])):
        if one.get_object(number) is not None and parts(one, number) != parts(other, number):
            texts = [page.extract_text() for page in pages.get(number, ())]
            known = texts and any(phrase in texts[0] for phrase in MANIFEST["paper"]["phrases"])
            if not known or len({numbers(text) for text in texts}) != 1:
                return False
    return True


def parts(reader: PdfReader, number: int) -> tuple[str, bytes]:
    """Return an object's entries and its content."""
    found = reader.get_object(number)
    if isinstance(found, StreamObject) and found.get("/Type") == "/XRef":
        return "", b""  # where the objects lie, which follows from how long they are
    content = found.get_data() if isinstance(found, StreamObject) else b""
    facts = (
        {key: value for key, value in found.items() if key != "/Length"} if isinstance(found, dict) else found
    )
    return re.sub(r"(IndirectObject\(\d+, \d+), \d+", r"\1", str(facts)), content


def volatile_places(name: str, data: bytes) -> int:
    """Return how many volatile elements a page has."""
    return len(ELEMENT.findall(data.decode())) if name.endswith(".html") else 0
