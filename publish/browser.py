"""Browser: the one Chromium that prints the PDF, and in which audit and tests look at pages.

Run: python -m publish.browser [--install]

Says which one is found; with --install, gets one if there is none: Playwright's download, else Debian's.
"""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
NONE = (
    "no Chromium that starts: install one (chromium, Google Chrome), "
    "run `python -m playwright install --with-deps chromium`, or name one in the variable CHROMIUM"
)


@cache
def chromium() -> str | None:
    """Return a Chromium's path: CHROMIUM (empty: none), or one that starts, on the path or Playwright's."""
    named = os.environ.get("CHROMIUM")
    if named is not None:
        return named or None
    for path in filter(None, map(shutil.which, NAMES)):
        if starts(path):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if starts(path) else None


def starts(path: str) -> bool:
    """Return whether a program is a browser: no stub that asks for another package, no library missing."""
    if sys.platform == "win32":  # there the question opens a window
        return Path(path).exists()
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def install() -> None:
    """Try Playwright's own download, then the system's package manager."""
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"])
    chromium.cache_clear()
    if not chromium() and shutil.which("apt-get"):
        subprocess.run(["apt-get", "install", "-y", "-qq", "chromium"])
        chromium.cache_clear()


if __name__ == "__main__":
    if not chromium() and "--install" in sys.argv:
        install()
    if not chromium():
        sys.exit(NONE)
    print(f"browser: {chromium()}")
