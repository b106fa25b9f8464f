"""Audit: measure a built site as a reader's browser gets it, and say where it misses its promises.

Run: python audit.py [SITE] [--runs 5] [--times report]      (make audit)

Everything but what loads the article as Lighthouse's slow phone does is in the test suite as well. Times
need a quiet machine: on one that others share, `--times report` prints them and fails for none.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from publish import audit_browser, audit_files, lighthouse
from publish.browser import FLAGS, chromium
from publish.serving import base_of, served
from publish.shots import file_of, pages_of

ARTICLE_BYTES = 130 * 1024
NOTEBOOK_BYTES = 300 * 1024
PAGE_BYTES = 74_000  # the HTML of the article, packed: 400 more cost a round trip on a phone
LIMITS = {"LCP": 1500.0, "TBT": 100.0}  # milliseconds, on the phone that Lighthouse simulates
PERFORMANCE = 98


def main() -> int:
    """Print each part's faults and figures; return the number of faults."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("site", type=Path, nargs="?", help="a built site; without it, one is built")
    parser.add_argument("--runs", type=int, default=5, help="Lighthouse runs on the article")
    parser.add_argument("--times", choices=("judge", "report"), default="judge", help="fail for slow times?")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        site = arguments.site or built(Path(folder) / "site")
        parts, reports = measure(site.resolve(), arguments.runs)
    print(summary(reports))
    slow = slowness(reports)
    if arguments.times == "judge":
        parts[f"Lighthouse's times, median of {arguments.runs}"] = slow
    else:
        print("".join(f"not judged here: {one}\n" for one in slow), end="")
    for part, faults in parts.items():
        print(f"{part}: {len(faults) or 'no'} fault{'' if len(faults) == 1 else 's'}")
        for fault in faults:
            print(f"    {fault}")
    return sum(map(len, parts.values()))


def built(site: Path) -> Path:
    """Build the site as it is served below a path, and return its folder."""
    os.environ.setdefault("SITE_URL", "https://example.org/weight-decay/")
    os.environ.setdefault("REPOSITORY_URL", "https://code.example.org/somebody/weight-decay")
    subprocess.run([sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)], check=True)
    return site


def measure(site: Path, runs: int) -> tuple[dict[str, list[str]], list[lighthouse.Report]]:
    """Return the faults of each part that is exact, and Lighthouse's runs on the article."""
    names = pages_of(site)
    with served(site) as address:
        parts = {
            "HTML (Nu checker)": audit_files.html_faults(address, names),
            "links and anchors": audit_files.link_faults(site, base_of(site)),
            "formulas left as TeX": raw_tex(site, names),
        }
        parts |= in_browser(address, names)
        parts["Lighthouse on every page"] = lighthouse.exact_faults(address, names)
        reports = [lighthouse.look([address], ["performance"])[0] for _ in range(runs)]
        parts["the article's traffic and layout"] = traffic_faults(reports)
    return parts, reports


def raw_tex(site: Path, names: list[str]) -> list[str]:
    """Return the pages on which TeX is left that a reader without JavaScript would see."""
    faults = []
    for name in names:
        left = audit_files.raw_formulas(file_of(site, name).read_text(encoding="utf-8"))
        faults += [f"/{name}: {formula}" for formula in left]
    return faults


def in_browser(address: str, names: list[str]) -> dict[str, list[str]]:
    """Return what axe-core, the layout and a lost network show."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        parts = {
            "axe-core, console, other hosts": audit_browser.axe_faults(browser, address, names),
            "console, other hosts without scripts": audit_browser.silence_faults(browser, address, names),
            "width of the page": audit_browser.scroll_faults(browser, address, names),
            "pages offline": audit_browser.offline_faults(browser, address, names),
        }
        browser.close()
    return parts


def traffic_faults(reports: list[lighthouse.Report]) -> list[str]:
    """Return what the article asks of the network beyond what it promises."""
    faults = []
    if (weight := heaviest(reports)) > ARTICLE_BYTES:
        faults.append(f"/: {weight} bytes over the network, more than {ARTICLE_BYTES}")
    if len(hosts := frozenset().union(*(one.hosts for one in reports))) != 1:
        faults.append(f"/: asks other hosts: {sorted(hosts)}")
    if (shift := max(one.layout_shift for one in reports)) >= 0.0005:
        faults.append(f"/: layout shift {shift:.3f}, not 0.000")
    return faults


def heaviest(reports: list[lighthouse.Report]) -> int:
    """Return the most bytes that a run fetched."""
    return max(one.transfer for one in reports)


def slowness(reports: list[lighthouse.Report]) -> list[str]:
    """Return the times of the article that are above their limits."""
    score, times = lighthouse.median(reports)
    slow = [
        f"{name} {times[name]:.0f} ms, more than {limit:.0f}"
        for name, limit in LIMITS.items()
        if times[name] > limit
    ]
    return slow + ([f"performance {score:.0f}, less than {PERFORMANCE}"] if score < PERFORMANCE else [])


def summary(reports: list[lighthouse.Report]) -> str:
    """Return the article's weight and times in words."""
    score, times = lighthouse.median(reports)
    shown = ", ".join(f"{name} {value:.0f} ms" for name, value in times.items())
    weight = f"article: {heaviest(reports) / 1024:.1f} KiB over the network"
    return f"{weight}\narticle, median of {len(reports)}: performance {score:.0f}, {shown}"


if __name__ == "__main__":
    sys.exit(min(main(), 99))
