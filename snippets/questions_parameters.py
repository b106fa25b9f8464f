# %% [markdown]
# # Questions about which parameters decay
# Each cell prints the number that decides one question: which parameters
# `step()` reaches, how groups split them, and what leaves them alone.

# %% setup
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm
from torch.optim import SGD

from models import Net

torch.manual_seed(0)
lr, weight_decay = 0.1, 0.01

# %% biases
net = Net()
before = {name: p.norm().item() for name, p in net.named_parameters()}
for p in net.parameters():
    p.grad = torch.zeros_like(p)  # so that only the decay moves anything
SGD(net.parameters(), lr=lr, weight_decay=weight_decay).step()

after = {name: p.norm().item() for name, p in net.named_parameters()}
shrunk = {name: after[name] / before[name] for name in before}
for name in ("layers.0.weight", "layers.0.bias"):
    print(f"{name:<15}  norm after / before = {shrunk[name]:.4f}")
count = sum(ratio < 1 for ratio in shrunk.values())
print(f"parameters that shrank: {count} of {len(shrunk)}")


# %% groups
def decay_groups(model, weight_decay):
    """Matrices decay; vectors and the directions of weight_norm do not."""
    decayed, flat = [], []
    for name, p in model.named_parameters():
        direction = name.endswith("weight.original1")
        (flat if p.ndim < 2 or direction else decayed).append(p)
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": flat, "weight_decay": 0.0},
    ]


layers = nn.Linear(2, 10), nn.BatchNorm1d(10), nn.PReLU(), nn.Linear(10, 1)
model = nn.Sequential(*layers)
split = decay_groups(model, weight_decay)
for group in split:
    shapes = ", ".join(str(tuple(p.shape)) for p in group["params"])
    print(f"λ = {group['weight_decay']:<4} for {shapes}")

# %% tied_and_normed
embedding, head = nn.Embedding(5, 3), nn.Linear(3, 5, bias=False)
head.weight = embedding.weight
tied = nn.Sequential(embedding, head)
print(f"tied: {len(list(tied.parameters()))} parameter in parameters()")

normed = weight_norm(nn.Linear(3, 2))
decayed = decay_groups(normed, weight_decay)[0]["params"]
for name, p in normed.named_parameters():
    fate = "decays" if any(p is one for one in decayed) else "flat"
    print(f"{fate:<6} {'×'.join(map(str, p.shape)):<3} {name}")

# %% exempt
class Tokens(nn.Module):
    """The loose parameters of a vision transformer, as its code declares them."""

    def __init__(self):
        super().__init__()
        self.position = nn.Parameter(torch.zeros(1, 9, 8))
        self.class_token = nn.Parameter(torch.zeros(1, 1, 8))
        self.layer_scale = nn.Parameter(torch.full((8, 1, 1), 1e-6))
        self.logit_scale = nn.Parameter(torch.tensor(2.66))
        self.norm, self.head = nn.LayerNorm(8), nn.Linear(8, 3)


tokens = Tokens()
by_shape = [name for name, p in tokens.named_parameters() if p.ndim > 1]
shards = nn.utils.parameters_to_vector(tokens.parameters()).chunk(2)
print("decayed by shape:", *by_shape, sep="\n  ")
print("dimensions of a shard:", *(shard.ndim for shard in shards))

# %% embedding_rows
def step_on_row_one(weight_decay, sparse=False):
    """Return the rows of a table of ones after a step that looked up row 1."""
    ones = torch.ones(4, 1)
    table = nn.Embedding.from_pretrained(
        ones, freeze=False, padding_idx=0, sparse=sparse
    )
    table(torch.tensor([0, 1])).sum().backward()
    SGD(table.parameters(), lr=lr, weight_decay=weight_decay).step()
    return table.weight.flatten().tolist()


print("row        padding  used     2        3")
rows_after = {
    "decay 0.01": step_on_row_one(0.01),
    "sparse": step_on_row_one(0.0, sparse=True),
}
for name, ends in rows_after.items():
    print(f"{name:<10}", "   ".join(f"{end:.4f}" for end in ends))


# %% entries
rates = torch.tensor([[0.01], [0.1], [0.0]])  # one weight decay for each row
rows = nn.Parameter(torch.ones(3, 2))


def add_decay(p):
    p.grad += rates * p.detach()


rows.register_post_accumulate_grad_hook(add_decay)
(0.0 * rows.sum()).backward()  # a loss whose gradient is zero
SGD([rows], lr=lr).step()
for rate, row in zip(rates, rows):
    entries = [round(entry, 4) for entry in row.tolist()]
    print(f"rate {rate.item():.2f}: row is now {entries}")


# %% frozen
def move(gradient, momentum_before=0):
    """Return how far one step moves a weight that is frozen, from 1 at first."""
    theta = nn.Parameter(torch.ones(1, dtype=torch.float64))
    momentum = 0.9 if momentum_before else 0
    settings = {"lr": lr, "weight_decay": weight_decay, "momentum": momentum}
    optimizer = SGD([theta], **settings)
    for _ in range(momentum_before):
        theta.grad = torch.ones_like(theta)
        optimizer.step()
    start = theta.item()
    theta.requires_grad_(False)
    theta.grad = gradient
    optimizer.step()
    return theta.item() - start


zero = torch.zeros(1, dtype=torch.float64)
frozen = {"None": move(None), "zero": move(zero)}
frozen["zero, after three steps"] = move(zero, momentum_before=3)
for grad, moved in frozen.items():
    print(f"grad {grad:<23} moved by {moved:+.4f}")


# %% unused
def ratio_of_unused(weight_decay, penalty):
    """Return after / before, over one step, of a weight that forward skips."""
    model = nn.ModuleDict({"used": nn.Linear(1, 1), "unused": nn.Linear(1, 1)})
    optimizer = SGD(model.parameters(), lr=lr, weight_decay=weight_decay)
    before = model["unused"].weight.item()
    loss = model["used"](torch.ones(1, 1)).sum()
    if penalty:
        squares = sum(p.square().sum() for p in model.parameters())
        loss = loss + penalty / 2 * squares
    loss.backward()
    optimizer.step()
    return model["unused"].weight.item() / before


unused = {
    "weight_decay=0.01": ratio_of_unused(0.01, 0.0),
    "penalty in the loss": ratio_of_unused(0.0, 0.01),
}
for name, ratio in unused.items():
    print(f"{name:<20} after / before = {ratio:.4f}")

# %% prelu
prelu = nn.PReLU()
slope = prelu.weight.item()
optimizer = SGD(prelu.parameters(), lr=lr, weight_decay=weight_decay)
for _ in range(1000):
    prelu.weight.grad = torch.zeros_like(prelu.weight)
    optimizer.step()
left = prelu.weight.item()
print(f"slope at first {slope}, decayed {left:.4f}")

# %% checks tags=["hidden"]
assert all(abs(ratio - (1 - lr * weight_decay)) < 1e-6 for ratio in shrunk.values())
assert frozen["None"] == 0 and abs(frozen["zero"] + lr * weight_decay) < 1e-15
assert unused["weight_decay=0.01"] == 1 and abs(unused["penalty in the loss"] - 0.999) < 1e-6

# %% values tags=["hidden"]
values = {
    "bias_ratio": shrunk["layers.0.bias"],
    "decayed_tensors": len(split[0]["params"]),
    "free_tensors": len(split[1]["params"]),
    "tied_parameters": len(list(tied.parameters())),
    "exempt_missed": len(by_shape) - 1,
    "unused_row": rows_after["decay 0.01"][2],
    "padding_row": rows_after["decay 0.01"][0],
    "row_slow": rows[0, 0].item(),
    "row_fast": rows[1, 0].item(),
    "row_free": rows[2, 0].item(),
    "frozen_none": frozen["None"],
    "frozen_zero": frozen["zero"],
    "frozen_momentum": frozen["zero, after three steps"],
    "unused_optimizer": unused["weight_decay=0.01"],
    "unused_penalty": unused["penalty in the loss"],
    "prelu_start": slope,
    "prelu_slope": prelu.weight.item(),
}
