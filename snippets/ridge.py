# %% [markdown]
# # Where do optimizers end on ridge regression?
#
# Linear regression has a MAP estimate in closed form. This notebook runs SGD,
# SGD with momentum, Adam and AdamW to convergence with the same `weight_decay`
# and measures how far each ends from that estimate.

# %% data
import torch

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)
n = 60
X = torch.randn(n, 2) @ torch.tensor([[1.0, 0.6], [0.0, 0.8]])
y = X @ torch.tensor([3.0, 1.0]) + torch.randn(n)


# %% [markdown]
# Three answers are known without any optimizer: ordinary least squares (OLS,
# no penalty), ridge regression, and least squares with every
# $|\theta_j| \le r$.

# %% exact
gram, moment = X.T @ X / n, X.T @ y / n
ols = torch.linalg.solve(gram, moment)


def ridge(wd):
    """Minimize f(θ) + (λ/2)‖θ‖²: the MAP estimate, prior variance 1/(nλ)."""
    return torch.linalg.solve(gram + wd * torch.eye(2), moment)


def boxed(radius):
    """Minimize f(θ) subject to |θⱼ| ≤ radius, one coordinate at a time."""
    theta = torch.zeros(2)
    for j in [0, 1] * 100:
        rest = gram[j] @ theta - gram[j, j] * theta[j]
        theta[j] = ((moment[j] - rest) / gram[j, j]).clamp(-radius, radius)
    return theta


# %% [markdown]
# Every optimizer starts at zero and lowers its learning rate like $1/t$ from
# step `hold` on, so that the last point shows where it settles.

# %% descend
def full_batch(theta):
    """∇f(θ), shape (2,)."""
    return X.T @ (X @ theta - y) / n


def descend(make_optimizer, gradient=full_batch, steps=1000, hold=150):
    """Return the path, shape (steps + 1, 2), of an optimizer from zero."""
    theta = torch.zeros(2)
    optimizer = make_optimizer([theta])
    slow = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda t: 1 / max(1, t / hold)
    )
    path = [theta.clone()]
    for _ in range(steps):
        theta.grad = gradient(theta)
        optimizer.step()
        slow.step()
        path.append(theta.clone())
    return torch.stack(path)


# %% run
from functools import partial

from torch.optim import SGD, Adam, AdamW

BETAS = (0.9, 0.95)  # with the default 0.999 it needs many times more steps
optimizers = {
    "SGD": partial(SGD, lr=0.2),
    "SGD, momentum": partial(SGD, lr=0.1, momentum=0.9),
    "Adam": partial(Adam, lr=0.1, betas=BETAS),
    "AdamW": partial(AdamW, lr=0.1, betas=BETAS),
}
paths = {
    (name, wd): descend(partial(make, weight_decay=wd))
    for wd in (0.1, 0.4)
    for name, make in optimizers.items()
}

# %% distances
def distance(a, b):
    return (a - b).norm().item()


print("distance to       ridge     OLS     box")
for (name, wd), path in paths.items():
    if name == "SGD":
        print(f"weight_decay = {wd}, box: |θⱼ| ≤ {1 / wd:.1f}")
    goals = ridge(wd), ols, boxed(1 / wd)
    row = [f"{distance(path[-1], goal):.4f}" for goal in goals]
    print("  {:14}{:>7}{:>8}{:>8}".format(name, *row))

# %% figure
import matplotlib.pyplot as plt


def draw(axis, wd):
    """Draw the loss, the box, two of the paths and the three known answers."""
    across, up = torch.linspace(-0.3, 3.9, 60), torch.linspace(-0.3, 2.3, 60)
    a, b = torch.meshgrid(across, up, indexing="xy")
    loss = 0.5 * ((torch.stack([a, b], -1) @ X.T - y) ** 2).mean(-1)
    axis.contour(a, b, loss, levels=8, colors="0.5", linewidths=0.5)
    for name, style in (("Adam", "C0--"), ("AdamW", "C1-")):
        path = paths[name, wd]
        path = torch.cat([path[:100:2], path[100::50]])
        axis.plot(path[:, 0], path[:, 1], style, label=name)
    axis.plot(*ridge(wd), "kD", label="ridge (MAP)")
    axis.plot(*ols, "ko", mfc="none", ms=10, label="OLS")
    axis.plot(*boxed(1 / wd), "kx", ms=8, label="OLS in the box")
    axis.set(xlim=(-0.3, 3.9), ylim=(-0.3, 2.3))
    axis.set(xlabel="first weight", title=f"weight_decay = {wd}")


figure, axes = plt.subplots(1, 2, figsize=(5.4, 3.4), sharey=True)
for axis, wd in zip(axes, (0.1, 0.4)):
    draw(axis, wd)
axes[1].axvline(1 / 0.4, color="C1", linestyle=":", label="edge of the box")
axes[0].set_ylabel("second weight")
entries = axes[1].get_legend_handles_labels()
figure.legend(*entries, loc="outside lower center", ncols=3)
figure.set_label(
    "Two panels, contours of the least-squares loss over the two weights."
    " With the smaller weight decay Adam's dashed path ends on the ridge"
    " solution and AdamW's solid path on ordinary least squares. With the"
    " larger one Adam again ends on ridge; AdamW ends on the edge of the box,"
    " at the least-squares solution within it."
)

# %% [markdown]
# With mini-batches the gradient is never zero, so Adam’s denominator
# $\sqrt{v_j}$ does not go to zero either, and AdamW’s decay gets a scale.

# %% minibatch
RUNS = 400


def minibatch_adamw(batch_size, wd, lr=0.01, steps=2000, seed=1):
    """Mean of the second half of each run's path, shape (RUNS, 2)."""
    generator = torch.Generator().manual_seed(seed)
    theta = ols.repeat(RUNS, 1)  # elementwise steps: the runs are independent
    optimizer = AdamW([theta], lr=lr, weight_decay=wd)
    total = torch.zeros(RUNS, 2)
    for t in range(steps):
        rows = torch.randint(n, (RUNS, batch_size), generator=generator)
        residual = (X[rows] * theta[:, None]).sum(-1) - y[rows]
        theta.grad = (X[rows] * residual[..., None]).mean(1)
        optimizer.step()
        total += theta * (t >= steps // 2)
    return total / (steps // 2)


# %% weighted_ridge
def weighted_ridge(batch_size, wd):
    """Solve ∇f(θ) + λ √v ∘ θ = 0 for v, the mean squared batch gradient."""
    theta = ols
    for _ in range(100):
        gradients = X * (X @ theta - y)[:, None]
        mean, variance = gradients.mean(0), gradients.var(0, correction=0)
        scale = (mean**2 + variance / batch_size).sqrt()
        theta = torch.linalg.solve(gram + wd * torch.diag(scale), moment)
    return theta, scale


# %% minibatch_ends
print("batch  AdamW, weight 1  equation   √v₁")
stochastic = {}
for size in (1, 4, 16):
    runs = minibatch_adamw(size, 0.1)
    end, error = runs.mean(0), runs.std(0) / RUNS**0.5
    balance, scale = weighted_ridge(size, 0.1)
    stochastic[size] = end, error, balance, scale
    print(f"{size:5d}  {end[0]:.4f} ± {error[0]:.4f}", end="")
    print(f"{balance[0]:10.4f} {scale[0]:5.2f}")
print(f"  all  {paths['AdamW', 0.1][-1][0]:.4f}")
print(f"ridge  {ridge(0.1)[0]:.4f}")

# %% values tags=["hidden"]
values = {
    "n": n,
    "weak": 0.1,
    "strong": 0.4,
    "strong_radius": 1 / 0.4,
    "adamw_ridge_weak": distance(paths["AdamW", 0.1][-1], ridge(0.1)),
    "adamw_ols_weak": distance(paths["AdamW", 0.1][-1], ols),
    "adamw_box_strong": distance(paths["AdamW", 0.4][-1], boxed(2.5)),
    "runs": RUNS,
    "minibatch_worst": max(distance(end, b) for end, _, b, _ in stochastic.values()),
}
for size, (end, error, _, _) in stochastic.items():
    values[f"minibatch_{size}"] = end[0].item()
    values[f"minibatch_{size}_error"] = error[0].item()
