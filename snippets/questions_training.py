# %% [markdown]
# # Questions about weight decay in a training run
# Each cell prints the number that decides one question: what schedules,
# checkpoints, clipping, loss scaling and short floats make of `weight_decay`.

# %% setup
import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW

from models import Net

torch.manual_seed(0)
lr, weight_decay = 0.1, 0.01


def weight(start=1.0):
    """Return one float64 parameter."""
    return nn.Parameter(torch.tensor(start, dtype=torch.float64))


def fit(optimizer_class, weight_decay, steps=300, factor=1.0, lr=0.1):
    """Return w after training on factor times (w - 1)² / 2 from w = 0."""
    w = weight(0.0)
    optimizer = optimizer_class([w], lr=lr)
    for step in range(steps):
        optimizer.param_groups[0]["weight_decay"] = weight_decay(step / steps)
        w.grad = factor * (w.detach() - 1)
        optimizer.step()
    return w.item()


# %% schedule_decay
schedules = {
    "0.5 throughout": lambda t: 0.5,
    "0.5, then 0 for the last fifth": lambda t: 0.5 if t < 0.8 else 0.0,
    "0, then 0.5 for the last fifth": lambda t: 0.0 if t < 0.8 else 0.5,
}
rests = {name: fit(SGD, schedule) for name, schedule in schedules.items()}
for name, w in rests.items():
    print(f"{name:<31} ends at {w:.3f}")

# %% printed_loss
net, x, y = Net(), torch.randn(60, 2), torch.randn(60, 1)
optimizer = SGD(net.parameters(), lr=lr, weight_decay=weight_decay)


def penalty(optimizer):
    """Half of λ‖θ‖², summed over the groups of a coupled optimizer."""
    return sum(
        group["weight_decay"] / 2 * p.detach().square().sum().item()
        for group in optimizer.param_groups
        for p in group["params"]
    )


loss = nn.functional.mse_loss(net(x), y).item()
logged = {"loss that is printed": loss, "penalty": penalty(optimizer)}
logged["loss that is minimized"] = loss + penalty(optimizer)
for name, value in logged.items():
    print(f"{name:<23} {value:.4f}")

# %% load
saved = AdamW([weight()], weight_decay=0.1).state_dict()
optimizer = AdamW([weight()], weight_decay=0.01)
loaded = [optimizer.param_groups[0]["weight_decay"]]
optimizer.load_state_dict(saved)
loaded.append(optimizer.param_groups[0]["weight_decay"])
print("asked for", loaded[0], "loaded", loaded[1])

# %% add_group
body, head = weight(), weight()
optimizer = AdamW([{"params": [head], "weight_decay": 0.1}])
optimizer.add_param_group({"params": [body]})
added = [group["weight_decay"] for group in optimizer.param_groups]
print("head", added[0], "added later", added[1])

# %% in_between
def shrink(clip=None, scaled=False, overflow=False, backwards=1, **settings):
    """Return after / before, over one step, where the loss has slope zero."""
    w = weight()
    optimizer = SGD([w], **{"lr": lr, "weight_decay": weight_decay} | settings)
    scaler = torch.amp.GradScaler("cpu", enabled=scaled)
    for _ in range(backwards):
        scaler.scale(w * (float("inf") if overflow else 0.0)).backward()
    if clip is not None:
        nn.utils.clip_grad_norm_([w], clip)
    scaler.step(optimizer)
    return w.item()


shrinks = {
    "one step": shrink(),
    "gradient clipped to 1e-6": shrink(clip=1e-6),
    "loss scaled (GradScaler)": shrink(scaled=True),
    "loss scaled, overflow": shrink(scaled=True, overflow=True),
    "four backward(), one step": shrink(backwards=4),
    "fused=True": shrink(fused=True),
    "a tenth of lr in this group": shrink(lr=lr / 10),
}
for name, factor in shrinks.items():
    print(f"{name:<28} times {factor:.4f}")

# %% loss_times_ten
kinds = {"SGD": SGD, "Adam": Adam, "AdamW": AdamW}
ends = {}
for name, kind in kinds.items():
    rate = 0.05 if name == "SGD" else 0.01
    once, ten = (fit(kind, lambda t: 0.5, 1000, by, rate) for by in (1.0, 10.0))
    ends[name] = once, ten
    print(f"{name:<5} ends at {once:.3f}, ten times the loss {ten:.3f}")

# %% rates
def pace(optimizer_class, steps=400, **settings):
    """Return what a step takes of a weight without gradient, in the long run."""
    w = weight()
    optimizer = optimizer_class([w], **settings)
    for _ in range(steps):
        before, w.grad = w.item(), torch.zeros_like(w)
        optimizer.step()
    return 1 - w.item() / before


paces = {
    "SGD, lr 0.1, 1e-4": pace(SGD, lr=0.1, weight_decay=1e-4),
    "SGD, momentum 0.9": pace(SGD, lr=0.1, weight_decay=1e-4, momentum=0.9),
    "AdamW, lr 1e-3, 0.05": pace(AdamW, lr=1e-3, weight_decay=0.05),
}
print(f"{'lost a step':>30} {'memory':>10}")
for name, share in paces.items():
    print(f"{name:<21}  {share:.1e}  {1 / share:>9,.0f}")

# %% finetune
settings = {
    "lr 2e-5, λ 0.01, 10,000 steps": (2e-5, 0.01, 10_000),
    "lr 1e-3, λ 0.05, 100,000 steps": (1e-3, 0.05, 100_000),
}
left = {name: (1 - r * d) ** t for name, (r, d, t) in settings.items()}
for name, share in left.items():
    print(f"{name:<30} leaves {share:.3f}")

# %% short_floats
def share_moved(dtype, pace, count=10_000):
    """Return the share of random weights that one step of decay alone moves."""
    w = nn.Parameter(torch.randn(count).to(dtype))
    before, w.grad = w.detach().clone(), torch.zeros_like(w)
    SGD([w], lr=pace, weight_decay=1.0).step()
    return (w != before).float().mean().item()


moved = {}
print("lr times λ     1e-2   1e-3   1e-5   1e-8")
for dtype in (torch.bfloat16, torch.float16, torch.float32):
    name = str(dtype).removeprefix("torch.")
    moved[name] = [share_moved(dtype, p) for p in (1e-2, 1e-3, 1e-5, 1e-8)]
    print(f"{name:<11}", *(f"{share:6.0%}" for share in moved[name]))
print(f"eps / 4 of bfloat16: {torch.finfo(torch.bfloat16).eps / 4:.4f}")

# %% too_large
x = torch.randn(100, 1, dtype=torch.float64)
x = (x - x.mean()) / x.std(correction=0)  # one feature of variance 1
fits = {}
for decay in (1e-4, 1e-2, 1.0, 100.0):
    curvature, pull = x.T @ x / 100 + decay * torch.eye(1), x.T @ (3 * x) / 100
    fits[decay] = torch.linalg.solve(curvature, pull).item() / 3
    print(f"λ = {decay:<6g} leaves {fits[decay]:.4f} of the slope")

# %% values tags=["hidden"]
values = {
    "rest_kept": rests["0.5 throughout"],
    "rest_dropped": rests["0.5, then 0 for the last fifth"],
    "rest_late": rests["0, then 0.5 for the last fifth"],
    "printed": logged["loss that is printed"],
    "penalty": logged["penalty"],
    "asked": loaded[0],
    "loaded": loaded[1],
    "added": added[1],
    "shrink": shrinks["one step"],
    "shrink_clipped": shrinks["gradient clipped to 1e-6"],
    "shrink_scaled": shrinks["loss scaled (GradScaler)"],
    "shrink_overflow": shrinks["loss scaled, overflow"],
    "shrink_accumulated": shrinks["four backward(), one step"],
    "shrink_fused": shrinks["fused=True"],
    "shrink_layer": shrinks["a tenth of lr in this group"],
    "end_sgd": ends["SGD"][0],
    "end_sgd_ten": ends["SGD"][1],
    "end_adam_ten": ends["Adam"][1],
    "end_adamw": ends["AdamW"][0],
    "end_adamw_ten": ends["AdamW"][1],
    "memory_sgd": 1 / paces["SGD, lr 0.1, 1e-4"],
    "memory_momentum": 1 / paces["SGD, momentum 0.9"],
    "memory_adamw": 1 / paces["AdamW, lr 1e-3, 0.05"],
    "finetune_left": left["lr 2e-5, λ 0.01, 10,000 steps"],
    "pretrain_left": left["lr 1e-3, λ 0.05, 100,000 steps"],
    "bfloat16_moved": moved["bfloat16"][1],
    "bfloat16_threshold": torch.finfo(torch.bfloat16).eps / 4,
    "float32_moved": moved["float32"][3],
    "slope_small": fits[1e-2],
    "slope_one": fits[1.0],
    "slope_large": fits[100.0],
}
