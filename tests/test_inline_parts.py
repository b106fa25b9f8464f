"""Formulas without a relation, within sentences: each stands where it is listed and means it."""

import re

import numpy as np
import pytest
from derivation_mutants import mutants
from derivation_tex import UnreadableError, tokens
from inline_parts import PARTS, WORDS
from plain_run import ROOT
from sentences import RELATION, within_sentences
from tex_numbers import value

BARE = re.compile(r"(\\l[Vv]ert\s*)?(\\(hat|mathcal)\{)?\\?[A-Za-z]+\}?(_(\w|\{[^{}]*\}))?(\\r[Vv]ert)?")
MEANT = list(dict.fromkeys(entry for entries in PARTS.values() for entry in entries if entry[1] is not WORDS))
NO_CHANGE = {("1", "a cube"), (r"\lVert \theta \rVert_2^2", "'_…' at 3 is left out")}
NO_CHANGE |= {(r"+\frac{D}{2n}\log(2\pi\tau)", "'+' at 0 is left out")}


@pytest.fixture(scope="module")
def found(site_dir):
    """Return the formulas in question of each page, in order."""
    pages = sorted(path.stem for path in (ROOT / "docs").glob("*.md"))
    return {
        page: [
            tex
            for tex in within_sentences(site_dir, page)
            if not RELATION.search(tex) and not BARE.fullmatch(tex)
        ]
        for page in pages
    }


def spelled_out(tex):
    """Return the tokens, with the arguments, indices and brackets that a sentence leaves to its reader."""
    tex = re.sub(r"\\nabla ([fL])(?!\()", r"\\nabla \1(\\theta)", tex)
    tex = tex.replace(r"\sum\eta", r"\sum_t \eta").replace(r"\tfrac", r"\frac")
    return tokens(tex.replace("[", "(").replace("]", ")"))


def means(words, meaning):
    """Return whether tokens have the value of their oracle; False for what has none."""
    expected = meaning()
    try:
        with np.errstate(all="ignore"):
            got = value(words, meaning.known)
            return np.shape(got) == np.shape(expected) and np.allclose(got, expected, rtol=1e-4, atol=0)
    except (UnreadableError, TypeError):
        return False


def altered(words):
    """Yield (what was altered, the altered tokens): the single ones, and one more factor, sign or power."""
    yield from mutants(words)
    for factor in ("2", "-"):
        yield f"{factor} in front", [factor, "(", *words, ")"]
    yield "a cube", ["(", *words, ")", "^", "3"]


def out_of_place(found, listed):
    """Return the formulas that differ from what is listed at their place, and what is missing or too many."""
    texts = [tex for tex, _ in listed]
    wrong = [tex for tex, entry in zip(found, texts) if tex != entry]
    return [*wrong, *found[len(texts) :], *texts[len(found) :]]


def test_every_page_that_has_such_formulas_is_listed(found):
    assert set(PARTS) == {page for page, formulas in found.items() if formulas}


@pytest.mark.parametrize("page", PARTS)
def test_each_formula_stands_where_it_is_listed(page, found):
    assert not out_of_place(found[page], PARTS[page])


@pytest.mark.parametrize(("tex", "meaning"), MEANT, ids=[f"{m.__name__}: {tex}" for tex, m in MEANT])
def test_a_formula_has_the_value_it_means_and_no_alteration_does(tex, meaning):
    words = spelled_out(tex)
    assert means(words, meaning), f"{tex} is {value(words, meaning.known)}, not {meaning()}"
    missed = {(tex, what) for what, other in altered(words) if means(other, meaning)}
    assert missed <= NO_CHANGE


@pytest.mark.parametrize("page", PARTS)
def test_a_formula_that_is_altered_added_left_out_or_moved_is_found(page, found):
    for at, tex in enumerate(found[page]):
        before, after = found[page][:at], found[page][at + 1 :]
        others = [[*before, other, *after] for other in (f"2{tex}", f"-{tex}", f"{tex}^3")]
        others += [[*before, *after], [*before, tex, tex, *after]]
        if after and after[0] != tex:
            others.append([*before, after[0], tex, *after[1:]])
        assert all(out_of_place(other, PARTS[page]) for other in others)
