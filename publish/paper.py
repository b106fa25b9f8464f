"""Paper: the article as a tagged PDF beside its page, printed by Chromium from the built site.

In: the finished pages. Out: `weight-decay.pdf` in the site, the same bytes for the
same pages. Without a Chromium no PDF is made, and no page links to one.

What Chromium prints lacks the authors and bears the title of the browser's window; its outline
loses the space where a heading breaks into lines. What is right is added behind its last byte.
"""

import io
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from mimetypes import guess_type
from pathlib import Path
from urllib.parse import unquote

from pypdf import PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from publish.browser import FLAGS, chromium

NAME = "weight-decay.pdf"
FOOTER = (
    '<div style="width:100%;font:8px serif;color:#514c44;padding:0 24mm;display:flex;'
    'justify-content:space-between"><span class="title"></span>'
    '<span><span class="pageNumber"></span> / <span class="totalPages"></span></span></div>'
)
FACTS = """() => ({
  title: document.querySelector("meta[name=citation_title]").content,
  authors: document.querySelector("meta[name=author]").content,
  headings: [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].map((heading) => {
    const copy = heading.cloneNode(true);
    copy.querySelectorAll(".headerlink").forEach((link) => link.remove());
    return copy.textContent.trim().replace(/\\s+/g, " ");
  }),
})"""
DATE = re.compile(rb"/(CreationDate|ModDate) ?\(D:[^)]*\)")


class PaperError(Exception):
    """The PDF could not be made."""


def write_paper(site: Path, address: str) -> None:
    """Print the article of a built site, if there is a Chromium.

    Args:
        site: folder of the finished site.
        address: where it will be served; links in the PDF lead there.
    """
    program = chromium()
    if program is None:
        return
    printed, facts = print_page(site, address, program)
    (site / NAME).write_bytes(completed(fixed(printed), **facts))


def print_page(site: Path, address: str, program: str) -> tuple[bytes, dict]:
    """Return the PDF of the front page under its address, and the page's title, authors and headings.

    The page's files come from the folder, not from a network.
    """
    from playwright.sync_api import Error, sync_playwright

    def answer(route) -> None:
        path = site / unquote(route.request.url.removeprefix(address).partition("?")[0])
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
                facts = page.evaluate(FACTS)
                printed = page.pdf(
                    prefer_css_page_size=True,
                    print_background=True,
                    tagged=True,
                    outline=True,
                    display_header_footer=True,
                    header_template="<span></span>",
                    footer_template=FOOTER,
                )
                return printed, facts
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


def completed(printed: bytes, title: str, authors: str, headings: list[str]) -> bytes:
    """State title and authors; mend the outline's titles, which are the page's headings in their order."""
    writer = PdfWriter(io.BytesIO(printed), incremental=True)
    writer.add_metadata({"/Title": title, "/Author": authors})
    coming = iter(headings)
    for entry in outline_of(writer.root_object["/Outlines"]):
        shown = letters(entry["/Title"])
        heading = next((text for text in coming if letters(text) == shown), None)
        if heading is None:
            raise PaperError(f"the PDF's outline has '{entry['/Title']}', which is no heading of the page")
        if heading != entry["/Title"]:
            entry[NameObject("/Title")] = TextStringObject(heading)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def outline_of(parent: DictionaryObject) -> Iterator[DictionaryObject]:
    """Yield the entries of an outline below one of them, in reading order."""
    entry = parent.get("/First")
    while entry is not None:
        entry = entry.get_object()
        yield entry
        yield from outline_of(entry)
        entry = entry.get("/Next")


def letters(text: str) -> str:
    """Return a text without its white space."""
    return "".join(text.split())
