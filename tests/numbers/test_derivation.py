"""The folded checks of the derivation: each fails when its step is altered, and their numbers are right."""

import ast
import contextlib
import io
import math
from itertools import count

import numpy as np
import pytest
from cells import sources
from scipy import stats

CHECKS = [f"step_{k}" for k in range(1, 10)]
CHECKS += ["gradient", "sgd_step", "mean_squared_error", "mean_squared_error_map"]
SWAPPED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult}
SWAPPED |= {ast.USub: ast.UAdd, ast.UAdd: ast.USub}


def run(source, names):
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(source, "derivation", "exec"), names)


@pytest.fixture(scope="module")
def before():
    """What each check finds defined: the names that the cells above it leave behind."""
    names, found = {}, {}
    for name, source in sources("derivation").items():
        found[name] = dict(names)
        if name == "values":
            return found
        run(source, names)


def altered(source):
    """Yield the cell with one operator, sign or number of one computed assignment changed."""
    for place in count():
        tree = ast.parse(source)
        computed = [node.value for node in ast.walk(tree) if isinstance(node, ast.Assign)]
        inner = [node for value in computed for node in ast.walk(value)]
        spots = [node for node in inner if type(getattr(node, "op", None)) in SWAPPED or is_number(node)]
        if place == len(spots):
            return
        if is_number(spots[place]):
            spots[place].value += 1
        else:
            spots[place].op = SWAPPED[type(spots[place].op)]()
        yield ast.unparse(tree)


def is_number(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


@pytest.mark.parametrize("name", CHECKS)
def test_check_fails_when_a_sign_or_factor_is_altered(before, name):
    variants = list(altered(sources("derivation")[name]))
    assert variants, "nothing in this check can be altered"
    for source in variants:
        try:
            run(source, dict(before[name]))
        except AssertionError as error:
            assert "the sides differ by" in str(error)
        except (ValueError, IndexError):
            pass  # the logarithm of a negative number, no covariance, no such example
        else:
            pytest.fail(f"cell '{name}' does not notice that it is altered:\n{source}")


# Oracles: NumPy and SciPy on the same four examples, nothing shared with the snippet.

INPUTS, OUTPUTS = np.array([-1.0, 0.0, 1.0, 2.0]), np.array([0.3, 0.1, 1.0, 2.0])
POINT = np.array([0.2, 0.1, 0.5])
NOISE, DECAY = 0.25, 0.2
PRIOR = 1 / (4 * DECAY)


def log_joint(theta):
    """Return log p(y | x, theta) + log p(theta) for theta of shape (..., 3)."""
    means = theta @ np.vander(INPUTS, 3, increasing=True).T
    log_likelihood = stats.norm(means, math.sqrt(NOISE)).logpdf(OUTPUTS).sum(axis=-1)
    return log_likelihood + stats.norm(0, math.sqrt(PRIOR)).logpdf(theta).sum(axis=-1)


@pytest.fixture(scope="module")
def values(computed):
    return computed("derivation").values


@pytest.fixture(scope="module")
def log_evidence():
    """The labels are jointly normal: noise plus the features' share of the prior."""
    features = np.vander(INPUTS, 3, increasing=True)
    covariance = NOISE * np.eye(4) + PRIOR * features @ features.T
    return stats.multivariate_normal(np.zeros(4), covariance).logpdf(OUTPUTS)


def test_evidence_is_the_integral_of_likelihood_times_prior(values, log_evidence):
    assert values["log_evidence"] == pytest.approx(log_evidence, abs=1e-7)


def test_left_side_is_the_normalized_product_of_likelihood_and_prior(values, log_evidence):
    log_posterior = log_joint(POINT) - log_evidence
    assert values["log_posterior"] == pytest.approx(log_posterior, abs=1e-7)
    assert values["negative_log_posterior_per_example"] == pytest.approx(-log_posterior / 4, abs=1e-7)


def test_penalized_loss_and_constant_add_up_to_the_negative_log_posterior(values, log_evidence):
    squared_errors = (OUTPUTS - np.polyval(POINT[::-1], INPUTS)) ** 2
    nll = squared_errors.mean() / (2 * NOISE) + math.log(2 * math.pi * NOISE) / 2
    loss = nll + DECAY / 2 * (POINT**2).sum()
    assert values["mse"] == pytest.approx(squared_errors.mean(), abs=1e-14)
    assert values["nll"] == pytest.approx(nll, abs=1e-14)
    assert values["penalized_loss"] == pytest.approx(loss, abs=1e-14)
    assert values["constant"] == pytest.approx(-(log_joint(POINT) - log_evidence) / 4 - loss, abs=1e-7)
