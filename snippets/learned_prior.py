# %% [markdown]
# # Does an informative prior predict better?
# The same target tasks for three priors: few examples, the prior’s scale
# $\tau$ chosen on a validation set. All tasks of a scenario are one batch.

# %% tasks
import torch
from matplotlib import pyplot as plt

torch.set_default_dtype(torch.float64)
D, k, tasks, n = 20, 3, 1500, 20
generator = torch.Generator().manual_seed(0)


def normal(*shape):
    return torch.randn(*shape, generator=generator)


def draw(theta, n, scale=1.0):
    """Inputs N(0, scale²) and targets with noise variance 1; a set per task."""
    x = normal(len(theta), n, D) * scale
    return x, (x @ theta[..., None])[..., 0] + normal(len(theta), n)


# %% map_estimates
taus = torch.logspace(-4, 4, 17)


def map_estimates(x, y, means, covariance):
    """MAP estimates (taus, means, tasks, D), for means (means, tasks, D).

    theta = mean + tau S X' (tau X S X' + I)^-1 (y - X mean): one
    eigendecomposition of X S X' serves all tau and means.
    """
    xs = x @ covariance
    size, basis = torch.linalg.eigh(xs @ x.mT)
    residual = (basis.mT @ (y[..., None] - x @ means[..., None]))[..., 0]
    tau = taus[:, None, None, None]
    step = tau * residual / (1 + tau * size)
    return means + torch.einsum("tij,kmtj->kmti", xs.mT @ basis, step)


# %% test_errors
def test_errors(theta, means, covariance, train, validation):
    """Test errors (means, tasks), with tau chosen on the validation set.

    Test inputs are N(0, I), so the expected squared error on a new example is
    exactly |estimate - theta|^2 plus the noise variance 1.
    """
    average = covariance.diagonal(dim1=-2, dim2=-1).mean(-1)
    fits = map_estimates(*train, means, covariance / average[..., None, None])
    x, y = validation
    predicted = torch.einsum("tij,kmtj->kmti", x, fits)
    best = ((y - predicted) ** 2).mean(-1).argmin(0)
    chosen = fits.gather(0, best[None, ..., None].expand(1, *fits.shape[1:]))
    return 1 + ((chosen[0] - theta) ** 2).sum(-1)


# %% compare
def compare(theta, mean, covariance, data):
    """Test errors of each prior on the same data, by its name."""
    means, eye = torch.stack([torch.zeros_like(mean), mean]), torch.eye(D)
    zero, mean = test_errors(theta, means, eye, *data)
    full = test_errors(theta, means[1:], covariance, *data)[0]
    return {"zero": zero, "mean": mean, "full": full}


# %% [markdown]
# First the prior is handed over: the one that generated the tasks, then with
# the mean or the covariance of an unrelated draw.

# %% given
def random_covariance():
    factor = 0.5 * normal(tasks, D, k)
    return factor @ factor.mT + 0.05 * torch.eye(D)


mean, covariance = 0.7 * normal(tasks, D), random_covariance()
root = torch.linalg.cholesky(covariance)
theta = mean + (root @ normal(tasks, D, 1))[..., 0]
data = draw(theta, n), draw(theta, n)
results = {
    "prior is true": compare(theta, mean, covariance, data),
    "mean is wrong": compare(theta, 0.7 * normal(tasks, D), covariance, data),
    "covariance is wrong": compare(theta, mean, random_covariance(), data),
}


# %% [markdown]
# Then the prior is estimated from a source task with more examples, whose
# features vary by very different amounts. The target’s parameters are the
# source’s plus a drift.

# %% source
def source_posterior(theta, n=100):
    """Posterior mean and covariance, the latter as low rank plus diagonal."""
    scale = torch.logspace(0, -1, D)  # the last feature varies 10 times less
    x, y = draw(theta, n, scale)
    covariance = torch.linalg.inv(x.mT @ x + torch.eye(D))
    mean = (covariance @ x.mT @ y[..., None])[..., 0]
    size, direction = torch.linalg.eigh(covariance)
    kept = (direction[..., -k:] * size[..., None, -k:]) @ direction[..., -k:].mT
    rest = (covariance - kept).diagonal(dim1=-2, dim2=-1)
    return mean, kept + torch.diag_embed(rest)


for label, drift in [("near", 0.1), ("middling", 0.3), ("far", 1.0)]:
    source = 0.7 * normal(tasks, D)
    prior = source_posterior(source)
    target = source + drift * normal(tasks, D)
    data = draw(target, n), draw(target, n)
    results[f"source is {label}"] = compare(target, *prior, data)


# %% table tags=["markdown"]
def mean_and_error(differences):
    center, error = differences.mean(), differences.std() / len(differences) ** 0.5
    return center.item(), error.item()


print("| tasks | zero mean | mean only | full | full − mean | full wins |")
print("|---" + "|--:" * 5 + "|")
for scenario, errors in results.items():
    row = [f"{error.mean():.2f}" for error in errors.values()]
    gain = errors["full"] - errors["mean"]
    row += ["{:+.2f} ±\xa0{:.2f}".format(*mean_and_error(gain)).replace("-", "−")]
    row += [f"{100 * (gain < 0).double().mean():.0f}%"]
    print(f"| {scenario} | {' | '.join(row)} |")

# %% dots
fig, ax = plt.subplots(figsize=(5.4, 3.2))
for name, label, style in (("zero", "zero mean", "C5s"), ("mean", "mean only", "C0o"),
                           ("full", "full", "C1D")):
    means = [errors[name].mean().item() for errors in results.values()]
    ax.plot(means, range(len(means)), style, label=label)
fig.legend(loc="outside upper center", ncols=3)
ax.axvline(1, color="0.5", linestyle=":")
ax.set(yticks=range(len(results)), yticklabels=list(results), xlim=(0, None),
       xlabel="mean test error (noise variance = 1, dotted)")
ax.invert_yaxis()
best = {scenario: min(errors, key=lambda name: errors[name].mean())
        for scenario, errors in results.items()}
lowest = "; ".join(f"{scenario}, {name}" for scenario, name in best.items())
fig.set_label("Mean test error of three priors, zero mean, mean and full, in six "
              f"scenarios. The lowest of each: {lowest}.")

# %% values tags=["hidden"]
values = {"tasks": tasks, "n": n, "dimension": D, "tau_count": len(taus),
          "tau_min": taus[0].item(), "tau_max": taus[-1].item()}
for scenario, errors in results.items():
    key = scenario.replace(" is ", "_")
    for name, error in errors.items():
        values[f"{key}_{name}"] = error.mean().item()
    for one, other in [("full", "mean"), ("full", "zero"), ("mean", "zero")]:
        name = f"{key}_{one}_less_{other}"
        values[name], values[f"{name}_error"] = mean_and_error(errors[one] - errors[other])
    values[f"{key}_wins"] = 100 * (errors["full"] < errors["mean"]).double().mean().item()
values["far_saving"] = -values["source_far_mean_less_zero"]
