"""The MAP estimate of linear regression by another formula than the snippets': with D x D inverses."""

import numpy as np


def map_by_precision(x, y, mean, covariance, noise_variance=1.0):
    """Solve the normal equations under the prior N(mean, covariance): x (n, D), y (n,)."""
    precision = np.linalg.inv(covariance)
    gram = x.T @ x / noise_variance + precision
    return np.linalg.solve(gram, x.T @ y / noise_variance + precision @ mean)
