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


def predict(w, v, eps):
    """Outputs of shape (n,): linear w, batch normalization, softplus, v."""
    z = X @ w
    z = z - z.mean(0)
    return softplus(z / (z.square().mean(0) + eps).sqrt()) @ v


def nll(w, v, eps):
    """f up to a constant, for a Gaussian likelihood with σ² = 1/2."""
    return ((predict(w, v, eps) - y) ** 2).mean()


# %% same_function
for factor in (1.0, 2.0, 0.5, 2.0**-20):
    print(f"{factor:9.6f} w   f = {nll(factor * W0, V0, eps=0.0):.16f}")
print(f"{0:9.6f} w   f = {nll(0 * W0, V0, eps=0.0)}")

# %% [markdown]
# Two runs: $(w, \eta, \lambda)$ and $(2w, 4\eta, \lambda/4)$. Only the
# normalized group $w$ is rescaled; $v$ keeps its own $\eta$ and $\lambda$.

# %% train
ETA, LAMBDA, STEPS = 0.02, 0.01, 400


def losses(scale, eta, decay, eps=0.0, kind=torch.optim.SGD, **options):
    """The loss before each of STEPS steps, from (scale·W0, V0)."""
    w = (scale * W0).requires_grad_()
    v = V0.clone().requires_grad_()
    rescaled = {"params": [w], "lr": eta, "weight_decay": decay}
    groups = [rescaled, {"params": [v]}]
    optimizer = kind(groups, lr=ETA, weight_decay=LAMBDA, **options)
    recorded = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = nll(w, v, eps)
        loss.backward()
        optimizer.step()
        recorded.append(loss.item())
    return torch.tensor(recorded)


# %% compare
def compare(eta, decay, **options):
    """How many losses of the run from 2w differ at all, and by how much."""
    one = losses(1, ETA, LAMBDA, **options)
    two = losses(2, eta, decay, **options)
    gap = (one - two).abs()
    return (gap > 0).sum().item(), gap.max().item()


MOMENTUM, ADAM = {"momentum": 0.9}, {"kind": torch.optim.Adam}
scaled = 4 * ETA, LAMBDA / 4
comparisons = {
    "SGD           4η λ/4 ε=0   ": compare(*scaled),
    "SGD, momentum 4η λ/4 ε=0   ": compare(*scaled, **MOMENTUM),
    "SGD            η λ   ε=0   ": compare(ETA, LAMBDA),
    "SGD           4η λ/4 ε=1e-5": compare(*scaled, eps=1e-5),
    "SGD, momentum 4η λ/4 ε=1e-5": compare(*scaled, eps=1e-5, **MOMENTUM),
    "Adam          4η λ/4 ε=0   ": compare(*scaled, **ADAM),
}
print(f"of {STEPS} losses, those that differ, largest gap")
for name, (count, largest) in comparisons.items():
    print(f"{name} {count:4d}  {largest:.1e}")

# %% [markdown]
# With $\varepsilon > 0$, as in `BatchNorm`, a minimum of the penalized loss
# exists. L-BFGS finds one, from each $\varepsilon$ to the next.

# %% map_estimate
def penalized_loss(w, v, eps):
    return nll(w, v, eps) + LAMBDA / 2 * (w.square().sum() + v.square().sum())


def map_estimate(w, v, eps):
    """Minimize L over (w, v) from a start; return w, v and ‖∇L‖."""
    scale = eps**0.25  # w = scale·u, to make the problem well conditioned
    u, v = (w / scale).requires_grad_(), v.clone().requires_grad_()
    optimizer = torch.optim.LBFGS(
        [u, v],
        max_iter=3000,
        tolerance_grad=1e-8,
        tolerance_change=0,
        line_search_fn="strong_wolfe",
    )

    def closure():
        optimizer.zero_grad()
        loss = penalized_loss(scale * u, v, eps)
        loss.backward()
        return loss

    optimizer.step(closure)
    closure()
    slope = torch.cat([u.grad.flatten() / scale, v.grad]).norm().item()
    return (scale * u).detach(), v.detach(), slope


# %% map_scale
maps, w, v = {}, W0, V0
print("     ε     ‖w‖  ‖w‖ / ε^(1/4)         L")
for eps in (1e-1, 1e-2, 1e-3, 1e-4, 1e-5):
    w, v, slope = maps[eps] = map_estimate(w, v, eps)
    size, loss = w.norm().item(), penalized_loss(w, v, eps).item()
    print(f"{eps:6.0e}  {size:6.4f}  {size / eps**0.25:13.4f}  {loss:8.4f}")

# %% [markdown]
# The penalized loss along the ray through one of these estimates. Without
# $\varepsilon$ it falls all the way to $w = 0$, where it is not defined.

# %% ray
w, v, _ = maps[1e-3]
sizes = torch.logspace(-4, 0.5, 136)
rays = {
    eps: torch.stack([penalized_loss(s * w / w.norm(), v, eps) for s in sizes])
    for eps in (0.0, 1e-5, 1e-3, 1e-1)
}
limit = nll(w, v, 0.0) + LAMBDA / 2 * v.square().sum()
print("     ε  lowest at ‖w‖  L - its limit")
for eps, curve in rays.items():
    best = curve.argmin()
    edge = "  (edge)" if best == 0 else ""  # the smallest size tried
    print(f"{eps:6g} {sizes[best]:14.4f} {curve[best] - limit:14.1e}{edge}")

# %% ray_figure
import matplotlib.pyplot as plt

figure, axis = plt.subplots(figsize=(5.4, 3.4))
for (eps, curve), style in zip(rays.items(), ("k-", "C0--", "C1-.", "C2:")):
    name = f"{eps:g}".replace("e-0", "e-")
    axis.plot(sizes, curve - limit, style, label=f"ε = {name}")
    if eps:
        best = curve.argmin()
        axis.plot(sizes[best], curve[best] - limit, style[:2] + "o")
axis.set(xscale="log", yscale="log", ylim=(1e-8, 1))
axis.set_xlabel("∥w∥, weights before the normalization")
axis.set_ylabel("L minus its limit")
axis.legend(loc="lower right")
turns = " and ".join(
    f"{sizes[curve.argmin()]:.2g} (epsilon {eps:g})"
    for eps, curve in rays.items()
    if eps
)
figure.set_label(
    "Penalized loss minus its limit along a ray against the size of the"
    " normalized weights, both axes logarithmic. Without epsilon the solid line"
    " falls straight down as the weights shrink and has no minimum. With epsilon"
    " each curve turns up again below its minimum, marked by a dot, at"
    f" {turns}."
)

# %% check tags=["hidden"]
assert [count for count, _ in comparisons.values()][:2] == [0, 0]
for key, (count, largest) in comparisons.items():
    if "1e-5" in key:
        assert count > 0 and largest < 1e-4, (key, largest)
    elif "4η" not in key or "Adam" in key:
        assert largest > 1e-3, (key, largest)
assert max(slope for _, _, slope in maps.values()) < 1e-5
shares = [w.norm().item() / eps**0.25 for eps, (w, _, _) in maps.items()]
assert max(shares) - min(shares) < 0.01, shares  # only the leading power of ε
assert rays[0.0].diff().min() > 0  # falls all the way as ‖w‖ falls
assert all(0 < curve.argmin() < len(sizes) - 1 for eps, curve in rays.items() if eps)

# %% values tags=["hidden"]
counts = list(comparisons.values())
values = {
    "steps": STEPS,
    "exact_differ": counts[0][0],
    "exact_differ_momentum": counts[1][0],
    "unscaled_gap": counts[2][1],
    "eps_gap": counts[3][1],
    "eps_gap_momentum": counts[4][1],
    "adam_gap": counts[5][1],
    "share_smallest": min(shares),
    "share_largest": max(shares),
    "slope_largest": max(slope for _, _, slope in maps.values()),
    "map_norm_large_eps": maps[1e-1][0].norm().item(),
    "map_norm_small_eps": maps[1e-5][0].norm().item(),
    "map_loss_default_eps": penalized_loss(*maps[1e-5][:2], 1e-5).item(),
}
