"""Every display of the pages beyond the article says what a second computation gives, in float64.

The article's displays are proved (test_steps.py). These speak of matrices, optimizers and densities, so
each is read back from the built page, evaluated (tex_numbers.py) and held against an oracle, of which
display_oracles.py says more. Every single alteration, of a sign, factor, exponent or symbol, must be found.
"""


import pytest
from bs4 import BeautifulSoup
from derivation_mutants import mutants
from derivation_tex import UnreadableError, tokens
from display_breaks import BREAKS
from display_choosing import CHOOSING, EXPLORER
from display_priors import PRIORS
from tex_numbers import sides, value, with_texts

CHECKS = {"breaks": BREAKS, "choosing": CHOOSING, "explorer": EXPLORER, "priors": PRIORS}
PLACES = [(page, number) for page, checks in CHECKS.items() for number in range(len(checks))]
NAMES = [f"{page}: {CHECKS[page][number].__name__}" for page, number in PLACES]


@pytest.fixture(scope="module")
def displays(site_dir):
    """Return the tokens of each display by page, in order."""
    found = {}
    for path in sorted(site_dir.glob("*/index.html")):
        soup = BeautifulSoup(path.read_text(encoding="utf-8"), "lxml")
        texts = [annotation.get_text() for annotation in soup.select(".katex-display annotation")]
        found[path.parent.name] = [with_texts(tokens(text)) for text in texts]
    return found


def refusal(check, words):
    """Return why a display does not pass its check; None if it does."""
    try:
        check(sides(words))
    except (AssertionError, UnreadableError) as error:
        return error
    return None


@pytest.mark.parametrize(("page", "number"), PLACES, ids=NAMES)
def test_a_display_says_what_a_second_computation_gives(page, number, displays):
    words = displays[page][number]
    error = refusal(CHECKS[page][number], words)
    assert error is None, f"/{page}/, display {number + 1}, `{' '.join(words)}`: {error}"


@pytest.mark.nightly
@pytest.mark.parametrize(("page", "number"), PLACES, ids=NAMES)
def test_every_single_alteration_of_a_display_is_found(page, number, displays):
    words = displays[page][number]
    altered = list(mutants(words))
    missed = [what for what, other in altered if refusal(CHECKS[page][number], other) is None]
    assert altered and not missed, missed


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
