"""Run single cells of a snippet, so that a test can put its own input through the page's own code."""

from __future__ import annotations

from pathlib import Path

import jupytext
import torch

SNIPPETS = Path(__file__).resolve().parents[2] / "snippets"


def run_cells(snippet: str, *names: str) -> dict:
    """Execute the named cells in order; return their namespace. The default dtype stays as it was."""
    text = (SNIPPETS / f"{snippet}.py").read_text(encoding="utf-8")
    cells = jupytext.reads(text, fmt="py:percent").cells
    sources = {cell.metadata.get("title"): cell.source for cell in cells}
    namespace: dict = {}
    dtype, state = torch.get_default_dtype(), torch.get_rng_state()
    try:
        for name in names:
            exec(compile(sources[name], f"{snippet}/{name}", "exec"), namespace)
    finally:
        torch.set_default_dtype(dtype)
        torch.set_rng_state(state)
    return namespace
