"""What Material does not give: from the pages that MkDocs wrote to those that readers get.

`site.finish` is one pass over finished HTML, behind MkDocs (hooks.py) or another generator (`python -m
publish SITE`). Each page is read once (page.py), each other file does one thing to it, it is written once:

    notebooks   what mkdocs-jupyter adds goes      metadata  tags, JSON-LD, BibTeX
    figures     drawings follow the theme          search    the index, in readers' words
    cells       heads, lean code, scrolling boxes  fonts     cut down to what the pages use
    formulas    TeX becomes HTML and MathML        policy    a strict one, by hashes
    forms       links to notebooks, PDF, citing    paper     the PDF, from the written pages

Two Markdown extensions work earlier: publish.citations (with bibliography.py) and publish.equations.
Nothing here knows how an output was computed, only how it looks.
"""


class PublishError(Exception):
    """Why the site cannot be published: where, what, the rule."""
