"""Deterministic: a second clean build, elsewhere and under other circumstances, gives the same bytes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from masking import alike, volatile_places
from second_build import OTHERWISE, build_elsewhere

pytestmark = pytest.mark.nightly

TODAY = """
import datetime, time
for moment in (datetime.datetime.now(), datetime.datetime.now(datetime.UTC), datetime.date.today(),
               datetime.datetime.today(), datetime.datetime.fromtimestamp(time.time())):
    print(moment.strftime("%Y-%m-%d"))
print(time.strftime("%Y-%m-%d"), time.strftime("%Y-%m-%d", time.gmtime()), sep="\\n")
"""


def files(site: Path) -> dict[str, bytes]:
    paths = sorted(path for path in site.rglob("*") if path.is_file())
    return {path.relative_to(site).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def both(
    site_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Return two sites as path to content: the one under test, and one that is built from nothing here."""
    first = files(site_dir)
    page = first["index.html"].decode()
    address = re.search(r'<link rel="canonical" href="([^"]*)"', page)[1]
    repository = re.search(r'<a class="repository" href="([^"]*)"|$', page)[1]
    folder = tmp_path_factory.mktemp("second") / "a folder of another depth" / "and name"
    return first, files(build_elsewhere(folder, SITE_URL=address, REPOSITORY_URL=repository or ""))


def test_the_second_build_takes_place_on_another_day() -> None:
    command = [sys.executable, "-c", TODAY]
    said = subprocess.check_output(command, env=os.environ | OTHERWISE, text=True).split()
    assert all(date.fromisoformat(day) > date.today() + timedelta(days=390) for day in said)


def test_two_clean_builds_have_the_same_files(both) -> None:
    assert list(both[0]) == list(both[1])


def test_two_clean_builds_are_the_same_bytes_but_for_what_is_volatile(both) -> None:
    first, second = both
    assert not [name for name in first if not alike(name, first[name], second.get(name, b""))]


def test_what_is_volatile_is_no_more_than_the_timings(both) -> None:
    first, _ = both
    marked = {
        name: volatile_places(name, data) for name, data in first.items() if volatile_places(name, data)
    }
    assert set(marked) == {"index.html", "provenance/index.html", "notebooks/timing/index.html"}
    for name in marked:
        for element in re.findall(r"<[^>]*data-volatile[^>]*>", first[name].decode()):
            assert 'data-cell="timing/' in element or 'data-value="timing.' in element
