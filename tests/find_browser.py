"""Find a Chromium for the tests; with --install, get one if there is none.

Tries what is on PATH, then Playwright's own, then installs: Playwright's download, else Debian's
package. Says what it did, and fails loudly if no browser is to be had: browser tests never skip.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


def installed() -> str | None:
    """Return the path of a browser on this machine, or None."""
    if found := next(filter(None, map(shutil.which, NAMES)), None):
        return found
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def install() -> None:
    """Try Playwright's own download, then the system's package manager."""
    print("no Chromium found; installing one", flush=True)
    if subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"]).returncode == 0:
        return
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        subprocess.run(["apt-get", "update", "-qq"])
        subprocess.run(["apt-get", "install", "-y", "-qq", "chromium"])


def main() -> None:
    if not installed() and "--install" in sys.argv:
        install()
    if not (found := installed()):
        sys.exit(
            "no Chromium: install one (chromium, Google Chrome) or run: python -m playwright install chromium"
        )
    print(f"browser: {found}")


if __name__ == "__main__":
    main()
