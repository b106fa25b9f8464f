r"""TeX in, numbers out: evaluates the displays of the pages beyond the article, vectors and matrices too.

`sides(words)` splits the tokens of a display at its relations; `value(words, known)` evaluates one side in
float64, where `known` gives each symbol a number, an array, a list (indexed from 1) or a function. The set of
symbols is closed: one that is not in `known` is an error. A product of two arrays is their matrix product,
and a gradient is taken by central differences.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from tex import UnreadableError

Known = dict[str, object]
Node = Callable[[Known], object]
RELATIONS = {"=", r"\approx", r"\leftarrow", r"\sim", r"\le"}
SPACES = {r"\qquad", r"\Bigl", r"\Bigr"}
SEPARATORS = {",", ";", r"\mid"}
CLOSING = {"(": ")", "{": "}", r"\lVert": r"\rVert", r"\lvert": r"\rvert", "|": "|"}
ENDS = {*CLOSING.values(), *SEPARATORS, "+", "-"}
NUMPY = {r"\log": np.log, r"\exp": np.exp, r"\sqrt": np.sqrt, "sign": np.sign, "diag": np.diag}
NUMPY |= {r"\max": np.maximum}
STEP = 1e-5  # of a central difference; its error is of the order of STEP squared


def with_texts(words: list[str]) -> list[str]:
    r"""Return the tokens with each `\text{…}` as one."""
    found, inside = [], False
    for word in words:
        if inside:
            found[-1] += word
        else:
            found.append(word)
        inside = word == r"\text" or (inside and word != "}")
    return found


def sides(words: list[str]) -> list[list[str]]:
    """Return the tokens between the relations that stand in no bracket; a display may hold two equations."""
    found, depth = [[]], 0
    for word in words:
        depth += (word in {"(", "{"}) - (word in {")", "}"})
        if depth == 0 and (word in RELATIONS or word == r"\qquad"):
            found.append([])
        else:
            found[-1].append(word)
    plain = [[word for word in side if word not in SPACES] for side in found]
    between = [side[:-1] if side[-1:] == [","] else side for side in plain[:-1]]
    return [*between, plain[-1]]  # a display ends without a comma or a point


def value(words: list[str], known: Known) -> object:
    """Return the value of one side.

    Raises:
        UnreadableError: it is no expression, or has a symbol that is not known.
    """
    reader = Reader(words)
    try:
        node = reader.sum()
        if reader.words:
            raise UnreadableError(f"left over: {reader.words}")
        return node(known)
    except (ArithmeticError, LookupError, TypeError, ValueError, np.linalg.LinAlgError) as error:
        raise UnreadableError(f"`{' '.join(words)}`: {error!r}") from None


def product(a, b):
    return a @ b if np.ndim(a) and np.ndim(b) else a * b


def combined(operation: Callable, *nodes: Node) -> Node:
    return lambda known: operation(*(node(known) for node in nodes))


def gradient(function: Callable, at: np.ndarray) -> np.ndarray:
    """Return the gradient of a function of a vector, by central differences."""
    steps = STEP * np.eye(len(at))
    return np.array([(function(at + step) - function(at - step)) / (2 * STEP) for step in steps])


class Reader:
    """Reads an expression from the front of its tokens; each method returns a function of what is known."""

    def __init__(self, words: list[str]) -> None:
        self.words = list(words)

    def next(self) -> str:
        return self.words[0] if self.words else ""

    def take(self, wanted: str = "") -> str:
        word = self.words.pop(0)
        if wanted and word != wanted:
            raise UnreadableError(f"{wanted} expected, not {word}")
        return word

    def sum(self) -> Node:
        terms = [self.term()] if self.next() not in {"+", "-"} else []
        while self.next() in {"+", "-"}:
            sign, term = -1 if self.take() == "-" else 1, self.term()
            terms.append(lambda known, sign=sign, term=term: sign * term(known))
        return lambda known: sum((term(known) for term in terms[1:]), terms[0](known))

    def term(self) -> Node:
        node = self.factor()
        while self.next() and self.next() not in ENDS:
            if self.next() == r"\cdot":
                self.take()
            divided = self.next() == "/" and self.take()
            node = combined(np.divide if divided else product, node, self.factor())
        return node

    def factor(self) -> Node:
        node = self.base()
        while self.next() == "^":
            self.take()
            power = self.group()
            if power == [r"\top"]:
                node = combined(np.transpose, node)
            elif power == ["-", "1"]:
                node = combined(np.linalg.inv, node)
            else:
                node = combined(np.power, node, Reader(power).sum())
        return node

    def group(self) -> list[str]:
        """Take one token, or what stands in braces."""
        if self.next() != "{":
            return [self.take()]
        depth, taken = 0, []
        while not taken or depth:
            taken.append(self.take())
            depth += (taken[-1] == "{") - (taken[-1] == "}")
        return taken[1:-1]

    def base(self) -> Node:
        word = self.take()
        if word.isdigit():
            return lambda known: float(word)
        if word in CLOSING:
            inside = self.sum()
            self.take(CLOSING[word])
            return self.measured(word, inside)
        if word == r"\frac":
            return combined(np.divide, Reader(self.group()).sum(), Reader(self.group()).sum())
        if word in {r"\sum", r"\prod"}:
            return self.repeated(word)
        if word == r"\nabla":
            return self.nabla()
        if word in {r"\mathrm", r"\operatorname", r"\mathcal"}:
            word = "".join(self.group())
        if word in NUMPY:
            return self.called(NUMPY[word])
        return self.symbol(word)

    def measured(self, bracket: str, inside: Node) -> Node:
        """Return what a bracket makes of its inside: a norm, an absolute value or determinant, or nothing."""
        if bracket == r"\lVert":
            order = int(self.take() and self.take()) if self.next() == "_" else 2
            return lambda known: np.linalg.norm(inside(known), order)
        if bracket in {r"\lvert", "|"}:
            return lambda known: np.linalg.det(found) if np.ndim(found := inside(known)) else abs(found)
        return inside

    def repeated(self, word: str) -> Node:
        """Return a sum or product over an index, from its bounds or over all that `known` has of it."""
        self.take("_")
        index, *start = self.group()
        first = Reader(start[1:]).sum() if start else lambda known: 1
        last = (
            Reader(self.group()).sum() if self.next() == "^" and self.take() else lambda known: known[index]
        )
        inside, whole = self.term(), np.sum if word == r"\sum" else np.prod

        def run(known: Known) -> object:
            places = range(int(first(known)), int(last(known)) + 1)
            return whole([inside(known | {index: place}) for place in places], axis=0)

        return run

    def nabla(self) -> Node:
        """Return a gradient: of f at the argument it is given, of anything else with respect to theta."""
        by = "".join(self.group()) if self.next() == "_" and self.take() else r"\theta"
        if self.words[1:2] == ["("] or (self.words[1:2] == ["_"] and self.words[3:4] == ["("]):
            name, arguments = self.name(self.take()), self.arguments()

            def found(known: Known) -> np.ndarray:
                return gradient(look_up(name, known), arguments[0](known))
        else:
            inside = self.factor()

            def found(known: Known) -> np.ndarray:
                return gradient(lambda theta: inside(known | {r"\theta": theta}), known[r"\theta"])

        return found if by == r"\theta" else lambda known: found(known)[known[by] - 1]

    def called(self, function: Callable) -> Node:
        """Return a function of what stands in its brackets, or of the next factor if there are none."""
        arguments = self.arguments() if self.next() == "(" else [self.factor()]
        return combined(function, *arguments)

    def arguments(self) -> list[Node]:
        self.take("(")
        found = [self.sum()]
        while self.next() in SEPARATORS:
            self.take()
            found.append(self.sum())
        self.take(")")
        return found

    def name(self, word: str) -> str:
        """Return a symbol's name with its hat or bar and its subscript."""
        if word in {r"\hat", r"\bar"}:
            word += " " + "".join(self.group())
        if self.next() == "_":
            self.take()
            word += "_" + "".join(self.group())
        return word

    def symbol(self, word: str) -> Node:
        name = self.name(word)
        if self.next() != "(":
            return lambda known: look_up(name, known)
        ahead = Reader(self.words)
        arguments = ahead.arguments()

        def apply_or_multiply(known: Known) -> object:
            found, given = look_up(name, known), [argument(known) for argument in arguments]
            return found(*given) if callable(found) else product(found, *given)

        self.words = ahead.words
        return apply_or_multiply


def look_up(name: str, known: Known) -> object:
    """Return what is known by this name; of a list, the entry at the running index."""
    found = known[name]
    return found[known[name.rpartition("_")[2]] - 1] if isinstance(found, list) else found
