# %% [markdown]
# # The prior is not what its mode suggests
#
# A mode depends on the parametrization and is no typical point: draws from the prior
# lie in a thin shell far from the origin.

# %% setup
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.nn.utils import parameters_to_vector, vector_to_parameters

import models

rng = np.random.default_rng(4)
n, weight_decay = 60, 1e-2
prior_variance = 1 / (n * weight_decay)
model = models.Net().double()
D = len(parameters_to_vector(model.parameters()))

# %% norms
print(f"prior variance {prior_variance:.3f}")
print("  D √(Dτ)  mean   sd    5% to 95%  log p(0)/p")
norms = {}
for dimension in (1, 10, D):
    draws = rng.normal(size=(20_000, dimension)) * prior_variance**0.5
    norm = np.linalg.norm(draws, axis=1)
    norms[dimension] = norm
    low, high = np.quantile(norm, [0.05, 0.95])
    below_mode = np.mean(norm**2) / (2 * prior_variance)
    print(f"{dimension:3d} {(dimension * prior_variance) ** 0.5:5.2f}"
          f" {norm.mean():5.2f} {norm.std():4.2f} {low:5.2f} to {high:5.2f}"
          f" {below_mode:9.1f}")

# %% norm_figure
fig, axes = plt.subplots(figsize=(5.4, 3.2))
bins = np.linspace(0, 3, 61)
for dimension, line in zip(norms, (":", "--", "-")):
    relative = norms[dimension] / (dimension * prior_variance) ** 0.5
    height, _ = np.histogram(relative, bins, density=True)
    axes.stairs(height, bins, linestyle=line, linewidth=1.8,
                label=f"D = {dimension}")
axes.axvline(0, color="k", linewidth=1)
axes.annotate("mode at 0", (0.03, 7), color="k")
axes.set(xlabel="norm of a draw / √(Dτ)", ylabel="density", xlim=(-0.05, 2.5))
axes.legend()
one, ten, _ = norms
fig.set_label(
    "Histograms of the norm of draws from the Gaussian prior, divided by the "
    f"square root of D times tau. For D = {one} they crowd toward zero; for "
    f"D = {ten} they spread around one; for D = {D} they form a narrow peak at "
    "one, far from the mode at zero."
)

# %% [markdown]
# The same prior, seen as functions: each draw of the parameters is a network.


# %% functions
def prior_functions(prior_variance, features, draws, seed=0):
    """Outputs of the network at parameters drawn from N(0, tau I)."""
    generator = torch.Generator().manual_seed(seed)
    outputs = []
    for _ in range(draws):
        theta = torch.randn(D, generator=generator, dtype=torch.float64)
        vector_to_parameters(theta * prior_variance**0.5, model.parameters())
        with torch.no_grad():
            outputs.append(model(features).squeeze(1))
    return torch.stack(outputs)


x = torch.linspace(-10, 10, 60, dtype=torch.float64)
raw = torch.stack([x, x**2], dim=1)
features = (raw - raw.mean(0)) / raw.std(0)


def output_std(prior_variance, features):
    """Exact: E[relu(z)^2] = E[z^2] / 2 for a symmetric z, layer by layer."""
    second_moment = prior_variance * (features.square().sum(dim=1) + 1)
    for _ in range(3):
        second_moment = prior_variance * (10 / 2 * second_moment + 1)
    return second_moment.sqrt()


# %% function_scale
print("standard deviation of the output at x = 10")
print("     λ         √τ     exact  2000 draws")
scales = {}
for decay in (1e-1, 1e-2, 1e-3):
    tau = 1 / (n * decay)
    drawn = prior_functions(tau, features[-1:], 2000)
    scales[decay] = output_std(tau, features)[-1].item()
    print(f"{decay:6g} {tau**0.5:10.3f} {scales[decay]:9.4g}"
          f" {drawn.std().item():11.4g}")

# %% function_figure
fig, panels = plt.subplots(2, 1, figsize=(5.4, 4.6), sharex=True, sharey=True)
reach = []
for axes, decay in zip(panels, (1e-1, 1e-2)):
    lines = prior_functions(1 / (n * decay), features, 8, seed=1)
    reach.append(f"from {lines.min():.3g} to {lines.max():.3g} with {decay:g}")
    for i, line in enumerate(lines):
        style = ("-", "--")[i // 4]
        axes.plot(x, line, f"C{i % 4}", linestyle=style, linewidth=1.3)
    axes.axhspan(-1, 4.5, color="0.5", alpha=0.2, lw=0)
    axes.set(ylabel="output", title=f"λ = {decay:g}", ylim=(-12, 12))
panels[1].set(xlabel="x", xticks=(-10, -5, 0, 5, 10))
fig.set_label(
    "Eight functions drawn from the prior of the network for each of two weight "
    f"decays, on the same axes. Outputs go {' and '.join(reach)}; the second set "
    "leaves the picture. A gray band marks where the article's targets lie."
)

# %% [markdown]
# The posterior’s mode is not typical of the posterior either.

# %% posterior
parameters, examples, noise_variance = 50, 30, 0.25
theta = rng.normal(size=parameters) * prior_variance**0.5
X = rng.normal(size=(examples, parameters))
y = X @ theta + rng.normal(size=examples) * noise_variance**0.5
precision = X.T @ X / noise_variance + np.eye(parameters) / prior_variance
covariance = np.linalg.inv(precision)
mode = covariance @ X.T @ y / noise_variance
root = np.linalg.cholesky(covariance)
samples = mode + rng.normal(size=(5000, parameters)) @ root.T
distance = np.einsum("si,ij,sj->s", samples - mode, precision, samples - mode)
for name, point in [("true parameters", theta), ("MAP estimate", mode)]:
    print(f"{name:18} squared norm {point @ point:7.2f}")
squares = np.sum(samples**2, axis=1)
low, high = np.quantile(squares, [0.05, 0.95])
print(f"{'posterior draws':18} squared norm {squares.mean():7.2f}")
print(f"  exact mean {mode @ mode + np.trace(covariance):.2f},"
      f" 5% to 95% {low:.1f} to {high:.1f}")
gap = distance.mean() / 2
print("log posterior at the mode minus at a draw")
print(f"  mean {gap:.2f}, D / 2 = {parameters / 2:g}")

# %% [markdown]
# A mode is the mode *of a density over something*. A coin shows heads at all
# tosses but one, with a Gaussian prior on the logit.

# %% coin
heads, tosses, coin_variance = 9, 10, 1.0
logit = np.linspace(-6, 6, 120_001)
p = 1 / (1 + np.exp(-logit))
log_joint = heads * np.log(p) + (tosses - heads) * np.log(1 - p)
log_joint -= logit**2 / (2 * coin_variance)
over_logit = np.exp(log_joint - log_joint.max())
over_p = over_logit / (p * (1 - p))  # change of variable: dp = p (1 - p) dlogit


def median(masses):
    """The p that has half of the masses below it."""
    return p[np.searchsorted(np.cumsum(masses), masses.sum() / 2)]


medians = median(over_logit), median(over_p * np.gradient(p))
mode_of_logit, mode_of_p = p[over_logit.argmax()], p[over_p.argmax()]
print("density over  its mode  its median")
print(f"the logit {mode_of_logit:12.4f} {medians[0]:11.4f}")
print(f"p {mode_of_p:20.4f} {medians[1]:11.4f}")

# %% [markdown]
# For weight decay: write a weight as a product of two and decay the factors.


# %% product
def fit(target, factors, weight_decay=0.3, lr=0.1, steps=500):
    """SGD on (w - target)^2 / 2, where w is the product of the factors."""
    params = torch.full((factors,), 0.5, dtype=torch.float64)
    params.requires_grad_()
    optimizer = torch.optim.SGD([params], lr=lr, weight_decay=weight_decay)
    for _ in range(steps):
        optimizer.zero_grad()
        ((params.prod() - target) ** 2 / 2).backward()
        optimizer.step()
    return params.prod().item()


print("  t  decay w   t/1.3  decay u,v  max(t-0.3,0)")
products = {}
for target in (2.0, 0.5, 0.1):
    products[target] = single, double = fit(target, 1), fit(target, 2)
    print(f"{target:3.1f} {single:8.4f} {target / 1.3:7.4f}"
          f" {abs(double):10.4f} {max(target - 0.3, 0):13.4f}")

# %% values tags=["hidden"]
for target, (single, double) in products.items():
    assert abs(single - target / 1.3) < 1e-10
    assert abs(double - max(target - 0.3, 0)) < 1e-6
assert abs(medians[0] - medians[1]) < 5e-5
assert low < theta @ theta < high and mode @ mode < low
wide = norms[D]
assert abs(wide.mean() / (D * prior_variance) ** 0.5 - 1) < 0.01
assert abs(wide.std() - (prior_variance / 2) ** 0.5) < 0.02
values = {
    "n": n,
    "parameters": D,
    "prior_std": prior_variance**0.5,
    "shell": float((D * prior_variance) ** 0.5),
    "norm_mean": float(wide.mean()),
    "norm_std": float(wide.std()),
    "norm_smallest": float(wide.min()),
    "orders_below": float(wide.min() ** 2 / (2 * prior_variance) / np.log(10)),
    "output_ratio": scales[1e-3] / scales[1e-2],
    "draws": len(wide),
    "below_mode": float(np.mean(wide**2) / (2 * prior_variance)),
    "output_std_strong": scales[1e-1],
    "output_std": scales[1e-2],
    "output_std_true": output_std(1 / (2 * n * 1e-2), features)[-1].item(),
    "wide_parameters": len(theta),
    "output_std_weak": scales[1e-3],
    "norm_true": float(theta @ theta),
    "norm_mode": float(mode @ mode),
    "norm_posterior": float(mode @ mode + np.trace(covariance)),
    "naive_variance": float(mode @ mode / parameters),
    "prior_variance": prior_variance,
    "mode_of_logit": float(mode_of_logit),
    "mode_of_p": float(mode_of_p),
    "median_p": float(medians[0]),
    "posterior_low": float(low),
    "posterior_high": float(high),
}
