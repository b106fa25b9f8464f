"""Displayed = proved: the derivation's equations, read from the built page, follow one from another."""


import random

import numpy as np
import pytest
import sympy
import torch
from mutants import mutants
from proofs import PROOFS, UnprovedError, lam, tau, variance
from tex import LETTERS, NAMED, D, UnreadableError, formulas, n, numbered, read, tokens

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
    altered = list(mutants(tokens(shown.get(tag, ""))))
    some = random.Random(tag).sample(altered, count) if count and altered else altered
    return [what for what, words in some if refute(equations, tag, words) is None]


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


def test_a_failing_proof_names_the_equation_and_shows_both_sides(equations, shown):
    words = tokens(shown["7"])
    words[words.index("+")] = "-"
    message = str(refute(equations, "7", words))
    assert "equation (7), right side" in message
    page, follows = message.split("what follows is")
    assert "- dot_product/(2*n*tau)" in page and "exp(-dot_product/(2*tau))" in follows


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


def test_log_two_pi_tau_is_negative_where_step_7_says():
    log = sympy.log(2 * sympy.pi * tau)
    assert log.subs(tau, 1 / (2 * sympy.pi)) == 0
    assert log.subs(tau, 1 / (3 * sympy.pi)) < 0 < log.subs(tau, 1 / sympy.pi)


# Steps 1 to 4 once more, in float64: a one-dimensional posterior on a grid.

GRID = np.linspace(-8, 8, 32_001)
INPUTS, OUTPUTS = np.array([-1.5, 0.2, 0.9, 2.0]), np.array([-0.7, 0.4, 0.1, 1.9])
NOISE, DECAY = 0.3, 0.15
COUNT, PRIOR = len(INPUTS), 1 / (len(INPUTS) * DECAY)


def torch_log_prob(distribution, value):
    return distribution.log_prob(torch.as_tensor(value)).numpy()


@pytest.fixture(scope="module")
def quantities():
    """Every quantity of steps 1 to 4 on the grid, none of them by Bayes' rule."""
    spread = torch.tensor([NOISE, PRIOR], dtype=torch.float64).sqrt()
    means = torch.as_tensor(GRID[:, None] * INPUTS)
    each = torch_log_prob(torch.distributions.Normal(means, spread[0]), OUTPUTS)
    joint = torch.distributions.MultivariateNormal(means, NOISE * torch.eye(COUNT, dtype=torch.float64))
    covariance = NOISE * np.eye(COUNT) + PRIOR * np.outer(INPUTS, INPUTS)
    marginal = torch.distributions.MultivariateNormal(
        torch.zeros(COUNT, dtype=torch.float64), torch.as_tensor(covariance)
    )
    loss = ((OUTPUTS - GRID[:, None] * INPUTS) ** 2).mean(axis=1) / (2 * NOISE) + np.log(
        2 * np.pi * NOISE
    ) / 2
    unnormalized = np.exp(-COUNT * (loss + DECAY / 2 * GRID**2))
    everywhere = {
        "posterior": unnormalized / np.trapezoid(unnormalized, GRID),  # exp(-nL) / Z
        "likelihood": np.exp(torch_log_prob(joint, OUTPUTS)),
        "prior": np.exp(
            torch_log_prob(torch.distributions.Normal(torch.zeros_like(spread[1]), spread[1]), GRID)
        ),
        "evidence": np.exp(torch_log_prob(marginal, OUTPUTS)),
        "f": loss,
        **{f"p({k + 1})": np.exp(each[:, k]) for k in range(COUNT)},
    }
    central = np.abs(GRID) < 3  # further out the densities underflow and their logarithms lose digits
    return {name: value[central] if np.ndim(value) else value for name, value in everywhere.items()}


def on_grid(expr, quantities):
    """Evaluate a parsed side with n = 4 and the quantities by their names."""
    finite = expr.subs({n: COUNT}).doit()
    atoms = sorted(finite.free_symbols | finite.atoms(sympy.core.function.AppliedUndef), key=str)
    plain = sympy.symbols(f"q:{len(atoms)}")
    evaluate = sympy.lambdify(plain, finite.xreplace(dict(zip(atoms, plain))), "numpy")
    return evaluate(*(quantities[str(atom)] for atom in atoms))


@pytest.mark.parametrize("tag", ["1", "2", "3", "4"])
def test_step_holds_for_a_posterior_on_a_grid(equations, quantities, tag):
    """The grid's own error: trapezoids of a smooth density that vanishes at both ends, below 1e-12."""
    left, right = (on_grid(side, quantities) for side in (equations[tag].left, equations[tag].right))
    np.testing.assert_allclose(left, right, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("tag", ["5", "7", "8"])
def test_constants_are_those_of_torch_distributions(equations, size, tag):
    """With f = 0 and evidence 1 what is left of the right side is -(1/n) times PyTorch's log density."""
    vector = np.linspace(-1, 2, size)
    tensor = torch.as_tensor(vector)
    prior = torch.distributions.MultivariateNormal(
        torch.zeros_like(tensor), PRIOR * torch.eye(size, dtype=torch.float64)
    )
    log_density = prior.log_prob(tensor).item()
    known = {str(value): value for value in (*NAMED.values(), *LETTERS.values())}
    numbers = {"f": 0, "evidence": 1, "normal_prior": np.exp(log_density)}
    numbers |= {"dot_product": vector @ vector, "squared_norm": vector @ vector}
    values = {known[name]: value for name, value in numbers.items()} | {
        tau: PRIOR,
        lam: DECAY,
        n: COUNT,
        D: size,
    }
    assert float(equations[tag].right.subs(values)) == pytest.approx(-log_density / COUNT, abs=1e-12)


def test_mean_squared_error_equals_torch_up_to_half_log_pi(equations):
    """At noise variance one half; (C11) against PyTorch's Gaussian loss, in float64."""
    outputs, predictions = torch.as_tensor(OUTPUTS), torch.as_tensor(INPUTS)
    half = torch.full_like(outputs, float(equations["C10"].right))
    nll = torch.nn.functional.gaussian_nll_loss(predictions, outputs, half, full=True).item()
    mse = torch.nn.functional.mse_loss(predictions, outputs).item()
    assert equations["C10"].left == variance
    assert float(equations["C11"].right.subs(NAMED[r"M(\theta)"], mse)) == pytest.approx(nll, abs=1e-12)
