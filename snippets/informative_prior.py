# %% [markdown]
# # Priors with a mean and a covariance
# Decay toward $\mu$ is weight decay on $\theta-\mu$. A Gaussian prior
# $N(\mu, \tau\Sigma)$ also says in which directions $\theta$ may move.

# %% setup
import torch
from matplotlib import pyplot as plt
from torch import nn
from torch.distributions import LowRankMultivariateNormal, MultivariateNormal
from torch.func import functional_call
from torch.nn.utils import parameters_to_vector

import models

torch.set_default_dtype(torch.float64)


def distance(a, b) -> float:
    return (parameters_to_vector(a) - parameters_to_vector(b)).norm().item()


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

# %% towards_mu
optimizer = torch.optim.SGD(model.parameters(), lr=lr)  # no weight_decay here
for _ in range(steps):
    optimizer.zero_grad()
    nn.functional.mse_loss(model(x), y).backward()
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
    output = functional_call(pretrained, theta, (x,))
    nn.functional.mse_loss(output, y).backward()
    optimizer.step()

# %% same_path
ends = [mu[name] + d.detach() for name, d in delta.items()]
before, after = (distance(end, mu.values()) for end in (start.parameters(), ends))
print(f"distance from μ, before training: {before:.3f}")
print(f"distance from μ, after {steps} steps: {after:.3f}")
print("the two runs coincide:", distance(model.parameters(), ends) < 1e-8)

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
same = torch.allclose(gradient, written_out, rtol=1e-10)
print("gradient of log_prob is -inv(Σ)(θ - μ):", same)
print(f"numbers stored: {D * (k + 2)}, with a full Σ: {D * (D + 1) // 2 + D}")


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
    """Closed form: x (n, D), y (n,), mean (D,), covariance (D, D)."""
    xs = x @ covariance
    gram = xs @ x.T + noise_variance * torch.eye(len(y))
    return mean + xs.T @ torch.linalg.solve(gram, y - x @ mean)


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
print(f"distance from μ to the MAP estimate: {(closed - mean).norm():.3f}")
print("trained equals closed form:", (theta - closed).norm().item() < 1e-6)

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
fig, axes = plt.subplots(1, 3, figsize=(5.4, 2.4), sharex=True, sharey=True)
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

# %% values tags=["hidden"]
values = {
    "dimension": D,
    "rank": k,
    "stored": D * (k + 2),
    "stored_full": D * (D + 1) // 2 + D,
}
