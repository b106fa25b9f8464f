"""Values that pages quote are computed: what numbers a `values` cell types is listed, with the reason."""

from __future__ import annotations

import pytest
from values_cells import SNIPPETS, TYPED, cells, typed_numbers


@pytest.mark.parametrize("name", SNIPPETS)
def test_values_type_no_number_but_those_listed(name):
    wanted = {entry: sorted(numbers, key=str) for entry, numbers in TYPED.get(name, {}).items()}
    assert typed_numbers(cells(name)["values"]) == wanted


def test_every_list_is_of_a_snippet():
    assert set(TYPED) <= set(SNIPPETS)


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ("0.24", [0.24]),
        ("-0.24", [0.24]),
        ("1", [1]),
        ("True", [True]),
        ("'2.13'", ["2.13"]),
        ("f'{x} of 50'", [" of 50"]),
        ("float(0.24)", [0.24]),
        ("x + 0.1", [0.1]),
        ("x * 2", [2]),
        ("max(x, 3)", [3]),
        ("{'a': 0.24}['a']", [0.24]),
        ("0.3**2", [0.3, 2]),
        ("1 / 60", [1, 60]),
        ("x if x else 0", [0]),
        ("round(x, ndigits=2)", [2]),
        ("x[0] / y[-1]", []),
        ("ends['lr 0.1', 0.4].mean(axis=1)", []),
        ("(x == 0).sum()", []),
        ("(1 / x) ** 0.5 + y**2", []),
    ],
)
def test_a_typed_number_is_found(entry, found):
    wanted = {"a": sorted(found, key=str)} if found else {}
    assert typed_numbers(f"values = {{'a': {entry}, **b}}") == wanted
    assert list(typed_numbers(f"values['a'] = {entry}").values()) == list(wanted.values())
    assert list(typed_numbers(f"c = {entry}\nvalues |= {{'a': c}}").values()) == list(wanted.values())
