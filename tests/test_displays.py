"""Every display of the pages beyond the article says what a second computation gives, in float64.

The article's displays are proved (test_derivation.py). These speak of matrices, optimizers and densities, so
each is read back from the built page, evaluated (tex_numbers.py) and held against an oracle, of which
display_oracles.py says more. Every single alteration, of a sign, factor, exponent or symbol, must be found.
"""


import numpy as np
import pytest
from bs4 import BeautifulSoup
from derivation_mutants import mutants
from derivation_tex import UnreadableError, tokens
from display_breaks import BREAKS
from display_choosing import CHOOSING, EXPLORER
from display_inline import RELATIONS
from display_priors import PRIORS
from plain_run import ROOT
from sentences import RELATION, within_sentences
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


def test_every_display_beyond_the_article_has_a_check(displays):
    assert {page: len(found) for page, found in displays.items() if found} == {
        page: len(checks) for page, checks in CHECKS.items()
    }


@pytest.mark.parametrize(("page", "number"), PLACES, ids=NAMES)
def test_a_display_says_what_a_second_computation_gives(page, number, displays):
    words = displays[page][number]
    error = refusal(CHECKS[page][number], words)
    assert error is None, f"/{page}/, display {number + 1}, `{' '.join(words)}`: {error}"


@pytest.mark.parametrize(("page", "number"), PLACES, ids=NAMES)
def test_every_single_alteration_of_a_display_is_found(page, number, displays):
    words = displays[page][number]
    altered = list(mutants(words))
    missed = [what for what, other in altered if refusal(CHECKS[page][number], other) is None]
    assert altered and not missed, missed


def holds_in(world, words):
    """Return whether an equation within a sentence holds; False for what is no equation."""
    try:
        with np.errstate(all="ignore"):
            left, *others = [value(side, world) for side in sides(words)]
    except UnreadableError:
        return False
    expected = left
    if r"\leftarrow" in words:
        expected = world.get("after a step", np.nan) if left is world[r"\theta"] else np.nan
    return bool(others) and all(np.allclose(other, expected, rtol=1e-5, atol=0) for other in others)


@pytest.fixture(scope="module")
def related(site_dir):
    """Return the relations within the sentences of a page, in order."""

    def found(page):
        return [tex for tex in within_sentences(site_dir, page) if RELATION.search(tex)]

    return found


def out_of_place(found, listed):
    """Return the relations that are not what is listed at their place, and what is missing or too many."""
    wrong = [
        tex
        for tex, entry in zip(found, listed)
        if not (tex == entry if isinstance(entry, str) else holds_in(entry, tokens(tex)))
    ]
    return [*wrong, *found[len(listed) :], *listed[len(found) :]]


def test_every_page_that_has_such_relations_is_listed(related):
    """But for the article, whose relations are proved."""
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")} - {"index"}
    assert set(RELATIONS) == {page for page in pages if related(page)}


@pytest.mark.parametrize("page", RELATIONS)
def test_relations_within_sentences_are_those_listed_or_hold_and_no_alteration_does(page, related):
    found = related(page)
    assert not out_of_place(found, RELATIONS[page])
    for tex, world in zip(found, RELATIONS[page], strict=True):
        if not isinstance(world, str):
            missed = [what for what, other in mutants(tokens(tex)) if holds_in(world, other)]
            assert not missed, f"{tex}: {missed}"


NARROW, WIDE = r"\tau = 1/(n\lambda)", r"\tau = 2\sigma^2/(n\lambda)"
SWAPS = [
    ("explorer", r"\sigma^2 = 1/4", r"\sigma^2 = 1/2"),
    ("explorer", "n = 30", "n = 15"),
    ("choosing", r"\sigma^2 = \frac{1}{2}", r"\sigma^2 = \frac{1}{4}"),
    ("corrections", r"2\pi\tau > 1", r"2\pi\tau < 1"),
    ("corrections", r"\sigma^2 = 1/2", r"\sigma^2 = 1/4"),
    ("explorer", NARROW, WIDE),
    ("corrections", NARROW, WIDE),
]


@pytest.mark.parametrize(("page", "one", "other"), SWAPS)
def test_relations_that_change_places_are_found(page, one, other, related):
    found = related(page)
    first, second = found.index(one), found.index(other)
    found[first], found[second] = other, one
    assert out_of_place(found, RELATIONS[page])


@pytest.mark.parametrize("page", RELATIONS)
def test_the_prior_of_the_other_loss_is_found_wherever_a_prior_variance_stands(page, related):
    found = related(page)
    for at, tex in enumerate(found):
        if tex in {NARROW, WIDE}:
            swapped = [*found[:at], WIDE if tex == NARROW else NARROW, *found[at + 1 :]]
            assert out_of_place(swapped, RELATIONS[page]) == [swapped[at]]


@pytest.mark.parametrize("page", RELATIONS)
def test_a_relation_that_is_added_or_left_out_is_found(page, related):
    found = related(page)
    for at, tex in enumerate(found):
        assert out_of_place([*found[:at], tex, *found[at:]], RELATIONS[page])
        assert out_of_place([*found[:at], *found[at + 1 :]], RELATIONS[page])


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
