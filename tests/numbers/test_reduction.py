"""Mini-batches, sums and means: against normal equations and updates written out in NumPy."""

import numpy as np
import pytest
from cells import table


def path(X, y, B, lr, weight_decay, summed, momentum=0.0, steps=200):
    """Gradient descent with momentum on cyclic batches."""
    theta, velocity, iterates = np.zeros(X.shape[1]), 0.0, []
    for step in range(steps):
        rows = np.arange(step * B, step * B + B) % len(y)
        gradient = 2 * X[rows].T @ (X[rows] @ theta - y[rows])
        velocity = momentum * velocity + gradient / (1 if summed else B) + weight_decay * theta
        theta = theta - lr * velocity
        iterates.append(theta)
    return np.array(iterates)


def drawn(seed=1, n=96, D=6):
    """The run's inputs and targets, drawn again."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, D))
    y = X @ rng.normal(size=D) * 0.05**0.5
    return X, y + rng.normal(size=n) * 0.5


def test_sgds_rows_of_the_table_are_those_of_numpy_and_the_others_keep_the_path_or_do_not(values, run):
    rows = table(run.stdout["rules"])
    n, B = values["n"], values["batch_size"]
    decay, data, steps = 0.5 / (n * 0.05), drawn(), 15 * n // B
    factors = {"B * wd": B, "wd": 1, "n * wd": n}
    for name, _, text, shown in rows:
        number = 0.0 if shown.startswith("below") else float(shown)
        if name.startswith("SGD"):
            options = {"momentum": 0.9 if "momentum" in name else 0.0, "steps": steps}
            gap = path(*data, B, 0.02, decay, False, **options)
            gap -= path(*data, B, 0.02 / B, factors[text] * decay, True, **options)
            assert number == pytest.approx(np.linalg.norm(gap, axis=1).max(), abs=6e-4)
        else:
            keeps = (name, text) in {("Adam", "B * wd"), ("AdamW", "wd")}
            assert (number == 0) == keeps and (keeps or number > 0.01)


def test_gradients_of_the_batches_cancel_at_the_map_estimate_of_lambda_from_n_alone(values, run):
    X, y = drawn()
    n, B = values["n"], values["batch_size"]

    def mode(tau):
        return np.linalg.solve(X.T @ X / 0.25 + np.eye(6) / tau, X.T @ y / 0.25)

    def epoch(theta, count):
        return np.linalg.norm(2 / n * X.T @ (X @ theta - y) + 0.5 / (count * 0.05) * theta)

    shown = [float(line.split()[-1]) for line in run.stdout["batches"].splitlines()[2:]]
    assert shown == pytest.approx([epoch(mode(0.05), n), epoch(mode(0.05), B)], abs=6e-4)
    assert epoch(mode(0.05 * B / n), B) < 1e-12
    words = run.stdout["wrong_n"].split()
    norms = [float(words[-4]), float(words[-1])]
    assert norms == pytest.approx([np.linalg.norm(mode(0.05 * B / n)), np.linalg.norm(mode(0.05))], abs=6e-4)
