"""Paper: the article as a tagged PDF with an outline, printed by Chromium from the finished site.

Without a Chromium no PDF is made, and no page links to one.
"""

from mimetypes import guess_type
from pathlib import Path
from urllib.parse import unquote

from publish import PublishError
from publish.browser import FLAGS, chromium

NAME = "weight-decay.pdf"
NOWHERE = "http://site.invalid/"  # stands for the address of a site that has none
FOOTER = (
    '<div style="width:100%;font:8px serif;color:#514c44;padding:0 24mm;display:flex;'
    'justify-content:space-between"><span class="title"></span>'
    '<span><span class="pageNumber"></span> / <span class="totalPages"></span></span></div>'
)
PREPARE = """async (nowhere) => {
  document.title = document.querySelector("meta[name=citation_title]").content;
  for (const part of document.querySelectorAll("details"))  // code and checks stay on the site
    if (part.querySelector(".equation, .references, [data-bibtex]")) {
      part.open = true;
      part.querySelectorAll(".cell:not([data-bibtex])").forEach((cell) => cell.remove());
    } else part.remove();
  for (const work of document.querySelectorAll(".references li"))  // other pages of the site cite more
    if (!work.querySelector('.cite-back a[href^="#"]')) work.remove();
  for (const heading of document.querySelectorAll("h1, h2, h3"))  // an outline loses the space of a line end
    for (const part of heading.childNodes)
      if (part.nodeType === Node.TEXT_NODE) part.data = part.data.replaceAll(" ", "\u00a0\u200b");
  for (const link of document.querySelectorAll("a[href]"))
    if (link.href.startsWith(nowhere) && link.getAttribute("href")[0] !== "#") link.removeAttribute("href");
  await document.fonts.ready;
}"""


def write_paper(site: Path, url: str) -> None:
    """Print the front page; its links lead to the address of the site, or nowhere if it has none."""
    from playwright.sync_api import Error, sync_playwright

    address = url or NOWHERE

    def answer(route) -> None:  # from the folder, not from a network
        path = site / unquote(route.request.url.removeprefix(address).partition("?")[0])
        path = path / "index.html" if path.is_dir() else path
        if not route.request.url.startswith(address) or not path.is_file():
            route.abort()
        else:
            route.fulfill(body=path.read_bytes(), content_type=guess_type(path.name)[0] or "text/plain")

    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
            page = browser.new_page(color_scheme="light")
            page.route("**/*", answer)
            page.goto(address, wait_until="load")
            page.emulate_media(media="print")
            page.evaluate(PREPARE, NOWHERE)
            shape = {"prefer_css_page_size": True, "print_background": True, "tagged": True, "outline": True}
            frame = {"header_template": "<span></span>", "footer_template": FOOTER}
            page.pdf(path=site / NAME, display_header_footer=True, **shape, **frame)
            browser.close()
    except Error as error:
        raise PublishError(f"the PDF could not be printed with {chromium()}: {error.message}") from None
