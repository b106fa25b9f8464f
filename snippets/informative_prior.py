# %% [markdown]
# # Priors with a mean and a covariance
# Decay toward $\mu$ is weight decay on $\theta-\mu$. A Gaussian prior
# $N(\mu, \tau\Sigma)$ also says in which directions $\theta$ may move, and a
# mean and covariance learned elsewhere can help or harm.

# %% setup
import torch
from matplotlib import pyplot as plt
from torch.distributions import LowRankMultivariateNormal, MultivariateNormal
from torch.func import functional_call
from torch.nn.utils import parameters_to_vector

import models

torch.set_default_dtype(torch.float64)

# %% [markdown]
# ## Decay toward a mean
# One run adds $\lambda(\theta-\mu)$ to the gradient. The other trains the
# offset $\delta=\theta-\mu$ with plain `weight_decay`.

# %% two_models
torch.manual_seed(0)
pretrained, start, model = models.Net(), models.Net(), models.Net()
model.load_state_dict(start.state_dict())
x, y = torch.randn(60, 2), torch.randn(60, 1)
mu = dict(pretrained.named_parameters())
weight_decay, lr, steps = 0.1, 0.05, 200


def mse(prediction: torch.Tensor) -> torch.Tensor:
    return ((y - prediction) ** 2).mean()


# %% towards_mu
optimizer = torch.optim.SGD(model.parameters(), lr=lr)  # no weight_decay here
for _ in range(steps):
    optimizer.zero_grad()
    mse(model(x)).backward()
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.grad.add_(p - mu[name], alpha=weight_decay)
    optimizer.step()

# %% offset
mu = {name: p.detach() for name, p in mu.items()}
delta = {name: (p.detach() - mu[name]).requires_grad_()
         for name, p in start.named_parameters()}
optimizer = torch.optim.SGD(delta.values(), lr=lr, weight_decay=weight_decay)
for _ in range(steps):
    optimizer.zero_grad()
    theta = {name: mu[name] + d for name, d in delta.items()}
    mse(functional_call(pretrained, theta, (x,))).backward()
    optimizer.step()


# %% same_path
def far(a, b) -> float:
    return (parameters_to_vector(a) - parameters_to_vector(b)).norm().item()


at_the_end = [mu[name] + d.detach() for name, d in delta.items()]
from_mu = far(model.parameters(), mu.values())
apart = far(model.parameters(), at_the_end)
assert apart < 1e-8
at_first = far(start.parameters(), mu.values())
print(f"distance from mu, before training: {at_first:.3f}")
print(f"distance from mu, after {steps} steps: {from_mu:.3f}")
print("distance between the two runs: below 1e-8")

# %% [markdown]
# ## A mean and a covariance
# $\Sigma = UU^\top + \mathrm{diag}(d)$ with $U$ of shape $(D, k)$: `torch`
# never forms the $D\times D$ matrix.

# %% low_rank
torch.manual_seed(1)
D, k = 20, 3
mean = 0.7 * torch.randn(D)
factor, diagonal = 0.5 * torch.randn(D, k), torch.full((D,), 0.05)
prior = LowRankMultivariateNormal(mean, factor, diagonal)

theta = torch.randn(D, requires_grad=True)
gradient = torch.autograd.grad(prior.log_prob(theta), theta)[0]
precision = torch.linalg.inv(factor @ factor.T + diagonal.diag())
written_out = -precision @ (theta - mean).detach()
gradient_error = ((gradient - written_out).norm() / written_out.norm()).item()
assert gradient_error < 1e-12
print("gradient of log_prob against -inv(Sigma) (theta - mu):")
print("relative difference below 1e-12")
print(f"numbers stored: {D * (k + 1) + D}, with a full Sigma: {D * D + D}")


# %% [markdown]
# On linear regression the MAP estimate has a closed form. `nll` is per
# example, so the log prior is divided by $n$.

# %% penalized_loss
def nll(theta, x, y, noise_variance=1.0):
    residual = y - x @ theta
    return (residual**2).mean() / (2 * noise_variance)  # up to a constant


def penalized_loss(theta, x, y, prior):
    return nll(theta, x, y) - prior.log_prob(theta) / len(y)


# %% map_estimate
def map_estimate(x, y, mean, covariance, noise_variance=1.0):
    """Closed form, batched: x (..., n, D), y (..., n), mean (..., D).

    theta = mean + S X' (X S X' + noise_variance I)^-1 (y - X mean)
    """
    xs = x @ covariance
    gram = xs @ x.mT + noise_variance * torch.eye(x.shape[-2])
    residual = y[..., None] - x @ mean[..., None]
    return mean + (xs.mT @ torch.linalg.solve(gram, residual))[..., 0]


# %% trained
x20 = torch.randn(20, D)
y20 = x20 @ prior.sample() + torch.randn(20)
theta = mean.clone().requires_grad_()
optimizer = torch.optim.LBFGS([theta], max_iter=500, tolerance_grad=1e-12,
                              tolerance_change=0,
                              line_search_fn="strong_wolfe")


def closure():
    optimizer.zero_grad()
    loss = penalized_loss(theta, x20, y20, prior)
    loss.backward()
    return loss


optimizer.step(closure)
closed = map_estimate(x20, y20, mean, prior.covariance_matrix)
map_error = (theta.detach() - closed).norm().item()
assert map_error < 1e-6
print(f"distance from mu to the MAP estimate: {(closed - mean).norm():.3f}")
print("distance, trained to closed form: below 1e-6")

# %% [markdown]
# Two parameters and three examples, so that the priors can be drawn.

# %% plane
torch.manual_seed(4)
x2 = torch.randn(3, 2) * torch.tensor([1.0, 0.25])
truth = torch.tensor([1.6, 1.9])
y2 = x2 @ truth + 0.5 * torch.randn(3)
mu2, eye2 = torch.tensor([1.0, 1.3]), torch.eye(2)
tilted = torch.tensor([[0.5, 0.4], [0.4, 0.5]])
three = {"zero mean": (torch.zeros(2), 0.5 * eye2),
         "mean only": (mu2, 0.5 * eye2), "full": (mu2, tilted)}

# %% contours
grid = torch.linspace(-1.5, 3.5, 80)
points = torch.stack(torch.meshgrid(grid, grid, indexing="xy"), -1)
misfit = ((y2 - points @ x2.T) ** 2).sum(-1) / (2 * 0.25)
fig, axes = plt.subplots(1, 3, figsize=(6.8, 2.8), sharex=True, sharey=True)
for ax, (name, (m, S)) in zip(axes, three.items()):
    log_prior = MultivariateNormal(m, S).log_prob(points)
    levels = log_prior.max() - torch.tensor([2.0, 0.5])  # 2 and 1 deviations
    ax.contour(grid, grid, misfit, misfit.min() + torch.tensor([0.5, 2.0]),
               colors="0.5", linestyles="dashed")
    ax.contour(grid, grid, log_prior, levels, colors="C0", linestyles="solid")
    ax.plot(*map_estimate(x2, y2, m, S, 0.25), "kD", markersize=6)
    ax.plot(*truth, "x", color="C1", markersize=9, markeredgewidth=2)
    ax.set(title=name, xlabel="first parameter", xticks=[0, 2], yticks=[0, 2])
axes[0].set_ylabel("second parameter")
fig.set_label("Three priors over two parameters, each with the same long "
              "likelihood valley. The MAP estimate of the zero-mean prior is "
              "farthest from the true parameters, that of the full prior "
              "nearest.")

# %% [markdown]
# ## Does it predict better?
# The same target tasks for three priors: few examples, the prior’s scale
# $\tau$ chosen on a validation set. All tasks of a scenario are one batch.

# %% tasks
tasks, n = 400, 20
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
def compare(theta, mean, covariance, generator):
    """Test MSE of each prior on the same tasks: name -> (per task, edge)."""
    train = draw(theta, n, 1, generator)
    validation = draw(theta, n, 1, generator)
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
results = {scenario: compare(theta, *prior, generator)
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
    results[f"source is {label}"] = compare(target, *prior, generator)


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
fig, ax = plt.subplots(figsize=(6.4, 4.2))
styles = {"zero mean": ("s", "C5"), "mean only": ("o", "C0"),
          "full": ("D", "C1")}
for row, errors in enumerate(results.values()):
    for i, (name, (marker, color)) in enumerate(styles.items()):
        center, error = mean_and_error(errors[name][0])
        ax.errorbar(center, row + 0.22 * (i - 1), xerr=2 * error, fmt=marker,
                    color=color, label=name if row == 0 else None)
ax.axvline(1, color="0.5", linestyle=":")
labels = [scenario.replace(" is ", "\nis ") for scenario in results]
ax.set(yticks=range(len(results)), yticklabels=labels, xlim=(0, None),
       xlabel="test error (noise variance = 1, dotted)")
ax.invert_yaxis()
fig.legend(loc="outside upper center", ncols=3)
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
to_truth = {name: (map_estimate(x2, y2, m, S, 0.25) - truth).norm().item()
            for name, (m, S) in three.items()}
assert to_truth["full"] < to_truth["mean only"] < to_truth["zero mean"]

# %% values tags=["hidden"]
values = {
    "from_mu": from_mu,
    "steps": steps,
    "tasks": tasks,
    "n": n,
    "dimension": D,
    "rank": k,
    "stored": D * (k + 1) + D,
    "stored_full": D * D + D,
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
