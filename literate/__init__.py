"""Literate snippets: one run, every view of it.

Flow, one module a step:
    read    snippets/x.py            -> named cells
    fresh   is the stored run still true?
    kernel  cells                    -> outputs/runs/x.ipynb, the single result
            (inside: what the kernel runs around them; outputs: what they may leave)
    render  the executed notebook    -> outputs/fragments/x/<cell>.md, outputs/notebooks/x.ipynb
    embed   pages                    -> checked embeds and quoted values
    build   all of it; `python -m literate` from the project's folder

MkDocs and torch are never imported here. As a Markdown extension, `literate` fills in
quoted values; embedding itself is pymdownx.snippets'.
"""

from literate.build import build
from literate.embed import makeExtension
from literate.errors import LiterateError

__all__ = ["LiterateError", "build", "makeExtension"]
