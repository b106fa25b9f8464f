# %% [markdown]
# # What weight decay does, once training has converged
#
# The article’s data, its features standardized, and seven values of λ: what the
# fits look like, and how far they are from the data and from the truth.

# %% setup
import matplotlib.pyplot as plt
import torch
from torch.nn.utils import parameters_to_vector

import models

torch.manual_seed(1)
x = torch.cat([torch.linspace(a, a + 4, 20) for a in (-10, -2, 6)])
raw = torch.stack([x, x**2], dim=1)
noise_variance = 0.25

truth = models.Net()  # the article’s three draws, in its order
y = truth(raw).detach() + noise_variance**0.5 * torch.randn(60, 1)
start = parameters_to_vector(models.Net().parameters()).detach().double()
shapes = [p.shape for p in models.Net().parameters()]


def standardize(x):
    features = torch.stack([x, x**2], dim=1)
    return ((features - raw.mean(0)) / raw.std(0)).double()


# %% predict
def predict(theta, features):
    """Outputs (fits, n, 1) of one network per row of theta."""
    pieces = theta.split([shape.numel() for shape in shapes], dim=1)
    hidden = features.expand(len(theta), -1, -1)
    for layer in range(0, 8, 2):
        weight = pieces[layer].view(-1, *shapes[layer])
        hidden = torch.baddbmm(pieces[layer + 1][:, None], hidden, weight.mT)
        hidden = hidden if layer == 6 else hidden.relu()
    return hidden


# %% fits
decays = 10 ** torch.arange(-3, 0.5, 0.5).double()
theta = start.repeat(len(decays), 1).requires_grad_()  # one fit a row
steps, lr = 3000, 0.03
optimizer = torch.optim.Adam([theta], lr=lr)
history = []
for step in range(steps):
    falling = 1e-4 ** max(0, (step / steps - 0.3) / 0.7)
    optimizer.param_groups[0]["lr"] = lr * falling
    error = ((y - predict(theta, standardize(x))) ** 2).mean((1, 2))
    loss = error + decays / 2 * (theta**2).sum(1)
    optimizer.zero_grad()
    loss.sum().backward()
    optimizer.step()
    history.append(loss.detach())

# %% errors
inside = torch.cat([torch.linspace(a, a + 4, 101) for a in (-10, -2, 6)])
with torch.no_grad():
    train_error = ((y - predict(theta, standardize(x))) ** 2).mean((1, 2))
    target = truth(torch.stack([inside, inside**2], dim=1))
    miss = predict(theta, standardize(inside)) - target
test_error = (miss**2).mean((1, 2)) + noise_variance  # new labels are noisy too
print("     λ     train   test")
for decay, a, b in zip(decays, train_error, test_error):
    print(f"{decay:7.4f}  {a:.3f}   {b:.3f}")

# %% figure_fits
shown = {"small": 0, "good": int(test_error.argmin()), "large": len(decays) - 1}
grid = torch.linspace(-10, 10, 401)
with torch.no_grad():
    curves = predict(theta, standardize(grid))[:, :, 0]
    clean = truth(torch.stack([grid, grid**2], dim=1))[:, 0]
fig, axes = plt.subplots(2, 2, figsize=(6.4, 4.2))
fig.get_layout_engine().set(hspace=0.08)
for (name, k), ax in zip(shown.items(), axes.flat):
    ax.plot(x, y, "o", color="C1", ms=3, alpha=0.7)
    ax.plot(grid, clean, "k--", lw=1.1)
    ax.plot(grid, curves[k], color="C0")
    ax.set(title=f"{name}: λ = {decays[k]:g}", ylim=(-2, 5.5))
    ax.set(xlabel="input x", ylabel="target y", xticks=[-10, 0, 10])
ax = axes[1, 1]
ax.plot(decays, train_error, "C1o--", label="train", ms=4)
ax.plot(decays, test_error, "C0o-", label="test", ms=4)
ax.axhline(noise_variance, color="0.5", lw=1, label="noise")
ax.set(xscale="log", xlabel="weight decay λ", ylabel="squared error", ylim=(0, 0.9))
ax.legend(loc="upper center")
fig.set_label(
    "Three fits to the same points, beside the true curve, and an error plot. "
    + " ".join(
        f"At λ = {decays[k]:g} the train error is {train_error[k]:.2f} and the test "
        f"error {test_error[k]:.2f}." for k in shown.values()
    )
    + " The first fit jumps from point to point and dives between the groups; the "
    "second follows the true curve; the third is too flat."
)

# %% figure_first
fig, ax = plt.subplots(figsize=(4.4, 2.7))
small, good = shown["small"], shown["good"]
ax.plot(x, y, "o", color="0.5", ms=3.5, alpha=0.8, label="data")
ax.plot(grid, clean, "k--", lw=1.1, zorder=3, label="truth")
ax.plot(grid, curves[small], "C1", lw=1.6, label=f"λ = {decays[small]:g}")
ax.plot(grid, curves[good], "C0", lw=2.4, label=f"λ = {decays[good]:g}")
ax.set(xlabel="input x", ylabel="target y", ylim=(-2, 5.5), xticks=[-10, 0, 10])
ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.3), ncols=2)
fig.set_label(
    f"Sixty noisy points in three groups and two fits of one network. With λ = "
    f"{decays[small]:g} the curve jumps from point to point; with λ = "
    f"{decays[good]:g} it follows the true curve."
)

# %% values tags=["hidden"]
good = shown["good"]
assert shown["small"] < good < shown["large"]
settled = (history[-steps // 5] - history[-1]) / history[-1]
assert settled.max() < 0.01  # λ at which L was still falling would show here
values = {
    "steps": steps,
    "excess": float(test_error[good]) / noise_variance - 1,
}
for name, k in shown.items():
    values[f"{name}_decay"] = float(decays[k])
    values[f"{name}_train"] = float(train_error[k])
    values[f"{name}_test"] = float(test_error[k])
