"""Values that pages quote are computed: what numbers a `values` cell types is listed here, with the reason.

Not listed are numbers that look something up, count zeros, take a power or a reciprocal. Where a listed one
restates a setting of another place, it is held against that place.
"""

from __future__ import annotations

import ast
import math
import re

import pytest
import torch
from plain_run import ROOT, split

# By snippet and entry, what is typed. A factor is part of a formula.
TYPED = {
    "block_prior": {"**": [1, 1, 3, 3]},  # the three slopes, counted from one
    "conversions": {"std_small_n": [0.01, 60], "std_large_n": [0.01, 1_281_167]},  # cells of its table
    "exceptions": {"**": [3], "accumulated_gap_four": [4]},  # three weights; four micro-batches
    "informative_prior": {"stored": [2], "stored_full": [1, 2]},  # factors
    "laplace_prior": {
        "longest_step": [2],  # a factor
        "shrink_factor": [1],  # a factor
        "lr_slower": [5],  # of the slower run
    },
    "optimizers": {"decaying": ["0"]},  # what the table writes for no decay
    "questions_optimizers": {"sgd_decay": [1], "sgdw_decay": [1]},  # factors
    "ridge": {
        "weak": [0.1],  # the two weight decays of the paths, here and below
        "strong": [0.4],
        "weak_radius": [0.1, 1],
        "strong_radius": [0.4, 1],
        "prior_variance_strong": [0.4],
        "adamw_ridge_weak": [0.1],
        "adamw_ridge_strong": [0.4],
        "adamw_box_strong": [2.5],  # the reciprocal of the larger one
        "adam_ridge_worst": [0.1, 0.4],
        "last_lr": [0.1, 2000, 300],  # learning rate, steps and hold of the paths
    },
    "scale_invariance": {"map_loss_default_eps": [1e-05]},  # the default of BatchNorm
    "scaling": {
        "momentum": [0.9],  # of the optimizer with a half-life
        "post_clock": [0.01, 0.01, 1000],  # the article's learning rate, weight decay and steps
        "post_left": [0.01, 0.01, 1, 1000],
    },
    "seeds": {"stable_curvature": [2]},  # a factor
    "typical": {
        "orders_below": [10, 2],  # powers of ten; a factor
        "below_mode": [2],  # a factor
        "output_std_true": [0.01, 2],  # the article's weight decay; a factor
    },
    "weight_decay": {"many": [50_000], "prior_std_many": [50_000], "prior_factor": [2]},  # for comparison
}
SNIPPETS = [path.stem for path in sorted((ROOT / "snippets").glob("*.py"))]


def read(name: str) -> str:
    return (ROOT / "snippets" / f"{name}.py").read_text(encoding="utf-8")


def cells(name: str) -> dict[str, str]:
    return {cell: source for cell, _, source in split(read(name))}


def parents(tree: ast.AST) -> dict[ast.AST, ast.AST]:
    return {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}


def is_number(node: ast.AST) -> bool:
    """Return whether a node is a literal that could be a result: number, truth value, text with a digit."""
    if not isinstance(node, ast.Constant):
        return False
    return isinstance(node.value, (int, float, complex)) or bool(re.search(r"\d", str(node.value)))


def serves(node: ast.Constant, parent: dict[ast.AST, ast.AST], whole: ast.AST) -> bool:
    """Return whether a literal is no result: key, axis, zero to compare with, power, reciprocal."""
    above = parent[node]
    if isinstance(above, ast.keyword) and above.arg == "axis":
        return True
    if isinstance(above, ast.Compare) and node.value == 0:
        return True
    if isinstance(above, ast.BinOp) and isinstance(above.op, ast.Pow) and node is above.right:
        return node.value in (2, 0.5) and computed(above.left)
    if isinstance(above, ast.BinOp) and isinstance(above.op, ast.Div) and node is above.left:
        return node.value == 1 and computed(above.right)
    inner = node
    while inner is not whole:
        above = parent[inner]
        if isinstance(above, ast.Subscript) and inner is above.slice:
            return computed(above.value)
        inner = above
    return False


def computed(node: ast.AST) -> bool:
    """Return whether a name that is not one of Python's own takes part."""
    return any(isinstance(one, ast.Name) for one in ast.walk(node))


def typed_numbers(source: str) -> dict[str, list]:
    """Return the numbers that a cell types, by entry: the name in quotes, or the variable it assigns."""
    tree = ast.parse(source)
    parent, found = parents(tree), {}
    for node in ast.walk(tree):
        if is_number(node):
            entry, inner, checks = None, node, False
            while (above := parent.get(inner)) is not None:
                if isinstance(above, ast.Dict) and inner in above.values and entry is None:
                    key = above.keys[above.values.index(inner)]
                    entry = (ast.unparse(key) if key else "**", inner)
                if isinstance(above, (ast.Assign, ast.AugAssign)) and entry is None:
                    to = above.targets[0] if isinstance(above, ast.Assign) else above.target
                    entry = (ast.unparse(to), inner)
                checks = checks or isinstance(above, ast.Assert) or inner in getattr(above, "keys", ())
                inner = above
            name, whole = entry or ("", tree)
            if not checks and not serves(node, parent, whole):
                found.setdefault(name.strip("'"), []).append(node.value)
    return {name: sorted(numbers, key=str) for name, numbers in found.items()}


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


# ---- settings that are those of another place ----


def assigned(source: str) -> dict[str, object]:
    """Return the literals that a source assigns to names, of tuples each alone."""
    found = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            (to,) = node.targets
            tuples = isinstance(to, ast.Tuple) and isinstance(node.value, ast.Tuple)
            for name, value in zip(*((to.elts, node.value.elts) if tuples else ([to], [node.value]))):
                if isinstance(name, ast.Name) and isinstance(value, ast.Constant):
                    found[name.id] = value.value
    return found


def defaults(source: str, function: str) -> dict[str, object]:
    """Return the defaults of a function's arguments that are literals."""
    every = [one for one in ast.walk(ast.parse(source)) if isinstance(one, ast.FunctionDef)]
    (found,) = [one for one in every if one.name == function]
    given = zip(reversed(found.args.args), reversed(found.args.defaults))
    return {one.arg: value.value for one, value in given if isinstance(value, ast.Constant)}


def article() -> dict[str, object]:
    """Return the settings of the article's run."""
    found = assigned("\n".join(cells("weight_decay").values()))
    return {name: found[name] for name in ("lr", "weight_decay", "steps")}


def test_the_articles_clock():
    settings = article()
    rate, steps = settings["lr"] * settings["weight_decay"], settings["steps"]
    wanted = sorted(settings.values(), key=str)
    assert TYPED["scaling"]["post_clock"] == wanted
    values = namespace("scaling", "post_clock", "post_left")
    assert values["post_clock"] == pytest.approx(rate * steps, rel=1e-14)
    assert values["post_left"] == pytest.approx((1 - rate) ** steps, rel=1e-12)


def namespace(name: str, *entries: str) -> dict[str, float]:
    """Return entries of a values cell that are made of numbers alone."""
    dictionaries = [n for n in ast.walk(ast.parse(cells(name)["values"])) if isinstance(n, ast.Dict)]
    found = {
        key.value: value
        for node in dictionaries
        for key, value in zip(node.keys, node.values)
        if isinstance(key, ast.Constant)
    }
    return {entry: eval(ast.unparse(found[entry]), {"math": math}) for entry in entries}


def test_momentum_of_the_half_life():
    source = cells("scaling")["half_life"]
    row = r'\("SGD, momentum ([\d.]+)", torch\.optim\.SGD, \{"momentum": ([\d.]+)\}\)'
    typed = re.findall(row, source)
    momentum = namespace("scaling", "momentum")["momentum"]
    assert [tuple(map(float, one)) for one in typed] == [(momentum, momentum)]


def test_settings_of_ridges_paths():
    source = cells("ridge")
    (pair,) = re.findall(r"for wd in \(([\d.]+), ([\d.]+)\)\n", source["run"])
    weak, strong = map(float, pair)
    paths = defaults(source["descend"], "descend")
    rates = dict(re.findall(r'"(\w+)": partial\(\w+, lr=([\d.]+)', source["run"]))
    assert rates["Adam"] == rates["AdamW"]
    names = "weak", "strong", "weak_radius", "strong_radius", "last_lr"
    values = namespace("ridge", *names)
    assert (values["weak"], values["strong"]) == (weak, strong)
    assert (values["weak_radius"], values["strong_radius"]) == (1 / weak, 1 / strong)
    assert values["last_lr"] == pytest.approx(float(rates["AdamW"]) / (paths["steps"] / paths["hold"]))
    listed = TYPED["ridge"]
    assert listed["adamw_box_strong"] == [1 / strong] and listed["adam_ridge_worst"] == [weak, strong]
    for entry, decay in (("adamw_ridge_weak", weak), ("adamw_ridge_strong", strong)):
        assert listed[entry] == [decay] and f"ridge({decay})" in entry_of("ridge", entry)
    assert listed["prior_variance_strong"] == [strong]


def entry_of(name: str, entry: str) -> str:
    """Return the source of an entry of a values cell."""
    (found,) = re.findall(rf'^ *"{entry}": (.*),$', cells(name)["values"], re.M)
    return found


def test_compared_sizes_of_the_table():
    source = cells("conversions")["meaning"]
    (counts,) = re.findall(r"for count in \(([\d_, ]+)\)", source)
    few, middle, many = (int(count) for count in counts.split(","))
    (decays,) = re.findall(r"for decay in \(([-\de., ]+)\)", source)
    decay = float(decays.split(",")[0])
    typed = TYPED["conversions"]
    assert decay == article()["weight_decay"]
    assert (typed["std_small_n"], typed["std_large_n"]) == ([decay, few], [decay, many])
    assert TYPED["weight_decay"]["many"] == TYPED["weight_decay"]["prior_std_many"] == [middle]


def test_rate_of_the_slower_run():
    assert entry_of("laplace_prior", "lr_slower") == "lr / 5"
    calls = re.findall(
        r"^slower = through_abs\((lr / \d+),", "\n".join(cells("laplace_prior").values()), re.M
    )
    assert calls == ["lr / 5"]


def test_micro_batches_of_the_run():
    source = "\n".join(cells("exceptions").values())
    assert re.findall(r"accumulated\(theta, (\d+), lam\)", source) == ["4"]
    assert "ridge(4 * lam)" in entry_of("exceptions", "accumulated_gap_four")


def test_the_default_eps_is_that_of_batch_norm():
    assert TYPED["scale_invariance"]["map_loss_default_eps"] == [torch.nn.BatchNorm1d(1).eps]


def test_the_output_with_the_true_noise_has_the_articles_decay():
    assert TYPED["typical"]["output_std_true"] == [article()["weight_decay"], 2]
    assert assigned("\n".join(cells("typical").values()))["weight_decay"] == article()["weight_decay"]


@pytest.mark.parametrize(
    ("name", "old", "new", "check"),
    [
        (
            "weight_decay",
            "= 1e-2, 1e-2, 1000",
            "= 1e-2, 1e-2, 2000",
            test_the_articles_clock,
        ),
        (
            "weight_decay",
            "= 1e-2, 1e-2, 1000",
            "= 1e-1, 1e-2, 1000",
            test_the_articles_clock,
        ),
        (
            "scaling",
            '"post_clock": 1e-2 * 1e-2 * 1000',
            '"post_clock": 1e-2 * 1e-2 + 1000',
            test_the_articles_clock,
        ),
        (
            "scaling",
            '{"momentum": 0.9}',
            '{"momentum": 0.8}',
            test_momentum_of_the_half_life,
        ),
        (
            "scaling",
            '"momentum": 0.9,',
            '"momentum": 0.8,',
            test_momentum_of_the_half_life,
        ),
        (
            "ridge",
            "for wd in (0.1, 0.4)\n",
            "for wd in (0.1, 0.2)\n",
            test_settings_of_ridges_paths,
        ),
        ("ridge", "hold=300", "hold=200", test_settings_of_ridges_paths),
        ("ridge", "1 / 0.4,\n", "1 / 0.5,\n", test_settings_of_ridges_paths),
        (
            "conversions",
            "(60, 50_000, 1_281_167)",
            "(60, 50_000, 14_197_122)",
            test_compared_sizes_of_the_table,
        ),
        (
            "laplace_prior",
            '"lr_slower": lr / 5',
            '"lr_slower": lr / 6',
            test_rate_of_the_slower_run,
        ),
        (
            "laplace_prior",
            "slower = through_abs(lr / 5",
            "slower = through_abs(lr / 6",
            test_rate_of_the_slower_run,
        ),
        (
            "exceptions",
            "accumulated(theta, 4, lam)",
            "accumulated(theta, 8, lam)",
            test_micro_batches_of_the_run,
        ),
    ],
)
def test_a_setting_that_left_the_other_place_is_reported(name, old, new, check, monkeypatch):
    whole = read(name)
    assert whole.count(old) == 1
    check()
    sources = {one: read(one) for one in SNIPPETS} | {name: whole.replace(old, new)}
    monkeypatch.setitem(globals(), "read", sources.get)
    with pytest.raises(AssertionError):
        check()
