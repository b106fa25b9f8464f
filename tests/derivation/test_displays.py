"""No display of the other pages is one alteration away from what a second computation gives, in float64.

The article's displays are proved (test_steps.py). These speak of matrices, optimizers and densities: a check
evaluates the sides of one (tex_numbers.py) and holds them against an oracle (display_oracles.py). It goes
by what it says, not by its place: whichever check accepts it, it is true. One that no check accepts is new,
unless a changed sign, factor, exponent or symbol would make it true.
"""

import pytest
from computed import ROOT
from display_breaks import BREAKS
from display_choosing import CHOOSING, EXPLORER
from display_priors import PRIORS
from mutants import mutants
from tex import UnreadableError, displays, tokens
from tex_numbers import sides, value, with_texts

CHECKS = [*BREAKS, *CHOOSING, *EXPLORER, *PRIORS]
PAGES = sorted(path.stem for path in (ROOT / "docs").glob("*.md") if path.stem != "index")


@pytest.fixture
def formulas(request, site_dir):
    """The tokens of each display of a page, by number."""
    found = displays(site_dir / request.param / "index.html")
    return {name: with_texts(tokens(tex)) for name, tex in found.items()}


def accepted(words):
    """Return whether a check finds a display true."""
    return any(accepts(check, words) for check in CHECKS)


def accepts(check, words):
    try:
        check(sides(words))
    except (AssertionError, UnreadableError, ValueError):
        return False
    return True


@pytest.mark.parametrize("formulas", PAGES, indirect=True)
def test_no_display_is_one_alteration_away_from_a_true_one(formulas):
    for name, words in formulas.items():
        if not accepted(words):
            near = [what for what, other in mutants(words) if accepted(other)]
            assert not near, f"{name}, `{' '.join(words)}`, would be true if {near[0]}"


@pytest.mark.nightly
@pytest.mark.parametrize("formulas", PAGES, indirect=True)
def test_every_single_alteration_of_a_true_display_is_found(formulas):
    true = {name: words for name, words in formulas.items() if accepted(words)}
    altered = [(name, *one) for name, words in true.items() for one in mutants(words)]
    assert not [(name, what) for name, what, words in altered if accepted(words)]


@pytest.mark.parametrize("tex", [r"2 \theta + \beta", r"2 \theta)", r"2 +", r"\frac{1}{\theta", r"(2, 3)"])
def test_what_is_no_expression_or_has_an_unknown_symbol_is_refused(tex):
    with pytest.raises(UnreadableError):
        value(tokens(tex), {r"\theta": 1.0})


@pytest.mark.parametrize(
    ("tex", "expected"),
    [("-2^{2} + 6/3 n", 2), (r"\frac{n}{2} - n(1 - n)", 7.5), (r"\sum_{i=2}^{n} i^{2} \cdot 2", 26)],
)
def test_operations_bind_as_in_print(tex, expected):
    assert value(tokens(tex), {"n": 3}) == expected
