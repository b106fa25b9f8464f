# %% [markdown]
# # Parameter groups are a block prior
# Weight decay with one strength per parameter group is MAP estimation under a
# prior with one variance per block; a group with `weight_decay=0` has a flat
# prior.

# %% setup
import torch
from matplotlib import pyplot as plt
from torch import nn
from torch.distributions import Normal
from torch.func import functional_call
from torch.nn.utils.parametrizations import weight_norm

import models

torch.set_default_dtype(torch.float64)


# %% groups
def is_flat(name: str, parameter: nn.Parameter) -> bool:
    """Vectors (biases, norms, PReLU slopes) and weight_norm's direction."""
    direction = name.endswith(("weight.original1", "weight_v"))
    return parameter.ndim < 2 or direction


def param_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    """Two groups for an optimizer: what decays, what stays flat."""
    named = list(model.named_parameters())  # a tied weight comes once
    decayed = [p for name, p in named if not is_flat(name, p)]
    flat = [p for name, p in named if is_flat(name, p)]
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": flat, "weight_decay": 0.0},
    ]


# %% [markdown]
# A small language model has one of everything: a tied weight (the embedding is
# also the output layer), a normalization layer, `weight_norm`, PReLU.

# %% tiny_language_model
class TinyLanguageModel(nn.Module):
    def __init__(self, words: int = 50, width: int = 8) -> None:
        super().__init__()
        self.embed = nn.Embedding(words, width)
        self.norm = nn.LayerNorm(width)
        self.mix = weight_norm(nn.Linear(width, width))
        self.act = nn.PReLU()
        self.head = nn.Linear(width, words, bias=False)
        self.head.weight = self.embed.weight  # tied: one parameter, two names

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.head(self.act(self.mix(self.norm(self.embed(tokens)))))


# %% who_decays
torch.manual_seed(0)
language_model = TinyLanguageModel()
for name, p in language_model.named_parameters():
    prior = "flat" if is_flat(name, p) else "N(0, τ)"
    print(f"{prior:7s} {str(tuple(p.shape)):8s} {name}")

# %% [markdown]
# `parameters()` lists the tied matrix once, so its prior is counted once.
# `state_dict()` has it under both names.

# %% tied
def l2_penalty(tensors) -> torch.Tensor:
    return 0.5 * sum((t**2).sum() for t in tensors)


embedding = language_model.embed.weight
once = [p for p in language_model.parameters() if p is embedding]
twice = [p for name, p in language_model.state_dict(keep_vars=True).items()
         if p is embedding]
print(f"in parameters(): {len(once)} time, penalty {l2_penalty(once):.3f}")
print(f"in state_dict(): {len(twice)} times, penalty {l2_penalty(twice):.3f}")

# %% [markdown]
# `weight_norm` writes each row of a matrix as length $g$ times direction
# $v/\lVert v\rVert$. Decaying $g$ alone is decaying the matrix.

# %% weight_norm
mix = language_model.mix
g = mix.parametrizations.weight.original0  # lengths, one per row
v = mix.parametrizations.weight.original1  # directions
with torch.no_grad():
    g.mul_(3 * torch.rand_like(g))  # as training would change it
    print("penalty of     v         g         W")
    for factor in (1, 10):
        v.mul_(factor)
        penalties = [l2_penalty([p]).item() for p in (v, g, mix.weight)]
        print(f"v times {factor:<2}" + "{:9.2f} {:9.5f} {:9.5f}".format(*penalties))

# %% [markdown]
# A flat gain in front of a decayed layer: the function can keep its output and
# lower its penalty without end.

# %% flat_gain
tokens = torch.arange(50)  # every word once
with torch.no_grad():
    language_model.norm.bias.normal_()  # as training would change it
    output = language_model(tokens)
    print("    c  penalty of mix  output moves by")
    for c in (1, 10, 100):
        scaled = {
            "norm.weight": c * language_model.norm.weight,
            "norm.bias": c * language_model.norm.bias,
            "mix.parametrizations.weight.original0": g / c,
        }
        moved = functional_call(language_model, scaled, tokens) - output
        change, penalty = moved.abs().max(), l2_penalty([g / c])
        print(f"{c:5d}  {penalty:14.8f}  {change:15.10f}")

# %% [markdown]
# The groups go to any `torch.optim` class as they are.

# %% use
optimizer = torch.optim.SGD(param_groups(language_model, 1e-2), lr=0.1)
for group in optimizer.param_groups:
    entries = sum(p.numel() for p in group["params"])
    print(f"weight_decay {group['weight_decay']:.2f}: {entries} entries")

# %% [markdown]
# The prior, written with `torch.distributions`, on the article’s network.

# %% log_prior
def log_prior(model: nn.Module, prior_std: torch.Tensor) -> torch.Tensor:
    """Sum of log N(0, tau) over decayed entries; a flat block adds nothing."""
    normal = Normal(torch.zeros(()), prior_std)
    return sum(normal.log_prob(p).sum() for name, p in model.named_parameters()
               if not is_flat(name, p))


def nll(model: nn.Module) -> torch.Tensor:
    """Per-example negative log-likelihood, noise variance 1."""
    return -Normal(model(x), 1.0).log_prob(y).mean()


# %% map_gradient
n, weight_decay, lr = 60, 1e-2, 1e-2
prior_variance = torch.tensor(1 / (n * weight_decay))
torch.manual_seed(1)
x, y = torch.randn(n, 2), torch.randn(n, 1)
model = models.Net()
start = [p.detach().clone() for p in model.parameters()]

log_joint = -n * nll(model) + log_prior(model, prior_variance.sqrt())
bayes = torch.autograd.grad(-log_joint / n, list(model.parameters()))


# %% applied
def applied(groups) -> list[torch.Tensor]:
    """What one SGD step from `start` subtracts, divided by lr."""
    with torch.no_grad():
        for p, p0 in zip(model.parameters(), start):
            p.copy_(p0)
    optimizer = torch.optim.SGD(groups, lr=lr)
    optimizer.zero_grad()
    nll(model).backward()
    optimizer.step()
    after = [p.detach() for p in model.parameters()]
    return [(p0 - p) / lr for p, p0 in zip(after, start)]


def distance(a, b) -> float:
    return sum(((s - t) ** 2).sum() for s, t in zip(a, b)).sqrt().item()


# %% agreement
grouped = distance(applied(param_groups(model, weight_decay)), bayes)
everything = {"params": list(model.parameters()), "weight_decay": weight_decay}
uniform = applied([everything])
assert grouped < 1e-12
biases = [p0 for p0 in start if p0.ndim == 1]
biases_decay = weight_decay * distance(biases, [0 * b for b in biases])
print("norm of (applied - that of -1/n log joint)")
print("  with the two groups:     below 1e-12")
print(f"  one group, all decayed:  {distance(uniform, bayes):.6f}")
print(f"λ times ‖biases‖:          {biases_decay:.6f}")

# %% [markdown]
# The optimum, where it can be written down: linear regression with a flat
# prior on the intercept.

# %% data
n, weight_decay = 40, 0.1
torch.manual_seed(2)
features = torch.randn(n, 3) + 0.5
target = features @ torch.tensor([2.0, -1.0, 0.5]) + 20 + torch.randn(n)


# %% closed_form
def map_estimate(features, target, weight_decay):
    """MAP of slopes and intercept; noise variance 1, intercept flat.

    At the optimum the residuals average zero, so centered data give the
    slopes alone: (Xc'Xc + n lambda I) w = Xc' yc, with n lambda = 1 / tau.
    """
    n, d = features.shape
    x_mean, y_mean = features.mean(0), target.mean()
    centered = features - x_mean
    gram = centered.T @ centered + n * weight_decay * torch.eye(d)
    slopes = torch.linalg.solve(gram, centered.T @ (target - y_mean))
    return torch.cat([slopes, (y_mean - x_mean @ slopes)[None]])


# %% trained
def train(groups_of, target, steps=1000) -> torch.Tensor:
    """Slopes and intercept of nn.Linear after full-batch SGD from zero."""
    linear = nn.Linear(3, 1)
    nn.init.zeros_(linear.weight)
    nn.init.zeros_(linear.bias)
    optimizer = torch.optim.SGD(groups_of(linear), lr=0.2)
    for _ in range(steps):
        optimizer.zero_grad()
        residual = target - linear(features)[:, 0]
        (0.5 * (residual**2).mean()).backward()  # the nll, up to a constant
        optimizer.step()
    return torch.cat([linear.weight[0], linear.bias]).detach()


# %% fit
def one_group(model):
    return [{"params": model.parameters(), "weight_decay": weight_decay}]


def two_groups(model):
    return param_groups(model, weight_decay)


exact = map_estimate(features, target, weight_decay)
fits = {"closed form, intercept flat": exact,
        "SGD, two groups": train(two_groups, target),
        "SGD, everything decays": train(one_group, target)}
print("           closed form  two groups  one group")
for place, name in enumerate(["slope 1", "slope 2", "slope 3", "intercept"]):
    row = [fit[place] for fit in fits.values()]
    print("{:9s}  {:11.4f}  {:10.4f}  {:9.4f}".format(name, *row))

# %% [markdown]
# What the flat prior buys: the choice of the target’s origin (Celsius or
# kelvin) no longer matters.

# %% shift
kelvin = 273.15
print("moved by             slopes   intercept")
for name, groups_of in {"two groups": two_groups,
                        "everything decays": one_group}.items():
    moved = train(groups_of, target + kelvin) - train(groups_of, target)
    print(f"{name:18s} {moved[:3].norm():8.4f} {moved[3]:11.2f}")

# %% figure
fig, ax = plt.subplots(figsize=(5.4, 3.4))
for i, (name, marker) in enumerate([("SGD, two groups", "o"),
                                    ("SGD, everything decays", "x")]):
    fit = fits[name]
    ax.plot(target, features @ fit[:3] + fit[3], marker, color=f"C{i}",
            label=name.removeprefix("SGD, "))
ends = [target.min(), target.max()]
ax.plot(ends, ends, "k--", linewidth=1, label="prediction = observation")
ax.set(xlabel="observed target", ylabel="prediction")
ax.legend(loc="upper left")
below = (features @ fit[:3] + fit[3] < target).sum()  # of the last fit
fig.set_label("Predictions against observed targets for two fits. With the "
              "intercept flat the points scatter around the diagonal; with "
              f"everything decayed {below} of {n} lie below it.")

# %% checks tags=["hidden"]
closed, trained, decayed = fits.values()
assert torch.allclose(closed, trained, atol=1e-10)
assert abs(distance(uniform, bayes) - biases_decay) < 1e-12
assert abs(l2_penalty([mix.weight]) - l2_penalty([g])) < 1e-12
assert change < 1e-10 and abs(1e4 * penalty - l2_penalty([g])) < 1e-10
assert len(once) == 1 and len(twice) == 2
residual_two = (target - features @ trained[:3] - trained[3]).mean().item()
residual_one = (target - features @ decayed[:3] - decayed[3]).mean().item()
assert abs(residual_two) < 1e-10 and residual_one > 0.5
shift_two = (train(two_groups, target + kelvin) - trained)[:3].norm().item()
shift_one = (train(one_group, target + kelvin) - decayed)[:3].norm().item()
assert shift_two < 1e-8 and shift_one > 1

# %% values tags=["hidden"]
values = {
    "uniform_gap": distance(uniform, bayes),
    "biases_decay": biases_decay,
    "penalty_once": l2_penalty(once).item(),
    "penalty_twice": l2_penalty(twice).item(),
    "penalty_matrix": l2_penalty([mix.weight]).item(),
    "penalty_lengths": l2_penalty([g]).item(),
    "n": n,
    "weight_decay": weight_decay,
    "prior_std": (1 / (n * weight_decay)) ** 0.5,
    "target_mean": target.mean().item(),
    "intercept_flat": trained[3].item(),
    "kelvin": kelvin,
    "intercept_decayed": decayed[3].item(),
    "mean_residual_decayed": residual_one,
    "shift_slopes_decayed": shift_one,
    "prior_stds_away": trained[3].item() * (n * weight_decay) ** 0.5,
    **{f"slope_{i + 1}_flat": trained[i].item() for i in range(3)},
    **{f"slope_{i + 1}_decayed": decayed[i].item() for i in range(3)},
}
