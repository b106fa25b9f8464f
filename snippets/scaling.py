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
D, noise_variance, prior_variance, draws = 10, 1.0, 0.1, 400
sizes = [16, 32, 64, 128, 256, 512]
theta = rng.normal(size=(draws, D)) * prior_variance**0.5
X = rng.normal(size=(draws, max(sizes), D))
y = np.einsum("rnd,rd->rn", X, theta) + rng.normal(size=(draws, max(sizes)))

# %% [markdown]
# For unit-variance inputs the error beyond the noise is the squared distance
# from the true parameters, so the best weight decay at each n can be found by search.


# %% sweep
def excess_errors(n, weight_decays):
    """Per weight decay, the mean squared distance from ridge fit to truth."""
    inputs, targets = X[:, :n], y[:, :n]
    gram = 2 / n * np.swapaxes(inputs, 1, 2) @ inputs
    moment = 2 / n * np.einsum("rni,rn->ri", inputs, targets)
    errors = []
    for weight_decay in weight_decays:
        penalized = gram + weight_decay * np.eye(D)
        fit = np.linalg.solve(penalized, moment[..., None])
        errors.append(np.mean(np.sum((fit[..., 0] - theta) ** 2, axis=1)))
    return np.array(errors)


grid = np.logspace(-3, 1, 201)
errors = np.array([excess_errors(n, grid) for n in sizes])
best = grid[errors.argmin(axis=1)]
from_prior = [2 * noise_variance / (n * prior_variance) for n in sizes]
slope = np.polyfit(np.log(sizes), np.log(best), 1)[0]
print("   n   best on the grid              2σ²/(nτ)")
for n, found, expected in zip(sizes, best, from_prior):
    print(f"{n:4d} {found:18.3f} {expected:21.3f}")
print(f"slope of log(best) against log(n): {slope:.2f}")

# %% cost_of_keeping
columns = [excess_errors(n, [from_prior[0], lam, 0.0])
           for n, lam in zip(sizes, from_prior)]
kept, scaled, none = np.array(columns).T
print("   n        λ kept        λ ∝ 1/n   no decay")
for row in zip(sizes, kept, scaled, none):
    print("{:4d} {:13.4f} {:14.4f} {:10.4f}".format(*row))

# %% figure
fig, (top, bottom) = plt.subplots(2, 1, figsize=(5.4, 4.6), sharex=True)
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
def shrink(optimizer_class, plan, **options):
    """Final weight / first weight and the clock, for a gradient of zero."""
    weight = torch.ones(1, dtype=torch.float64, requires_grad=True)
    optimizer = optimizer_class(
        [weight], lr=lr, weight_decay=weight_decay, **options)
    scheduler, clock = plan(optimizer), 0.0
    for _ in range(steps):
        weight.grad = torch.zeros_like(weight)
        clock += optimizer.param_groups[0]["lr"] * weight_decay
        optimizer.step()
        scheduler.step()
    return weight.item(), clock


shrunk = {name: shrink(torch.optim.SGD, plan) for name, plan in plans.items()}
print("schedule            clock  e^-clock      left")
for name, (left_over, clock) in shrunk.items():
    print(f"{name:18} {clock:6.3f} {np.exp(-clock):9.4f} {left_over:9.4f}")

# %% half_life
def half_life(optimizer_class, weight_decay, **options):
    """Steps until half of a weight is left, for a gradient of zero."""
    weight = torch.ones(1, dtype=torch.float64, requires_grad=True)
    optimizer = optimizer_class(
        [weight], lr=lr, weight_decay=weight_decay, **options)
    steps = 0
    while weight.item() > 0.5:
        weight.grad = torch.zeros_like(weight)
        optimizer.step()
        steps += 1
    return steps


half_lives = {}
print("steps to halve a weight")
print(f"{'λ':18} {weight_decay:6} {weight_decay / 10:7}")
for name, kind, options in [
    ("SGD", torch.optim.SGD, {}),
    ("SGD, momentum 0.9", torch.optim.SGD, {"momentum": 0.9}),
    ("AdamW", torch.optim.AdamW, {}),
    ("Adam (coupled)", torch.optim.Adam, {}),
]:
    half_lives[name] = [half_life(kind, weight_decay / k, **options)
                        for k in (1, 10)]
    print(f"{name:18} {half_lives[name][0]:6d} {half_lives[name][1]:7d}")

# %% [markdown]
# Along a direction in which the loss curves by h, the fit forgets its start at
# rate h + lambda.

# %% curvature
print("h / λ   ends at  steps to the last 1%")
steps_needed = {}
for ratio in (0.0, 1.0, 10.0, 100.0):
    h = ratio * weight_decay
    weight, target, count = 2.0, h / (h + weight_decay), 0
    start = abs(weight - target)
    while abs(weight - target) > 0.01 * start:
        weight -= lr * (h * (weight - 1.0) + weight_decay * weight)
        count += 1
    steps_needed[ratio] = count
    print(f"{ratio:5.0f} {target:9.3f} {count:21d}")

# %% values tags=["hidden"]
constant, cosine = shrunk["constant"], shrunk["cosine"]
assert abs(slope + 1) < 0.05  # a grid step is 0.02 of a decade
assert np.all(np.abs(np.log10(best / np.array(from_prior))) < 0.2)
assert kept[-1] > 5 * scaled[-1]
for left_over, clock in shrunk.values():
    # log(1 - x) = -x - x^2/2 - ..., x at most lr * weight_decay = 1e-3
    assert abs(np.log(left_over) + clock) < 0.6e-3 * clock
values = {
    "slope": float(slope),
    "draws": draws,
    "largest_n": sizes[-1],
    "kept_last": float(kept[-1]),
    "scaled_last": float(scaled[-1]),
    "none_last": float(none[-1]),
    "none_first": float(none[0]),
    "scaled_first": float(scaled[0]),
    "lr": lr,
    "momentum": 0.9,
    "steps": steps,
    "weight_decay": weight_decay,
    "constant_clock": float(constant[1]),
    "constant_left": float(constant[0]),
    "cosine_clock": float(cosine[1]),
    "cosine_left": float(cosine[0]),
    "half_life": half_lives["SGD"][0],
    "half_life_momentum": half_lives["SGD, momentum 0.9"][0],
    "half_life_adamw": half_lives["AdamW"][0],
    "half_life_adam": half_lives["Adam (coupled)"][0],
    "half_life_adam_weak": half_lives["Adam (coupled)"][1],
    "post_clock": 1e-2 * 1e-2 * 1000,
    "post_left": float((1 - 1e-2 * 1e-2) ** 1000),
    "flat_steps": steps_needed[0.0],
    "steep_steps": steps_needed[100.0],
}
