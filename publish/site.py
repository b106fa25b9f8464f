"""Site: the one pass over a site that MkDocs, or another generator, has written."""

from pathlib import Path

from publish import PublishError, cells, figures, fonts, forms, formulas, metadata, notebooks, policy, search
from publish.browser import chromium
from publish.facts import Facts
from publish.page import Page
from publish.paper import write_paper


def finish(site: Path, facts: Facts, *, preview: bool = False) -> None:
    """Finish every page of a site in place.

    Args:
        site: the folder of the site, in which nothing is finished yet.
        preview: leave out what a preview cannot have, the policy and the PDF.

    Raises:
        PublishError: naming page, fault and rule.
    """
    pages = [Page(path, site, facts.below) for path in sorted(site.rglob("*.html"))]
    for page in pages:
        notebooks.finish_notebook(page)
        figures.finish_figures(page)
        cells.finish_cells(page, facts.repository)
        check_ids(page)
        for box in page.tree.xpath("//input[@type='checkbox'][@autocomplete]"):  # the theme's
            del box.attrib["autocomplete"]  # which HTML gives to fields of text alone
    drawn = formulas.draw({key for page in pages for _, key in formulas.keys(page)})
    for page in pages:
        formulas.place(page, drawn, facts.docs)
    paper = not preview and chromium() is not None
    for page in pages:
        forms.write_forms(page, paper)
        metadata.finish_metadata(page, facts, paper)
    search.finish_index(site, pages)
    fonts.write_fonts(site, pages, [answer["html"] for answer in drawn.values()])
    for page in pages:
        if not preview:
            policy.write_policy(page)
        page.path.write_text(page.html(), encoding="utf-8")
    if paper:
        write_paper(site, facts.url)


def check_ids(page: Page) -> None:
    """Stop at two elements of one id: a link to it would lead to the first only."""
    seen: set[str] = set()
    for name in page.tree.xpath("//article//@id"):
        if name in seen:
            rule = "an id stands once on a page: number each equation once, embed a cell once"
            raise PublishError(f"{page.name}: two elements have the id '{name}'\n    rule: {rule}")
        seen.add(name)
