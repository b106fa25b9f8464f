# %% [markdown]
# # Which optimizers couple their weight decay?
#
# A table of every class in `torch.optim`, read off the steps that each takes
# rather than off its documentation.

# %% trajectory
import inspect
from functools import partial

import torch

torch.set_default_dtype(torch.float64)
START = torch.tensor([[1.0, -2.0], [0.5, 3.0], [-1.5, 0.8]])
GRADIENTS = torch.randn(8, 3, 2, generator=torch.Generator().manual_seed(0))


def trajectory(make, gradients=GRADIENTS, penalty=0.0, shrink=0.0):
    """Positions θ, shape (steps, 3, 2), after each gradient of shape (3, 2).

    penalty: adds penalty·θ to each gradient before the optimizer sees it.
    shrink: subtracts shrink·θ, with the θ from before the step, after it.
    """
    theta = torch.nn.Parameter(START.clone())
    optimizer, path = make([theta]), []
    for gradient in gradients:
        before = theta.detach().clone()
        theta.grad = gradient + penalty * before
        optimizer.step()
        theta.data.sub_(shrink * before)
        path.append(theta.detach().clone())
    return torch.stack(path)


# %% [markdown]
# An optimizer sees gradients and nothing else. So it is fed the same eight
# gradients again and again: with decay switched on, and with decay added by
# hand in one of two places.

# %% probe
LR, DECAY = 0.1, 0.3


def takes(optimizer_class, argument):
    return argument in inspect.signature(optimizer_class).parameters


def same(path, other):
    return (path - other).abs().max() < 1e-12  # up to rounding in float64


def probe(optimizer_class, **options):
    """Name how an optimizer applies weight decay, from its steps alone."""
    if not takes(optimizer_class, "weight_decay"):
        return "no argument"
    make = partial(optimizer_class, lr=LR, **options)
    plain = partial(make, weight_decay=0)
    decayed = trajectory(partial(make, weight_decay=DECAY))
    by_hand = {
        "ignored": trajectory(plain),
        "coupled": trajectory(plain, penalty=DECAY),
        "decoupled": trajectory(plain, shrink=LR * DECAY),
    }
    names = [name for name, path in by_hand.items() if same(path, decayed)]
    return " = ".join(names) or "other"


# %% [markdown]
# One row for each class that `torch.optim` exports, and one more where an
# option can change the kind of decay.

# %% rows
def variants(optimizer_class):
    """The options that can change the kind of decay, one dict per row."""
    yield {}
    if takes(optimizer_class, "decoupled_weight_decay"):
        yield {"decoupled_weight_decay": True}
    if optimizer_class is torch.optim.SGD:
        yield {"momentum": 0.9}


base = torch.optim.Optimizer
exported = [one for one in vars(torch.optim).values() if inspect.isclass(one)]
classes = [one for one in exported if issubclass(one, base) and one is not base]
rows = {
    (one, *options.items()): probe(one, **options)
    for one in sorted(classes, key=lambda one: one.__name__.lower())
    for options in variants(one)
}


# %% table tags=["markdown"]
def default(optimizer_class):
    found = inspect.signature(optimizer_class).parameters.get("weight_decay")
    return f"{found.default:g}" if found else "–"


meanings = {
    "coupled": "Gaussian, τ = 1/(nλ)",
    "coupled = decoupled": "Gaussian, τ = 1/(nλ)",
    "decoupled": "none; timescale 1/(ηλ)",
    "no argument": "none",
}
print("| class | weight decay | default | as a prior |")
print("|---" * 4 + "|")
for kind, meaning in meanings.items():
    for (one, *options), found in rows.items():
        if found == kind:
            words = [f"`{one.__name__}`"]
            words += [key.removesuffix("_weight_decay") for key, _ in options]
            print("|", ", ".join(words), f"| {kind} | {default(one)} |", end="")
            print(" Gaussian, with λ + `lambd` |" if one is torch.optim.ASGD
                  else f" {meaning} |")

# %% [markdown]
# Does anything else in a constructor change the decay? Three switches are
# compared with the for-loop; `maximize` climbs the negated gradients.

# %% switches
def switched(optimizer_class, switch, **options):
    """Does switch=True take the steps of the plain for-loop?"""
    if takes(optimizer_class, "weight_decay"):
        options = {**options, "weight_decay": DECAY}
    make = partial(optimizer_class, lr=LR, **options)
    sign = -1 if switch == "maximize" else 1
    fast = trajectory(partial(make, **{switch: True}), sign * GRADIENTS)
    loop = {"foreach": False} if takes(optimizer_class, "foreach") else {}
    return same(fast, trajectory(partial(make, **loop)))


for switch in ("foreach", "fused", "maximize"):
    having = [
        switched(one, switch, **dict(options))
        for one, *options in rows
        if takes(one, switch) and one is not torch.optim.SparseAdam
    ]
    print(f"{switch:9}same steps in {sum(having)} of {len(having)} rows")


# %% alone
def moves_alone(optimizer_class, **options):
    """Largest move of θ when the gradient is zero and weight_decay too."""
    if takes(optimizer_class, "weight_decay"):
        options = {**options, "weight_decay": 0}
    theta = torch.nn.Parameter(START.clone())
    optimizer = optimizer_class([theta], lr=LR, **options)
    theta.grad = torch.zeros_like(START)
    if optimizer_class is torch.optim.SparseAdam:  # takes no other gradients
        theta.grad = theta.grad.to_sparse()
    optimizer.step(lambda: torch.zeros(()))  # LBFGS wants a closure
    return (theta.detach() - START).abs().max().item()


movers = [one.__name__ for one in classes if moves_alone(one)]
print("move without gradient and decay:", *movers)
print("ASGD with lambd=0 moves by", moves_alone(torch.optim.ASGD, lambd=0))

# %% [markdown]
# Decoupled decay makes $\theta$ a running average of the optimizer’s own
# steps $u$, which the same gradients without decay show.

# %% timescale
adamw = partial(torch.optim.AdamW, lr=LR)
free = trajectory(partial(adamw, weight_decay=0))
u = torch.cat([START[None], free]).diff(dim=0) / -LR
keep, t = 1 - LR * DECAY, len(u)
average = keep**t * START
for age in range(t):
    average = average - LR * keep**age * u[t - 1 - age]
gap = trajectory(partial(adamw, weight_decay=DECAY))[-1] - average
print("AdamW equals the sum:", bool(gap.abs().max() < 1e-12))
print(f"after 1/(ηλ) steps {(1 - 1e-5) ** 100_000:.3f} of the start is left")

# %% [markdown]
# Muon scales its step with the matrix’s shape. Does it scale its decay too?

# %% muon
def muon_step(shape, rule, gradient, weight_decay):
    """Change of a matrix of ones in one step of Muon with lr = LR."""
    theta = torch.nn.Parameter(torch.ones(shape))
    theta.grad = gradient * torch.eye(*shape)
    torch.optim.Muon([theta], lr=LR, weight_decay=weight_decay,
                     adjust_lr_fn=rule).step()
    return theta.detach() - 1


print("shape      rule             step/lr  decay/lr")
muon = {}
for shape in ((8, 8), (64, 8)):
    for rule in ("original", "match_rms_adamw"):
        step = torch.linalg.matrix_norm(muon_step(shape, rule, 1, 0), 2) / LR
        decay = -muon_step(shape, rule, 0, DECAY).mean() / LR
        muon[shape, rule] = step.item(), decay.item()
        print(f"{shape!s:10} {rule:15} {step:8.2f} {decay:9.2f}")

# %% [markdown]
# Lion is not in PyTorch. Its step is a sign, so its decay can be followed by
# hand, here on $f(\theta) = (\theta - 5)^2/2$ with three learning rates at once.

# %% lion
lam, lr = 0.5, torch.tensor([0.01, 0.1, 1.0])
theta, momentum, largest = torch.zeros(3), torch.zeros(3), torch.zeros(3)
for _ in range(2000):
    gradient = theta - 5
    sign = (0.9 * momentum + 0.1 * gradient).sign()
    theta = theta - lr * (sign + lam * theta)
    momentum = 0.99 * momentum + 0.01 * gradient
    largest = torch.maximum(largest, theta.abs())

print(f"minimum of f: 5, of L: {5 / (1 + lam):.2f}, box: {1 / lam:g}")
print("  lr     ηλ  Lion ends at  largest |θ|")
for row in zip(lr, lr * lam, theta, largest):
    print("{:4g} {:6g} {:13.4f} {:12.4f}".format(*(x.item() for x in row)))

# %% values tags=["hidden"]
documented = torch.optim.Adafactor.__doc__.split("weight_decay (float", 1)[1]
asgd = inspect.signature(torch.optim.ASGD).parameters
values = {
    "torch": torch.__version__.split("+")[0],
    "adamw_default": float(default(torch.optim.AdamW)),
    "adamw_box": 1 / float(default(torch.optim.AdamW)),
    "muon_default": float(default(torch.optim.Muon)),
    "adafactor_documented": float(documented.split("(default: ")[1].split(")")[0]),
    "adafactor_default": float(default(torch.optim.Adafactor)),
    "asgd_lambd": asgd["lambd"].default,
    "lion_lam": lam,
    "lion_end": theta[0].item(),
}
