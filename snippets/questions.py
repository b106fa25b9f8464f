# %% [markdown]
# # Questions about the penalty
# Each cell prints the number that decides one question: what `step()` adds, with
# which factor, and how close other ways to write it come.

# %% setup
import torch
from torch import nn
from torch.optim import SGD

from models import Net

torch.manual_seed(0)
lr, weight_decay = 0.1, 0.01

# %% step
theta = nn.Parameter(torch.tensor(2.0, dtype=torch.float64))
theta.grad = torch.tensor(0.3, dtype=torch.float64)  # as backward() leaves it
SGD([theta], lr=lr, weight_decay=weight_decay).step()

applied, theta_grad = (2.0 - theta.item()) / lr, theta.grad.item()
print(f"SGD applied {applied:.4f} = 0.3 + 0.01 * 2")
print(f"theta.grad  {theta_grad:.4f} after step()")

# %% l2_loss
vector = torch.tensor([3.0, 4.0, 0.0, 0.0], requires_grad=True)
candidates = {
    "nn.MSELoss()(theta, 0)": nn.MSELoss()(vector, torch.zeros(4)),
    "theta.square().sum() / 2": vector.square().sum() / 2,
}
l2_gradients = {}
for name, loss in candidates.items():
    (l2_gradients[name],) = torch.autograd.grad(loss, vector)
    pull = l2_gradients[name].tolist()
    print(f"{name:<24}  value {loss.item():5.2f}")
    print(f"  gradient {pull}")

# %% factor_two
penalties = {
    "half the squared norm": lambda theta: theta.square().sum() / 2,
    "the squared norm": lambda theta: theta.square().sum(),
    "the norm": lambda theta: theta.norm(),
}
pulls = {}
print("length of the pull at ‖θ‖ =  1 and   10")
for name, penalty in penalties.items():
    pulls[name] = []
    for size in (1.0, 10.0):
        theta = torch.tensor([0.6 * size, 0.8 * size], requires_grad=True)
        (gradient,) = torch.autograd.grad(penalty(theta), theta)
        pulls[name].append((gradient / theta).mean().item())
    near, far = pulls[name]
    print(f"{name:<22} {near:8.2f} {10 * far:8.2f}")

# %% manual_penalty
theta = torch.randn(261, requires_grad=True)
decay = weight_decay * theta.detach()  # λθ, rounded once, in float32
writings = {
    "λ * (sum of θ² / 2)": weight_decay * (theta.square().sum() / 2),
    "λ * sum of θ² / 2": weight_decay * theta.square().sum() / 2,
    "λ * norm² / 2": weight_decay * theta.norm() ** 2 / 2,
    "sum of (√λ * θ)² / 2": (weight_decay**0.5 * theta).square().sum() / 2,
}
differing, worst = {}, {}
print(f"of {len(theta)} entries        differ, by at most")
for name, penalty in writings.items():
    (gradient,) = torch.autograd.grad(penalty, theta)
    differing[name] = int((gradient != decay).sum())
    worst[name] = ((gradient - decay) / decay).abs().max().item()
    print(f"{name:<21} {differing[name]:>5} {worst[name]:13.1e}")

# %% gaussian
n, prior_variance = 60, 1 / (60 * weight_decay)
points = torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64, requires_grad=True)
std = torch.tensor(prior_variance, dtype=torch.float64).sqrt()
zero = torch.zeros_like(std)
priors = {
    "Normal": torch.distributions.Normal(zero, std),
    "Laplace": torch.distributions.Laplace(zero, std / 2**0.5),
}
prior_pulls = {}
print("pull at  0.5     1       2")
for name, prior in priors.items():
    (gradient,) = torch.autograd.grad(-prior.log_prob(points).sum() / n, points)
    prior_pulls[name] = gradient.tolist()
    pulls_at = "  ".join(f"{pull:.4f}" for pull in gradient)
    print(f"{name:<8} {pulls_at}")


# %% sum_or_mean
def mean_penalty_gradient(width):
    """Return what θ is multiplied by in the gradient of λ/2 times mean θ²."""
    theta = torch.ones(width, requires_grad=True)
    penalty = weight_decay / 2 * theta.square().mean()
    (gradient,) = torch.autograd.grad(penalty, theta)
    return gradient[0].item()


D = sum(p.numel() for p in Net().parameters())
widths = {"the article's net": D, "a million weights": 10**6}
means = {name: mean_penalty_gradient(width) for name, width in widths.items()}
for name, width in widths.items():
    print(f"{name}, D = {width}")
    print(f"  sum: {weight_decay} θ   mean: {means[name]:.1e} θ")

# %% checks tags=["hidden"]
assert abs(applied - 0.32) < 1e-12
assert all(error < 4e-7 for error in worst.values()), worst  # a few float32 roundings
assert max(differing.values()) > 100, differing

# %% values tags=["hidden"]
values = {
    "lr": lr,
    "weight_decay": weight_decay,
    "gradient": theta_grad,
    "applied": applied,
    "mse_gradient": l2_gradients["nn.MSELoss()(theta, 0)"][0].item(),
    "half_gradient": l2_gradients["theta.square().sum() / 2"][0].item(),
    "pull_squared": pulls["the squared norm"][0],
    "pull_norm_far": pulls["the norm"][1],
    "differing_entries": max(differing.values()),
    "worst_penalty": max(worst.values()),
    "pull_normal": prior_pulls["Normal"][1],
    "pull_normal_far": prior_pulls["Normal"][2],
    "pull_laplace": prior_pulls["Laplace"][1],
    "pull_laplace_far": prior_pulls["Laplace"][2],
    "net_parameters": widths["the article's net"],
    "mean_pull": means["the article's net"],
}
