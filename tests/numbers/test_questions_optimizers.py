"""Optimizers and schedules, as the answers state them.

Oracle: closed forms in plain Python, written without the snippet's code.
"""

import math

import pytest
import torch


@pytest.fixture(scope="module")
def optimizer(computed):
    return computed("questions_optimizers").values


def test_adam_moves_by_lr_and_adamw_by_lr_lambda(optimizer):
    assert optimizer["adam_small"] == pytest.approx(0.1, rel=1e-5)  # up to Adam's eps
    assert optimizer["adam_large"] == pytest.approx(0.1, rel=1e-5)
    assert optimizer["adamw_small"] == pytest.approx(0.1 * 0.01, rel=1e-9)
    assert optimizer["adamw_large"] == pytest.approx(0.1 * 0.1, rel=1e-9)


def test_adamw_shrinks_by_the_product_of_lr_and_lambda(optimizer):
    assert optimizer["adamw_shrink"] == optimizer["adamw_shrink_same"] == pytest.approx(0.999, abs=1e-12)
    assert optimizer["adamw_shrink_half"] == pytest.approx(0.9995, abs=1e-12)


def test_a_schedule_shrinks_by_the_product_over_its_rates(optimizer):
    rates = [0.05 * (1 + math.cos(math.pi * t / 1000)) for t in range(1000)]
    assert optimizer["constant_shrink"] == pytest.approx((1 - 0.001) ** 1000, rel=1e-9)
    assert optimizer["cosine_shrink"] == pytest.approx(math.prod(1 - 0.01 * rate for rate in rates), rel=1e-9)


def test_lambda_alone_decides_the_end_and_lr_the_start(optimizer):
    def after(lr, decay, steps):
        return (1 - (1 - lr * (1 + decay)) ** steps) / (1 + decay)

    for number, (lr, decay) in enumerate(((0.1, 0.1), (0.05, 0.1), (0.05, 0.2)), 1):
        assert optimizer[f"early_{number}"] == pytest.approx(after(lr, decay, optimizer["few"]), rel=1e-9)
        assert optimizer[f"late_{number}"] == pytest.approx(after(lr, decay, optimizer["many"]), rel=1e-9)
        assert optimizer[f"late_{number}"] == pytest.approx(1 / (1 + decay), rel=1e-8)


def test_sgdw_rests_at_the_minimum_for_a_smaller_lambda(optimizer):
    assert optimizer["rest_sgd"] == pytest.approx(1 / (1 + 0.1), rel=1e-9)
    assert optimizer["rest_sgdw"] == pytest.approx(1 / (1 + 0.1 * (1 - 0.9)), rel=1e-9)
    assert optimizer["sgd_decay"] == pytest.approx(0.1, rel=1e-7)
    assert optimizer["sgdw_decay"] == pytest.approx(0.1 * (1 - 0.9), rel=1e-6)


def test_sparse_gradients_and_decay_exclude_each_other(computed):
    printed = computed("questions_optimizers").stdout["sparse"]
    assert printed.count("RuntimeError") == 2 and printed.count("moves rows [1]") == 2
    assert (
        "weight_decay"
        not in torch.optim.SparseAdam(torch.nn.Embedding(2, 2, sparse=True).parameters()).defaults
    )


def test_a_smaller_rate_ends_where_the_larger_does_and_decay_does_not(optimizer):
    assert optimizer["end_lr"] == pytest.approx(1, abs=1e-9)
    assert optimizer["end_half_lr"] == pytest.approx(1, abs=1e-9)
    assert optimizer["end_decay"] == pytest.approx(1 / 1.1, abs=1e-9)
