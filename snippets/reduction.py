# %% [markdown]
# # Mini-batches, sums and means
#
# The prior counts once per pass over the data, so the mean loss of a
# mini-batch takes the weight decay of the whole data set, and a summed loss takes
# as many times more as it sums examples.

# %% setup
import numpy as np
import torch
from torch import nn

rng = np.random.default_rng(1)
n, B, D = 96, 8, 6
noise_variance, prior_variance = 0.25, 0.05
weight_decay = 2 * noise_variance / (n * prior_variance)
X = rng.normal(size=(n, D))
y = X @ rng.normal(size=D) * prior_variance**0.5
y += rng.normal(size=n) * noise_variance**0.5


def map_estimate(X, y, prior_variance, noise_variance):
    """Mode of the posterior of linear regression, from the formula."""
    precision = X.T @ X / noise_variance + np.eye(X.shape[1]) / prior_variance
    return np.linalg.solve(precision, X.T @ y / noise_variance)


# %% [markdown]
# At the MAP estimate of the whole data set, the gradients of the mini-batches
# do not vanish one by one; their mean over an epoch does.


# %% batches
def batch_gradients(theta, weight_decay):
    """Gradient of mean squared error + decay for each of the n/B batches."""
    gradients = []
    for start in range(0, n, B):
        rows = slice(start, start + B)
        residual = X[rows] @ theta - y[rows]
        gradients.append(2 / B * X[rows].T @ residual + weight_decay * theta)
    return np.array(gradients)


best = map_estimate(X, y, prior_variance, noise_variance)
print("norm of the gradient at the MAP estimate")
single = np.linalg.norm(batch_gradients(best, weight_decay), axis=1)
print(f"  a single batch, median       {np.median(single):.3f}")
average = {}
for name, size in {"n": n, "B": B}.items():
    decay = 2 * noise_variance / (size * prior_variance)
    average[name] = np.linalg.norm(batch_gradients(best, decay).mean(axis=0))
    print(f"  mean of an epoch, λ from {name}   {average[name]:.3f}")

# %% wrong_n
tighter = map_estimate(X, y, prior_variance * B / n, noise_variance)
epoch = batch_gradients(tighter, n / B * weight_decay).mean(axis=0)
print(f"with λ from B, for τ = {prior_variance * B / n:.5f},"
      f" not {prior_variance}:")
print(f"norm of the estimate {np.linalg.norm(tighter):.3f}"
      f" instead of {np.linalg.norm(best):.3f}")

# %% [markdown]
# The same mini-batches, once with a mean loss and once with a summed one.


# %% paths
def path(optimizer_class, reduction, lr, weight_decay, epochs=15, **options):
    """All iterates of a linear model trained on the same batches."""
    theta = torch.zeros(D, dtype=torch.float64, requires_grad=True)
    optimizer = optimizer_class(
        [theta], lr=lr, weight_decay=weight_decay, **options)
    loss = nn.MSELoss(reduction=reduction)
    batches = list(zip(torch.tensor(X).split(B), torch.tensor(y).split(B)))
    iterates = []
    for inputs, targets in batches * epochs:
        optimizer.zero_grad()
        loss(inputs @ theta, targets).backward()
        optimizer.step()
        iterates.append(theta.detach().clone())
    return torch.stack(iterates)


# %% rules tags=["markdown"]
SGD, Adam, AdamW = torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW
lr, wd, momentum = 0.02, weight_decay, {"momentum": 0.9}
rules = [
    (SGD, {}, "SGD", "lr / B", lr / B, "B * wd", B * wd),
    (SGD, momentum, "SGD, momentum", "lr / B", lr / B, "B * wd", B * wd),
    (SGD, {}, "SGD", "lr / B", lr / B, "wd", wd),
    (SGD, {}, "SGD", "lr / B", lr / B, "n * wd", n * wd),
    (Adam, {"eps": 1e-12}, "Adam", "lr", lr, "B * wd", B * wd),
    (Adam, {"eps": 1e-12}, "Adam", "lr", lr, "wd", wd),
    (AdamW, {"eps": 1e-12}, "AdamW", "lr", lr, "wd", wd),
]
print("| optimizer | `lr` | weight decay | paths differ by |")
print("|---|---|---|--:|")
gaps = []
for kind, options, name, lr_text, new_lr, wd_text, new_wd in rules:
    mean_path = path(kind, "mean", lr, wd, **options)
    sum_path = path(kind, "sum", new_lr, new_wd, **options)
    gaps.append((mean_path - sum_path).norm(dim=1).max().item())
    shown = f"{gaps[-1]:.3f}" if gaps[-1] > 1e-8 else "below 1e-8"
    print(f"| {name} | `{lr_text}` | `{wd_text}` | {shown} |")

# %% values tags=["hidden"]
assert average["n"] < 1e-12 < 0.1 < average["B"]
assert np.linalg.norm(epoch) < 1e-12
assert max(gaps[i] for i in (0, 1, 4, 6)) < 1e-8
assert min(gaps[i] for i in (2, 3, 5)) > 0.01
values = {"n": n, "batch_size": B}
