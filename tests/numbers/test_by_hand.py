"""The example by hand: its numbers against fractions, and against SciPy's normal densities."""

from fractions import Fraction

import numpy as np
import pytest
from scipy import stats


def test_the_example_agrees_with_the_conjugate_posterior(values):
    """Fractions by hand: precision 3 + 3/2, mean 9 over it; SciPy's normal densities for the values."""
    precision, mode = Fraction(3) + Fraction(3, 2), Fraction(9) / (Fraction(3) + Fraction(3, 2))
    assert values["minimizer"] == pytest.approx(float(mode), abs=1e-12)
    assert values["mode"] == pytest.approx(float(mode), abs=1e-12)
    assert values["variance"] == pytest.approx(float(1 / precision), abs=1e-10)
    covariance = np.eye(3) + 2 / 3
    evidence = stats.multivariate_normal(np.zeros(3), covariance).logpdf([1, 2, 6])
    assert values["log_evidence"] == pytest.approx(evidence, abs=1e-10)
    height = stats.norm(float(mode), float(1 / precision) ** 0.5).logpdf(float(mode))
    assert values["objective"] == pytest.approx(-height / 3, abs=1e-10)
