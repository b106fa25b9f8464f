"""Audit: measure a built site as a reader's browser gets it, and say where it misses its promises.

Run: python tests/audit/audit.py [SITE] [--runs 5] [--times report]      (make audit)

Times are those of the article on Lighthouse's slow phone, beside Material's own templates with the same text
in the same run. They need a quiet machine: elsewhere `--times report` prints them and fails for none.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import files
import lighthouse
import visits
from serving import base_of, served

from publish.browser import FLAGS, chromium

ROOT = Path(__file__).parents[2]
ARTICLE_BYTES, INDEX_BYTES = 200 * 1024, 60 * 1024
LIMITS = {"LCP": 1800.0, "TBT": 200.0}  # milliseconds
PERFORMANCE = 95
ADDRESSES = {
    "SITE_URL": "https://example.org/weight-decay/",  # below a path, as Pages serves it
    "REPOSITORY_URL": "https://code.example.org/somebody/weight-decay",
    "EDIT_URI": "edit/main/docs/",
}
# The same text in Material's own templates, without a style sheet or a script of ours.
STOCK = """
INHERIT: {root}/mkdocs.yml
docs_dir: {root}/docs
theme: {{custom_dir: {empty}, features: [content.code.copy, navigation.footer, toc.follow, search.highlight]}}
extra_css: []
extra_javascript: []
"""


def main() -> int:
    """Print each part's faults and figures; return the number of faults."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("site", type=Path, nargs="?", help="a built site; without it, one is built")
    parser.add_argument("--runs", type=int, default=5, help="Lighthouse runs on the article")
    parser.add_argument("--times", choices=("judge", "report"), default="judge", help="fail for slow times?")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        site = chosen.site or built(Path(folder) / "site")
        stock = stock_site(Path(folder))
        parts = exact_faults(site.resolve())
        ours, theirs = article_runs(site.resolve(), stock, chosen.runs)
        parts["the article's traffic and layout"] = traffic_faults(ours, site)
    print(f"ours:  {lighthouse.summary(ours)}\nstock: {lighthouse.summary(theirs)}")
    slow = slowness(ours, theirs)
    if chosen.times == "judge":
        parts["the article's times"] = slow
    else:
        print("".join(f"not judged here: {one}\n" for one in slow), end="")
    for part, faults in parts.items():
        print(f"{part}: {len(faults) or 'no'} fault{'' if len(faults) == 1 else 's'}")
        print("".join(f"    {fault}\n" for fault in faults), end="")
    return sum(map(len, parts.values()))


def built(site: Path, *options: str) -> Path:
    """Build the site, or another configuration of it, and return its folder."""
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(site), *options]
    subprocess.run(command, cwd=ROOT, env=ADDRESSES | os.environ, check=True)
    return site


def stock_site(folder: Path) -> Path:
    """Build the same text with Material's own templates."""
    (folder / "empty").mkdir()
    with tempfile.NamedTemporaryFile("w", dir=ROOT, prefix=".stock", suffix=".yml") as config:
        config.write(STOCK.format(root=ROOT, empty=folder / "empty"))
        config.flush()
        return built(folder / "stock", "--config-file", config.name)


def exact_faults(site: Path) -> dict[str, list[str]]:
    """Return the faults of each part that does not vary."""
    from playwright.sync_api import sync_playwright

    names = visits.pages_of(site)
    with served(site) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        return {
            "HTML (Nu checker)": files.html_faults(address, names),
            "links and anchors": files.link_faults(site, base_of(site)),
            "axe-core, console, other hosts": visits.axe_faults(browser, address, names),
            "width of the page": visits.scroll_faults(browser, address, names),
            "Lighthouse on every page": lighthouse.exact_faults(address, names),
        }


def article_runs(site: Path, stock: Path, runs: int) -> tuple[list, list]:
    """Return Lighthouse's reports on the article, ours and stock's in turns."""
    with served(site) as ours, served(stock) as theirs:
        pairs = [lighthouse.look([ours, theirs], ["performance"]) for _ in range(runs)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def traffic_faults(reports: list[lighthouse.Report], site: Path) -> list[str]:
    """Return what the article asks of the network beyond what it promises."""
    faults = []
    if (weight := max(one.transfer for one in reports)) > ARTICLE_BYTES:
        faults.append(f"/: {weight} bytes over the network, more than {ARTICLE_BYTES}")
    if (weight := files.packed_size(site / lighthouse.INDEX)) > INDEX_BYTES:
        faults.append(f"/{lighthouse.INDEX}: {weight} bytes, more than {INDEX_BYTES}")
    if len(hosts := frozenset().union(*(one.hosts for one in reports))) != 1:
        faults.append(f"/: asks other hosts: {sorted(hosts)}")
    if (shift := max(one.layout_shift for one in reports)) >= 0.0005:
        faults.append(f"/: layout shift {shift:.3f}, not 0.000")
    return faults


def slowness(ours: list[lighthouse.Report], theirs: list[lighthouse.Report]) -> list[str]:
    """Return what is slower than promised, or than Material's own templates."""
    (score, times), (stock, _) = lighthouse.median(ours), lighthouse.median(theirs)
    over = {name: top for name, top in LIMITS.items() if times[name] > top}
    slow = [f"{name} {times[name]:.0f} ms, more than {top:.0f}" for name, top in over.items()]
    least = max(PERFORMANCE, stock)
    return slow + [f"performance {score:.0f}, less than {least:.0f}"] * (score < least)


if __name__ == "__main__":
    sys.exit(min(main(), 99))
