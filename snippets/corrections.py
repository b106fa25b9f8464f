# %% [markdown]
# # Corrections, each with the number that decides it
# One cell for each correction that no other page computes: the prior’s scale,
# the constants of the derivation, the label of the loss, the gradient after `step()`.

# %% setup
import math

import torch
from torch.distributions import Normal

from models import Net

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
n, weight_decay = 60, 1e-2
tau = 1 / (n * weight_decay)

# %% precision
theta = torch.tensor(1.0, requires_grad=True)
readings = {"variance": tau**0.5, "precision": (1 / tau) ** 0.5}
pulls = {}
for reading, prior_std in readings.items():
    prior = Normal(torch.tensor(0.0), torch.tensor(prior_std))
    (gradient,) = torch.autograd.grad(-prior.log_prob(theta) / n, theta)
    pulls[reading] = gradient.item()
    print(f"τ a {reading:<9}  pull at θ = 1: {pulls[reading]:.4f}")

# %% proportional
y = 1.0 + torch.randn(5)
grid = torch.linspace(-4, 4, 8001)
log_likelihood = Normal(grid[:, None], torch.tensor(1.0)).log_prob(y).sum(dim=1)
log_prior = Normal(torch.tensor(0.0), torch.tensor(1.0)).log_prob(grid)
log_joint = log_likelihood + log_prior
posterior = log_joint.exp() / torch.trapezoid(log_joint.exp(), grid)

places = torch.searchsorted(grid, torch.tensor([0.0, 0.5, 1.0]))
by_joint = (posterior / log_joint.exp())[places].tolist()
by_log = (posterior / -log_joint)[places].tolist()
print("posterior, at θ = 0, 0.5, 1, divided by")
print("joint     ", "  ".join(f"{r:8.2f}" for r in by_joint))
print("-log joint", "  ".join(f"{r:8.4f}" for r in by_log))

# %% label
ends = {
    "-log likelihood": grid[(-log_likelihood).argmin()].item(),
    "-log joint": grid[(-log_joint).argmin()].item(),
    "-log posterior": grid[(-posterior.log()).argmin()].item(),
}
for name, end in ends.items():
    print(f"{name:<15} smallest at {end:.3f}")

# %% constant
D = sum(p.numel() for p in Net().parameters())
constants = {}
for decay in (1e-2, 1.0):
    constants[decay] = D / (2 * n) * math.log(2 * math.pi / (n * decay))
    print(f"λ = {decay:<4}  (D/2n) log(2πτ) = {constants[decay]:+.3f}")

# %% objective
x = torch.linspace(-1, 1, n)
features = torch.stack([x, x**2], dim=1)
targets = torch.randn(n, 1)
prior = Normal(torch.tensor(0.0), torch.tensor(tau).sqrt())
gaps = []
for _ in range(3):
    net = Net()
    theta = torch.cat([p.detach().flatten() for p in net.parameters()])
    likelihood = Normal(net(features).detach(), torch.tensor(0.5).sqrt())
    log_p = likelihood.log_prob(targets).sum()
    penalized_loss = -log_p / n + weight_decay / 2 * theta.square().sum()
    per_example = (log_p + prior.log_prob(theta).sum()) / n
    gaps.append((penalized_loss + per_example).item())
    print(f"L(θ) {penalized_loss:.4f}, sum {gaps[-1]:.6f}")

# %% mean_squared_error
residuals = targets - net(features).detach()
mse = residuals.square().mean().item()
offsets = {}
for noise_variance in (0.5, 0.25):
    spread = torch.tensor(noise_variance).sqrt()
    nll = -Normal(torch.tensor(0.0), spread).log_prob(residuals).mean().item()
    offsets[noise_variance] = nll - mse / (2 * noise_variance)
    factor, offset = 1 / (2 * noise_variance), offsets[noise_variance]
    print(f"σ² = {noise_variance:<4}  NLL = {factor:.0f} * MSE {offset:+.4f}")

# %% in_place
net = Net()
(net(features) - targets).square().mean().backward()
before = torch.cat([p.grad.flatten() for p in net.parameters()]).clone()
torch.optim.SGD(net.parameters(), lr=1e-2, weight_decay=weight_decay).step()
after = torch.cat([p.grad.flatten() for p in net.parameters()])
changed = int((before != after).sum())
print(f"entries of p.grad changed: {changed} of {D}")

# %% zero
try:
    1 / (n * 0.0)
except ZeroDivisionError as error:
    print(f"τ = 1/(nλ) at λ = 0: {error}")

theta = torch.tensor(1.0, requires_grad=True)
zero_pulls = []
for decay in (1e-2, 1e-4, 1e-6):
    prior = Normal(torch.tensor(0.0), torch.tensor(1 / (n * decay)).sqrt())
    (gradient,) = torch.autograd.grad(-prior.log_prob(theta) / n, theta)
    zero_pulls.append(gradient.item())
    variance = 1 / (n * decay)
    print(f"λ = {decay:.0e}  τ = {variance:7.1f}  pull {gradient:.0e}")

# %% checks tags=["hidden"]
assert abs(pulls["variance"] - weight_decay) < 1e-15
assert max(by_joint) - min(by_joint) < 1e-9 * max(by_joint)
assert max(by_log) / min(by_log) > 2
assert constants[1e-2] > 0 > constants[1.0]
assert max(gaps) - min(gaps) < 1e-12
assert changed == 0

# %% values tags=["hidden"]
values = {
    "n": n,
    "parameters": D,
    "weight_decay": weight_decay,
    "prior_variance": tau,
    "pull_variance": pulls["variance"],
    "pull_precision": pulls["precision"],
    "ratio_joint": by_joint[0],
    "ratio_log_spread": max(by_log) / min(by_log),
    "end_likelihood": ends["-log likelihood"],
    "end_joint": ends["-log joint"],
    "end_posterior": ends["-log posterior"],
    "constant_small_decay": constants[1e-2],
    "constant_large_decay": constants[1.0],
    "gap": gaps[0],
    "offset_half": offsets[0.5],
    "offset_quarter": offsets[0.25],
    "changed": changed,
    "zero_pull": zero_pulls[-1],
}
