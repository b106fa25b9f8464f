"""Settings that a `values` cell types again are those of the place they restate."""

from __future__ import annotations

import ast
import math
import re

import pytest
import torch
import values_cells
from values_cells import SNIPPETS, TYPED, cells


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


MOVED = [
    ("weight_decay", "= 1e-2, 1e-2, 1000", "= 1e-2, 1e-2, 2000", test_the_articles_clock),
    ("weight_decay", "= 1e-2, 1e-2, 1000", "= 1e-1, 1e-2, 1000", test_the_articles_clock),
    (
        "scaling",
        '"post_clock": 1e-2 * 1e-2 * 1000',
        '"post_clock": 1e-2 * 1e-2 + 1000',
        test_the_articles_clock,
    ),
    ("scaling", '{"momentum": 0.9}', '{"momentum": 0.8}', test_momentum_of_the_half_life),
    ("scaling", '"momentum": 0.9,', '"momentum": 0.8,', test_momentum_of_the_half_life),
    ("ridge", "for wd in (0.1, 0.4)\n", "for wd in (0.1, 0.2)\n", test_settings_of_ridges_paths),
    ("ridge", "hold=300", "hold=200", test_settings_of_ridges_paths),
    ("ridge", "1 / 0.4,\n", "1 / 0.5,\n", test_settings_of_ridges_paths),
    ("conversions", "(60, 50_000, 1_281_167)", "(60, 50_000, 14_197_122)", test_compared_sizes_of_the_table),
    ("laplace_prior", '"lr_slower": lr / 5', '"lr_slower": lr / 6', test_rate_of_the_slower_run),
    (
        "laplace_prior",
        "slower = through_abs(lr / 5",
        "slower = through_abs(lr / 6",
        test_rate_of_the_slower_run,
    ),
    ("exceptions", "accumulated(theta, 4, lam)", "accumulated(theta, 8, lam)", test_micro_batches_of_the_run),
]


@pytest.mark.parametrize(("name", "old", "new", "check"), MOVED)
def test_a_setting_that_left_the_other_place_is_reported(name, old, new, check, monkeypatch):
    whole = values_cells.read(name)
    assert whole.count(old) == 1
    check()
    sources = {one: values_cells.read(one) for one in SNIPPETS} | {name: whole.replace(old, new)}
    monkeypatch.setattr(values_cells, "read", sources.get)
    with pytest.raises(AssertionError):
        check()
