# %% [markdown]
# # What the penalty costs
#
# The time of one training step, four ways, interleaved so that a slow moment of
# the machine falls on all of them alike. Every number here changes from run to
# run; ratios move less than times.

# %% setup
import math
import time

import numpy as np
import torch
from torch.nn.utils import parameters_to_vector

weight_decay, n = 1e-2, 60
prior_std = math.sqrt(1 / (n * weight_decay))
repeats = 15


# %% network
def network(width):
    """Return an MLP 2-width-width-width-1, as models.Net for width 10."""
    sizes = [2, width, width, width, 1]
    layers = [torch.nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])]
    return torch.nn.Sequential(
        *[m for layer in layers for m in (layer, torch.nn.ReLU())][:-1]
    )


# %% variants
def from_scratch(theta, prior):
    return weight_decay * (0.5 * torch.sum(theta**2))


def from_prior(theta, prior):
    return -(1 / n) * torch.sum(prior.log_prob(theta))


variants = {
    "from scratch": (from_scratch, 0.0),
    "PyTorch": (None, weight_decay),
    "Bayesian": (from_prior, 0.0),
    "no decay": (None, 0.0),
}


# %% stopwatch
def seconds(width, penalty, decay, steps):
    """Return the mean time of one step of SGD, in seconds."""
    torch.manual_seed(0)
    model, features, y = network(width), torch.randn(n, 2), torch.randn(n, 1)
    sgd = torch.optim.SGD(model.parameters(), lr=1e-3, weight_decay=decay)
    prior = torch.distributions.Normal(0, prior_std)
    began = time.perf_counter()
    for _ in range(steps):
        sgd.zero_grad()
        loss = torch.mean((y - model(features)) ** 2)
        if penalty:
            loss = loss + penalty(
                parameters_to_vector(model.parameters()), prior
            )
        loss.backward()
        sgd.step()
    return (time.perf_counter() - began) / steps


# %% ratios tags=["volatile"]
results = {}
print("time of a step, over that of PyTorch's:")
print("                 median (lowest to highest)")
for width, steps in ((10, 20), (100, 10), (500, 2)):
    size = sum(p.numel() for p in network(width).parameters())
    times = np.array(
        [
            [seconds(width, *v, steps) for v in variants.values()]
            for _ in range(repeats + 2)
        ]
    )[2:]  # the first two warm up
    ratio = times / times[:, [1]]
    results[size] = np.median(ratio, axis=0)
    own = np.median(times[:, 1]) * 1e3
    print(f"D = {size}: PyTorch's own step takes {own:.2f} ms")
    for name, column in zip(variants, ratio.T):
        low, middle, high = column.min(), np.median(column), column.max()
        print(f"    {name:13} {middle:5.2f}  ({low:.2f} to {high:.2f})")

# %% values tags=["hidden", "volatile"]
sizes = sorted(results)
values = {
    "repeats": repeats,
    "smallest": sizes[0],
    "middle": sizes[1],
    "largest": sizes[2],
}
for label, size in zip(("small", "middle", "large"), sizes):
    for name, ratio in zip(variants, results[size]):
        values[f"{name.replace(' ', '_').lower()}_{label}"] = float(ratio)
