"""The proof of the derivation: each equation, as read from the page, from the ones before it.

Every proof names the equations it uses and takes them as `eq["7"]`. What is not on the page is Bayes' rule
itself, the normal density (from sympy.stats) and what a vector's norm, gradient and determinant are, which
are written out for D = 1 to 4.
"""

from collections.abc import Callable
from functools import cache

import sympy
from proving import Equations, UnprovedError, carry, demand, follows, label, prediction
from sympy.stats import Normal, density
from tex import LETTERS, NAMED, D, i, n

PROOFS: dict[str, tuple[tuple[str, ...], Callable[[Equations], None]]] = {}
lam, tau, theta, C = (LETTERS[name] for name in ("lambda", "tau", "theta", "C"))
posterior, likelihood = NAMED[r"p(\theta \mid x, y)"], NAMED[r"p(y \mid x, \theta)"]
evidence, prior_given_inputs = NAMED[r"p(y \mid x)"], NAMED[r"p(\theta \mid x)"]
f, L, M = NAMED[r"f(\theta)"], NAMED[r"L(\theta)"], NAMED[r"M(\theta)"]
variance, squared_norm = NAMED[r"\sigma^2"], NAMED[r"\lVert \theta \rVert_2^2"]
dot_product = NAMED[r"\theta^{\top} \theta"]
normal_label = NAMED[r"\mathcal{N}(y_i; \hat{y}_i, \sigma^2)"]
SIZES = (1, 2, 3, 4)


def proof(tag: str, *premises: str) -> Callable:
    """Register the proof of equation `tag` from `premises`."""

    def register(prove: Callable[[Equations], None]) -> Callable[[Equations], None]:
        PROOFS[f"{tag}: {prove.__name__}"] = ((tag, *premises), prove)
        return prove

    return register


@cache
def entries(size: int) -> sympy.Matrix:
    """Return the vector theta as `size` real symbols."""
    return sympy.Matrix(sympy.symbols(f"theta_1:{size + 1}", real=True))


@cache
def written_out(size: int) -> dict[sympy.Expr, sympy.Expr]:
    """Return every quantity of the vector theta in its entries, for D = `size`."""
    vector, covariance = entries(size), tau * sympy.eye(size)
    one = Normal("theta_j", 0, sympy.sqrt(tau))
    return {
        D: sympy.Integer(size),
        squared_norm: sympy.simplify(vector.norm() ** 2),
        dot_product: (vector.T * vector)[0],
        NAMED[r"\lvert \tau I \rvert"]: covariance.det(),
        NAMED[r"\theta^{\top} (\tau I)^{-1} \theta"]: (vector.T * covariance.inv() * vector)[0],
        NAMED[r"\mathcal{N}(\theta; 0, \tau I)"]: sympy.prod(density(one)(entry) for entry in vector),
    }


def demand_written_out(where: str, expected: sympy.Expr, shown: sympy.Expr) -> None:
    for size in SIZES:
        known = written_out(size)
        demand(where, f"written out for D = {size}", expected.subs(known), shown.subs(known))


@proof("1", "A2")
def bayes_rule_with_unmodeled_inputs(eq: Equations) -> None:
    known = {eq["A2"].left: eq["A2"].right}
    follows(eq, "1", posterior, (likelihood * prior_given_inputs / evidence).subs(known))


@proof("2", "1")
def minus_log_of_both_sides(eq: Equations) -> None:
    follows(eq, "2", -sympy.log(eq["1"].left), -sympy.log(eq["1"].right))


@proof("3", "2", "A1")
def log_of_a_product_is_a_sum(eq: Equations) -> None:
    joint = sympy.expand_log(eq["2"].right.subs(eq["A1"].left, eq["A1"].right))
    follows(eq, "3", eq["2"].left, joint)


@proof("4", "3", "D1")
def divide_by_n(eq: Equations) -> None:
    demand("4", "left side", eq["3"].left / n, eq["4"].left)
    demand("D1", "left side", f, eq["D1"].left)
    demand("4", "right side", eq["3"].right / n, eq["4"].right.subs(f, eq["D1"].right))


@proof("5", "4", "A3")
def put_in_the_gaussian_prior(eq: Equations) -> None:
    carry(eq, "4", "5", given=("A3",))


@proof("6", "5")
def write_the_density_out(eq: Equations) -> None:
    demand("6", "left side", eq["5"].left, eq["6"].left)
    demand_written_out("6", eq["5"].right, eq["6"].right)


@proof("6a")
def determinant_of_a_multiple_of_the_identity(eq: Equations) -> None:
    demand_written_out("6a", eq["6a"].left, eq["6a"].right)
    demand("6a", "left side", NAMED[r"\lvert \tau I \rvert"], eq["6a"].left)


@proof("6b")
def quadratic_form_of_its_inverse(eq: Equations) -> None:
    demand_written_out("6b", eq["6b"].left, eq["6b"].right)
    demand("6b", "left side", NAMED[r"\theta^{\top} (\tau I)^{-1} \theta"], eq["6b"].left)


@proof("7", "6", "6a", "6b")
def log_of_the_product(eq: Equations) -> None:
    carry(eq, "6", "7", given=("6a", "6b"))


@proof("7", "6")
def log_of_the_product_written_out(eq: Equations) -> None:
    demand_written_out("7", eq["6"].right, eq["7"].right)


@proof("8", "7", "D3")
def weight_decay_for_the_variance(eq: Equations) -> None:
    for size in SIZES:
        vector = written_out(size)
        demand("8", f"norm, D = {size}", vector[dot_product], vector[squared_norm])
    known = {eq["D3"].left: eq["D3"].right, dot_product: squared_norm}
    follows(eq, "8", eq["7"].left, eq["7"].right.subs(known))


def braced(eq: Equations) -> dict[sympy.Expr, sympy.Expr]:
    """Return what equation (9) braces, by label, in whatever order they stand."""
    bodies = {label: body for body, label in eq["9"].braces}
    if set(bodies) != {L, C} or len(eq["9"].braces) != 2:
        raise UnprovedError(f"equation (9): the braces are labeled {list(bodies)}, not L and C")
    return bodies


@proof("9", "8", "D2")
def cancel_n(eq: Equations) -> None:
    carry(eq, "8", "9")
    bodies = braced(eq)
    demand("D2", "left side", L, eq["D2"].left)
    demand("9", "brace of L", eq["D2"].right, bodies[L])
    if (constant := bodies[C]).has(f, squared_norm, theta):
        raise UnprovedError(f"equation (9): the constant {constant} depends on theta")


@proof("10", "9", "D2")
def penalized_loss_plus_constant(eq: Equations) -> None:
    demand("10", "left side", eq["9"].left, eq["10"].left)
    known = {L: eq["D2"].right, C: braced(eq)[C]}
    demand("10", "right side", eq["9"].right, eq["10"].right.subs(known))


@proof("11", "10")
def solved_for_the_posterior(eq: Equations) -> None:
    demand("11", "left side", posterior, eq["11"].left)
    demand("11", "right side", eq["10"].right, eq["10"].left.subs(posterior, eq["11"].right))


# ---- the corollaries and the example by hand ----

grad_loss, grad_penalized = NAMED[r"\nabla f(\theta)"], NAMED[r"\nabla L(\theta)"]
LABEL_DENSITY = density(Normal("label", prediction, sympy.sqrt(variance)))(label)
EXAMPLE = {n: 3, D: 1, lam: sympy.Rational(1, 2), variance: 1}
LABELS = (1, 2, 6)


@proof("C1", "D2")
def gradient_entry_by_entry(eq: Equations) -> None:
    for size in SIZES:
        vector = entries(size)
        loss = sympy.Function("f")(*vector)
        penalized = eq["D2"].right.subs(written_out(size)).subs(f, loss)
        for entry in vector:
            partial = {grad_penalized: penalized.diff(entry), grad_loss: loss.diff(entry), theta: entry}
            demand("C1", "derivative", eq["C1"].left.subs(partial), eq["C1"].right.subs(partial))
    demand("C1", "left side", grad_penalized, eq["C1"].left)


@proof("C3", "C2", "C1")
def sgd_step_is_a_shrink(eq: Equations) -> None:
    now = {
        theta: NAMED[r"\theta_{t}"],
        grad_loss: NAMED[r"\nabla f(\theta_{t})"],
        grad_penalized: NAMED[r"\nabla L(\theta_{t})"],
    }
    gradient = {eq["C1"].left.subs(now): eq["C1"].right.subs(now)}
    follows(eq, "C3", eq["C2"].left, eq["C2"].right.subs(gradient))
    demand("C2", "left side", NAMED[r"\theta_{t+1}"], eq["C2"].left)


@proof("C6", "C4", "C5", "D1")
def nll_of_gaussian_labels(eq: Equations) -> None:
    demand("C6", "left side", eq["D1"].left, eq["C6"].left)
    labelled = eq["D1"].right.subs(eq["C4"].left, eq["C4"].right)
    expected = labelled.subs(normal_label, LABEL_DENSITY)
    demand("C5", "left side", M, eq["C5"].left)
    demand("C6", "right side", expected, eq["C6"].right.subs(M, eq["C5"].right))


@proof("C8", "7", "C6", "C7", "C9")
def mean_squared_error_with_weight_decay(eq: Equations) -> None:
    demand("C8", "left side", 2 * variance * eq["7"].left, eq["C8"].left)
    demand("C7", "left side", tau, eq["C7"].left)
    known = {eq["C6"].left: eq["C6"].right, dot_product: squared_norm}
    scaled = 2 * variance * eq["7"].right.subs(known)
    shown = eq["C8"].right.subs(eq["C9"].left, eq["C9"].right)
    variance_put_in = {tau: eq["C7"].right}
    demand("C8", "right side", scaled.subs(variance_put_in), shown.subs(variance_put_in))


@proof("C10", "C6")
def one_noise_variance_only(eq: Equations) -> None:
    (solution,) = sympy.solve(sympy.diff(eq["C6"].right, M) - 1, variance)
    follows(eq, "C10", variance, solution)


@proof("C11", "C6", "C10")
def mean_squared_error_up_to_a_constant(eq: Equations) -> None:
    carry(eq, "C6", "C11", given=("C10",))


@proof("C7", "C10", "D3")
def the_two_prior_variances_agree(eq: Equations) -> None:
    demand("C7", "at one half", eq["D3"].right, eq["C7"].right.subs(variance, eq["C10"].right))


def example_loss(eq: Equations) -> sympy.Expr:
    """Return f of the example in theta, from (D1) and (C4)."""
    general = eq["D1"].right.subs(eq["C4"].left, eq["C4"].right).subs(normal_label, LABEL_DENSITY)
    finite = general.subs(EXAMPLE).doit()
    numbers = {label.subs(i, k + 1): value for k, value in enumerate(LABELS)}
    return finite.subs(numbers).replace(prediction.func, lambda _: theta)


def example_penalized_loss(eq: Equations) -> sympy.Expr:
    return eq["D2"].right.subs({f: example_loss(eq), squared_norm: theta**2}).subs(EXAMPLE)


@proof("E1", "D1", "C4")
def loss_of_the_example(eq: Equations) -> None:
    follows(eq, "E1", f, example_loss(eq))


@proof("E2", "D1", "D2", "C4")
def slope_of_the_example(eq: Equations) -> None:
    follows(eq, "E2", grad_penalized, sympy.diff(example_penalized_loss(eq), theta))


@proof("E3", "D1", "D3", "C4")
def evidence_of_the_example(eq: Equations) -> None:
    prior = density(Normal("parameter", 0, sympy.sqrt(eq["D3"].right.subs(EXAMPLE))))(theta)
    joint = sympy.exp(sympy.expand(-3 * sympy.expand_log(example_loss(eq)))) * prior
    follows(eq, "E3", sympy.log(evidence), sympy.log(_integral(sympy.expand(joint))))


@cache
def _integral(joint: sympy.Expr) -> sympy.Expr:
    return sympy.integrate(joint, (theta, -sympy.oo, sympy.oo))


@proof("E4", "D1", "D2", "C4")
def penalized_loss_of_the_example(eq: Equations) -> None:
    follows(eq, "E4", NAMED[r"L(2)"], example_penalized_loss(eq).subs(theta, 2))


@proof("E5", "9", "E3")
def constant_of_the_example(eq: Equations) -> None:
    body = braced(eq)[C].subs({eq["E3"].left: eq["E3"].right})
    follows(eq, "E5", C, body.subs(EXAMPLE))


@proof("E6", "E4", "E5")
def sum_of_the_example(eq: Equations) -> None:
    follows(eq, "E6", eq["E4"].left + eq["E5"].left, eq["E4"].right + eq["E5"].right)


@proof("E6", "D1", "D2", "D3", "C4")
def sum_of_the_example_is_minus_the_log_posterior(eq: Equations) -> None:
    slope, curvature = (sympy.diff(example_penalized_loss(eq), theta, k) for k in (1, 2))
    (mode,) = sympy.solve(slope, theta)
    gaussian = density(Normal("parameter", mode, sympy.sqrt(1 / (3 * curvature))))(2)
    demand("E6", "right side", -sympy.log(gaussian) / 3, eq["E6"].right)
