"""The proofs of the corollaries and of the example by hand; see derivation_proof.py."""

from functools import cache

import sympy
from derivation_proof import (
    SIZES,
    C,
    D,
    Equations,
    M,
    braced,
    carry,
    demand,
    dot_product,
    entries,
    evidence,
    f,
    label,
    lam,
    n,
    normal_label,
    prediction,
    proof,
    squared_norm,
    tau,
    theta,
    variance,
    written_out,
)
from derivation_tex import NAMED, i
from sympy.stats import Normal, density

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
    demand("C3", "left side", eq["C2"].left, eq["C3"].left)
    demand("C3", "right side", eq["C2"].right.subs(gradient), eq["C3"].right)
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
    demand("C10", "left side", variance, eq["C10"].left)
    (solution,) = sympy.solve(sympy.diff(eq["C6"].right, M) - 1, variance)
    demand("C10", "right side", solution, eq["C10"].right)


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
    demand("E1", "left side", f, eq["E1"].left)
    demand("E1", "right side", example_loss(eq), eq["E1"].right)


@proof("E2", "D1", "D2", "C4")
def slope_of_the_example(eq: Equations) -> None:
    demand("E2", "left side", grad_penalized, eq["E2"].left)
    demand("E2", "right side", sympy.diff(example_penalized_loss(eq), theta), eq["E2"].right)


@proof("E3", "D1", "D3", "C4")
def evidence_of_the_example(eq: Equations) -> None:
    prior = density(Normal("parameter", 0, sympy.sqrt(eq["D3"].right.subs(EXAMPLE))))(theta)
    joint = sympy.exp(sympy.expand(-3 * sympy.expand_log(example_loss(eq)))) * prior
    demand("E3", "left side", sympy.log(evidence), eq["E3"].left)
    demand("E3", "right side", sympy.log(_integral(sympy.expand(joint))), eq["E3"].right)


@cache
def _integral(joint: sympy.Expr) -> sympy.Expr:
    return sympy.integrate(joint, (theta, -sympy.oo, sympy.oo))


@proof("E4", "D1", "D2", "C4")
def penalized_loss_of_the_example(eq: Equations) -> None:
    demand("E4", "left side", NAMED[r"L(2)"], eq["E4"].left)
    demand("E4", "right side", example_penalized_loss(eq).subs(theta, 2), eq["E4"].right)


@proof("E5", "9", "E3")
def constant_of_the_example(eq: Equations) -> None:
    demand("E5", "left side", C, eq["E5"].left)
    body = braced(eq)[C].subs({eq["E3"].left: eq["E3"].right})
    demand("E5", "right side", body.subs(EXAMPLE), eq["E5"].right)


@proof("E6", "E4", "E5")
def sum_of_the_example(eq: Equations) -> None:
    demand("E6", "left side", eq["E4"].left + eq["E5"].left, eq["E6"].left)
    demand("E6", "right side", eq["E4"].right + eq["E5"].right, eq["E6"].right)


@proof("E6", "D1", "D2", "D3", "C4")
def sum_of_the_example_is_minus_the_log_posterior(eq: Equations) -> None:
    slope, curvature = (sympy.diff(example_penalized_loss(eq), theta, k) for k in (1, 2))
    (mode,) = sympy.solve(slope, theta)
    gaussian = density(Normal("parameter", mode, sympy.sqrt(1 / (3 * curvature))))(2)
    demand("E6", "right side", -sympy.log(gaussian) / 3, eq["E6"].right)
