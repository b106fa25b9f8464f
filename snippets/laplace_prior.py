# %% [markdown]
# # A Laplace prior is an L1 penalty
# The MAP estimate under a Laplace prior is exactly zero in many entries; under
# a Gaussian prior it never is.

# %% setup
import torch
from matplotlib import pyplot as plt
from torch.distributions import Laplace, Normal

torch.set_default_dtype(torch.float64)

# %% [markdown]
# `Laplace(0, s)` has density $\exp(-|\theta|/s)/(2s)$. Divided by $n$, its
# negative log is an L1 penalty of strength $1/(ns)$ plus a constant.

# %% penalty
torch.manual_seed(0)
n, D = 60, 10
l1 = 0.3
scale = torch.tensor(1 / (n * l1))  # s; the prior variance is 2 s^2
theta = torch.randn(D, requires_grad=True)

log_prior = Laplace(torch.zeros(()), scale).log_prob(theta).sum()
penalty = l1 * theta.abs().sum() + D / n * torch.log(2 * scale)
print(f"-(1/n) log prior:        {-log_prior.item() / n:.10f}")
print(f"α Σ|θ| + constant:       {penalty.item():.10f}")
gradient = torch.autograd.grad(-log_prior / n, theta)[0]
print("its gradient / α:", " ".join(f"{v:.0f}" for v in gradient / l1))

# %% [markdown]
# With orthogonal features ($X^\top X = nI$) and noise variance $\sigma^2 = 1$
# each entry has its own closed form: the Gaussian prior scales, the Laplace
# prior subtracts.


# %% thresholds
def soft_threshold(theta: torch.Tensor, amount: float) -> torch.Tensor:
    """Toward zero by `amount`, stopping there."""
    return theta.sign() * (theta.abs() - amount).clamp(min=0)


def shrink(theta: torch.Tensor, weight_decay: float) -> torch.Tensor:
    return theta / (1 + weight_decay)


# %% data
x = torch.linalg.qr(torch.randn(n, D))[0] * n**0.5
truth = torch.tensor([2.0, -1.5, 1.0] + [0.0] * (D - 3))
y = x @ truth + torch.randn(n)
least_squares = x.T @ y / n
prior_variance = 2 * scale**2  # the Gaussian prior with the same variance
weight_decay = (1 / (n * prior_variance)).item()
laplace_map = soft_threshold(least_squares, l1)
gaussian_map = shrink(least_squares, weight_decay)
rows = {"truth": truth, "least squares": least_squares,
        "Gaussian prior": gaussian_map, "Laplace prior": laplace_map}
print("truth  least squares  Gaussian  Laplace prior")
for row in zip(*rows.values()):
    print("{:5.2f}  {:13.2f}  {:8.2f}  {:13.2f}".format(*(e + 0.0 for e in row)))


# %% [markdown]
# Is it the optimum? A brute-force search over a fine grid, one entry at a
# time, knows nothing of thresholds.

# %% grid_search
candidates = torch.linspace(-3, 3, 60_001)[:, None]  # steps of 0.0001
misfit = 0.5 * (candidates - least_squares) ** 2
laplace = Laplace(torch.zeros(()), scale)
gaussian = Normal(torch.zeros(()), prior_variance.sqrt())
for name, prior, closed in [("Laplace", laplace, laplace_map),
                            ("Gaussian", gaussian, gaussian_map)]:
    objective = misfit - prior.log_prob(candidates) / n
    found = candidates[objective.argmin(0), 0]
    gap = (found - closed).abs().max().item()
    assert gap < 1e-4
    print(f"{name}: within a grid step of closed form")

# %% figure
fig, (left, right) = plt.subplots(1, 2, figsize=(5.4, 3))
t = torch.linspace(-0.35, 0.35, 141)
left.plot(t, gaussian.log_prob(t).exp(), "C0--")
left.plot(t, laplace.log_prob(t).exp(), "C1")
left.set(xlabel="parameter", ylabel="prior density", xticks=[-0.3, 0, 0.3])
t = torch.linspace(-1, 1, 141)
right.plot(t, t, color="0.5", linestyle=":", label="no prior")
right.plot(t, shrink(t, weight_decay), "C0--", label="Gaussian")
right.plot(t, soft_threshold(t, l1), "C1", label="Laplace")
right.set(xlabel="least squares", ylabel="MAP estimate", xticks=[-1, 0, 1],
          yticks=[-1, 0, 1])
right.legend(loc="upper left")
fig.set_label("Left: a Laplace density, with a sharp peak at zero, and a "
              "Gaussian density of the same variance, round there. Right: the "
              "MAP estimate against least squares. The Gaussian line is "
              "straight and less steep than the diagonal; the Laplace line is "
              "flat at zero in the middle and parallel to the diagonal outside.")

# %% [markdown]
# General features: a gradient step on the nll, then a soft threshold
# (proximal gradient). Autograd through `abs` alone jitters around zero.

# %% general_data
torch.manual_seed(1)
n, D, lr, steps = 60, 20, 0.1, 1000
mixed = torch.randn(n, D) @ (torch.eye(D) + 0.2 * torch.randn(D, D))
mixed = (mixed - mixed.mean(0)) / mixed.std(0)
y = mixed @ torch.cat([truth, torch.zeros(D - 10)]) + torch.randn(n)


def nll(theta: torch.Tensor) -> torch.Tensor:
    return 0.5 * ((y - mixed @ theta) ** 2).mean()


# %% proximal
proximal = torch.zeros(D, requires_grad=True)
optimizer = torch.optim.SGD([proximal], lr=lr)
for _ in range(steps):
    optimizer.zero_grad()
    nll(proximal).backward()
    optimizer.step()
    with torch.no_grad():
        proximal.copy_(soft_threshold(proximal, lr * l1))

# %% subgradient
def through_abs(lr: float, steps: int) -> torch.Tensor:
    theta = torch.zeros(D, requires_grad=True)
    optimizer = torch.optim.SGD([theta], lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        (nll(theta) + l1 * theta.abs().sum()).backward()
        optimizer.step()
    return theta.detach()


subgradient = through_abs(lr, steps)
longer = through_abs(lr, 5 * steps)
slower = through_abs(lr / 5, 5 * steps)


# %% zeros
def penalized_loss(theta: torch.Tensor) -> float:
    return (nll(theta) + l1 * theta.abs().sum()).item()


zero = proximal.detach() == 0
print(f"{'':16s} zeros     largest   L1 loss")
for name, fit in {"soft threshold": proximal,
                  f"autograd, lr {lr:g}": subgradient,
                  "  5 × the steps": longer,
                  f"  and lr {lr / 5:g}": slower}.items():
    zeros, largest = (fit == 0).sum(), fit[zero].abs().max()
    print(f"{name:16s} {zeros:2d} of {D} {largest:9.4f} "
          f"{penalized_loss(fit):9.4f}")

# %% [markdown]
# The mode is sparse; the prior is not.

# %% draws
draws = laplace.sample((100_000,))
zeros = (draws == 0).sum()
print(f"zeros among {len(draws)} draws: {zeros}")

# %% checks tags=["hidden"]
fitted, jittering = proximal.detach(), subgradient
score = mixed.T @ (y - mixed @ fitted) / n  # |score| <= l1, = l1 sign on the support
assert score.abs().max() < l1 + 1e-9
assert (score[fitted != 0] - l1 * fitted[fitted != 0].sign()).abs().max() < 1e-9
assert longer[zero].abs().max() > jittering[zero].abs().max() / 2  # more steps do not help
assert slower[zero].abs().max() < jittering[zero].abs().max() < 2 * lr * l1
assert (jittering == 0).sum() == 0 and penalized_loss(jittering) > penalized_loss(fitted)
assert (gaussian_map != 0).all() and (laplace_map == 0).sum() >= 5
assert (draws == 0).sum() == 0

# %% values tags=["hidden"]
values = {
    "l1": l1,
    "scale": scale.item(),
    "prior_std": prior_variance.sqrt().item(),
    "weight_decay": weight_decay,
    "gaussian_zeros": (gaussian_map == 0).sum().item(),
    "laplace_zeros": (laplace_map == 0).sum().item(),
    "orthogonal_dimension": len(truth),
    "dimension": D,
    "proximal_zeros": (fitted == 0).sum().item(),
    "subgradient_zeros": (jittering == 0).sum().item(),
    "jitter": jittering[zero].abs().max().item(),
    "jitter_longer": longer[zero].abs().max().item(),
    "jitter_slower": slower[zero].abs().max().item(),
    "longest_step": 2 * lr * l1,
    "lr_slower": lr / 5,
    "subgradient_excess": penalized_loss(jittering) - penalized_loss(fitted),
    "shrink_factor": 1 / (1 + weight_decay),
    "entries_zero_in_truth": (truth == 0).sum().item(),
    "lr": lr,
    "draws": len(draws),
    "draws_zero": (draws == 0).sum().item(),
    **{f"laplace_{i}": v.item() for i, v in enumerate(laplace_map)},
    **{f"proximal_{i}": v.item() for i, v in enumerate(fitted)},
}
