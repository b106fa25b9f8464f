# %% [markdown]
# # Questions about the relatives of weight decay
# Each cell prints the number that decides one question: maximum likelihood,
# early stopping, elastic net, LoRA, and the same penalty in other libraries.

# %% setup
import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)


def weight(start=1.0):
    """Return one parameter."""
    return nn.Parameter(torch.tensor(start))


# %% map_and_mle
prior_variance, noise_variance, truth = 1.0, 1.0, 2.0
estimates = {}
print("    n  likelihood    MAP")
for n in (2, 20, 2000):
    y = truth + torch.randn(n)
    mle = y.mean().item()
    map_estimate = mle * n / (n + noise_variance / prior_variance)
    estimates[n] = mle, map_estimate
    print(f"{n:5d} {mle:11.3f} {map_estimate:6.3f}")

# %% early_stopping
curvature = torch.tensor([1.0, 0.1, 0.01])  # along three directions
lr, steps = 0.1, 100
stopped = 1 - (1 - lr * curvature) ** steps
decay = 1 / (lr * steps)
ridge = curvature / (curvature + decay)
print("share of each direction that is fitted")
print("curvature              1     0.1    0.01")
shares = {"stopped at 100": stopped, f"weight_decay {decay}": ridge}
for name, share in shares.items():
    print(f"{name:<17}", *(f"{x:7.3f}" for x in share.tolist()))

# %% elastic_net
lam, l1 = 0.5, 1.0  # weight_decay, and the strength of the L1 penalty
targets = torch.tensor([3.0, 1.2, 0.4])
w = nn.Parameter(torch.zeros(3))
optimizer = SGD([w], lr=0.1, weight_decay=lam)
for _ in range(200):
    w.grad = w.detach() - targets  # of half the squared distance
    optimizer.step()
    w.data = w.sign() * (w.abs() - 0.1 * l1).clamp(min=0)  # L1, after the step
print("no penalty ", targets.tolist())
print("both       ", [round(x, 4) for x in w.tolist()])

# %% lora
target = torch.diag(torch.tensor([3.0, 1.0, 0.3]))
B, A = (nn.Parameter(0.1 * torch.randn(3, 3)) for _ in range(2))
optimizer = SGD([B, A], lr=0.1, weight_decay=0.5)
for _ in range(1000):
    optimizer.zero_grad()
    ((B @ A - target).square().sum() / 2).backward()
    optimizer.step()

update = (B @ A).detach()
sizes = torch.linalg.svdvals(update)
half_squares = (B.square().sum() + A.square().sum()).item() / 2
print("without decay     ", [3.0, 1.0, 0.3])
print("decay 0.5 on B, A ", [round(x, 4) for x in sizes.tolist()])
print("decay 0.5 on BA   ", [round(x / 1.5, 4) for x in (3.0, 1.0, 0.3)])
print(f"half the squares of B, A  {half_squares:.4f}")
print(f"nuclear norm of BA        {sizes.sum():.4f}")


# %% keras
def after_step(optimizer_class, c=0.0, **settings):
    """Return a weight after one step on a loss w + c w²."""
    w = weight()
    optimizer = optimizer_class([w], lr=0.1, **settings)
    (w + c * w.square()).backward()
    optimizer.step()
    return w.item()


keras = {
    "l2(0.01) in the loss": after_step(SGD, c=0.01),
    "SGD(weight_decay=0.02)": after_step(SGD, weight_decay=0.02),
    "SGD(weight_decay=0.01)": after_step(SGD, weight_decay=0.01),
}
for name, end in keras.items():
    print(f"{name:<23} 1 becomes {end:.4f}")


# %% optax
def chain(*transformations, w=1.0, gradient=1.0):
    """Apply transformations of the update in order, then add it to the weight."""
    for transform in transformations:
        gradient = transform(gradient, w)
    return w + gradient


def add_decay(u, w):  # optax.add_decayed_weights(0.01)
    return u + 0.01 * w


def adam(u, w):  # optax.scale_by_adam(), at its first step
    return u / (abs(u) + 1e-8)


def rate(u, w):  # optax.scale_by_learning_rate(0.1)
    return -0.1 * u


orders = {
    "decay, adam, rate": chain(add_decay, adam, rate),
    "adam, decay, rate": chain(adam, add_decay, rate),
    "adam, rate, decay": chain(adam, rate, add_decay),
    "torch Adam": after_step(Adam, weight_decay=0.01),
    "torch AdamW": after_step(AdamW, weight_decay=0.01),
}
for name, end in orders.items():
    print(f"{name:<18} 1 becomes {end:.4f}")

# %% values tags=["hidden"]
values = {
    "mle_few": estimates[2][0],
    "map_few": estimates[2][1],
    "mle_many": estimates[2000][0],
    "map_many": estimates[2000][1],
    "stopped": stopped.tolist()[1],
    "ridge": ridge.tolist()[1],
    "lora_first": sizes[0].item(),
    "lora_second": sizes[1].item(),
    "lora_last": sizes[2].item(),
    "lora_squares": half_squares,
    "lora_nuclear": sizes.sum().item(),
    "net_first": w[0].item(),
    "net_second": w[1].item(),
    "net_last": w[2].item(),
    "keras_l2": keras["l2(0.01) in the loss"],
    "keras_double": keras["SGD(weight_decay=0.02)"],
    "optax_last": orders["adam, rate, decay"],
    "optax_coupled": orders["decay, adam, rate"],
    "optax_decoupled": orders["adam, decay, rate"],
}
