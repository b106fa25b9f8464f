"""Browser: the one Chromium that prints the PDF, and in which audit and tests look at pages."""

import os
import shutil
from functools import cache
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
NONE = (
    "no Chromium: install one (chromium, Google Chrome), run `python -m playwright install chromium`, "
    "or name one in the variable CHROMIUM"
)


@cache
def chromium() -> str | None:
    """Return a Chromium's path: CHROMIUM (empty: none), or one on the path, or Playwright's."""
    if "CHROMIUM" in os.environ:
        return os.environ["CHROMIUM"] or None
    if found := next(filter(None, map(shutil.which, NAMES)), None):
        return found
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None
