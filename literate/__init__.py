"""Literate snippets: scripts with named cells run once, and every view of them comes from that run.

Flow, one module a step:
    read    snippets/x.py            -> named cells
    fresh   is the stored run still true?
    run     cells, in a new kernel   -> outputs/runs/x.ipynb, the single result
            (inside: what the kernel does before and after them)
    render  the executed notebook    -> outputs/fragments/x/<cell>.md
    embed   pages                    -> checked embeds and quoted values
    build   all of it; `python -m literate` from the project's folder

Neither MkDocs nor torch is imported here. As a Markdown extension, `literate` fills in quoted
values; embedding itself is pymdownx.snippets'.
"""

from literate.build import build
from literate.embed import makeExtension
from literate.read import LiterateError

__all__ = ["LiterateError", "build", "makeExtension"]
