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
by_data = batch_gradients(best, 2 * noise_variance / (n * prior_variance))
by_batch = batch_gradients(best, 2 * noise_variance / (B * prior_variance))
print("norm of the gradient at the MAP estimate")
typical = np.median(np.linalg.norm(by_data, axis=1))
print(f"  a single batch, typical          {typical:.3f}")
averages = {"λ from n": by_data, "λ from B": by_batch}
for name, gradients in averages.items():
    norm = np.linalg.norm(gradients.mean(axis=0))
    print(f"  mean of an epoch, {name}: {norm:.3f}")

# %% wrong_n
tighter = map_estimate(X, y, prior_variance * B / n, noise_variance)
at_tighter = batch_gradients(tighter, 2 * noise_variance / (B * prior_variance))
wrong_norm = np.linalg.norm(at_tighter.mean(axis=0))
print(f"norm of the mean of an epoch there: {wrong_norm:.3f}")
print(f"prior variance {prior_variance * B / n:.5f},"
      f" {n // B} times below {prior_variance}")
print(f"norm {np.linalg.norm(tighter):.3f} instead of"
      f" {np.linalg.norm(best):.3f}")

# %% [markdown]
# The same mini-batches, once with a mean loss and once with a summed one.


# %% paths
def path(optimizer_class, reduction, lr, weight_decay, epochs=30, **options):
    """All iterates of a linear model trained on the same batches."""
    theta = torch.zeros(D, dtype=torch.float64, requires_grad=True)
    optimizer = optimizer_class(
        [theta], lr=lr, weight_decay=weight_decay, **options)
    loss = nn.MSELoss(reduction=reduction)
    iterates = []
    for step in range(epochs * n // B):
        rows = slice(step * B % n, step * B % n + B)
        optimizer.zero_grad()
        loss(torch.tensor(X[rows]) @ theta, torch.tensor(y[rows])).backward()
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
print("| optimizer | `lr` | `weight_decay` | paths differ by |")
print("|---|---|---|--:|")
gaps = []
for kind, options, name, lr_text, new_lr, wd_text, new_wd in rules:
    mean_path = path(kind, "mean", lr, wd, **options)
    sum_path = path(kind, "sum", new_lr, new_wd, **options)
    gaps.append((mean_path - sum_path).norm(dim=1).max().item())
    shown = f"{gaps[-1]:.3f}" if gaps[-1] > 1e-8 else "below 1e-8"
    print(f"| {name} | `{lr_text}` | `{wd_text}` | {shown} |")

# %% [markdown]
# A mean over several outputs divides by their number as well.

# %% outputs
outputs = 3
Y = X @ rng.normal(size=(D, outputs)) * prior_variance**0.5
Y += rng.normal(size=Y.shape) * noise_variance**0.5
theta = torch.tensor(map_estimate(X, Y, prior_variance, noise_variance))
theta.requires_grad_()
nn.MSELoss()(torch.tensor(X) @ theta, torch.tensor(Y)).backward()
print("norm of the gradient at the MAP estimate")
for text, terms in [("n", n), ("n * outputs", n * outputs)]:
    decay = 2 * noise_variance / (terms * prior_variance)
    norm = (theta.grad + decay * theta.detach()).norm().item()
    shown = f"{norm:.4f}" if norm > 1e-12 else "below 1e-12"
    print(f"{text:12} terms in the mean: {shown}")

# %% [markdown]
# Copies of an example (augmentation) and a tempered likelihood change what n
# stands for.


# %% effective_n tags=["markdown"]
def ridge(weight_decay):
    """Minimizer of mean squared error + weight_decay / 2 * squared norm."""
    gram = 2 / n * X.T @ X + weight_decay * np.eye(D)
    return np.linalg.solve(gram, 2 / n * X.T @ y)


K, T = 4, 0.5
copies = np.tile(X, (K, 1)), np.tile(y, K)
tau, var, mode = prior_variance, noise_variance, map_estimate
cases = [
    ("the data as they are", "n", wd, mode(X, y, tau, var)),
    ("K copies, as if new data", "K n", wd / K, mode(*copies, tau, var)),
    ("K copies, each to the 1/K", "n", wd, mode(*copies, tau, K * var)),
    ("likelihood to the 1/T", "n / T", T * wd, mode(X, y, tau, T * var)),
    ("posterior to the 1/T", "n", wd, mode(X, y, T * tau, T * var)),
]
print("| posterior | effective n | its λ | norm of mode | of ridge |")
print("|---|---|--:|--:|--:|")
for name, size, decay, theta in cases:
    norm, ridge_norm = np.linalg.norm(theta), np.linalg.norm(ridge(decay))
    print(f"| {name} | {size} | {decay:.4f} | {norm:.6f} | {ridge_norm:.6f} |")

# %% values tags=["hidden"]
assert np.linalg.norm(by_data.mean(axis=0)) < 1e-12
assert wrong_norm < 1e-12
for _, _, decay, theta in cases:
    assert np.abs(theta - ridge(decay)).max() < 1e-12
assert max(gaps[i] for i in (0, 1, 4, 6)) < 1e-8
assert min(gaps[i] for i in (2, 3, 5)) > 0.01
values = {
    "n": n,
    "batch_size": B,
    "weight_decay": weight_decay,
    "prior_variance": prior_variance,
    "gradient_batch": float(typical),
    "gap_unscaled": gaps[2],
    "gap_full_n": gaps[3],
    "norm_map": float(np.linalg.norm(best)),
    "norm_wrong": float(np.linalg.norm(tighter)),
    "copies": K,
    "temperature": T,
    "norm_copies": float(np.linalg.norm(cases[1][3])),
    "norm_tempered": float(np.linalg.norm(cases[3][3])),
}
