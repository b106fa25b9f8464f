"""What Material does not give: from the pages that MkDocs wrote to those that readers get.

`site.finish` is one pass over finished HTML, behind MkDocs (hooks.py) or any generator (`python -m publish
SITE`). Each page is read once (page.py), every other file does one thing to it, and it is written once:

    notebooks   what mkdocs-jupyter adds goes      forms     links to notebooks, downloads, PDF
    figures     drawings follow the theme          metadata  tags, JSON-LD, BibTeX
    cells       heads, lean code, scrolling boxes  search    the index, in readers' words
    formulas    TeX becomes HTML and MathML        fonts     cut down to what the pages use
                                                   policy    a strict one, by hashes
Then paper.py prints the PDF. Earlier, while Markdown is read, there are two extensions: publish.citations and
publish.equations. Nothing here knows how an output was computed, only how it looks.
"""
