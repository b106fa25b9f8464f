"""Relations within sentences of the pages beyond the article: worlds in which they hold; and what is none.

A world gives numbers to the symbols of a sentence, so that its equation can be evaluated. RELATIONS lists,
for each page and in its order, the world of each equation; and, word for word, each relation that is none:
what a sentence sets, supposes or quotes.
"""

import numpy as np
import torch
from display_oracles import (
    ETA,
    KNOWN,
    LAMBDA,
    THETA,
    W,
    f_in_torch,
    n,
    penalty,
    tensor,
)
from part_priors import of_squared_error, variance_of_the_prior
from scipy import optimize

# In both 2 σ² is 0.8, not one, so that neither reading of τ holds in the world of the other.
NLL = KNOWN | {r"\tau": variance_of_the_prior(LAMBDA)}
MSE = KNOWN | {r"\tau": of_squared_error(n * LAMBDA / 2)}


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


RIDGE_KINK = NLL | {"u": -LAMBDA * THETA, r"\theta_j": -1 / LAMBDA}
STEP = NLL | {"after a step": sgd_step()}
CLIPPED = NLL | {r"\kappa": 0.4, "x_i": THETA, "r_i": -0.4 / np.sqrt(THETA @ THETA)}
SCALE = NLL | {"a": 0.7, r"\varepsilon": 1e-3, "c": best_scale(0.7, 1e-3)}
BALANCED = NLL | {"g_i": -2.5, "w_i": -2.5 * THETA / np.sqrt(THETA @ THETA)}
LAPLACE = NLL | {"s": 0.6, r"\alpha": 1 / (0.6 * n)}
FACTORED = NLL | {"u": -0.5, "v": 3.0, "w": -1.5}

RELATIONS = {}
RELATIONS["breaks"] = [r"\sigma^2 = 1", NLL, RIDGE_KINK, RIDGE_KINK, r"\beta_1 \le \beta_2", STEP, CLIPPED]
RELATIONS["breaks"] += ["c > 0", "c = 0", r"f(c\,w) = f(w)", "a > 0", SCALE]
RELATIONS["priors"] = [NLL, r"\lambda_b = 0", BALANCED, r"\sigma^2 = 1"]
RELATIONS["priors"] += [r"\theta \sim \mathcal{N}(\mu, \tau I)", r"\delta = \theta - \mu", r"\mu = 0"]
RELATIONS["priors"] += [r"\mu = 0", r"\Sigma = I", r"\tau = 1", LAPLACE]
RELATIONS["priors"] += [r"X^\top X = nI", r"\sigma^2 = 1", r"\mu = 0"]
RELATIONS["choosing"] = [r"\lambda \propto 1/n", r"\lambda \propto 1/n", r"= B\lambda", r"= \eta/B"]
RELATIONS["choosing"] += [r"\sigma^2 = \frac{1}{2}", "x = 10", r"\sigma^2 = \frac{1}{4}"]
RELATIONS["choosing"] += [FACTORED, FACTORED, "|u| = |v|"]
RELATIONS["explorer"] = [NLL, r"\sigma^2 = 1/4", NLL, r"\sigma^2 = 1/2", "n = 30", "n = 15"]
RELATIONS["explorer"] += ["n = 60", "n = 15", "n = 15", "n = 30", "n = 60", "n = 15", "n = 30"]
RELATIONS["explorer"] += [NLL, "n = 60", NLL, MSE]
RELATIONS["questions"] = [NLL, NLL, NLL, r"\lambda \propto 1/n"]
RELATIONS["corrections"] = [
    *(NLL, NLL, NLL),
    # what the post wrote, and should have
    r"p(\theta\mid\mathcal{D}) \propto \ldots \propto -\log p(y\mid x,\theta) - \log p(\theta)",
    r"\propto",
    "=",
    *(r"2\pi\tau > 1", r"2\pi\tau < 1", r"\lambda = 1"),
    r"p(\theta\mid\mathcal{D}) \propto p(\mathcal{D}\mid\theta)\,p(\theta)",
    r"p(\theta\mid x) = p(\theta)",
    *(NLL, r"\lambda > 0", r"\lambda = 0", r"\theta = 1"),
    r"\nabla f \leftarrow \nabla f + \lambda\theta",
    r"= B\lambda",
    *(r"\sigma^2 = 1/2", r"\sigma^2 = 1/4", MSE, r"\sigma^2 = 1/2"),
]
