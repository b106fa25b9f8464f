"""Every output, quoted value and line of code in every page and download is what the second road gives."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest
from rendered import mismatches


@pytest.fixture(scope="session")
def tolerance(site_dir: Path, computed) -> float:
    """Return 0 where the site was built on a machine like this one, else what rounding may move."""
    notebook = json.loads((site_dir / "notebooks/provenance/provenance.ipynb").read_text(encoding="utf-8"))
    outputs = [one for cell in notebook["cells"] for one in cell.get("outputs", ())]
    recorded, here = "".join("".join(one["text"]) for one in outputs), computed("provenance").stdout.values()
    if recorded == "".join(here):
        return 0.0
    warnings.warn(f"built elsewhere; numbers may differ by one part in a thousand:\n{recorded}", stacklevel=1)
    return 1e-3


def test_every_output_quoted_value_and_code_is_what_was_computed(site_dir, computed, tolerance, root):
    found = mismatches(site_dir, computed.every(), root, tolerance)
    assert not found, f"{len(found)} mismatches:\n" + "\n".join(map(str, found))


def test_the_snippets_to_download_are_the_snippets(site_dir, root):
    for path in sorted((root / "snippets").glob("*.py")):
        assert (site_dir / "notebooks" / path.stem / path.name).read_bytes() == path.read_bytes()
