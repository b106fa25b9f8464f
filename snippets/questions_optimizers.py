# %% [markdown]
# # Questions about optimizers and schedules
# Each cell prints the number that decides one question: what Adam, AdamW,
# momentum, a schedule or a sparse gradient makes of `weight_decay`.

# %% setup
import math
import textwrap

import torch
from torch import nn
from torch.optim import SGD, Adagrad, Adam, AdamW, SparseAdam
from torch.optim.lr_scheduler import CosineAnnealingLR

torch.set_default_dtype(torch.float64)
lr, weight_decay = 0.1, 0.01


def weight(start=1.0):
    """Return a single parameter whose loss has gradient zero."""
    theta = nn.Parameter(torch.tensor(start))
    theta.grad = torch.zeros_like(theta)
    return theta


# %% adam
moved = {}
for optimizer_class in (SGD, Adam, AdamW):
    for decay in (0.01, 0.1):
        theta = weight()
        optimizer_class([theta], lr=lr, weight_decay=decay).step()
        name, distance = optimizer_class.__name__, 1 - theta.item()
        moved[name, decay] = distance
        print(f"{name:<6} weight_decay {decay:<4}  moved by {distance:.4f}")

# %% adamw_lr
shrinks = {}
for rate, decay in ((0.1, 0.01), (0.05, 0.01), (0.05, 0.02)):
    theta = weight()
    AdamW([theta], lr=rate, weight_decay=decay).step()
    shrink = shrinks[rate, decay] = theta.item()
    print(f"times {shrink:.4f}  lr {rate:<4} weight_decay {decay}")

# %% schedule
steps = 1000
decayed = {}
for name in ("constant", "cosine"):
    theta, sum_of_rates = weight(), 0.0
    optimizer = SGD([theta], lr=lr, weight_decay=weight_decay)
    schedule = CosineAnnealingLR(optimizer, T_max=steps)
    for _ in range(steps):
        sum_of_rates += optimizer.param_groups[0]["lr"]
        optimizer.step()
        if name == "cosine":
            schedule.step()
    decayed[name] = left = theta.item()
    expected = math.exp(-weight_decay * sum_of_rates)
    print(f"{name:<9} {left:.4f}, exp(-λ Σ lr) = {expected:.4f}")


# %% together
def train(lr, weight_decay, steps):
    """Return w after SGD on the loss (w - 1)² / 2 from w = 0."""
    w = nn.Parameter(torch.tensor(0.0))
    optimizer = SGD([w], lr=lr, weight_decay=weight_decay)
    for _ in range(steps):
        w.grad = w.detach() - 1
        optimizer.step()
    return w.item()


runs, FEW, MANY = {}, 10, 400
print(f"w after {FEW} steps, after {MANY}")
for rate, decay in ((0.1, 0.1), (0.05, 0.1), (0.05, 0.2)):
    early, late = train(rate, decay, FEW), train(rate, decay, MANY)
    runs[rate, decay] = early, late
    print(f"{early:.4f} {late:10.4f}    lr {rate:<4} weight_decay {decay}")


# %% sgdw
def rest(decoupled, momentum=0.9, lr=0.01, weight_decay=0.1):
    """Return where w comes to rest on the loss (w - 1)² / 2."""
    w = nn.Parameter(torch.tensor(0.0))
    coupled_decay = 0.0 if decoupled else weight_decay
    optimizer = SGD([w], lr=lr, momentum=momentum, weight_decay=coupled_decay)
    for _ in range(800):
        w.grad = w.detach() - 1
        start = w.detach().clone()
        optimizer.step()
        if decoupled:  # SGDW: the decay goes around the momentum buffer
            with torch.no_grad():
                w.sub_(lr * weight_decay * start)
    return w.item()


rests = {"SGD, momentum 0.9": rest(False), "SGDW, momentum 0.9": rest(True)}
for name, w in rests.items():
    print(f"{name:<19} rests at {w:.4f}")
    print(f"  the minimum for λ = {1 / w - 1:.3f}")


# %% sparse
def try_sparse(optimizer_class, **settings):
    """Return what one step does to an embedding; its gradient has row 1 only."""
    embedding = nn.Embedding(4, 2, sparse=True)
    start = embedding.weight.detach().clone()
    embedding(torch.tensor([1])).sum().backward()
    try:
        optimizer_class(embedding.parameters(), lr=lr, **settings).step()
    except RuntimeError as error:
        return f"RuntimeError: {error}".split(". ")[0]
    rows = (embedding.weight != start).any(dim=1).nonzero().flatten().tolist()
    return f"moves rows {rows}"


sparse = {
    "SGD": try_sparse(SGD, weight_decay=weight_decay),
    "Adagrad": try_sparse(Adagrad, weight_decay=weight_decay),
    "SGD, no decay": try_sparse(SGD),
    "SparseAdam": try_sparse(SparseAdam),
}
for name, outcome in sparse.items():
    print(f"{name}:", *textwrap.wrap(outcome, 41), sep="\n    ")

# %% smaller_lr
ends = {
    "lr 0.1": train(0.1, 0.0, 500),
    "lr 0.05": train(0.05, 0.0, 500),
    "lr 0.1, decay 0.1": train(0.1, 0.1, 500),
}
for name, w in ends.items():
    print(f"{name:<18} w ends at {w:.4f}")

# %% checks tags=["hidden"]
assert abs(moved["Adam", 0.01] - moved["Adam", 0.1]) < 1e-6
assert abs(shrinks[0.1, 0.01] - shrinks[0.05, 0.02]) < 1e-15
assert sparse["SparseAdam"] == sparse["SGD, no decay"] == "moves rows [1]"
assert all("RuntimeError" in sparse[name] for name in ("SGD", "Adagrad")), sparse

# %% values tags=["hidden"]
values = {
    "lr": lr,
    "weight_decay": weight_decay,
    "adam_small": moved["Adam", 0.01],
    "adam_large": moved["Adam", 0.1],
    "adamw_small": moved["AdamW", 0.01],
    "adamw_large": moved["AdamW", 0.1],
    "adamw_shrink": shrinks[0.1, 0.01],
    "adamw_shrink_half": shrinks[0.05, 0.01],
    "adamw_shrink_same": shrinks[0.05, 0.02],
    "constant_shrink": decayed["constant"],
    "cosine_shrink": decayed["cosine"],
    "late_1": runs[0.1, 0.1][1],
    "late_2": runs[0.05, 0.1][1],
    "late_3": runs[0.05, 0.2][1],
    "early_1": runs[0.1, 0.1][0],
    "early_2": runs[0.05, 0.1][0],
    "early_3": runs[0.05, 0.2][0],
    "few": FEW,
    "many": MANY,
    "sgd_decay": 1 / rests["SGD, momentum 0.9"] - 1,
    "rest_sgd": rests["SGD, momentum 0.9"],
    "rest_sgdw": rests["SGDW, momentum 0.9"],
    "sgdw_decay": 1 / rests["SGDW, momentum 0.9"] - 1,
    "end_lr": ends["lr 0.1"],
    "end_half_lr": ends["lr 0.05"],
    "end_decay": ends["lr 0.1, decay 0.1"],
}
