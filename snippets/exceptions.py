# %% [markdown]
# # Where weight decay and a penalty in the loss part ways
#
# Even with SGD, `weight_decay` and a written-out `(λ/2)‖θ‖²` differ when
# something happens between `backward()` and `step()`: clipping, a missing
# gradient, accumulation.

# %% setup
import torch

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)
n, lam = 60, 0.1
X = torch.randn(n, 3)
y = X @ torch.tensor([3.0, -2.0, 1.0]) + torch.randn(n)


def nll(theta, rows=slice(None)):
    """f(θ) up to a constant on some rows, Gaussian likelihood, σ² = 1."""
    return 0.5 * ((X[rows] @ theta - y[rows]) ** 2).mean()


def l2_penalty(theta):
    return 0.5 * (theta**2).sum()


# %% [markdown]
# **Clipping** sees what `backward()` left. A penalty in the loss is inside;
# the decay that `step()` adds is not.

# %% clip_once
MAX_NORM = 1.0


def applied(theta, loss, weight_decay):
    """(θ before − θ after)/η for one clipped SGD step: what SGD applied."""
    theta = theta.clone().requires_grad_()
    optimizer = torch.optim.SGD([theta], lr=0.5, weight_decay=weight_decay)
    before = theta.detach().clone()
    loss(theta).backward()
    torch.nn.utils.clip_grad_norm_([theta], MAX_NORM)
    optimizer.step()
    return (before - theta.detach()) / 0.5


far = torch.tensor([4.0, 4.0, 4.0])
by_hand = applied(far, lambda t: nll(t) + lam * l2_penalty(t), 0.0)
by_torch = applied(far, nll, lam)
print(f"norm of the step over lr, clipped to {MAX_NORM}")
print(f"  penalty in the loss  {by_hand.norm():.4f}")
print(f"  weight_decay         {by_torch.norm():.4f}")

# %% [markdown]
# Clipping that goes on to the end moves the end. With one example per step,
# SGD settles where the *average* step is zero.

# %% balance
def clip(gradients):
    """Scale each row of shape (n, 3) down to length MAX_NORM at most."""
    norms = gradients.norm(dim=1, keepdim=True)
    return gradients * (MAX_NORM / norms).clamp(max=1)


def balance(average_step, rounds=2000):
    """Find θ, shape (3,), at which average_step(∇fᵢ for all i, θ) is zero."""
    theta = torch.zeros(3)
    for _ in range(rounds):
        theta = theta - 0.3 * average_step(X * (X @ theta - y)[:, None], theta)
    return theta


ends = {
    "no clipping (MAP)": balance(lambda g, t: g.mean(0) + lam * t),
    "penalty in the loss": balance(lambda g, t: clip(g + lam * t).mean(0)),
    "weight_decay": balance(lambda g, t: clip(g).mean(0) + lam * t),
}
for name, theta in ends.items():
    print(f"{name:20} ({theta[0]:.3f}, {theta[1]:.3f}, {theta[2]:.3f})")

# %% clipped_sgd
def clipped_sgd(weight_decay, steps=6000):
    """Mean of the second half of clipped SGD's path, one example a step."""
    generator = torch.Generator().manual_seed(1)
    theta = torch.zeros(3)
    optimizer = torch.optim.SGD([theta], lr=0.02, weight_decay=weight_decay)
    total = torch.zeros(3)
    for t in range(steps):
        i = torch.randint(n, (), generator=generator)
        theta.grad = X[i] * (X[i] @ theta - y[i])
        torch.nn.utils.clip_grad_norm_([theta], MAX_NORM)
        optimizer.step()
        total += theta * (t >= steps // 2)
    return total / (steps // 2)


end = clipped_sgd(weight_decay=lam)
print(f"SGD ended at         ({end[0]:.3f}, {end[1]:.3f}, {end[2]:.3f})")
for name, theta in ends.items():
    print(f"  distance to {name:20} {(end - theta).norm():.3f}")

# %% [markdown]
# **`grad=None`**: `step()` skips a parameter without a gradient, decay and
# all. Here a head is used at the first of twenty steps only.

# %% unused_head
def head_left(weight_decay=0.0, penalty=0.0, set_to_none=True, steps=20):
    """Share of a head's norm left after the steps that do not use it."""
    body, head = (torch.ones(3, requires_grad=True) for _ in range(2))
    optimizer = torch.optim.SGD([body, head], lr=0.5, weight_decay=weight_decay)
    for t in range(steps + 1):
        optimizer.zero_grad(set_to_none=set_to_none)
        loss = nll(body + head) if t == 0 else nll(body)
        if penalty:
            loss = loss + penalty * (l2_penalty(body) + l2_penalty(head))
        loss.backward()
        optimizer.step()
        if t == 0:
            first = head.detach().norm()
    return (head.detach().norm() / first).item()


left = {
    "penalty in the loss": head_left(penalty=lam),
    "weight_decay": head_left(weight_decay=lam),
    "weight_decay, set_to_none=False": head_left(lam, set_to_none=False),
    "(1 - lr λ)^20": (1 - 0.5 * lam) ** 20,
}
print("share of the unused head left after 20 steps")
for name, share in left.items():
    print(f"  {name:33} {share:.4f}")

# %% [markdown]
# **Accumulation**: the loss of each of $k$ micro-batches is divided by $k$.
# A penalty that is added to each and not divided counts $k$ times.

# %% accumulate
def accumulated(theta, micro_batches, penalty):
    """Gradient left by k backward passes on nll/k, each with the penalty."""
    theta = theta.clone().requires_grad_()
    for rows in torch.arange(n).chunk(micro_batches):
        loss = nll(theta, rows) / micro_batches + penalty * l2_penalty(theta)
        loss.backward()
    return theta.grad


print("micro-batches: λ found in the gradient")
print("    undivided  divided")
undivided = {}
for k in (1, 2, 4, 6):
    data = accumulated(far, k, 0.0)
    extra = [accumulated(far, k, c) - data for c in (lam, lam / k)]
    undivided[k], divided = (((e @ far) / (far @ far)).item() for e in extra)
    print(f"{k:2d} {undivided[k]:10.2f} {divided:8.2f}")

# %% accumulate_end
def ridge(wd):
    return torch.linalg.solve(X.T @ X / n + wd * torch.eye(3), X.T @ y / n)


theta = torch.zeros(3)
for _ in range(200):
    theta = theta - 0.3 * accumulated(theta, 4, lam)
print("undivided penalty: distance of the end")
print(f"  {(theta - ridge(lam)).norm():.4f} from ridge with λ")
print(f"  {(theta - ridge(4 * lam)).norm():.4f} from ridge with 4λ")

# %% check tags=["hidden"]
assert (end - ends["weight_decay"]).norm() < 0.05  # the noise of one run of SGD
assert (end - ends["penalty in the loss"]).norm() > 0.3
assert (balance(lambda g, t: g.mean(0) + lam * t) - ridge(lam)).norm() < 1e-12
assert left["weight_decay"] == 1.0
for name in ("penalty in the loss", "weight_decay, set_to_none=False"):
    assert abs(left[name] - (1 - 0.5 * lam) ** 20) < 1e-12
assert all(abs(measured - k * lam) < 1e-12 for k, measured in undivided.items())
assert (theta - ridge(4 * lam)).norm() < 1e-9

# %% values tags=["hidden"]
values = {
    "n": n,
    "lam": lam,
    "max_norm": MAX_NORM,
    "by_hand_norm": by_hand.norm().item(),
    "by_torch_norm": by_torch.norm().item(),
    "clipped_in_loss_gap": (ends["penalty in the loss"] - ridge(lam)).norm().item(),
    "clipped_decay_gap": (ends["weight_decay"] - ridge(lam)).norm().item(),
    "clipped_end_gap": (end - ends["weight_decay"]).norm().item(),
    "left_penalty": left["penalty in the loss"],
    "left_decay": left["weight_decay"],
    "left_zeros": left["weight_decay, set_to_none=False"],
    "undivided_four": undivided[4],
    "accumulated_gap": (theta - ridge(lam)).norm().item(),
    "accumulated_gap_four": (theta - ridge(4 * lam)).norm().item(),
    **{f"clipped_theta_{j}": ends["weight_decay"][j].item() for j in range(3)},
}
