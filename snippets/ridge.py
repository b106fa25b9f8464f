# %% [markdown]
# # Where do optimizers end on ridge regression?
#
# Linear regression is the one model whose MAP estimate has a formula. This
# notebook runs SGD, SGD with momentum, Adam and AdamW to convergence with the
# same `weight_decay` and measures how far each ends from that estimate.

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


# %% known
def show(theta):
    return f"({theta[0]:6.4f}, {theta[1]:6.4f})"


print("OLS              ", show(ols))
for wd in (0.1, 0.4):
    print(f"ridge, λ = {wd}   ", show(ridge(wd)))
    print(f"LS in |θⱼ| ≤ {1 / wd:<4g}", show(boxed(1 / wd)))

# %% [markdown]
# Every optimizer starts at zero and lowers its learning rate like $1/t$ from
# step `hold` on, so that what remains is where it goes.

# %% descend
def full_batch(theta):
    """∇f(θ), shape (2,)."""
    return X.T @ (X @ theta - y) / n


def descend(make_optimizer, gradient=full_batch, steps=2000, hold=300):
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
    axis.plot(*boxed(1 / wd), "kx", ms=8, label="LS in the box")
    axis.set(xlim=(-0.3, 3.9), ylim=(-0.3, 2.3))
    axis.set(xlabel="first weight", title=f"weight_decay = {wd}")


figure, axes = plt.subplots(1, 2, figsize=(5.4, 3.8), sharey=True)
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
# The same end points for many values of $\lambda$.

# %% sweep
import itertools

LAMBDAS = torch.logspace(-1.5, 0.5, 7)
ends = {"Adam": [], "AdamW": []}
for name, wd in itertools.product(ends, LAMBDAS.tolist()):
    ends[name].append(descend(partial(optimizers[name], weight_decay=wd))[-1])
exact_ridge = torch.stack([ridge(wd) for wd in LAMBDAS])
exact_boxed = torch.stack([boxed(1 / wd) for wd in LAMBDAS])
largest_error = {
    name: (torch.stack(ends[name]) - goal).norm(dim=1).max().item()
    for name, goal in (("Adam", exact_ridge), ("AdamW", exact_boxed))
}
print("largest distance over", len(LAMBDAS), "values of λ:")
print(f"  Adam to ridge                {largest_error['Adam']:.3f}")
print(f"  AdamW to LS in |θⱼ| ≤ 1/λ    {largest_error['AdamW']:.3f}")

# %% sweep_figure
grid = torch.logspace(-1.5, 0.5, 61)
figure, axis = plt.subplots(figsize=(5.4, 3.4))
for decays, thetas, style, label in (
    (grid, torch.stack([ridge(wd) for wd in grid]), "k--", "ridge"),
    (grid, torch.stack([boxed(1 / wd) for wd in grid]), "k-", "LS in the box"),
    (LAMBDAS, torch.stack(ends["Adam"]), "C0s", "Adam"),
    (LAMBDAS, torch.stack(ends["AdamW"]), "C1o", "AdamW"),
):
    axis.plot(decays, thetas.abs().amax(dim=1), style, label=label)
touch = 1 / ols.abs().max()
axis.axvline(touch, color="0.5", linestyle=":")
axis.text(touch * 0.94, 0.15, "1 / largest |weight| of OLS", ha="right")
axis.set(xscale="log", ylim=(0, None))
axis.set(xlabel="weight_decay λ", ylabel="largest |weight| at the end")
axis.legend()
figure.set_label(
    "Largest absolute weight at the end against weight decay. Adam's squares"
    " lie on the ridge curve. AdamW's circles stay level at ordinary least"
    " squares until weight decay reaches one over its largest weight and then"
    " fall like one over weight decay."
)

# %% [markdown]
# With mini-batches the gradient is never zero, so Adam’s denominator
# $\sqrt{v_j}$ does not go to zero either, and AdamW’s decay gets a scale.

# %% minibatch
def minibatch_adamw(batch_size, wd):
    """Mean of the second half of AdamW's path on batches drawn at random."""
    generator = torch.Generator().manual_seed(1)

    def gradient(theta):
        rows = torch.randint(n, (batch_size,), generator=generator)
        return X[rows].T @ (X[rows] @ theta - y[rows]) / batch_size

    make = partial(AdamW, lr=0.05, weight_decay=wd)
    return descend(make, gradient, steps=6000, hold=600)[3000:].mean(0)


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
print("batch  AdamW ended at   ridge with λ√v")
stochastic = {}
for size in (1, 4, 16):
    end = minibatch_adamw(size, 0.1)
    balance, scale = weighted_ridge(size, 0.1)
    stochastic[size] = end, balance, scale
    print(f"{size:5d} ", show(end), show(balance))
print("  all ", show(paths["AdamW", 0.1][-1]))
print("ridge:                ", show(ridge(0.1)))
print("batch   √v₁   √v₂")
for size, (_, _, scale) in stochastic.items():
    print(f"{size:5d}  {scale[0]:.2f}  {scale[1]:.2f}")

# %% check tags=["hidden"]
for (name, wd), path in paths.items():
    at_ridge = distance(path[-1], ridge(wd))
    at_box = distance(path[-1], boxed(1 / wd))
    if name == "AdamW":
        # The distance left is of the order of the last learning rate.
        assert at_box < 0.01 < 0.2 < at_ridge, (name, wd)
    else:
        # SGD: rounding. Adam still jitters around the minimum.
        tolerance = 3e-3 if name == "Adam" else 1e-12
        assert at_ridge < tolerance < 0.2 < at_box, (name, wd)
assert max(largest_error.values()) < 1e-2, largest_error
to_ridge = [distance(end, ridge(0.1)) for end, _, _ in stochastic.values()]
to_balance = [distance(end, balance) for end, balance, _ in stochastic.values()]
assert max(to_balance) < 0.02 < 0.06 < min(to_ridge)  # 0.01 is one seed's noise

# %% values tags=["hidden"]
values = {
    "n": n,
    "weak": 0.1,
    "strong": 0.4,
    "strong_radius": 1 / 0.4,
    "weak_radius": 1 / 0.1,
    "threshold": 1 / ols.abs().max().item(),
    "ols_largest": ols.abs().max().item(),
    "prior_variance_strong": 1 / (n * 0.4),
    "last_lr": 0.1 / (2000 / 300),
    "adamw_ridge_weak": distance(paths["AdamW", 0.1][-1], ridge(0.1)),
    "adamw_ols_weak": distance(paths["AdamW", 0.1][-1], ols),
    "adamw_ridge_strong": distance(paths["AdamW", 0.4][-1], ridge(0.4)),
    "adamw_ols_strong": distance(paths["AdamW", 0.4][-1], ols),
    "adamw_box_strong": distance(paths["AdamW", 0.4][-1], boxed(2.5)),
    "adam_ridge_worst": max(distance(paths["Adam", w][-1], ridge(w)) for w in (0.1, 0.4)),
    "sweep_size": len(LAMBDAS),
    "sweep_adam_worst": largest_error["Adam"],
    "sweep_adamw_worst": largest_error["AdamW"],
    "minibatch_worst": max(to_balance),
    "minibatch_nearest_ridge": min(to_ridge),
    "scale_one": stochastic[1][2][0].item(),
    "scale_sixteen": stochastic[16][2][0].item(),
}
