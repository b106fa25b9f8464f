"""When one side of an equation equals another: in numbers, then in symbols.

`demand` raises `UnprovedError`, with both sides, where it does not.
"""

from random import Random

import sympy
from sympy.core.function import AppliedUndef
from tex import NAMED, D, Equation, i, n

Equations = dict[str, Equation]
label, prediction = NAMED[r"y_i"], NAMED[r"\hat{y}_i"]


class UnprovedError(AssertionError):
    """An equation of the page that does not follow from the ones before it."""


def demand(where: str, side: str, expected: sympy.Expr, shown: sympy.Expr) -> None:
    """Raise UnprovedError unless the two expressions are equal: first in numbers, then in symbols."""
    gap = expected - shown
    if gap == 0 or (abs(_number(gap)) < 1e-20 and _vanishes(gap)):
        return
    sides = f"the page shows   {shown}\n  what follows is  {expected}"
    raise UnprovedError(f"equation ({where}), {side}:\n  {sides}")


def follows(eq: Equations, tag: str, left: sympy.Expr, right: sympy.Expr) -> None:
    """Demand that equation `tag` is left = right."""
    demand(tag, "left side", left, eq[tag].left)
    demand(tag, "right side", right, eq[tag].right)


def _number(expr: sympy.Expr) -> sympy.Expr:
    """Evaluate at one fixed point: n = 3, D = 2, every other quantity a fraction drawn by its name."""
    plain = expr.subs({n: 3, D: 2}).doit()
    atoms = plain.free_symbols | plain.atoms(AppliedUndef, sympy.Derivative)
    point = {atom: sympy.Rational(Random(str(atom)).randint(11, 97), 37) for atom in atoms}
    return plain.xreplace(point).evalf(40)


def _vanishes(gap: sympy.Expr) -> bool:
    plain = sympy.expand(_linear_sums(sympy.expand_log(gap)))
    return plain == 0 or sympy.simplify(plain) == 0


def _linear_sums(expr: sympy.Expr) -> sympy.Expr:
    """Take constant factors out of sums over i, after splitting them at every plus."""

    def split(inner: sympy.Expr, limits: sympy.Tuple) -> sympy.Expr:
        terms = sympy.Add.make_args(sympy.expand(sympy.expand_log(inner)))
        pairs = [term.as_independent(i, label, prediction) for term in terms]
        return sympy.Add(*(factor * sympy.Sum(rest, limits).doit() for factor, rest in pairs))

    return expr.replace(sympy.Sum, split)


def carry(eq: Equations, before: str, after: str, given: tuple[str, ...] = ()) -> None:
    """Demand that `before`, with the definitions `given` put into its right side, is `after`."""
    known = {eq[tag].left: eq[tag].right for tag in given}
    follows(eq, after, eq[before].left, eq[before].right.subs(known))
