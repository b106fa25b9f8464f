"""Paper: the article as a tagged PDF beside its page, printed by Chromium from the built site.

In: the finished pages. Out: `weight-decay.pdf` in the site, the same bytes for the
same pages. Without a Chromium no PDF is made, and no page links to one.
"""

import os
import re
import shutil
from datetime import UTC, datetime
from functools import cache
from mimetypes import guess_type
from pathlib import Path

NAME = "weight-decay.pdf"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
FOOTER = (
    '<div style="width:100%;font:8px serif;color:#514c44;padding:0 24mm;display:flex;'
    'justify-content:space-between"><span class="title"></span>'
    '<span><span class="pageNumber"></span> / <span class="totalPages"></span></span></div>'
)
DATE = re.compile(rb"/(CreationDate|ModDate) ?\(D:[^)]*\)")


class PaperError(Exception):
    """The PDF could not be made."""


@cache
def chromium() -> str | None:
    """Return the path of a Chromium: CHROMIUM, one on the path, or Playwright's own."""
    named = os.environ.get("CHROMIUM")
    if named is not None:
        return named or None
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def write_paper(site: Path, address: str) -> None:
    """Print the article of a built site, if there is a Chromium.

    Args:
        site: folder of the finished site.
        address: where it will be served; links in the PDF lead there.
    """
    program = chromium()
    if program is None:
        return
    (site / NAME).write_bytes(fixed(print_page(site, address, program)))


def print_page(site: Path, address: str, program: str) -> bytes:
    """Return the PDF of the front page under its address; files come from the folder, not from a network."""
    from playwright.sync_api import Error, sync_playwright

    def answer(route) -> None:
        path = site / route.request.url.removeprefix(address).partition("?")[0]
        path = path / "index.html" if path.is_dir() else path
        if not route.request.url.startswith(address) or not path.is_file():
            route.abort()
            return
        route.fulfill(
            body=path.read_bytes(), content_type=guess_type(path.name)[0] or "application/octet-stream"
        )

    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
            try:
                page = browser.new_page()
                page.route("**/*", answer)
                page.goto(address, wait_until="load")
                page.emulate_media(media="print", color_scheme="light")
                page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")
                page.evaluate("document.fonts.ready.then(() => null)")
                return page.pdf(
                    prefer_css_page_size=True,
                    print_background=True,
                    tagged=True,
                    outline=True,
                    display_header_footer=True,
                    header_template="<span></span>",
                    footer_template=FOOTER,
                )
            finally:
                browser.close()
    except Error as error:
        raise PaperError(f"the PDF could not be printed with {program}: {error.message}") from None


def fixed(printed: bytes) -> bytes:
    """Replace the dates of the run by the build's date, without moving a byte."""
    moment = datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), UTC)
    stamp = f"D:{moment:%Y%m%d%H%M%S}+00'00'".encode()

    def date(match: re.Match[bytes]) -> bytes:
        shown = b"/" + match[1] + b" (" + stamp + b")"
        if len(shown) > len(match[0]):
            raise PaperError(f"the PDF writes its dates in another form: {match[0]!r}")
        return shown.ljust(len(match[0]))

    printed, dates = DATE.subn(date, printed)
    if not dates:
        raise PaperError("the PDF has no dates where they were; see publish/paper.py")
    return printed
