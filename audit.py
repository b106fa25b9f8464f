"""Audit: measure a built site as a reader's browser gets it, and say where it misses its promises.

Run: python audit.py [SITE] [--runs 5]      (make audit)

Everything but the times is in the test suite as well; times need a quiet machine.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from publish import audit_browser, audit_files, lighthouse
from publish.paper import FLAGS, chromium
from publish.serving import base_of, served
from publish.shots import pages_of

ARTICLE_BYTES = 130 * 1024
NOTEBOOK_BYTES = 300 * 1024
LIMITS = {"LCP": 1500.0, "TBT": 100.0}  # milliseconds, on the phone that Lighthouse simulates
PERFORMANCE = 98


def main() -> int:
    """Print each part's faults and figures; return the number of faults."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("site", type=Path, nargs="?", help="a built site; without it, one is built")
    parser.add_argument("--runs", type=int, default=5, help="Lighthouse runs on the article")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        site = arguments.site or built(Path(folder) / "site")
        parts = measure(site.resolve(), arguments.runs)
    for part, faults in parts.items():
        print(f"{part}: {len(faults) or 'no'} fault{'' if len(faults) == 1 else 's'}")
        for fault in faults:
            print(f"    {fault}")
    return sum(map(len, parts.values()))


def built(site: Path) -> Path:
    """Build the site as it is served below a path, and return its folder."""
    import site_build

    os.environ.setdefault("SITE_URL", "https://example.org/weight-decay/")
    site_build.build_site(Path(__file__).resolve().parent, site)
    return site


def measure(site: Path, runs: int) -> dict[str, list[str]]:
    """Return the faults of each part."""
    names = pages_of(site)
    with served(site) as address:
        parts = {
            "HTML (Nu checker)": audit_files.html_faults(address, names),
            "links and anchors": audit_files.link_faults(site, base_of(site)),
            "formulas left as TeX": raw_tex(site, names),
        }
        parts |= in_browser(address, names)
        parts |= by_lighthouse(address, names, runs)
    return parts


def raw_tex(site: Path, names: list[str]) -> list[str]:
    """Return the pages on which TeX is left that a reader without JavaScript would see."""
    faults = []
    for name in names:
        path = site / name if name.endswith(".html") else site / name / "index.html"
        left = audit_files.raw_formulas(path.read_text(encoding="utf-8"))
        faults += [f"/{name}: {formula}" for formula in left]
    return faults


def in_browser(address: str, names: list[str]) -> dict[str, list[str]]:
    """Return what axe-core, the layout and a lost network show."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        parts = {
            "axe-core, console, other hosts": audit_browser.axe_faults(browser, address, names),
            "width of the page": audit_browser.scroll_faults(browser, address, names),
            "pages offline": audit_browser.offline_faults(browser, address, names),
        }
        browser.close()
    return parts


def by_lighthouse(address: str, names: list[str], runs: int) -> dict[str, list[str]]:
    """Return Lighthouse's faults: exact ones on every page, times as medians on the article."""
    exact: list[str] = []
    for name in names:
        if name == "404.html":  # no search engine is to list it
            continue
        seen = lighthouse.look(address + name, ("accessibility", "best-practices", "seo"))
        exact += [
            f"/{name}: {part} {score}: {seen.faults}" for part, score in seen.scores.items() if score < 100
        ]
    reports = [lighthouse.look(address, ("performance",)) for _ in range(runs)]
    score, times = lighthouse.median(reports)
    weight = max(one.transfer for one in reports)
    hosts = frozenset().union(*(one.hosts for one in reports))
    if weight > ARTICLE_BYTES:
        exact.append(f"/: {weight} bytes over the network, more than {ARTICLE_BYTES}")
    if len(hosts) != 1:
        exact.append(f"/: asks other hosts: {sorted(hosts)}")
    print(f"article: {weight / 1024:.1f} KiB over the network")
    shift = max(one.layout_shift for one in reports)
    print(
        f"article, median of {runs}: performance {score:.0f}, "
        + ", ".join(f"{k} {v:.0f} ms" for k, v in times.items())
    )
    slow = [
        f"{name} {times[name]:.0f} ms, more than {limit:.0f}"
        for name, limit in LIMITS.items()
        if times[name] > limit
    ]
    if score < PERFORMANCE:
        slow.append(f"performance {score:.0f}, less than {PERFORMANCE}")
    if shift >= 0.0005:
        slow.append(f"layout shift {shift:.3f}, not 0.000")
    return {"Lighthouse on every page": exact, f"Lighthouse's times, median of {runs}": slow}


if __name__ == "__main__":
    sys.exit(min(main(), 99))
