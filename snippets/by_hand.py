# %% [markdown]
# # Weight decay is MAP estimation: the example by hand
#
# PyTorch’s own weight decay finds the minimizer; a grid, which knows nothing
# of Gaussians, finds the evidence and the posterior.

# %% minimizer
import math

import matplotlib.pyplot as plt
import torch
from torch.distributions import Normal

torch.set_default_dtype(torch.float64)
labels = torch.tensor([1.0, 2.0, 6.0])
mean = torch.nn.Parameter(torch.tensor(0.0))
optimizer = torch.optim.SGD([mean], lr=0.1, weight_decay=1 / 2)
for _ in range(300):
    optimizer.zero_grad()
    loss = -Normal(mean, 1.0).log_prob(labels).mean()
    loss.backward()
    optimizer.step()
print(f"weight decay stops at        {mean.item():12.9f}")

# %% posterior
grid = torch.linspace(-10, 14, 24_001)
log_likelihood_grid = Normal(grid[:, None], 1.0).log_prob(labels).sum(dim=1)
grid_likelihood = log_likelihood_grid.exp()
grid_prior = Normal(0, math.sqrt(2 / 3)).log_prob(grid).exp()
grid_evidence = torch.trapezoid(grid_likelihood * grid_prior, grid)
grid_posterior = grid_likelihood * grid_prior / grid_evidence
mode = grid[grid_posterior.argmax()].item()
variance = torch.trapezoid((grid - mode) ** 2 * grid_posterior, grid).item()
evidence_by_hand = -3 / 2 * math.log(2 * math.pi) - math.log(3) / 2 - 23 / 2
print(f"posterior peaks at         {mode:13.9f}")
print(f"its variance               {variance:13.9f}")
print(f"2/9                        {2 / 9:13.9f}")
print(f"log evidence, grid         {grid_evidence.log().item():13.9f}")
print(f"log evidence, by hand      {evidence_by_hand:13.9f}")
objective = -grid_posterior.max().log().item() / 3
print(f"-1/3 log posterior, grid   {objective:13.9f}")
print(f"L(2) + C, by hand          {math.log(4 * math.pi / 9) / 6:13.9f}")

# %% figure
shown = (grid >= -2) & (grid <= 5) & (torch.arange(len(grid)) % 50 == 0)
area = torch.trapezoid(grid_likelihood, grid)
curves = {  # name: (density on the left, negative log on the right)
    "likelihood": (grid_likelihood / area, -grid_likelihood.log() / 3),
    "prior": (grid_prior, -grid_prior.log() / 3),
    "posterior": (grid_posterior, -grid_posterior.log() / 3),
}
fig, axes = plt.subplots(ncols=2, figsize=(6.0, 2.5))
for (name, pair), style in zip(curves.items(), ("--", ":", "-"), strict=True):
    for ax, curve in zip(axes, pair, strict=True):
        ax.plot(grid[shown], curve[shown], style, label=name)
for ax in axes:
    ax.axvline(mode, color="0.5", linewidth=1, dashes=(4, 4))
    ax.set_xlabel("parameter θ")
axes[0].set(ylabel="density", ylim=(0, 1))
axes[1].set(ylabel="−(1/n) log density", ylim=(-0.5, 8))
handles, names = axes[0].get_legend_handles_labels()
fig.legend(handles, names, loc="outside upper center", ncols=3)
fig.set_label(
    "Two panels over the parameter. Left: likelihood around "
    f"{labels.mean():g}, prior around zero and, between them and narrower, the "
    f"posterior with its peak at {mode:g}. Right: the three negative "
    f"logarithms are parabolas; the posterior's is lowest at {mode:g}."
)

# %% checks tags=["hidden"]
assert abs(mean.item() - 2) < 1e-12
assert abs(mode - 2) < 1e-12
assert abs(variance - 2 / 9) < 1e-10
assert abs(grid_evidence.log().item() - evidence_by_hand) < 1e-10
assert abs(objective - math.log(4 * math.pi / 9) / 6) < 1e-10

# %% values tags=["hidden"]
values = {
    "minimizer": mean.item(),
    "mode": mode,
    "variance": variance,
    "log_evidence": grid_evidence.log().item(),
    "objective": objective,
}
