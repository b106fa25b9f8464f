"""Deterministic: a second clean build, elsewhere and under other circumstances, gives the same bytes.

But for what a page marks as volatile, the digests that hold it, and the PDF, whose text must be the same.
"""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from copies import ADDRESSES, build, copy_sources, later
from pypdf import PdfReader

pytestmark = pytest.mark.nightly
OTHERWISE = {"PYTHONHASHSEED": "4321", "TZ": "Pacific/Kiritimati", "LC_ALL": "C"}
OTHERWISE |= {"LANG": "C", "PYTHONUTF8": "1", "COLUMNS": "63", "USER": "somebody", "MPLBACKEND": "pdf"}
VOLATILE = re.compile(r"(<(?P<tag>div|span)\b[^>]*\bdata-volatile\b[^>]*>)(?P<text>.*?)(?=</(?P=tag)>)", re.S)


def without_volatile(name: str, data: bytes, volatile: set[str]) -> object:
    """Return the content of a file without the numbers that may differ."""
    if name.endswith(".html"):
        return VOLATILE.sub(lambda found: found[1] + numbers(found["text"]), data.decode())
    if name.endswith(".pdf"):
        return [numbers(page.extract_text()) for page in PdfReader(io.BytesIO(data)).pages]
    if name.endswith(".ipynb"):
        cells = json.loads(data)["cells"]
        return [one for one in cells if "volatile" not in one["metadata"].get("tags", [])]
    if name.endswith("search_index.json"):
        return numbers(data.decode())
    if name.endswith(".csv"):
        return [row for row in data.decode().split("\n") if not any(f",{one}." in row for one in volatile)]
    return data


def numbers(text: str) -> str:
    """Replace times and ratios, and the white space that aligns them; counts have no decimals and stay."""
    return re.sub(r"\s+", " ", re.sub(r"\d+\.\d+", "#", text))


def files(site: Path) -> dict[str, bytes]:
    paths = sorted(path for path in site.rglob("*") if path.is_file())
    return {path.relative_to(site).as_posix(): path.read_bytes() for path in paths}


def test_two_clean_builds_are_the_same_bytes_but_for_what_is_volatile(site_dir, computed, tmp_path):
    copy = copy_sources(tmp_path / "a folder of another depth" / "and name")
    build(copy, copy / "site", later(tmp_path / "later"), **ADDRESSES, **OTHERWISE)
    first, second = files(site_dir), files(copy / "site")
    assert list(first) == list(second)
    changing = {name for name, run in computed.every().items() if run.volatile}
    assert not [
        name
        for name in first
        if first[name] != second[name]
        and without_volatile(name, first[name], changing) != without_volatile(name, second[name], changing)
    ]


def test_what_is_marked_volatile_is_of_snippets_that_measure_times(site_dir, computed):
    for path in site_dir.rglob("*.html"):
        for element in re.findall(r"<[^>]*\bdata-volatile\b[^>]*>", path.read_text(encoding="utf-8")):
            named = re.search(r'data-(?:cell|value)="(\w+)[./]', element)
            assert named and computed(named[1]).volatile, f"{path}: {element}"
