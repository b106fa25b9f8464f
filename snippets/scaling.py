# %% [markdown]
# # More data, more steps
#
# A fixed prior means a weight decay that falls as $1/n$. How far training
# follows it is a matter of a clock: the sum of learning rate times weight
# decay.

# %% setup
import matplotlib.pyplot as plt
import numpy as np
import torch

rng = np.random.default_rng(2)
D, noise_variance, prior_variance, draws = 10, 1.0, 0.1, 1200
sizes = [16, 32, 64, 128, 256, 512]
theta = rng.normal(size=(draws, D)) * prior_variance**0.5
X = rng.normal(size=(draws, max(sizes), D))
y = (X @ theta[..., None])[..., 0] + rng.normal(size=(draws, max(sizes)))

# %% [markdown]
# For unit-variance inputs the error beyond the noise is the squared distance
# from the true parameters, so the best weight decay at each n can be found by search.
# In the eigenvectors of $X^T X$ every fit of a data set is a division.


# %% sweep
def excess_errors(n, weight_decays):
    """Squared distance (draws, decays) of the ridge fit from the truth."""
    inputs, targets = X[:, :n], y[:, :n]
    curvature, axes = np.linalg.eigh(2 / n * inputs.mT @ inputs)
    moment = 2 / n * axes.mT @ (inputs.mT @ targets[..., None])
    fits = moment / (curvature[..., None] + np.array(weight_decays))
    return ((fits - axes.mT @ theta[..., None]) ** 2).sum(1)


grid = np.logspace(-2, 0.5, 101)
errors = np.array([excess_errors(n, grid) for n in sizes])
best = grid[errors.mean(axis=1).argmin(axis=1)]
from_prior = [2 * noise_variance / (n * prior_variance) for n in sizes]
print("   n   best on the grid   2σ²/(nτ)")
for n, found, expected in zip(sizes, best, from_prior):
    print(f"{n:4d} {found:18.3f} {expected:10.3f}")

# %% slope
tenths = errors.reshape(len(sizes), 10, -1, len(grid)).mean(axis=2)
bests = grid[tenths.argmin(axis=2)]  # (sizes, 10): of a tenth of the draws
slopes = np.polyfit(np.log(sizes), np.log(bests), 1)[0]
slope, slope_error = slopes.mean(), slopes.std(ddof=1) / 10**0.5
print(f"log(best) over log(n): slope {slope:.3f} ± {slope_error:.3f}")

# %% cost_of_keeping
columns = [excess_errors(n, [from_prior[0], lam, 0.0]).mean(axis=0)
           for n, lam in zip(sizes, from_prior)]
kept, scaled, none = np.array(columns).T
print("   n        λ kept        λ ∝ 1/n   no decay")
for row in zip(sizes, kept, scaled, none):
    print("{:4d} {:13.4f} {:14.4f} {:10.4f}".format(*row))

# %% figure
fig, (top, bottom) = plt.subplots(2, 1, figsize=(5.4, 3.9), sharex=True)
top.loglog(sizes, from_prior, "k--", label="2σ²/(nτ)")
top.loglog(sizes, best, "C0o", label="best on the grid")
top.set(ylabel="weight decay λ")
bottom.loglog(sizes, kept, "C1s-", label="λ kept")
bottom.loglog(sizes, none, "C2^:", label="no decay")
bottom.loglog(sizes, scaled, "C0o-", label="λ ∝ 1/n")
bottom.set(xlabel="examples n", ylabel="excess error")
for axes in (top, bottom):
    axes.set_xticks([16, 64, 256], ["16", "64", "256"])
    axes.minorticks_off()
    axes.legend()
fig.set_label(
    "Top: the weight decay with the lowest error falls along a straight line "
    f"of slope {slope:.2f} as n grows from {sizes[0]} to {sizes[-1]}, on "
    f"logarithmic axes. Bottom: from an error of {scaled[0]:.2f}, with the "
    f"weight decay kept as n grows it comes to {kept[-1]:.2f}, with weight "
    f"decay inversely proportional to n to {scaled[-1]:.3f}; without decay it "
    f"comes from {none[0]:.2f} to {none[-1]:.3f}."
)

# %% [markdown]
# ## The shrink clock
#
# A weight that the loss does not touch (its gradient is zero) shows the decay
# alone.

# %% schedules
from torch.optim import lr_scheduler as schedules

steps, lr, weight_decay = 1000, 0.1, 0.01


def warmup(step):
    return min(1.0, (step + 1) / (steps / 4))


plans = {
    "constant": lambda o: schedules.ConstantLR(o, factor=1.0),
    "cosine": lambda o: schedules.CosineAnnealingLR(o, T_max=steps),
    "step (0.1 halfway)": lambda o: schedules.StepLR(o, step_size=steps // 2),
    "linear warmup": lambda o: schedules.LambdaLR(o, warmup),
}


# %% clock
def shrink(plan):
    """Final weight / first weight and the clock, for a gradient of zero."""
    weight = torch.ones(1, dtype=torch.float64)
    weight.grad = torch.zeros_like(weight)
    optimizer = torch.optim.SGD([weight], lr=lr, weight_decay=weight_decay)
    scheduler, clock = plan(optimizer), 0.0
    for _ in range(steps):
        clock += optimizer.param_groups[0]["lr"] * weight_decay
        optimizer.step()
        scheduler.step()
    return weight.item(), clock


shrunk = {name: shrink(plan) for name, plan in plans.items()}
print("schedule            clock  e^-clock      left")
for name, (left_over, clock) in shrunk.items():
    print(f"{name:18} {clock:6.3f} {np.exp(-clock):9.4f} {left_over:9.4f}")

# %% half_life
def half_life(optimizer_class, weight_decay, **options):
    """Steps until half of a weight is left, for a gradient of zero."""
    weight = torch.ones(1, dtype=torch.float64)
    weight.grad = torch.zeros_like(weight)
    optimizer = optimizer_class(
        [weight], lr=lr, weight_decay=weight_decay, **options)
    count = 0
    while weight.item() > 0.5:
        optimizer.step()
        count += 1
    return count


half_lives = {}
print(f"steps to halve a weight, η = {lr}")
print("λ                     0.1    0.01")
for name, kind, options in [
    ("SGD", torch.optim.SGD, {}),
    ("SGD, momentum 0.9", torch.optim.SGD, {"momentum": 0.9}),
    ("AdamW", torch.optim.AdamW, {}),
    ("Adam (coupled)", torch.optim.Adam, {}),
]:
    both = [half_life(kind, decay, **options) for decay in (0.1, 0.01)]
    half_lives[name] = both
    print(f"{name:18} {both[0]:6d} {both[1]:7d}")

# %% values tags=["hidden"]
constant, cosine = shrunk["constant"], shrunk["cosine"]
for left_over, clock in shrunk.values():
    # log(1 - x) = -x - x^2/2 - ..., x at most lr * weight_decay = 1e-3
    assert abs(np.log(left_over) + clock) < 0.6e-3 * clock
values = {
    "slope": float(slope),
    "slope_error": float(slope_error),
    "draws": draws,
    "largest_n": sizes[-1],
    "kept_last": float(kept[-1]),
    "scaled_last": float(scaled[-1]),
    "none_last": float(none[-1]),
    "momentum": 0.9,
    "steps": steps,
    "constant_clock": float(constant[1]),
    "cosine_clock": float(cosine[1]),
    "half_life": half_lives["SGD"][1],
    "half_life_momentum": half_lives["SGD, momentum 0.9"][1],
    "half_life_adam": half_lives["Adam (coupled)"][1],
    "post_clock": 1e-2 * 1e-2 * 1000,
    "post_left": float((1 - 1e-2 * 1e-2) ** 1000),
}
