"""What most oracles begin with: test_x.py holds the snippet x."""

import pytest
from cells import run_cells


@pytest.fixture(scope="module")
def snippet(request):
    """Return the snippet's name."""
    return request.path.stem.removeprefix("test_")


@pytest.fixture(scope="module")
def run(computed, snippet):
    """Return what the downloaded notebook of it gives."""
    return computed(snippet)


@pytest.fixture(scope="module")
def values(run):
    return run.values


@pytest.fixture(scope="module")
def page(request, snippet):
    """Return the names that the snippet's cells leave behind; of the module's CELLS, or of all."""
    return run_cells(snippet, *getattr(request.module, "CELLS", "").split())
