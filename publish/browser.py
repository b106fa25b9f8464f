"""Browser: the one Chromium that prints the PDF, takes the shots, and in which audit and tests look at pages.

Run: python -m publish.browser [--install]

Says which one is found; with --install, gets one if there is none: Playwright's download, else Debian's
package. Fails if no browser is to be had, so that browser tests never skip.
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
        asked = subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0


def install() -> None:
    """Try Playwright's own download, then the system's package manager."""
    print("no Chromium found; installing one", flush=True)
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"])
    chromium.cache_clear()
    if chromium():  # the download succeeds where libraries are missing, too
        return
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        subprocess.run(["apt-get", "update", "-qq"])
        subprocess.run(["apt-get", "install", "-y", "-qq", "chromium"])
        chromium.cache_clear()


def main() -> None:
    if not chromium() and "--install" in sys.argv and "CHROMIUM" not in os.environ:
        install()
    if not (found := chromium()):
        sys.exit(NONE)
    print(f"browser: {found}")


if __name__ == "__main__":
    main()
