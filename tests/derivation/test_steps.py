"""Displayed = proved: the derivation's equations, read from the built page, follow one from another."""


import random

import pytest
import sympy
from mutants import mutants
from proofs import PROOFS, tau
from proving import UnprovedError
from tex import NAMED, UnreadableError, formulas, numbered, read, tokens

NEEDED = "D1 D2 A1 A2 A3 D3 1 2 3 4 5 6 7 8 9 C1 C3".split()  # the rest an author may cut
SHOWN = sorted({tag for premises, _ in PROOFS.values() for tag in premises})


@pytest.fixture(scope="session")
def shown(site_dir):
    """TeX of the article's displays, by number."""
    return numbered(site_dir / "index.html")


@pytest.fixture(scope="session")
def equations(shown):
    return {tag: read(tag, tokens(tex)) for tag, tex in shown.items() if tag in SHOWN}


def prove(equations, name):
    premises, proof = PROOFS[name]
    if all(tag in equations for tag in premises):
        proof(equations)


def refute(equations, tag, words):
    """Read altered tokens in place of equation `tag`, run the proofs it takes part in, return the refusal.

    Any other error is one of the proof itself and no refusal.
    """
    try:
        altered = {**equations, tag: read(tag, words)}
        for name, (premises, _) in PROOFS.items():
            if tag in premises:
                prove(altered, name)
    except (UnprovedError, UnreadableError) as refusal:
        return refusal
    return None


def test_the_derivation_is_there(shown):
    assert not [tag for tag in NEEDED if tag not in shown]


@pytest.mark.parametrize("name", PROOFS)
def test_equation_follows_from_the_ones_before_it(equations, name):
    prove(equations, name)


def survivors(equations, shown, tag, count=None):
    """Return the alterations that no proof refutes; stop once so many were refuted that can be read."""
    altered, survived, refuted = list(mutants(tokens(shown.get(tag, "")))), [], 0
    random.Random(tag).shuffle(altered)
    for what, words in altered:
        refusal = refute(equations, tag, words)
        survived += [what] if refusal is None else []
        refuted += isinstance(refusal, UnprovedError)
        if refuted == count:
            break
    return survived


@pytest.mark.parametrize("tag", SHOWN)
def test_an_alteration_of_the_display_fails_the_proof(equations, shown, tag):
    """Signs, numbers, exponents, fractions, functions, factors, symbols, names: four of them."""
    assert not survivors(equations, shown, tag, 4)


@pytest.mark.nightly
@pytest.mark.parametrize("tag", SHOWN)
def test_every_single_alteration_of_the_display_fails_the_proof(equations, shown, tag):
    assert not survivors(equations, shown, tag)


@pytest.mark.parametrize("tag", SHOWN)
def test_swapped_summands_still_pass(equations, shown, tag):
    words = tokens(shown.get(tag, "="))
    sign = next(at for at, word in enumerate(words) if word == "=" and _depth(words[:at]) == 0)
    swapped = [*words[: sign + 1], *_reversed_summands(words[sign + 1 :])]
    assert tag not in equations or refute(equations, tag, swapped) is None


def _depth(words):
    return sum({"{": 1, "(": 1, "}": -1, ")": -1}.get(word, 0) for word in words)


def _reversed_summands(words):
    starts = [at for at, word in enumerate(words) if word in "+-" and _depth(words[:at]) == 0]
    starts = starts if starts[:1] == [0] else [0, *starts]
    summands = [words[a:b] for a, b in zip(starts, [*starts[1:], None])]
    signed = [part if part[0] in "+-" else ["+", *part] for part in summands]
    backwards = [word for part in reversed(signed) for word in part]
    return backwards[1:] if backwards[0] == "+" else backwards


def test_what_any_page_says_of_tau_or_the_penalized_loss_is_what_was_proved(site_dir, equations):
    """In a display or a sentence, up to a factor without symbols: other losses have other factors."""
    proved: dict = {}
    for equation in equations.values():
        proved.setdefault(equation.left, []).append(equation.right)
    wrong = []
    for path in sorted(site_dir.rglob("*.html")):
        for tex in dict.fromkeys(formulas(path)):
            try:
                said = read("said", tokens(tex))
            except UnreadableError:
                continue  # it speaks of other things
            if said.left in (tau, NAMED[r"L(\theta)"]) and said.right.free_symbols:
                ratios = [sympy.simplify(said.right / right) for right in proved[said.left]]
                if not any(ratio.is_number for ratio in ratios):
                    wrong.append(f"{path.relative_to(site_dir)}: {tex}")
    assert wrong == []


def test_tex_that_the_parser_would_cut_short_is_refused(equations):
    for words in (["f", "=", "\\frac", "1", "n", "D"], ["n", "=", "D", "\\phantom", "{", "n", "}"]):
        assert isinstance(refute(equations, "D1", words), UnreadableError)
