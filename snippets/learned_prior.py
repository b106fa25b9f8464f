# %% [markdown]
# # Does an informative prior predict better?
# The same target tasks for three priors: few examples, the prior’s scale
# $\tau$ chosen on a validation set. All tasks of a scenario are one batch.

# %% setup
import torch
from matplotlib import pyplot as plt

torch.set_default_dtype(torch.float64)

# %% tasks
D, k, tasks, n = 20, 3, 400, 20
taus = torch.logspace(-4, 4, 17)


def draw(theta, n, scale, generator):
    """Inputs N(0, scale**2), targets with noise variance 1; a set per task."""
    x = torch.randn(len(theta), n, D, generator=generator) * scale
    noise = torch.randn(len(theta), n, generator=generator)
    return x, (x @ theta[..., None])[..., 0] + noise


def low_rank_of(covariance, k=k):
    """Keep k directions exactly and the other variances on the diagonal."""
    size, direction = torch.linalg.eigh(covariance)
    factor = direction[..., -k:] * size[..., None, -k:].sqrt()
    kept = factor @ factor.mT
    rest = (covariance - kept).diagonal(dim1=-2, dim2=-1)
    return kept + torch.diag_embed(rest)


# %% map_estimate
def map_estimate(x, y, mean, covariance):
    """Closed form of every task: x (..., n, D), y (..., n), mean (..., D).

    theta = mean + S X' (X S X' + I)^-1 (y - X mean), with noise variance 1
    """
    xs = x @ covariance
    gram = xs @ x.mT + torch.eye(x.shape[-2])
    residual = y[..., None] - x @ mean[..., None]
    return mean + (xs.mT @ torch.linalg.solve(gram, residual))[..., 0]


# %% choose_tau
def test_errors(theta, mean, covariance, train, validation):
    """Test MSE per task, with tau chosen per task on the validation set.

    Test inputs are N(0, I), so the expected squared error on a new example is
    exactly |estimate - theta|^2 plus the noise variance 1.
    """
    average = covariance.diagonal(dim1=-2, dim2=-1).mean(-1)
    shape = covariance / average[:, None, None]  # average variance 1
    fits = torch.stack([map_estimate(*train, mean, tau * shape)
                        for tau in taus])
    x, y = validation
    losses = ((y - (x @ fits[..., None])[..., 0]) ** 2).mean(-1)
    best = losses.argmin(0)
    chosen = fits[best, torch.arange(len(theta))]
    at_edge = ((best == 0) | (best == len(taus) - 1)).sum().item()
    return 1 + ((chosen - theta) ** 2).sum(-1), at_edge


# %% compare
def compare(theta, mean, covariance, train, validation):
    """Test MSE of each prior on the same data: name -> (per task, edge)."""
    eye = torch.eye(D).expand(len(theta), D, D)
    priors = {"zero mean": (torch.zeros(tasks, D), eye),
              "mean only": (mean, eye), "full": (mean, covariance)}
    return {name: test_errors(theta, *prior, train, validation)
            for name, prior in priors.items()}


# %% [markdown]
# First the prior is handed over: the one that generated the tasks, then with
# the mean or the covariance of an unrelated draw.

# %% given
generator = torch.Generator().manual_seed(0)


def normal(*shape):
    return torch.randn(*shape, generator=generator)


def random_covariance():
    factor = 0.5 * normal(tasks, D, k)
    return factor @ factor.mT + 0.05 * torch.eye(D)


mean, covariance = 0.7 * normal(tasks, D), random_covariance()
deviation = torch.linalg.cholesky(covariance) @ normal(tasks, D, 1)
theta = mean + deviation[..., 0]
given = {"prior is true": (mean, covariance),
         "mean is wrong": (0.7 * normal(tasks, D), covariance),
         "covariance is wrong": (mean, random_covariance())}
data = draw(theta, n, 1, generator), draw(theta, n, 1, generator)
results = {scenario: compare(theta, *prior, *data)
           for scenario, prior in given.items()}


# %% [markdown]
# Then the prior is estimated. A source task has more examples, whose features
# vary by very different amounts; its posterior mean and its covariance,
# compressed to low rank plus diagonal, become the prior of the target task. The
# target’s parameters are the source’s plus a drift.

# %% source
def source_posterior(theta, generator, n=100):
    """Posterior mean and covariance on the source task under N(0, I)."""
    scale = torch.logspace(0, -1, D)  # the last feature varies 10 times less
    x, y = draw(theta, n, scale, generator)
    covariance = torch.linalg.inv(x.mT @ x + torch.eye(D))
    mean = (covariance @ x.mT @ y[..., None])[..., 0]
    return mean, low_rank_of(covariance)


for label, drift in [("near", 0.1), ("middling", 0.3), ("far", 1.0)]:
    source = 0.7 * normal(tasks, D)
    prior = source_posterior(source, generator)
    target = source + drift * normal(tasks, D)
    data = draw(target, n, 1, generator), draw(target, n, 1, generator)
    results[f"source is {label}"] = compare(target, *prior, *data)


# %% table tags=["markdown"]
def mean_and_error(values: torch.Tensor) -> tuple[float, float]:
    return values.mean().item(), (values.std() / len(values) ** 0.5).item()


print("| scenario | zero mean | mean only | full "
      f"| full minus mean only | full wins (of {tasks}) |")
print("|---|--:|--:|--:|--:|--:|")
for scenario, errors in results.items():
    cells = ["{:.2f} ± {:.2f}".format(*mean_and_error(error))
             for error, _ in errors.values()]
    gain = errors["full"][0] - errors["mean only"][0]
    cells.append("{:+.2f} ± {:.2f}".format(*mean_and_error(gain)))
    cells.append(f"{(gain < 0).sum()}")
    row = " | ".join(cells).replace("-", "\N{MINUS SIGN}")
    row = row.replace(" ± ", "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}")
    print(f"| {scenario} | {row} |")

# %% dots
fig, ax = plt.subplots(figsize=(5.4, 4), layout="constrained")
styles = {"zero mean": ("s", "C5"), "mean only": ("o", "C0"),
          "full": ("D", "C1")}
for row, errors in enumerate(results.values()):
    for i, (name, (marker, color)) in enumerate(styles.items()):
        center, error = mean_and_error(errors[name][0])
        ax.errorbar(center, row + 0.22 * (i - 1), xerr=2 * error, fmt=marker,
                    color=color, label=name if row == 0 else None)
ax.axvline(1, color="0.5", linestyle=":")
ax.set(yticks=range(len(results)), yticklabels=list(results), xlim=(0, None),
       xlabel="test error (noise variance = 1, dotted)")
ax.invert_yaxis()
fig.legend(loc="outside upper center", ncols=3)
fig.get_layout_engine().set(rect=(0.06, 0, 0.94, 1))  # phones enlarge the labels
best = {scenario: min(errors, key=lambda name: errors[name][0].mean())
        for scenario, errors in results.items()}
lowest = "; ".join(f"{scenario}, {name}" for scenario, name in best.items())
fig.set_label("Mean test error of three priors in six scenarios, with bars of "
              f"two standard errors. The lowest of each: {lowest}.")

# %% checks tags=["hidden"]
def gap(scenario, a, b):
    """Paired mean difference in test error, in standard errors."""
    center, error = mean_and_error(results[scenario][a][0] - results[scenario][b][0])
    return center / error


assert gap("prior is true", "full", "mean only") < -5
assert gap("prior is true", "mean only", "zero mean") < -3
assert gap("mean is wrong", "mean only", "zero mean") > 2
assert gap("covariance is wrong", "full", "mean only") > 2
assert gap("mean is wrong", "full", "mean only") < -2
assert abs(gap("mean is wrong", "full", "zero mean")) < 2
assert gap("source is near", "full", "mean only") < -2
assert gap("source is far", "full", "mean only") > 2
assert gap("source is far", "full", "zero mean") > 2
assert gap("source is far", "mean only", "zero mean") < -2
assert gap("source is near", "mean only", "zero mean") < -5
assert abs(gap("source is middling", "full", "mean only")) < 2

# %% values tags=["hidden"]
values = {
    "tasks": tasks,
    "n": n,
    "dimension": D,
    "tau_min": taus[0].item(),
    "tau_max": taus[-1].item(),
    "tau_count": len(taus),
}
for scenario, errors in results.items():
    key = scenario.replace(" is ", "_")
    for name, (error, at_edge) in errors.items():
        short = f"{key}_{name.split()[0]}"
        values[short] = error.mean().item()
        values[f"{short}_edge"] = at_edge
    gain = errors["full"][0] - errors["mean only"][0]
    values[f"{key}_gain"], values[f"{key}_gain_error"] = mean_and_error(gain)
    values[f"{key}_wins"] = (gain < 0).sum().item()
    for name in ("mean only", "full"):  # against no learned prior at all
        cost = errors[name][0] - errors["zero mean"][0]
        short = f"{key}_{name.split()[0]}_cost"
        values[short], values[f"{short}_error"] = mean_and_error(cost)
values["source_far_mean_saving"] = -values["source_far_mean_cost"]
