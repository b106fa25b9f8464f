"""Equations within sentences of the pages beyond the article: worlds in which they hold; and what is none.

A world gives numbers to the symbols of a page, so that each equation of its text can be evaluated. ASSUMED
lists the other relations: what a sentence sets, supposes or quotes.
"""

import numpy as np
import torch
from display_oracles import ETA, KNOWN, LAMBDA, THETA, W, f_in_torch, n, penalty, tensor
from scipy import optimize

EVERYWHERE = KNOWN | {r"\tau": 1 / (n * LAMBDA), r"\sigma": 0.5**0.5}  # 2 σ² is one, so (C7) gives that τ too


def best_scale(a: float, epsilon: float) -> float:
    """Search for the scale of w at which the loss along its ray is smallest."""

    def along(log: float) -> float:
        return a * epsilon / np.exp(2 * log) + penalty(np.exp(log) * W)

    return np.exp(optimize.minimize_scalar(along, bounds=(-8, 3), options={"xatol": 1e-9}).x)


def sgd_step() -> np.ndarray:
    parameter = tensor(THETA)
    f_in_torch(parameter).backward()
    torch.optim.SGD([parameter], lr=ETA, weight_decay=LAMBDA).step()
    return parameter.detach().numpy()


WORLDS = dict.fromkeys(["questions", "corrections", "explorer"], EVERYWHERE)
WORLDS["choosing"] = EVERYWHERE | {"u": -0.5, "v": 3.0, "w": -1.5}
WORLDS["breaks"] = EVERYWHERE | {"u": -LAMBDA * THETA, r"\theta_j": -1 / LAMBDA, "after a step": sgd_step()}
WORLDS["breaks"] |= {"a": 0.7, r"\varepsilon": 1e-3, "c": best_scale(0.7, 1e-3)}
WORLDS["breaks"] |= {r"\kappa": 0.4, "x_i": THETA, "r_i": -0.4 / np.sqrt(THETA @ THETA)}
WORLDS["priors"] = EVERYWHERE | {"s": 0.6, r"\alpha": 1 / (0.6 * n)}
WORLDS["priors"] |= {"g_i": -2.5, "w_i": -2.5 * THETA / np.sqrt(THETA @ THETA)}

ASSUMED = {"questions": [r"\lambda \propto 1/n"]}
ASSUMED["explorer"] = [r"\sigma^2 = 1/4", r"\sigma^2 = 1/2", "n = 30", "n = 15", "n = 60"]
ASSUMED["breaks"] = [r"\sigma^2 = 1", r"\beta_1 \le \beta_2", "c > 0", "c = 0", "a > 0", r"f(c\,w) = f(w)"]
ASSUMED["choosing"] = [r"\lambda \propto 1/n", r"= B\lambda", r"= \eta/B", "x = 10", "|u| = |v|"]
ASSUMED["choosing"] += [r"\sigma^2 = \frac{1}{2}", r"\sigma^2 = \frac{1}{4}"]
ASSUMED["priors"] = [
    r"\sigma^2 = 1",
    r"\lambda_b = 0",
    r"\mu = 0",
    r"\Sigma = I",
    r"\tau = 1",
    r"X^\top X = nI",
]
ASSUMED["priors"] += [r"X^\top X = nI", r"\theta \sim \mathcal{N}(\mu, \tau I)", r"\delta = \theta - \mu"]
ASSUMED["corrections"] = [
    r"\propto",
    "=",
    r"\lambda = 1",
    r"\lambda > 0",
    r"\lambda = 0",
    r"\theta = 1",
    r"= B\lambda",
]
ASSUMED["corrections"] += [
    r"= B\lambda",
    r"2\pi\tau > 1",
    r"2\pi\tau < 1",
    r"\sigma^2 = 1/2",
    r"\sigma^2 = 1/4",
]
ASSUMED["corrections"] += [r"p(\theta\mid x) = p(\theta)", r"\nabla f \leftarrow \nabla f + \lambda\theta"]
ASSUMED["corrections"] += [  # what the post wrote, and should have
    r"p(\theta\mid\mathcal{D}) \propto \ldots \propto -\log p(y\mid x,\theta) - \log p(\theta)",
    r"p(\theta\mid\mathcal{D}) \propto p(\mathcal{D}\mid\theta)\,p(\theta)",
]
