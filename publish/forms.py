"""Forms: a line of links under a page's title: its notebooks, as its cells tell, downloads, PDF, citing."""

import re

from lxml.html import HtmlElement, builder

from publish.page import Page
from publish.paper import NAME


def write_forms(page: Page, paper: bool) -> None:
    """Put the links behind the page's byline, or behind its title if it has none."""
    name = page.address.strip("/").rpartition("/")[2]
    items = notebooks(page)
    if page.is_notebook:
        files = {f"{name}.ipynb": "Download notebook", f"{name}.py": "Download script"}
        items = [builder.A(text, href=href, download="") for href, text in files.items()]
    if page.name == "index.html" and paper:
        items.append(builder.A("PDF", href=NAME))
    items += [builder.A("Cite", href="#cite") for _ in page.tree.xpath("//*[@id='cite']")]
    head = page.tree.find_class("byline") or page.tree.xpath("//article//h1")
    if items and head:
        actions = {"class": "actions", "aria-label": "This page in other forms"}
        head[0].addnext(builder.UL(actions, *map(builder.LI, items)))


def notebooks(page: Page) -> list[HtmlElement]:
    """Return links to the notebooks whose cells a page shows, as one entry."""
    sources = [cell.get("data-source") for cell in page.tree.xpath("//*[@data-source]")]
    names = list(dict.fromkeys(re.search(r"(\w+)\.py", source)[1] for source in sources))
    entry = builder.SPAN("Notebooks: " if len(names) > 1 else "Notebook: ")
    for name in names:
        entry.append(builder.A(name, href=f"{page.up}notebooks/{name}/"))
        entry[-1].tail = ", " if name != names[-1] else ""
    return [entry] if names else []
