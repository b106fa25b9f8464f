"""Forms: a line of links under a page's title: its notebooks, as its cells tell, downloads, PDF, citing."""

import re

from lxml.html import HtmlElement, builder

from publish.facts import Facts
from publish.page import Page
from publish.paper import NAME


def write_forms(page: Page, facts: Facts, paper: bool) -> None:
    """Put the links behind the page's byline, or behind its title if it has none."""
    items = downloads(page, facts) if page.is_notebook else notebooks(page)
    if page.name == "index.html":
        items += [anchor(NAME, "PDF")] * paper
        items += [anchor(f"#{section.get('id')}", "Cite") for section in page.tree.xpath("//*[@id='cite']")]
    head = page.tree.find_class("byline") or page.tree.xpath("//article//h1")
    if items and head:
        actions = {"class": "actions", "aria-label": "This page in other forms"}
        head[0].addnext(builder.UL(actions, *map(builder.LI, items)))


def notebooks(page: Page) -> list[HtmlElement]:
    """Return the links to the notebooks whose cells a page shows, as one entry."""
    sources = [cell.get("data-source") for cell in page.tree.xpath("//*[@data-source]")]
    names = list(dict.fromkeys(re.search(r"(\w+)\.py", source)[1] for source in sources))
    entry = builder.SPAN("Notebooks: " if len(names) > 1 else "Notebook: ")
    for name in names:
        entry.append(anchor(f"{page.up}notebooks/{name}/", name))
        entry[-1].tail = ", " if name != names[-1] else ""
    return [entry] if names else []


def downloads(page: Page, facts: Facts) -> list[HtmlElement]:
    """Return the downloads, and the notebook service if mkdocs.yml names one."""
    name = page.address.strip("/").rpartition("/")[2]
    files = {f"{name}.ipynb": "Download notebook", f"{name}.py": "Download script"}
    found = [anchor(href, text, download="") for href, text in files.items()]
    if facts.notebook_service and facts.url:
        service = facts.notebook_service.format(url=f"{facts.url}{page.address}{name}.ipynb", name=name)
        found.append(anchor(service, "Run it in a notebook service"))
    return found


def anchor(href: str, text: str, **attributes: str) -> HtmlElement:
    return builder.A(text, href=href, **attributes)
