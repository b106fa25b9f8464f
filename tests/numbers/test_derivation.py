"""The folded checks of the derivation: each fails when its step is altered, and their numbers are right."""

import ast
import math
from itertools import count

import numpy as np
import pytest
from cells import sources
from scipy import stats

CHECKS = [name for name, source in sources("derivation").items() if "compare(" in source]
CHECKS.remove("compare")  # which defines it
SWAPPED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult}
SWAPPED |= {ast.USub: ast.UAdd, ast.UAdd: ast.USub}
CHANGED = int, float, *SWAPPED


@pytest.fixture(scope="module")
def before():
    """What each check finds defined: the names that the cells above it leave behind."""
    names, found = {}, {}
    for name, source in sources("derivation").items():
        found[name] = dict(names)
        if name == "values":
            return found
        exec(source, names)


def altered(source):
    """Yield the cell with one operator, sign or number of one computed assignment changed."""
    for place in count():
        tree = ast.parse(source)
        computed = [node.value for node in ast.walk(tree) if isinstance(node, ast.Assign)]
        inner = [node for value in computed for node in ast.walk(value)]
        spots = [one for one in inner if isinstance(getattr(one, "value", getattr(one, "op", None)), CHANGED)]
        if place == len(spots):
            return
        if isinstance(spots[place], ast.Constant):
            spots[place].value += 1
        else:
            spots[place].op = SWAPPED[type(spots[place].op)]()
        yield ast.unparse(tree)


@pytest.mark.parametrize("name", CHECKS)
def test_check_fails_when_a_sign_or_factor_is_altered(before, name):
    variants = list(altered(sources("derivation")[name]))
    assert variants, "nothing in this check can be altered"
    for source in variants:
        try:
            exec(source, dict(before[name]))
        except AssertionError as error:
            assert "the sides differ by" in str(error)
        except (ValueError, IndexError):
            pass  # the logarithm of a negative number, no covariance, no such example
        else:
            pytest.fail(f"cell '{name}' does not notice that it is altered:\n{source}")


def test_values_are_those_of_numpy_and_scipy(values):
    """On the same four examples, nothing shared with the snippet; the labels are jointly normal."""
    inputs, labels = np.array([-1.0, 0.0, 1.0, 2.0]), np.array([0.3, 0.1, 1.0, 2.0])
    theta, noise, decay = np.array([0.2, 0.1, 0.5]), 0.25, 0.2
    features, prior = np.vander(inputs, 3, increasing=True), 1 / (4 * decay)
    covariance = noise * np.eye(4) + prior * features @ features.T
    log_evidence = stats.multivariate_normal(np.zeros(4), covariance).logpdf(labels)
    log_joint = stats.norm(features @ theta, noise**0.5).logpdf(labels).sum()
    log_joint += stats.norm(0, prior**0.5).logpdf(theta).sum()
    squared_errors = (labels - np.polyval(theta[::-1], inputs)) ** 2
    nll = squared_errors.mean() / (2 * noise) + math.log(2 * math.pi * noise) / 2
    loss, log_posterior = nll + decay / 2 * (theta**2).sum(), log_joint - log_evidence
    exact = {"mse": squared_errors.mean(), "nll": nll, "penalized_loss": loss}
    assert {key: values[key] for key in exact} == pytest.approx(exact, abs=1e-14)
    integrated = {
        "log_evidence": log_evidence,
        "log_posterior": log_posterior,
        "negative_log_posterior_per_example": -log_posterior / 4,
        "constant": -log_posterior / 4 - loss,
    }
    assert {key: values[key] for key in integrated} == pytest.approx(integrated, abs=1e-7)
