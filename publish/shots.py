"""Shots: every page in four settings (360 and 1280 px wide, light and dark) as images in a folder.

Run: python -m publish.shots [SITE] [PAGE ...] [--into FOLDER]      (make shots: site/ into shots/)
"""

import argparse
from pathlib import Path

from publish.browser import FLAGS, chromium
from publish.serving import served

WIDTHS, SCHEMES = (360, 1280), ("light", "dark")
# Lay out what waits until the reader comes near; an image of the whole page would be blank there.
LAY_OUT = "document.styleSheets[0].insertRule('* { content-visibility: visible !important }');"


def pages_of(site: Path) -> list[str]:
    """Return the addresses of a site's pages below its front page, which is the empty one."""
    names = (path.relative_to(site).as_posix() for path in sorted(site.rglob("*.html")))
    return [name.removesuffix("index.html") for name in names]


def file_of(site: Path, name: str) -> Path:
    """Return the file of the page at an address below the front page's."""
    return site / name if name.endswith(".html") else site / name / "index.html"


def settle(page) -> None:
    """Wait until the script of an opened page has run, and its fonts are there."""
    page.wait_for_selector("#preview", state="attached")
    page.evaluate("document.fonts.ready.then(() => null)")


def shoot(site: Path, folder: Path, only: list[str]) -> None:
    """Write FOLDER/PAGE-WIDTH-SCHEME.png for each page and setting."""
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    with served(site) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        for width in WIDTHS:
            for scheme in SCHEMES:
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
