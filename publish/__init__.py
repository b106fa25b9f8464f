"""What the reader's browser gets, from finished Markdown pages to a served site.

In: the HTML that MkDocs rendered from each page. Out: the same page with its
formulas drawn, its figures following the theme, its metadata, its content
policy, and beside it fonts, style sheet, scripts, feed, card, PDF and service
worker. `hooks.py` says in which order; every other file does one of the steps.

The package knows nothing of how an output was computed, only how it looks.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent  # where node_modules lies
