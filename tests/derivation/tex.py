r"""The derivation's equations: the built page in, SymPy equations out.

KaTeX keeps the TeX of each formula as an annotation inside what it draws. This
module collects the numbered displays of the article, replaces each quantity that
has a name of its own, such as `p(y \mid x)`, by one symbol and lets
`parse_latex` read the rest. Only the vocabulary of names stands here; no equation does.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import lxml.html
import sympy
from sympy.parsing.latex import parse_latex
from sympy.parsing.latex.errors import LaTeXParsingError

n = sympy.Symbol("n", positive=True, integer=True)
D = sympy.Symbol("D", positive=True, integer=True)
i = sympy.Symbol("i", positive=True, integer=True)
LETTERS = {
    **{name: sympy.Symbol(name, positive=True) for name in ("lambda", "tau", "eta")},
    **{name: sympy.Symbol(name, real=True) for name in ("C", "K", "theta")},
    **{"n": n, "D": D, "i": i, "pi": sympy.pi},
}


# What has a name of its own, by what is known of it; the last two lists are functions of the example i.
POSITIVE = [r"p(\theta \mid x, y)", r"p(y \mid x, \theta)", r"p(\theta \mid x)", r"p(\theta)", r"p(y \mid x)"]
POSITIVE += [r"\mathcal{N}(\theta; 0, \tau I)", r"\lvert \tau I \rvert", r"\sigma^2"]
REAL = [r"f(\theta)", r"L(\theta)", r"L(2)", r"M(\theta)", r"\nabla L(\theta)", r"\nabla f(\theta)"]
REAL += [r"\nabla L(\theta_{t})", r"\nabla f(\theta_{t})", r"\theta_{t}", r"\theta_{t+1}"]
REAL += [r"\lVert \theta \rVert_2^2", r"\theta^{\top} \theta", r"\theta^{\top} (\tau I)^{-1} \theta"]
POSITIVE_OF_I = [r"p(y_i \mid x_i, \theta)", r"\mathcal{N}(y_i; \hat{y}_i, \sigma^2)"]
REAL_OF_I = [r"y_i", r"\hat{y}_i"]
NAMED = {
    **{tex: sympy.Symbol(tex, positive=True) for tex in POSITIVE},
    **{tex: sympy.Symbol(tex, real=True) for tex in REAL},
    **{tex: sympy.Function(tex, positive=True)(i) for tex in POSITIVE_OF_I},
    **{tex: sympy.Function(tex, real=True)(i) for tex in REAL_OF_I},
}
NODES = (sympy.Add, sympy.Mul, sympy.Pow, sympy.Number, sympy.Symbol, sympy.log, sympy.exp, sympy.Sum)
NODES += (sympy.Product, sympy.Tuple, type(sympy.E))
MACROS = r"\\(frac|log|exp|sum|prod|cdot|lambda|tau|eta|theta|pi)"
ALLOWED = re.compile(MACROS + r"|[nDiCK]|Q_\{\d+\}|\d+|[-+/^_=(){}]")


class UnreadableError(Exception):
    """TeX that is not an equation in the derivation's vocabulary."""


@dataclass(frozen=True)
class Equation:
    """One numbered display; `braces` holds (body, label) of each `\\underbrace`."""

    tag: str
    tex: str
    left: sympy.Expr
    right: sympy.Expr
    braces: tuple[tuple[sympy.Expr, sympy.Expr], ...]


def formulas(path: Path, within: str = ".katex, div.arithmatex, span.arithmatex") -> list[str]:
    """Return the TeX of a page's formulas in order, drawn by KaTeX or not yet."""
    document = lxml.html.fromstring(path.read_bytes(), parser=lxml.html.HTMLParser(encoding="utf-8"))
    found = []
    for formula in document.cssselect(within):
        drawn = formula.xpath(".//*[local-name()='annotation']")
        text = drawn[0].text_content() if drawn else formula.text_content()
        found.append(re.sub(r"^\s*\\[\[(]|\\[\])]\s*$", "", text))
    return found


def numbered(path: Path) -> dict[str, str]:
    """Return the TeX of a page's numbered displays by number.

    Raises:
        UnreadableError: two have one number.
    """
    found: dict[str, str] = {}
    for tex in formulas(path, ".katex-display, div.arithmatex:not(:has(.katex-display))"):
        for tag in re.findall(r"\\tag\{([^{}]+)\}", tex):
            if tag in found:
                raise UnreadableError(f"two equations are numbered ({tag})")
            found[tag] = tex
    return found


def tokens(tex: str) -> list[str]:
    r"""Split TeX into tokens, without `\tag`, spacing and the sizes of brackets."""
    tex = re.sub(r"\\tag\{[^{}]*\}", "", tex)
    tex = re.sub(r"\\(left|right)(?![A-Za-z])|\\[,;:! ]", " ", tex)
    return re.findall(r"\\[A-Za-z]+|\d+|\S", tex)


VOCABULARY = sorted(((tokens(tex), value) for tex, value in NAMED.items()), key=lambda item: -len(item[0]))


def read(tag: str, words: list[str]) -> Equation:
    """Parse the tokens of one display.

    Raises:
        UnreadableError: it is not one equation, or says something outside the vocabulary.
    """
    braces: list[tuple[list[str], list[str]]] = []
    plain = _open_braces(words, braces)
    signs = [at for at, word in enumerate(plain) if word == "=" and _depth(plain[:at]) == 0]
    if len(signs) != 1:
        raise UnreadableError(f"({tag}): {len(signs)} signs '=' in a display, not one")
    middle = signs[0]
    labels = tuple((expression(tag, body), expression(tag, label)) for body, label in braces)
    left, right = expression(tag, plain[:middle]), expression(tag, plain[middle + 1 :])
    return Equation(tag, " ".join(words), left, right, labels)


def _open_braces(words: list[str], braces: list[tuple[list[str], list[str]]]) -> list[str]:
    r"""Replace `\underbrace{body}_{label}` by `(body)` and collect the pair."""
    if "\\underbrace" not in words:
        return words
    start = words.index("\\underbrace")
    end = _closing(words, start + 1)
    if words[end + 1 : end + 3] != ["_", "{"]:
        raise UnreadableError("an underbrace without a label")
    label_end = _closing(words, end + 2)
    body = words[start + 2 : end]
    braces.append((body, words[end + 3 : label_end]))
    rest = _open_braces(words[label_end + 1 :], braces)
    return [*words[:start], "(", *body, ")", *rest]


def _depth(words: list[str]) -> int:
    return words.count("{") - words.count("}")


def _closing(words: list[str], start: int) -> int:
    for position in range(start, len(words)):
        if _depth(words[start : position + 1]) == 0:
            return position
    raise UnreadableError("braces do not match")


def expression(tag: str, words: list[str]) -> sympy.Expr:
    """Parse one side of an equation."""
    named = _name_quantities(words)
    if strange := [word for word in named if not ALLOWED.fullmatch(word)]:
        raise UnreadableError(f"({tag}): {strange} in `{' '.join(words)}` is outside the vocabulary")
    for function, after in zip(named, [*named[1:], ""]):
        if function in (r"\log", r"\exp") and not after.startswith(("(", "Q_", r"\frac")):
            raise UnreadableError(f"({tag}): {function} without brackets in `{' '.join(words)}`")
    try:
        return _parse(" ".join(named))
    except (LaTeXParsingError, TypeError, ValueError, AttributeError, NotImplementedError) as error:
        raise UnreadableError(f"({tag}): cannot read `{' '.join(words)}`: {error}") from None


@cache
def _parse(tex: str) -> sympy.Expr:
    parsed = parse_latex(tex, strict=True, backend="antlr")
    if not isinstance(parsed, sympy.Expr):
        raise ValueError("not an expression")
    strange = [str(node) for node in sympy.preorder_traversal(parsed) if not isinstance(node, NODES)]
    if strange:
        raise ValueError(f"it contains {strange}")
    return parsed.xreplace({symbol: _meaning(symbol.name) for symbol in parsed.atoms(sympy.Symbol)}).doit()


def _name_quantities(words: list[str]) -> list[str]:
    """Replace each named quantity, the longest first, by a symbol `Q_{k}`."""
    named, position = [], 0
    while position < len(words):
        for k, (name, _) in enumerate(VOCABULARY):
            if words[position : position + len(name)] == name:
                named.append(f"Q_{{{k}}}")
                position += len(name)
                break
        else:
            named.append(words[position])
            position += 1
    return named


def _meaning(name: str) -> sympy.Expr:
    if name in LETTERS:
        return LETTERS[name]
    if number := re.fullmatch(r"Q_\{(\d+)\}", name):
        return VOCABULARY[int(number[1])][1]
    raise ValueError(f"symbol '{name}' is not one of {sorted(LETTERS)} nor a named quantity")
