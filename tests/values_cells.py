"""What numbers the `values` cells of snippets type, and how those are found.

Not listed are numbers that look something up, count zeros, take a power or a reciprocal.
"""

from __future__ import annotations

import ast
import re

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
