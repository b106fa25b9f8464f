"""Literate snippets: scripts with named cells run once, and every view of them comes from that run.

Flow, one step a module; those in brackets help the one before:
    read      snippets/x.py       -> named cells, and the files that a run may read (sources)
    fresh     is the stored run still true?
    run       the cells, in a process and folder of their own (forks), and what they left (account)
                in that process: forker, runner, traces; they know nothing of the rest
    notebook  what they left      -> outputs/notebooks/x.ipynb, the single result
    render    the notebook        -> HTML of cells and values
    embed     pages               -> their place in a page; the Markdown extension
    check     what pages ask for exists, and stands in them as published
    build     all of it, one build at a time (alone); `python -m literate` from the project's folder
    plugin    the same in MkDocs (preview: `mkdocs serve` goes on after a fault)

MkDocs is imported in the last line's modules alone, torch nowhere.
"""

from literate.embed import makeExtension

__all__ = ["makeExtension"]
