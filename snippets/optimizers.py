# %% [markdown]
# # Which optimizers couple their weight decay?
#
# A table of every class in `torch.optim`, read off the steps that each takes
# rather than off its documentation.

# %% discover
import inspect
from functools import partial

import torch

torch.set_default_dtype(torch.float64)
classes = [
    item
    for name, item in sorted(
        vars(torch.optim).items(), key=lambda pair: pair[0].lower()
    )
    if inspect.isclass(item) and issubclass(item, torch.optim.Optimizer)
]
classes.remove(torch.optim.Optimizer)
print(len(classes), "optimizers:")
for first in range(0, len(classes), 5):
    print(" ", *(item.__name__ for item in classes[first:first + 5]))

# %% [markdown]
# An optimizer sees gradients and nothing else. So it is fed the same eight
# gradients again and again: with decay switched on, and with decay added by
# hand in one of two places.

# %% trajectory
def takes(optimizer_class, argument):
    return argument in inspect.signature(optimizer_class).parameters


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
# Two trajectories are the same when no coordinate differs by more than
# rounding in float64.

# %% probe
def gap(a, b):
    return (a - b).abs().max().item()


LR, DECAY = 0.1, 0.3


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
    same = [name for name, path in by_hand.items() if gap(path, decayed) < 1e-12]
    return " = ".join(same) or "other"


# %% probe_three
print("SGD             ", probe(torch.optim.SGD))
print("SGD, momentum   ", probe(torch.optim.SGD, momentum=0.9))
print("Adam            ", probe(torch.optim.Adam))
print("AdamW           ", probe(torch.optim.AdamW))

# %% [markdown]
# More questions per class. Does $\theta$ move at `weight_decay=0` when the
# gradient is zero?

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
    return gap(theta.detach(), START)


print("ASGD, weight_decay=0, gradient 0")
for lambd in (1e-4, 0):
    move = moves_alone(torch.optim.ASGD, lambd=lambd)
    print(f"lambd={lambd}: moved by {move:.1e}")

# %% [markdown]
# Do the faster implementations take the same steps as the for-loop, and does
# `maximize`, which climbs the gradient, still shrink the weights?

# %% switches
def agrees(optimizer_class, switch, **options):
    """Compare switch=True with the for-loop, where the class has the switch."""
    if not takes(optimizer_class, switch):
        return "–"
    if takes(optimizer_class, "weight_decay"):
        options = {**options, "weight_decay": DECAY}
    make = partial(optimizer_class, lr=LR, **options)
    fast = trajectory(partial(make, **{switch: True}))
    slow = trajectory(partial(make, foreach=False))
    return "same" if gap(slow, fast) < 1e-12 else "differs"


# %% climbing
def still_shrinks(optimizer_class, **options):
    """Do −g with maximize=True and g without it give the same steps?"""
    wanted = ("maximize", "weight_decay")
    if not all(takes(optimizer_class, argument) for argument in wanted):
        return "–"
    make = partial(optimizer_class, lr=LR, weight_decay=DECAY, **options)
    climb = trajectory(partial(make, maximize=True), -GRADIENTS)
    return "shrinks" if gap(climb, trajectory(make)) < 1e-12 else "differs"


# %% row
def variants(optimizer_class):
    """The options that can change the kind of decay, one dict per row."""
    yield {}
    if takes(optimizer_class, "decoupled_weight_decay"):
        yield {"decoupled_weight_decay": True}
    if optimizer_class is torch.optim.SGD:
        yield {"momentum": 0.9}


def row(item, options):
    """The cells of one row of the table."""
    default = "–"
    if takes(item, "weight_decay"):
        arguments = inspect.signature(item).parameters
        default = f"{arguments['weight_decay'].default:g}"
    return [
        probe(item, **options),
        default,
        "moves" if moves_alone(item) > 0 else "rests",
        agrees(item, "foreach", **options),
        agrees(item, "fused", **options),
        still_shrinks(item, **options),
    ]


# %% rows
rows = {
    (item.__name__, *options): row(item, options)
    for item in classes
    for options in variants(item)
}
print(len(rows), "rows for", len(classes), "classes")

# %% table tags=["markdown"]
print("| `torch.optim` | weight decay | default | alone ", end="")
print("| foreach | fused | maximize |")
print("|---" * 7 + "|")
for (name, *options), cells in rows.items():
    words = [word.removesuffix("_weight_decay") for word in (name, *options)]
    label = ", ".join(f"`{word}`" for word in words)
    print("|", " | ".join([label, *cells]), "|")

# %% check tags=["hidden"]
kinds = {key: cells[0] for key, cells in rows.items()}
known = {"coupled", "decoupled", "coupled = decoupled", "no argument"}
assert set(kinds.values()) == known, kinds
assert [key for key, cells in rows.items() if cells[2] == "moves"] == [("ASGD",)]
assert "differs" not in {cell for cells in rows.values() for cell in cells[3:]}, rows
assert moves_alone(torch.optim.ASGD, lambd=0) == 0

documented = torch.optim.Adafactor.__doc__.split("weight_decay (float", 1)[1]
documented = float(documented.split("(default: ", 1)[1].split(")", 1)[0])

# %% values tags=["hidden"]
decoupled_rows = [key for key, kind in kinds.items() if kind == "decoupled"]
values = {
    "classes": len(classes),
    "rows": len(rows),
    "coupled_rows": sum(kind.startswith("coupled") for kind in kinds.values()),
    "decoupled_rows": len(decoupled_rows),
    "no_argument_rows": sum(kind == "no argument" for kind in kinds.values()),
    "adamw_default": float(rows["AdamW",][1]),
    "muon_default": float(rows["Muon",][1]),
    "decaying": " and ".join(k[0] for k, c in rows.items() if c[1] not in ("0", "–")),
    "adafactor_documented": documented,
    "adafactor_default": float(rows["Adafactor",][1]),
    "asgd_lambd": inspect.signature(torch.optim.ASGD).parameters["lambd"].default,
    "asgd_move": moves_alone(torch.optim.ASGD),
    "learning_rate": LR,
    "probe_decay": DECAY,
    "torch": torch.__version__.split("+")[0],
    **{"kind_" + "_".join(key).lower(): kind for key, kind in kinds.items()},
}
