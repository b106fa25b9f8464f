# %% [markdown]
# # Where weight decay and a penalty in the loss part ways
#
# Even with SGD, `weight_decay` and a written-out `(λ/2)‖θ‖²` differ when
# something happens between `backward()` and `step()`: clipping, a missing
# gradient, accumulation.

# %% setup
import torch
from torch.nn.utils import clip_grad_norm_
from torch.optim import SGD, AdamW

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
# Clipping that goes on to the end moves the end. With one example per step,
# SGD settles where the *average* step is zero.

# %% balance
def clip(gradients):
    """Scale each row of shape (n, 3) down to length 1 at most."""
    return gradients / gradients.norm(dim=1, keepdim=True).clamp(min=1)


def balance(average_step, rounds=500):
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

# %% [markdown]
# The decay that `step()` adds is not clipped. With $\eta\lambda > 2$ it
# overshoots zero by more than it started with, at every step.

# %% overshoot
def size_after(kind, weight_decay, penalty=0.0, steps=100, lr=1.0):
    """Largest |θⱼ| after clipped steps with a large decay."""
    theta = torch.ones(3, requires_grad=True)
    optimizer = kind([theta], lr=lr, weight_decay=weight_decay)
    for _ in range(steps):
        optimizer.zero_grad()
        (nll(theta) + penalty * l2_penalty(theta)).backward()
        clip_grad_norm_([theta], 1.0)
        optimizer.step()
    return theta.abs().max().item()


print("largest |θⱼ| after 100 clipped steps, lr = 1")
print("   λ       SGD     AdamW  penalty in the loss")
overshoot = {}
for strong in (1.9, 2.1):
    row = overshoot[strong] = [size_after(SGD, strong), size_after(AdamW, strong),
                               size_after(SGD, 0, penalty=strong)]
    print("{:4} {:9.2f} {:9.2f} {:20.2f}".format(strong, *row))

# %% [markdown]
# **`grad=None`**: `step()` skips a parameter without a gradient, decay and
# all. Here a head is used at the first of twenty-one steps only.

# %% unused_head
def head_left(weight_decay=0.0, penalty=0.0, set_to_none=True):
    """Share of a head's norm left after 20 steps that do not use it."""
    body, head = (torch.ones(3, requires_grad=True) for _ in range(2))
    optimizer = SGD([body, head], lr=0.5, weight_decay=weight_decay)
    norms = []
    for t in range(21):
        optimizer.zero_grad(set_to_none=set_to_none)
        loss = nll(body + head) if t == 0 else nll(body)
        if penalty:
            loss = loss + penalty * (l2_penalty(body) + l2_penalty(head))
        loss.backward()
        optimizer.step()
        norms.append(head.detach().norm())
    return (norms[-1] / norms[0]).item()


print("share of the unused head left after 20 steps")
print(f"  penalty in the loss              {head_left(penalty=lam):.4f}")
print(f"  weight_decay                     {head_left(lam):.4f}")
print(f"  weight_decay, set_to_none=False  "
      f"{head_left(lam, set_to_none=False):.4f}")

# %% [markdown]
# **Accumulation**: the loss of each of $k$ micro-batches is divided by $k$.
# A penalty that is added to each and not divided counts $k$ times.

# %% accumulate
def decay_found(k, penalty):
    """λ in the gradient left by k backward passes on nll/k + the penalty."""
    theta = torch.full((3,), 4.0, requires_grad=True)
    for rows in torch.arange(n).chunk(k):
        (nll(theta, rows) / k + penalty * l2_penalty(theta)).backward()
    extra = theta.grad - torch.autograd.grad(nll(theta), theta)[0]
    return (extra / theta.detach()).mean().item()


print("micro-batches: λ found in the gradient")
print("    undivided  divided")
for k in (1, 2, 4, 6):
    print(f"{k:2d} {decay_found(k, lam):10.2f} {decay_found(k, lam / k):8.2f}")

# %% values tags=["hidden"]
exact = ends["no clipping (MAP)"]
values = {
    "clipped_in_loss_gap": (ends["penalty in the loss"] - exact).norm().item(),
    "clipped_decay_gap": (ends["weight_decay"] - exact).norm().item(),
}
