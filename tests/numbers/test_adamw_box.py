"""Where AdamW and SGD end: against a bounded search and a linear solve."""

import numpy as np
import pytest
from scipy import optimize

MINIMUM, CURVATURE = np.array([3.0, 0.9]), np.array([[1.0, -0.4], [-0.4, 0.8]])


def loss(theta):
    return (theta - MINIMUM) @ CURVATURE @ (theta - MINIMUM) / 2


def test_adamw_ends_at_the_smallest_loss_in_the_box(values):
    edge = values["edge"]
    assert edge == 1 / values["weight_decay"]
    best = optimize.minimize(loss, np.zeros(2), bounds=[(-edge, edge)] * 2).x
    ends = values["adamw_first"], values["adamw_second"]
    assert ends == pytest.approx(best.tolist(), abs=0.01)  # the learning rate falls to zero in finite time
    assert best[0] == pytest.approx(edge) and abs(best[1]) < edge  # one parameter at its edge, one inside


def test_sgd_ends_at_the_minimum_of_the_penalized_loss_outside_the_box(values):
    best = np.linalg.solve(CURVATURE + values["weight_decay"] * np.eye(2), CURVATURE @ MINIMUM)
    assert (values["sgd_first"], values["sgd_second"]) == pytest.approx(best.tolist(), abs=1e-3)
    assert best[0] > values["edge"]
