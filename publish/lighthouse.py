"""Lighthouse: what it says of served pages, on the phone that it simulates.

Performance varies from run to run and is judged by the median of several; the other
categories, layout shift, bytes and requests do not vary.
"""

import json
import os
import statistics
import subprocess
from dataclasses import dataclass

from publish.formulas import ROOT, node
from publish.paper import FLAGS, chromium

CLI = ROOT / "node_modules/lighthouse/cli/index.js"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
TIMES = {"LCP": "largest-contentful-paint", "TBT": "total-blocking-time", "FCP": "first-contentful-paint"}


@dataclass(frozen=True)
class Report:
    """One run of Lighthouse on one page."""

    scores: dict[str, int]  # category to 0..100
    times: dict[str, float]  # milliseconds
    layout_shift: float
    transfer: int  # bytes over the network
    hosts: frozenset[str]
    faults: tuple[str, ...]  # audits below their full score, outside of performance


def look(address: str, categories: tuple[str, ...] = CATEGORIES) -> Report:
    """Run Lighthouse once on a page."""
    command = [node(), str(CLI), address, "--quiet", "--output=json", "--output-path=stdout"]
    command += [f"--only-categories={','.join(categories)}"]
    command += ["--chrome-flags=--headless=new " + " ".join(FLAGS)]
    environment = os.environ | {"CHROME_PATH": chromium() or ""}
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=240, check=False)
    if ran.returncode:
        raise RuntimeError(f"Lighthouse failed on {address}: {ran.stderr[-800:]}")
    return report(json.loads(ran.stdout))


def report(answer: dict) -> Report:
    """Return what counts of Lighthouse's answer."""
    audits = answer["audits"]
    scores = {name: round(100 * (part["score"] or 0)) for name, part in answer["categories"].items()}
    requests = audits.get("network-requests", {}).get("details", {}).get("items", [])
    faults = [
        f"{name}: {ref['id']}: {audits[ref['id']]['title']}"
        for name, part in answer["categories"].items()
        if name != "performance"
        for ref in part["auditRefs"]
        if ref["weight"]
        and (audits[ref["id"]]["score"] or 0) < 1
        and audits[ref["id"]]["scoreDisplayMode"] == "binary"
    ]
    return Report(
        scores=scores,
        times={short: audits[name]["numericValue"] for short, name in TIMES.items() if name in audits},
        layout_shift=audits.get("cumulative-layout-shift", {}).get("numericValue", 0.0),
        transfer=sum(item.get("transferSize", 0) for item in requests),
        hosts=frozenset(item["url"].split("/")[2] for item in requests if item["url"].startswith("http")),
        faults=tuple(faults),
    )


def median(reports: list[Report]) -> tuple[float, dict[str, float]]:
    """Return the median performance score and the median times of several runs."""
    score = statistics.median(one.scores["performance"] for one in reports)
    times = {name: statistics.median(one.times[name] for one in reports) for name in reports[0].times}
    return score, times
