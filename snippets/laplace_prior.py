# %% [markdown]
# # A Laplace prior is an L1 penalty
# The MAP estimate under a Laplace prior is exactly zero in many entries; under
# a Gaussian prior it never is.

# %% penalty
import torch
from matplotlib import pyplot as plt
from torch.distributions import Laplace, Normal

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)
n, D, l1 = 60, 20, 0.3
scale = torch.tensor(1 / (n * l1))  # s; the prior variance is 2 s^2
theta = torch.randn(D)
log_prior = Laplace(torch.zeros(()), scale).log_prob(theta).sum()
penalty = l1 * theta.abs().sum() + D / n * torch.log(2 * scale)
print(f"-(1/n) log prior:        {-log_prior / n:.10f}")
print(f"α Σ|θ| + constant:       {penalty:.10f}")

# %% [markdown]
# With orthogonal features the Gaussian prior scales each entry; the Laplace
# prior subtracts, and stops at zero.

# %% thresholds
def soft_threshold(theta: torch.Tensor, amount: float) -> torch.Tensor:
    """Toward zero by `amount`, stopping there."""
    return theta.sign() * (theta.abs() - amount).clamp(min=0)


def shrink(theta: torch.Tensor, weight_decay: float) -> torch.Tensor:
    return theta / (1 + weight_decay)


# %% figure
variance = 2 * scale**2  # the Gaussian prior with the same variance
fig, (left, right) = plt.subplots(1, 2, figsize=(5.4, 2.7))
t = torch.linspace(-0.35, 0.35, 141)
left.plot(t, Normal(0, variance.sqrt()).log_prob(t).exp(), "C0--")
left.plot(t, Laplace(0, scale).log_prob(t).exp(), "C1")
left.set(xlabel="parameter", ylabel="prior density", xticks=[-0.3, 0, 0.3])
t = torch.linspace(-1, 1, 141)
right.plot(t, t, color="0.5", linestyle=":", label="no prior")
right.plot(t, shrink(t, 1 / (n * variance)), "C0--", label="Gaussian")
right.plot(t, soft_threshold(t, l1), "C1", label="Laplace")
right.set(xlabel="least squares", ylabel="MAP estimate", xticks=[-1, 0, 1],
          yticks=[-1, 0, 1])
right.legend(loc="upper left")
fig.set_label("Left: a Laplace density, with a sharp peak at zero, and a "
              "Gaussian density of the same variance, round there. Right: the "
              "MAP estimate against least squares. The Gaussian line is "
              "straight and less steep than the diagonal; the Laplace line is "
              "flat at zero in the middle and parallel to the diagonal outside.")

# %% [markdown]
# General features: a gradient step on the nll, then a soft threshold
# (proximal gradient).

# %% proximal
torch.manual_seed(1)
x = torch.randn(n, D) @ (torch.eye(D) + 0.2 * torch.randn(D, D))
x = (x - x.mean(0)) / x.std(0)
y = x[:, :3] @ torch.tensor([2.0, -1.5, 1.0]) + torch.randn(n)

proximal = torch.zeros(D, requires_grad=True)
optimizer = torch.optim.SGD([proximal], lr=0.1)
for _ in range(1000):
    optimizer.zero_grad()
    (0.5 * ((y - x @ proximal) ** 2).mean()).backward()  # the nll
    optimizer.step()
    with torch.no_grad():
        proximal.copy_(soft_threshold(proximal, 0.1 * l1))

# %% [markdown]
# Autograd through `abs` jitters around zero, at two learning rates.

# %% through_abs
theta = torch.zeros(2, D, requires_grad=True)  # a row for each learning rate
lr = torch.tensor([[0.1], [0.02]])
for step in range(1, 5001):
    nll = 0.5 * ((y - theta @ x.T) ** 2).mean(-1)
    loss = (nll + l1 * theta.abs().sum(-1)).sum()
    (gradient,) = torch.autograd.grad(loss, theta)
    theta = (theta - lr * gradient).detach().requires_grad_()
    if step == 1000:
        early = theta[0]

# %% zeros
zero = proximal.detach() == 0
jitter = {}
print("                       zeros  largest there")
for name, end in {"soft threshold, lr 0.1": proximal, "autograd, lr 0.1": early,
                  "  5 times the steps": theta[0],
                  "  and lr 0.02": theta[1]}.items():
    jitter[name] = end[zero].abs().max().item()
    print(f"{name:23} {(end == 0).sum():4d} {jitter[name]:10.4f}")

# %% values tags=["hidden"]
values = {
    "dimension": D,
    "proximal_zeros": zero.sum().item(),
    "jitter": jitter["autograd, lr 0.1"],
    "jitter_longer": jitter["  5 times the steps"],
    "jitter_slower": jitter["  and lr 0.02"],
    **{f"proximal_{i}": v for i, v in enumerate(proximal.tolist())},
}
