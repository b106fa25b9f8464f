# %% [markdown]
# # Questions about the penalty and its parameters
# Each cell prints the number that decides one question: what `step()` adds,
# which parameters it reaches, and what leaves them alone.

# %% setup
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm
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
assert all(abs(ratio - (1 - lr * weight_decay)) < 1e-6 for ratio in shrunk.values())
assert frozen["None"] == 0 and abs(frozen["zero"] + lr * weight_decay) < 1e-15
assert unused["weight_decay=0.01"] == 1 and abs(unused["penalty in the loss"] - 0.999) < 1e-6

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
    "pull_normal": prior_pulls["Normal"][1],
    "pull_normal_far": prior_pulls["Normal"][2],
    "pull_laplace": prior_pulls["Laplace"][1],
    "pull_laplace_far": prior_pulls["Laplace"][2],
    "net_parameters": widths["the article's net"],
    "mean_pull": means["the article's net"],
}
