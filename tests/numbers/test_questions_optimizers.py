"""Optimizers and schedules, as the answers state them.

Oracle: closed forms in plain Python, written without the snippet's code.
"""

import math

import pytest


def after(lr, decay, steps):
    """Return w after steps of SGD from zero on the loss (w − 1)²/2."""
    return (1 - (1 - lr * (1 + decay)) ** steps) / (1 + decay)


EXPECTED = {
    "adamw_small": 0.1 * 0.01,
    "adamw_large": 0.1 * 0.1,
    "adamw_shrink": 0.999,  # AdamW shrinks by the product of lr and λ
    "adamw_shrink_same": 0.999,
    "adamw_shrink_half": 0.9995,
    "constant_shrink": (1 - 0.001) ** 1000,
    "cosine_shrink": math.prod(1 - 0.0005 * (1 + math.cos(math.pi * t / 1000)) for t in range(1000)),
    "rest_sgd": 1 / (1 + 0.1),
    "rest_sgdw": 1 / (1 + 0.1 * (1 - 0.9)),  # SGDW rests at the minimum for a smaller λ
    "end_lr": 1,  # a smaller rate ends where the larger does, and decay does not
    "end_half_lr": 1,
    "end_decay": 1 / 1.1,
}


def test_values_are_their_closed_forms(values):
    assert {key: values[key] for key in EXPECTED} == pytest.approx(EXPECTED, rel=1e-9)
    assert values["sgd_decay"] == pytest.approx(0.1, rel=1e-7)
    assert values["sgdw_decay"] == pytest.approx(0.1 * (1 - 0.9), rel=1e-6)


def test_the_first_step_of_adam_is_lr_whatever_the_decay(values):
    for key in ("adam_small", "adam_large"):
        assert values[key] == pytest.approx(0.1, rel=1e-5)  # up to Adam's eps


def test_lambda_alone_decides_the_end_and_lr_the_start(values):
    for number, (lr, decay) in enumerate(((0.1, 0.1), (0.05, 0.1), (0.05, 0.2)), 1):
        assert values[f"early_{number}"] == pytest.approx(after(lr, decay, values["few"]), rel=1e-9)
        assert values[f"late_{number}"] == pytest.approx(after(lr, decay, values["many"]), rel=1e-9)
        assert values[f"late_{number}"] == pytest.approx(1 / (1 + decay), rel=1e-8)


def test_sparse_gradients_and_decay_exclude_each_other(run):
    printed = run.stdout["sparse"]
    assert printed.count("RuntimeError") == 2 and printed.count("moves rows [1]") == 2
