# %% [markdown]
# # An audit of weight decay
# `audit(model, optimizer, n, run)` prints the prior that an optimizer puts on
# each tensor of a model. To copy: every cell down to `audit`.

# %% setup
import contextlib
import copy
import math
import numbers
from textwrap import fill

import torch
from torch import nn


# %% decay_kind
def decay_kind(optimizer, group):
    """Take three steps on a spare matrix: where does this optimizer decay?"""
    known = {k: v for k, v in group.items() if k not in ("params", "param_names")}
    device = group["params"][0].device
    start = torch.tensor([[1.0, -2.0], [0.5, 3.0]], device=device)
    sign = -1 if group.get("maximize") else 1

    def end(weight_decay=0.0, in_gradient=0.0, after_step=0.0):
        theta = nn.Parameter(start.clone())
        settings = known | {"lr": 0.1, "weight_decay": weight_decay}
        spare = type(optimizer)([{"params": [theta], **settings}], lr=0.1)
        for push in (1.0, -0.5, 0.3):
            before = theta.detach().clone()
            theta.grad = push * before.cos() + sign * in_gradient * before
            spare.step()
            theta.data -= 0.1 * after_step * before
        return theta.detach()

    kinds = {"coupled": end(in_gradient=0.2), "decoupled": end(after_step=0.2)}
    found = [kind for kind in kinds if torch.allclose(kinds[kind], end(0.2))]
    return found[0] if found else "neither coupled nor decoupled"


# %% prior
def prior(group, decay, kind, n):
    """Say what prior the weight decay of a group states."""
    if kind == "coupled":
        tau = 1 / (n * decay)
        return f"coupled: N(0, τ), τ = {tau:.3g}, √τ = {tau**0.5:.3g}"
    if kind == "decoupled":
        pace = float(group["lr"]) * decay
        memory = f"{1 / pace:,.0f} steps" if pace else "endless at lr 0"
        return f"decoupled: no Gaussian prior, memory {memory}"
    return "no decay" if kind == "none" else f"{kind}: read its step()"


def fate(p, kind, sparse):
    """Say what step() does to a tensor whose gradient is zero."""
    if not p.requires_grad and p.grad is None:
        return "never moved"
    if kind == "none":
        return "flat"
    return "refused" if p in sparse else "decayed"


# %% named
def named(model, optimizer, n):
    """Return {tensor: its names}, once nothing stands against an audit."""
    if not (isinstance(n, numbers.Real) and 0 < n < math.inf):
        raise ValueError(f"n must be the number of training examples, not {n!r}")
    names = {}
    for name, p in model.named_parameters(remove_duplicate=False):
        names.setdefault(p, []).append(name)  # a tied tensor has several
    held = {p for group in optimizer.param_groups for p in group["params"]}
    lost = [names[p][0] for p in names if p.requires_grad and p not in held]
    if lost:
        raise ValueError(f"trainable, but in no group: {', '.join(lost)}")
    return {p: [f"{tuple(p.shape)} of no module"] for p in held} | names


def show(heading, names):
    text = f"{heading}: {', '.join(names)}"
    print(fill(text, 58, initial_indent="  ", subsequent_indent="    "))


# %% readers
LINEAR = (nn.Linear, nn.modules.conv._ConvNd, nn.MultiheadAttention)


def scale(parameters, factor):
    for p in parameters:
        p.data *= factor


def readers(model, run, gains):
    """Return the weights of the layers whose input doubles when the gains do."""
    inputs, found = [], {}

    def record(layer, given):
        inputs.append(given)

    def compare(layer, given):
        if all(torch.equal(x, 2 * y) for x, y in zip(given, inputs.pop(0))):
            for name, p in layer.named_parameters():
                if p.ndim > 1 and not name.startswith("out_proj"):
                    found[p] = name
            return tuple(x / 2 for x in given)  # as with half the weight

    layers = [layer for layer in model.modules() if isinstance(layer, LINEAR)]
    for hook in (record, compare):
        handles = [layer.register_forward_pre_hook(hook) for layer in layers]
        run(model)
        for handle in handles:
            handle.remove()
        scale(gains, 2)
    scale(gains, 0.25)
    return list(found)


# %% exchanges
def exchanges(model, run, flat, decayed):
    """Yield (gains, weights): these can grow while those shrink, at no cost."""
    model = copy.deepcopy(model).eval()
    for p in model.parameters():  # away from the zeros and ones of a fresh model
        nudge = torch.arange(p.numel(), device=p.device).sin().view_as(p)
        p.data += p.requires_grad * nudge / 10 / math.prod(p.shape[1:]) ** 0.5
    names = {p: name for name, p in model.named_parameters()}
    output = run(model)
    if not output.isfinite().all():
        raise ValueError("run(model) returns numbers that are not finite")
    candidates = [([], [p]) for p in names if names[p] in decayed]
    for module in model.modules():
        gains = [p for p in module.parameters(recurse=False) if p.requires_grad]
        if gains and flat.issuperset(names[p] for p in gains):
            candidates.append((gains, readers(model, run, gains)))
    for gains, weights in candidates:
        scale(gains or weights, -1)
        used = not torch.equal(run(model), output)
        scale(gains or weights, -1), scale(gains, 2), scale(weights, 0.5)
        same = torch.equal(run(model), output)
        scale(gains, 0.5), scale(weights, 2)
        shrinking = [names[p] for p in weights if names[p] in decayed]
        if used and same and shrinking:
            yield [names[p] for p in gains], shrinking


# %% audit
def audit(model, optimizer, n, run=None):
    """Print the prior on each tensor, for a loss that is a mean over n examples.

    With run(model), which returns outputs, tries whether a MAP estimate exists.
    Returns {name: "decayed", "flat", "no MAP", "never moved" or "refused"}.
    """
    names, fates, coupled = named(model, optimizer, n), {}, set()
    sparse = {m.weight for m in model.modules() if getattr(m, "sparse", False)}
    for number, group in enumerate(optimizer.param_groups):
        decay = float(group.get("weight_decay", 0) + group.get("lambd", 0))  # ASGD
        tensors = group["params"]
        kind = decay_kind(optimizer, group) if decay and tensors else "none"
        print(f"group {number}: weight_decay {decay:g}, tensors: {len(tensors)}")
        print(f"  {prior(group, decay, kind, n)}")
        here = {names[p][0]: fate(p, kind, sparse) for p in tensors}
        for found in dict.fromkeys(here.values()):
            those = [names[p] for p in tensors if here[names[p][0]] == found]
            show(found, map(" = ".join, those))
        fates |= here
        coupled |= {x for x in here if (kind, here[x]) == ("coupled", "decayed")}
    if outside := [first for first, *_ in names.values() if first not in fates]:
        show("in no group, never moved", outside)
    if coupled and run is None:
        print("whether a MAP estimate exists: run is missing, not tried")
    flat = {name for name in fates if fates[name] == "flat"}
    for gains, weights in exchanges(model, run, flat, coupled) if run else ():
        print("no MAP estimate: outputs stay as they are while")
        show("these grow", gains or ["nothing"])
        show("these shrink", weights)
        fates |= dict.fromkeys(gains or weights, "no MAP")
    return dict.fromkeys(outside, "never moved") | fates


# %% by_shape
def by_shape(model, decay):
    """Two groups: matrices and kernels decay, vectors do not."""
    matrices = [p for p in model.parameters() if p.ndim > 1]
    vectors = [p for p in model.parameters() if p.ndim < 2]
    decayed = {"params": matrices, "weight_decay": decay}
    return [decayed, {"params": vectors, "weight_decay": 0.0}]


# %% mlp
torch.manual_seed(0)
mlp = nn.Sequential(nn.Linear(20, 64), nn.GELU(), nn.Linear(64, 10))
rows = torch.randn(4, 20)

sgd = torch.optim.SGD(mlp.parameters(), lr=0.1, weight_decay=5e-4)
fates = audit(mlp, sgd, n=50_000, run=lambda model: model(rows))

# %% conv
conv = nn.Sequential(
    nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
    nn.Conv2d(8, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10),
)
images = torch.randn(4, 3, 8, 8)

adam = torch.optim.Adam(by_shape(conv, 5e-4), lr=1e-3)
fates = audit(conv, adam, n=50_000, run=lambda model: model(images))


# %% encoder
def encoder_of(norm_first):
    """Return nn.TransformerEncoder with one layer: pre-norm or post-norm."""
    sizes = {"d_model": 16, "nhead": 2, "dim_feedforward": 32}
    layer = nn.TransformerEncoderLayer(**sizes, norm_first=norm_first)
    return nn.TransformerEncoder(layer, num_layers=1, enable_nested_tensor=False)


encoder, tokens = encoder_of(norm_first=True), torch.randn(5, 2, 16)
sgd = torch.optim.SGD(by_shape(encoder, 1e-4), lr=0.1)
fates = audit(encoder, sgd, n=1_000_000, run=lambda model: model(tokens))

# %% encoder_adamw
adamw = torch.optim.AdamW(by_shape(encoder, 0.05), lr=1e-3)
fates = audit(encoder, adamw, n=1_000_000)

# %% table
models = {
    "MLP": (mlp, rows),
    "conv net": (conv, images),
    "pre-norm": (encoder, tokens),
    "post-norm": (encoder_of(norm_first=False), tokens),
}
kinds = (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW)


def tally(model, x, optimizer):
    """Count the tensors: decayed / flat / flat without a MAP estimate."""
    with contextlib.redirect_stdout(None):
        fates = audit(model, optimizer, 1000, lambda model: model(x))
    found = [*fates.values()]
    return "/".join(str(found.count(f)) for f in ("decayed", "flat", "no MAP"))


tallies = {}
print(" " * 20, *(f"{kind.__name__:>6}" for kind in kinds))
for name, (model, x) in models.items():
    for split in ("one group", "by shape"):
        tallies[name, split] = []
        for kind in kinds:
            one = [{"params": model.parameters(), "weight_decay": 1e-4}]
            groups = one if split == "one group" else by_shape(model, 1e-4)
            tallies[name, split].append(tally(model, x, kind(groups)))
        cells = [f"{text:>6}" for text in tallies[name, split]]
        print(f"{name}, {split}".ljust(20), *cells)

# %% values tags=["hidden"]
no_map = {name: int(tallies[name, "by shape"][0].split("/")[2]) for name in models}
values = {
    "n": 50_000,
    "weight_decay": 5e-4,
    "prior_std": (1 / (50_000 * 5e-4)) ** 0.5,
    "conv_no_map": no_map["conv net"],
    "encoder_no_map": no_map["pre-norm"],
    "encoder_last_no_map": no_map["post-norm"],
}
