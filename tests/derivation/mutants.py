"""Single alterations of a display: a sign, number, symbol, quantity, function, exponent or fraction."""

from collections.abc import Iterator

from tex import VOCABULARY

SIGNS = {"+": "-", "-": "+"}
FUNCTIONS = {r"\log": r"\exp", r"\exp": r"\log", r"\sum": r"\prod", r"\prod": r"\sum"}
SYMBOLS = [r"\lambda", r"\tau", r"\theta", r"\eta", r"\sigma", r"\pi", *"nDiCKfLMpxytNI"]
Words = list[str]


def mutants(words: Words) -> Iterator[tuple[str, Words]]:
    """Yield (what was altered, the altered tokens) for each single alteration of a display's tokens."""
    yield from _other_quantities(words)
    for at, word in enumerate(words):
        before, after = words[:at], words[at + 1 :]
        for new in _replacements(word):
            yield f"'{word}' at {at} becomes '{new}'", [*before, new, *after]
        if word in SIGNS or word.isdigit() or word in SYMBOLS or word == r"\nabla":
            yield f"'{word}' at {at} is left out", before + after
        if word in {"^", "_"}:
            yield f"'{word}…' at {at} is left out", before + after[len(_group(after)) :]
        if word == r"\frac":
            top = _group(after)
            bottom = _group(after[len(top) :])
            rest = after[len(top) + len(bottom) :]
            yield f"fraction at {at} is turned over", [*before, word, *bottom, *top, *rest]


def _replacements(word: str) -> list[str]:
    if word in SIGNS:
        return [SIGNS[word]]
    if word in FUNCTIONS:
        return [FUNCTIONS[word]]
    if word.isdigit():
        return [str(int(word) + 1)]
    return _other_symbols(word) if word in SYMBOLS else []


def _other_symbols(word: str) -> list[str]:
    """Return three other symbols: the neighbours in the list, and n or D, which parse nearly everywhere."""
    at = SYMBOLS.index(word)
    near = [SYMBOLS[at - 1], SYMBOLS[(at + 1) % len(SYMBOLS)], "n" if word != "n" else "D"]
    return list(dict.fromkeys(near))


def _other_quantities(words: Words) -> Iterator[tuple[str, Words]]:
    """Put another named quantity in the place of each one; four of the others, for each."""
    names = [name for name, _ in VOCABULARY]
    for at in range(len(words)):
        here = next((k for k, name in enumerate(names) if words[at : at + len(name)] == name), None)
        for step in (1, 5, 11, 17) if here is not None else ():
            new = names[(here + step) % len(names)]
            changed = [*words[:at], *new, *words[at + len(names[here]) :]]
            yield f"'{' '.join(names[here])}' at {at} becomes '{' '.join(new)}'", changed


def _group(words: Words) -> Words:
    """Return the first token, or the whole of the braces it opens."""
    depth = 0
    for count, word in enumerate(words, start=1):
        depth += {"{": 1, "}": -1}.get(word, 0)
        if depth == 0:
            return words[:count]
    return words
