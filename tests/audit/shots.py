"""Shots: every page in four settings (360 and 1280 px wide, light and dark) as images in a folder.

Run: python tests/audit/shots.py [SITE] [FOLDER]      (make shots: site/ into shots/)
"""

import sys
from itertools import product
from pathlib import Path

from playwright.sync_api import sync_playwright
from serving import served
from visits import LAY_OUT, SCHEMES, WIDTHS, pages_of, settle

from publish.browser import FLAGS, chromium


def main(site: str = "site", folder: str = "shots") -> None:
    """Write FOLDER/PAGE-WIDTH-SCHEME.png for each page and setting."""
    with served(Path(site)) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        for width, scheme in product(WIDTHS, SCHEMES):
            page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
            for name in pages_of(Path(site)):
                page.goto(address + name)
                page.evaluate(LAY_OUT)
                settle(page)
                stem = name.strip("/").replace("/", "-").removesuffix(".html") or "article"
                page.screenshot(path=Path(folder, f"{stem}-{width}-{scheme}.png"), full_page=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
