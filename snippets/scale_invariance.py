# %% [markdown]
# # What weight decay does to weights that a normalization follows
#
# A layer followed by batch normalization computes the same for $w$ and $2w$.
# This notebook shows what is left of the Gaussian prior on such weights.

# %% model
import torch
from torch.nn.functional import softplus

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)
n, hidden = 60, 4
x = torch.linspace(-2, 2, n)[:, None]
X = torch.cat([x, x**2], dim=1)
y = torch.sin(2 * x[:, 0]) + 0.3 * torch.randn(n)
W0, V0 = torch.randn(2, hidden), torch.randn(hidden) / hidden**0.5


def nll(w, v, eps, batch=slice(None)):
    """f up to a constant on a batch: w, batch normalization, softplus, v."""
    z = X[batch] @ w
    z = (z - z.mean(0)) / (z.var(0, correction=0) + eps).sqrt()
    return ((softplus(z) @ v - y[batch]) ** 2).mean()


# %% same_function
for factor in (1.0, 2.0, 2.0**-20):
    print(f"{factor:9.6f} w   f = {nll(factor * W0, V0, eps=0.0):.16f}")
print(f"{0:9.6f} w   f = {nll(0 * W0, V0, eps=0.0)}")

# %% [markdown]
# Two runs, from $w$ and from $2w$, with $\eta$ and $\lambda$ of the second
# rescaled to match. Only the group $w$ is rescaled.

# %% train
ETA, LAMBDA, STEPS = 0.02, 0.01, 200


def losses(kind, scale=1, eta=ETA, decay=LAMBDA, eps=0.0):
    """The loss before each of STEPS steps, from (scale·W0, V0)."""
    w = (scale * W0).requires_grad_()
    v = V0.clone().requires_grad_()
    groups = [{"params": [w], "lr": eta, "weight_decay": decay}, {"params": [v]}]
    optimizer = kind(groups, lr=ETA, weight_decay=LAMBDA)
    recorded = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = nll(w, v, eps)
        loss.backward()
        optimizer.step()
        recorded.append(loss.item())
    return torch.tensor(recorded)


# %% compare
from functools import partial

from torch.optim import SGD, Adam, AdamW

momentum = partial(SGD, momentum=0.9)
runs = {
    "SGD": (SGD, 4, 4, 0.0),
    "SGD, momentum": (momentum, 4, 4, 0.0),
    "Adam": (partial(Adam, eps=0), 2, 4, 0.0),
    "AdamW": (partial(AdamW, eps=0), 2, 2, 0.0),
    "SGD, unscaled": (SGD, 1, 1, 0.0),
    "SGD, ε = 1e-5": (SGD, 4, 4, 1e-5),
}
print(f"from 2w      η times λ over  differ of {STEPS}")
gaps = {}
for name, (kind, rate, over, eps) in runs.items():
    two = losses(kind, 2, rate * ETA, LAMBDA / over, eps)
    gap = gaps[name] = (losses(kind, eps=eps) - two).abs()
    print(f"{name:15}{rate:5}{over:7}{(gap > 0).sum():8}", end="")
    print(f"  by {gap.max():.0e}" if gap.any() else "")

# %% [markdown]
# With $\varepsilon > 0$, as in `BatchNorm`, a minimum of the penalized loss
# exists. L-BFGS finds one, from each $\varepsilon$ to the next.

# %% map_estimate
def penalized_loss(w, v, eps):
    return nll(w, v, eps) + LAMBDA / 2 * (w.square().sum() + v.square().sum())


def map_estimate(w, v, eps):
    """Minimize L over (w, v), from a start."""
    scale = eps**0.25  # w = scale·u, to make the problem well conditioned
    u, v = (w / scale).requires_grad_(), v.clone().requires_grad_()
    stop = {"tolerance_grad": 1e-6, "tolerance_change": 0, "max_iter": 3000}
    optimizer = torch.optim.LBFGS([u, v], line_search_fn="strong_wolfe", **stop)

    def closure():
        optimizer.zero_grad()
        loss = penalized_loss(scale * u, v, eps)
        loss.backward()
        return loss

    optimizer.step(closure)
    return (scale * u).detach(), v.detach()


# %% map_scale
maps, w, v = {}, W0, V0
print("     ε     ‖w‖  ‖w‖ / ε^(1/4)         L")
for eps in (1e-1, 1e-2, 1e-3, 1e-4, 1e-5):
    w, v = maps[eps] = map_estimate(w, v, eps)
    size, loss = w.norm().item(), penalized_loss(w, v, eps).item()
    print(f"{eps:6.0e}  {size:6.4f}  {size / eps**0.25:13.4f}  {loss:8.4f}")

# %% [markdown]
# The penalized loss along the ray through one of these estimates. Without
# $\varepsilon$ it falls all the way to $w = 0$, where it is not defined.

# %% ray_figure
import matplotlib.pyplot as plt

w, v = maps[1e-3]
sizes = torch.logspace(-3, 0.5, 106)
limit = nll(w, v, 0.0) + LAMBDA / 2 * v.square().sum()
figure, axis = plt.subplots(figsize=(5.4, 3.0))
lowest = []
for eps, style in ((0.0, "k-"), (1e-5, "C0--"), (1e-3, "C1-."), (1e-1, "C2:")):
    rays = [penalized_loss(s * w / w.norm(), v, eps) for s in sizes]
    curve = torch.stack(rays) - limit
    axis.plot(sizes, curve, style, label=f"ε = {eps:g}".replace("e-0", "e-"))
    if eps:
        best = curve.argmin()
        axis.plot(sizes[best], curve[best], style[:2] + "o")
        lowest.append(f"{sizes[best]:.2g} (epsilon {eps:g})")
axis.set(xscale="log", yscale="log", ylim=(1e-6, 1))
axis.set_xlabel("∥w∥, weights before the normalization")
axis.set_ylabel("L minus its limit")
axis.legend(loc="lower right")
figure.set_label(
    "Penalized loss minus its limit along a ray against the size of the"
    " normalized weights, both axes logarithmic. Without epsilon the solid line"
    " falls as the weights shrink and has no minimum. With epsilon each curve"
    f" has a minimum, marked by a dot, at {' and '.join(lowest)}."
)

# %% [markdown]
# Batch normalization in training mode couples the examples of a batch.

# %% coupled_examples
def first_loss(batch, training):
    """Squared error of the batch's first example, at the weights W0, V0."""
    statistics = X[batch] @ W0 if training else X @ W0
    z = (X[batch] @ W0 - statistics.mean(0)) / statistics.std(0, correction=0)
    return ((softplus(z) @ V0 - y[batch])[0] ** 2).item()


print("loss of example 0 in a batch with examples")
print("            1, 2, 3  20, 40, 50  57, 58, 59")
for name, training in (("training", True), ("evaluation", False)):
    row = [first_loss([0, *others], training)
           for others in ([1, 2, 3], [20, 40, 50], [57, 58, 59])]
    print("{:10}{:9.4f}{:12.4f}{:12.4f}".format(name, *row))

# %% values tags=["hidden"]
shares = [w.norm().item() / eps**0.25 for eps, (w, _) in maps.items()]
values = {
    "steps": STEPS,
    "eps_gap": gaps["SGD, ε = 1e-5"].max().item(),
    "share_smallest": min(shares),
    "share_largest": max(shares),
}
