"""Shots: every page in four settings (360 and 1280 px wide, light and dark) as images in a folder.

Run: python tests/audit/shots.py [SITE] [PAGE ...] [--into FOLDER]      (make shots: site/ into shots/)
"""

import argparse
from itertools import product
from pathlib import Path

from serving import served
from visits import LAY_OUT, SCHEMES, WIDTHS, pages_of, settle

from publish.browser import FLAGS, chromium


def shoot(site: Path, folder: Path, only: list[str]) -> None:
    """Write FOLDER/PAGE-WIDTH-SCHEME.png for each page and setting."""
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    with served(site) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        for width, scheme in product(WIDTHS, SCHEMES):
            context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
            page = context.new_page()
            for name in only or pages_of(site):
                page.goto(address + name, wait_until="load")
                page.evaluate(LAY_OUT)
                settle(page)
                stem = name.strip("/").replace("/", "-").removesuffix(".html") or "article"
                page.screenshot(path=folder / f"{stem}-{width}-{scheme}.png", full_page=True)
            context.close()
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("site", type=Path, nargs="?", default=Path("site"), help="a built site")
    parser.add_argument("pages", nargs="*", help="addresses below the site's; without any, all")
    parser.add_argument("--into", type=Path, default=Path("shots"), help="folder of the images")
    chosen = parser.parse_args()
    shoot(chosen.site, chosen.into, chosen.pages)


if __name__ == "__main__":
    main()
