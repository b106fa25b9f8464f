# %% [markdown]
# # Parameter groups are a block prior
# Weight decay with one strength per parameter group is MAP estimation under a
# prior with one variance per block; a group with `weight_decay=0` has a flat
# prior.

# %% groups
import torch
from torch import nn


def is_flat(name: str) -> bool:
    """Biases, and the direction that weight_norm stores."""
    bias = "bias" in name.rpartition(".")[2]
    return bias or name.endswith(("weight.original1", "weight_v"))


def param_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    """Two groups for an optimizer: what decays, what stays flat."""
    named = list(model.named_parameters())  # a tied weight comes once
    decayed = [p for name, p in named if not is_flat(name)]
    flat = [p for name, p in named if is_flat(name)]
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": flat, "weight_decay": 0.0},
    ]


# %% [markdown]
# The groups of a pre-norm transformer block, as PyTorch ships it.

# %% who_decays
torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
block = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, activation="gelu",
                                   norm_first=True, batch_first=True)
for name, p in block.named_parameters():
    prior = "flat" if is_flat(name) else "N(0, τ)"
    print(f"{prior:7s} {str(tuple(p.shape)):8s} {name}")

# %% [markdown]
# A flat gain in front of decayed layers: multiply it and divide them.
# The network computes the same and pays less penalty.

# %% flat_gains
conv = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(),
                     nn.Conv2d(8, 4, 3))
tokens, images = torch.randn(4, 6, 8), torch.randn(5, 3, 9, 9)


@torch.no_grad()
def exchange(name, network, x, norm, weight, c=100):
    """Multiply the gain and bias of norm by c, divide weight by c."""
    norm.bias.normal_()  # as training would change it
    output, before = network(x), 0.5 * weight.square().sum()
    norm.weight.mul_(c), norm.bias.mul_(c), weight.div_(c)
    after, moved = 0.5 * weight.square().sum(), (network(x) - output).abs().max()
    print(f"{name:23} {before:5.3f} {after:8.6f} {moved:6.4f}")


print("penalty of the layer   before    after  moved")
attention = block.self_attn.in_proj_weight
exchange("LayerNorm → Q, K, V", block, tokens, block.norm1, attention)
exchange("LayerNorm → fc1 → GELU", block, tokens, block.norm2, block.linear1.weight)
exchange("BatchNorm → ReLU → conv", conv, images, conv[1], conv[3].weight)

# %% [markdown]
# `weight_norm` writes each row of a matrix as length $g$ times direction
# $v/\lVert v\rVert$. Decaying $g$ alone is decaying the matrix.

# %% weight_norm
layer = nn.utils.parametrizations.weight_norm(nn.Linear(8, 8))
g = layer.parametrizations.weight.original0  # lengths, one per row
v = layer.parametrizations.weight.original1  # directions
print("penalty of     v         g         W")
for factor in (1, 10):
    with torch.no_grad():
        v.mul_(factor)
    penalties = [0.5 * t.square().sum().item() for t in (v, g, layer.weight)]
    print(f"v times {factor:<2}" + "{:9.2f} {:9.5f} {:9.5f}".format(*penalties))

# %% [markdown]
# A tied matrix has two names. `parameters()` lists it once, `state_dict()`
# under both.

# %% tied
class Tied(nn.Module):
    def __init__(self, words: int = 50, width: int = 8) -> None:
        super().__init__()
        self.embed = nn.Embedding(words, width)
        self.head = nn.Linear(width, words, bias=False)
        self.head.weight = self.embed.weight


tied = Tied()
named = {"parameters()": list(tied.parameters()),
         "state_dict()": list(tied.state_dict(keep_vars=True).values())}
for name, tensors in named.items():
    penalty = sum(0.5 * t.square().sum() for t in tensors)
    print(f"{name}: listed {len(tensors)}x, penalty {penalty:.3f}")

# %% [markdown]
# The prior, written with `torch.distributions`, and what one step of SGD with
# the two groups subtracts.

# %% log_joint
import models

n, weight_decay, lr = 60, 1e-2, 1e-2
x, y, model = torch.randn(n, 2), torch.randn(n, 1), models.Net()
prior = torch.distributions.Normal(torch.zeros(()),
                                   torch.tensor((1 / (n * weight_decay)) ** 0.5))


def nll() -> torch.Tensor:
    """Per-example negative log-likelihood, noise variance 1."""
    return -torch.distributions.Normal(model(x), 1.0).log_prob(y).mean()


log_prior = sum(prior.log_prob(p).sum() for name, p in model.named_parameters()
                if not is_flat(name))  # a flat block adds nothing
log_joint = -n * nll() + log_prior
bayes = torch.autograd.grad(-log_joint / n, list(model.parameters()))

# %% applied
before = [p.detach().clone() for p in model.parameters()]
optimizer = torch.optim.SGD(param_groups(model, weight_decay), lr=lr)
optimizer.zero_grad()
nll().backward()
optimizer.step()
applied = [(p0 - p.detach()) / lr for p0, p in zip(before, model.parameters())]
gap = sum((a - b).square().sum() for a, b in zip(applied, bayes)).sqrt()
print("SGD took the log joint's gradient:", bool(gap < 1e-12))

# %% [markdown]
# Linear regression with a target far from zero: what a flat prior on the
# intercept is good for.

# %% intercept
def fit(everything: bool, shift: float, steps: int = 400) -> torch.Tensor:
    """Slopes and intercept of nn.Linear after full-batch SGD from zero."""
    linear = nn.Linear(3, 1)
    groups = param_groups(linear, 0.1)
    if everything:
        groups[1]["weight_decay"] = 0.1
    optimizer = torch.optim.SGD(groups, lr=0.2)
    for _ in range(steps):
        optimizer.zero_grad()
        residual = target + shift - linear(features)[:, 0]
        (0.5 * residual.square().mean()).backward()  # nll, up to a constant
        optimizer.step()
    return torch.cat([linear.weight[0], linear.bias]).detach()


torch.manual_seed(2)
features = torch.randn(40, 3) + 0.5
target = features @ torch.tensor([2.0, -1.0, 0.5]) + 20 + torch.randn(40)

# %% shift
ends = {}
print("           slopes             intercept")
for shift, unit in ((0, "°C"), (273.15, "K")):
    for everything, name in ((False, "bias flat"), (True, "all decay")):
        end = ends[name, unit] = fit(everything, shift)
        row = "{:7.3f}{:7.3f}{:7.3f}{:9.2f}".format(*end.tolist())
        print(f"{name}{row}  {unit}")

# %% values tags=["hidden"]
values = {
    "intercept_flat": ends["bias flat", "°C"][3].item(),
    "intercept_decayed": ends["all decay", "°C"][3].item(),
    "prior_std": (1 / (40 * 0.1)) ** 0.5,
}
