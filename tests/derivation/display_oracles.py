"""Numbers for the symbols of the displays beyond the article, and how a display is held against an oracle.

A check takes the sides of its display, as tokens, evaluates each and compares it with a value that was found
by another road: a solver, a search, a quadrature, scipy or PyTorch. The checks stand in the order of the
displays in display_breaks.py, display_choosing.py (with the explorer's) and display_priors.py.
"""

import functools
from collections.abc import Callable

import numpy as np
import torch
from scipy import stats
from tex import UnreadableError
from tex_numbers import gradient, value

RANDOM = np.random.default_rng(0)
n, D, LAMBDA, ETA, VARIANCE, TAU = 7, 3, 0.3, 0.1, 0.4, 0.8
X, y = RANDOM.normal(size=(n, D)), RANDOM.normal(size=n)
THETA, MU, W = RANDOM.normal(size=(3, D))
U, d = RANDOM.normal(size=(D, 2)), np.array([0.5, 0.7, 0.9])
SIGMA = U @ U.T + np.diag(d)


def f(theta):
    """Half the mean squared error: a loss whose minimizers are known."""
    return ((X @ theta - y) ** 2).sum() / (2 * n)


def f_in_torch(parameter: torch.Tensor) -> torch.Tensor:
    return (torch.tensor(X) @ parameter - torch.tensor(y)).square().mean() / 2


KNOWN = {"n": n, "D": D, r"\lambda": LAMBDA, r"\eta": ETA, r"\sigma": VARIANCE**0.5, r"\tau": TAU}
KNOWN |= {"X": X, "x": X, "y": y, r"\theta": THETA, r"\mu": MU, "w": W, "I": np.eye(D), "f": f}
KNOWN |= {r"\pi": np.pi, "U": U, "d": d, r"\Sigma": SIGMA}


class Page(list):
    """The checks of a page's displays, in the order of the displays."""

    def display(self, sides: int) -> Callable:
        """Add the decorated check as that of the next display, which has so many sides."""

        def add(check: Callable) -> Callable:
            @functools.wraps(check)
            def counted(found: list[list[str]]) -> None:
                if len(found) != sides:
                    raise UnreadableError(f"{len(found)} sides, not {sides}")
                with np.errstate(all="ignore"):  # what has no value equals nothing
                    check(*found)

            self.append(counted)
            return check

        return add


def holds(expected: object, side: list[str], known: dict | None = None, tolerance: float = 1e-7) -> None:
    """Demand that a side has the value expected."""
    found = value(side, KNOWN | (known or {}))
    tex = " ".join(side)
    assert np.shape(found) == np.shape(expected), f"`{tex}` has shape {np.shape(found)}"
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance, err_msg=f"`{tex}`")


def is_loss(side: list[str]) -> None:
    """Demand that a side is L(theta), whatever L may be."""
    holds(THETA.sum(), side, {"L": np.sum})


def positive(side: list[str], known: dict | None = None) -> float:
    """Return the value of a side that must be a positive number."""
    found = value(side, KNOWN | (known or {}))
    assert np.ndim(found) == 0 and 0 < found < np.inf
    return float(found)


def penalty(vector: np.ndarray) -> float:
    return sum(LAMBDA / 2 * entry**2 for entry in vector)


def ridge(features: np.ndarray, labels: np.ndarray, strength: float) -> np.ndarray:
    """Minimize squared error plus strength times squared norm, as one least-squares problem."""
    width = features.shape[1]
    rows = np.vstack([features, strength**0.5 * np.eye(width)])
    return np.linalg.lstsq(rows, np.concatenate([labels, np.zeros(width)]), rcond=None)[0]


def normal(at: np.ndarray, mean: object, covariance: np.ndarray) -> float:
    if np.shape(covariance) != (len(at), len(at)):
        raise ValueError("a covariance is a matrix")
    return stats.multivariate_normal(np.broadcast_to(mean, np.shape(at)), covariance).pdf(at)


def pull(variance: float, at: np.ndarray) -> np.ndarray:
    """Return the gradient of -(1/n) log N(theta; 0, variance I)."""
    return gradient(lambda theta: -np.log(normal(theta, 0, variance * np.eye(len(at)))) / n, at)


def tensor(array: np.ndarray) -> torch.Tensor:
    return torch.tensor(array, requires_grad=True)
