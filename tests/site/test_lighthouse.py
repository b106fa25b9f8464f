"""Lighthouse on a phone: 100 in accessibility, best practices, SEO on every page; times are in audit.py."""

from __future__ import annotations

from pathlib import Path

from publish import lighthouse
from publish.serving import served
from publish.shots import pages_of

FAULTY = """\
<link rel="canonical" href="http://localhost/"><meta name="robots" content="noindex"><title>A</title>
<h1>A</h1><img src="a.png"><script>console.error("broken")</script>
"""


def test_every_page_has_100_in_every_category_that_does_not_vary(site_dir: Path, site_url: str) -> None:
    assert lighthouse.exact_faults(site_url, pages_of(site_dir)) == []


def test_a_fault_of_each_category_is_found(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(FAULTY, encoding="utf-8")
    with served(tmp_path) as address:
        faults = lighthouse.exact_faults(address, [""])
    assert [fault.split()[1] for fault in faults] == lighthouse.EXACT
