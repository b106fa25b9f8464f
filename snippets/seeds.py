# %% [markdown]
# # The spread over seeds
#
# The article’s three runs for fifty seeds at once, in float32 and float64, with
# the post’s raw features and with standardized ones: do the runs stay together?

# %% setup
import math

import matplotlib.pyplot as plt
import numpy as np
import torch

import models

lr = weight_decay = 1e-2
steps, n, count = 1000, 60, 50
prior_std = math.sqrt(1 / (n * weight_decay))
x = torch.cat([torch.linspace(a, a + 4, 20) for a in (-10, -2, 6)])
raw = torch.stack([x, x**2], dim=1)
standardized = (raw - raw.mean(0)) / raw.std(0)


# %% draws
def draw(seed):
    """Return targets (n, 1) and initial parameters (D,) of one seed."""
    torch.manual_seed(seed)
    y = models.Net()(raw).detach() + 0.5 * torch.randn(n, 1)
    return y, torch.cat(
        [p.detach().reshape(-1) for p in models.Net().parameters()]
    )


targets, starts = (
    torch.stack(drawn) for drawn in zip(*map(draw, range(count)))
)
shapes = [p.shape for p in models.Net().parameters()]


# %% forward
def predict(vectors, features):
    """Return predictions (networks, n, 1) for parameters (networks, D)."""
    pieces = vectors.split([shape.numel() for shape in shapes], dim=1)
    hidden = features.expand(len(vectors), n, 2)
    for layer in range(0, 8, 2):
        weight = pieces[layer].view(-1, *shapes[layer])
        hidden = torch.baddbmm(pieces[layer + 1][:, None], hidden, weight.mT)
        hidden = hidden if layer == 6 else torch.relu(hidden)
    return hidden


# %% run
def from_scratch(p):
    return weight_decay * (0.5 * torch.sum(p**2))


def from_prior(p):
    scale = torch.tensor(prior_std, dtype=p.dtype)  # a number stays float32
    prior = torch.distributions.Normal(0, scale)
    return -(1 / n) * torch.sum(prior.log_prob(p))


def run(features, dtype):
    """Train the three programs side by side, every seed of each."""
    features, y = features.to(dtype), targets.to(dtype).repeat(3, 1, 1)
    three = [starts.to(dtype).clone().requires_grad_() for _ in range(3)]
    scratch, pytorch, bayesian = three
    decaying = {"params": [pytorch], "weight_decay": weight_decay}
    sgd = torch.optim.SGD([{"params": [scratch, bayesian]}, decaying], lr=lr)
    history = []
    for _ in range(steps):
        sgd.zero_grad()
        difference = y - predict(torch.cat(three), features)
        errors = torch.mean(difference**2, dim=(1, 2))
        history.append(errors.detach()[count : 2 * count])  # PyTorch's
        loss = errors.sum() + from_scratch(scratch) + from_prior(bayesian)
        loss.backward()
        sgd.step()
    final = predict(torch.cat(three).detach(), features)
    return pytorch.detach(), final.split(count), torch.stack(history)


# %% compare
gaps, ends, finals, histories = {}, {}, {}, {}


def compare(name, features, dtype):
    """Train the three programs; keep their gaps, shape (2, seeds)."""
    key = (name, dtype)
    ends[key], (scratch, pytorch, bayesian), histories[key] = run(
        features, dtype
    )
    apart = [(other - pytorch).abs() for other in (scratch, bayesian)]
    gaps[key] = torch.stack([gap.amax(dim=(1, 2)) for gap in apart]).double()
    finals[key] = pytorch


# %% raw_runs
compare("raw", raw, torch.float32)
compare("raw", raw, torch.float64)

# %% standardized_runs
compare("standardized", standardized, torch.float32)
compare("standardized", standardized, torch.float64)

# %% spread
together = {}
print("largest gap to the final fit of PyTorch's run")
print("                 median  largest  over 0.01")
for (name, dtype), gap in gaps.items():
    print(f"{name} features, {str(dtype)[6:]}")
    for row, other in zip(gap, ("from scratch", "Bayesian")):
        lost = int((row.isnan() | (row > 0.01)).sum())
        median = row.nanmedian().item()
        largest = row[~row.isnan()].max().item()
        together[name, str(dtype)[6:], other] = (median, lost)
        sizes = f"{median:.1e}  {largest:.1e}"
        print(f"  {other:12}  {sizes}    {lost} of {count}")

# %% figure_spread
rng = np.random.default_rng(0)
fig, ax = plt.subplots(figsize=(5.4, 3.8))
styles = (("from scratch", "oC0", -0.18), ("Bayesian", "xC1", 0.18))
for place, gap in enumerate(gaps.values()):
    for row, (name, style, shift) in zip(gap, styles):
        finite = row[~row.isnan()].clamp(min=1e-17)
        where = place + shift + rng.uniform(-0.1, 0.1, len(finite))
        label = name if place == 0 else None
        ax.plot(where, finite, style, ms=4, alpha=0.75, label=label)
ax.axhline(0.01, color="k", lw=1.2, ls=(0, (1.5, 2.5)))
ax.set(yscale="log", ylabel="largest gap to PyTorch's fit")
ax.set_yticks([1e-16, 1e-12, 1e-8, 1e-4, 1])
ax.set_xticks(range(4), [f"{a}\n{str(b)[6:]}" for a, b in gaps])
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
reach = "; ".join(
    f"{name} features, {str(dtype)[6:]}: up to {gap[~gap.isnan()].max():.0e}, "
    f"{(gap > 0.01).sum()} of {gap.numel()} marks above the dotted line"
    for (name, dtype), gap in gaps.items()
)
fig.set_label(
    "Strip chart on a logarithmic axis: for each of four settings, the largest "
    "gap between PyTorch's final fit and the other two, one mark a seed for each. "
    f"From left to right, {reach}."
)


# %% page_seed
def spike_and_fit(key):
    """Return highest loss over the first, and final R², of each seed."""
    spike = histories[key].amax(dim=0) / histories[key][0]
    residual = torch.mean((targets - finals[key]) ** 2, dim=(1, 2))
    return spike, 1 - residual / targets.var(dim=(1, 2), unbiased=False)


spike, fit = spike_and_fit(("raw", torch.float32))
eligible = [s for s in range(count) if spike[s] <= 10 and fit[s] > 0.5]
for seed in range(3):
    ratio, r2 = spike[seed].item(), fit[seed].item()
    print(f"seed {seed}: highest / first loss {ratio:5.2f}, R² {r2:.3f}")
spiking = int((spike.isnan() | (spike > 10)).sum())
print(f"{spiking} of {count} exceed ten times their first loss")
print(f"{len(eligible)} of {count} pass both tests; smallest: {eligible[0]}")
parted = (gaps["raw", torch.float32][:, eligible] > 0.01).sum(dim=1).tolist()
print("of these, fits over 0.01 from PyTorch's:")
print(f"  from scratch {parted[0]}, Bayesian {parted[1]}")


# %% sharpness
network = models.Net().double()
names = [name for name, _ in network.named_parameters()]


def sharpness(vector, seed, features):
    """Return the largest eigenvalue of the MSE's Hessian at a vector."""

    def error(vector):
        pieces = vector.split([shape.numel() for shape in shapes])
        state = {k: v.view(s) for k, v, s in zip(names, pieces, shapes)}
        inputs = features.double()
        prediction = torch.func.functional_call(network, state, inputs)
        return torch.mean((targets[seed].double() - prediction) ** 2)

    hessian = torch.func.hessian(error)(vector.double())
    return torch.linalg.eigvalsh(hessian)[-1].item()


# %% curvatures
examined = 20
sharp = {}
print(f"stable below a curvature of 2/η = {2 / lr:.0f}")
print("                         start      end")
for name, features in (("raw", raw), ("standardized", standardized)):
    columns = [
        [sharpness(v, s, features) for s, v in enumerate(vectors[:examined])]
        for vectors in (starts, ends[name, torch.float32])
    ]
    sharp[name] = np.array(columns).T
    every = sharp[name]
    rows = *every[:2], np.median(every, axis=0), every.max(axis=0)
    for label, row in zip(("seed 0", "seed 1", "median", "largest"), rows):
        print(f"{name:13} {label:7}  {row[0]:7.1f}  {row[1]:7.1f}")
too_sharp = int((sharp["raw"][:, 0] > 2 / lr).sum())
print(f"raw features, above it at the start: {too_sharp} of {examined}")

# %% checks tags=["hidden"]
assert eligible[0] == 1 and spike[0] > 10
for (name, _, _), (_, lost) in together.items():
    assert lost == 0 or name == "raw"
raw_start, standardized_start = (np.median(s[:, 0]) for s in sharp.values())
assert too_sharp > examined / 2 and raw_start > 2 / lr
assert sharp["raw"][1, 0] < 2 / lr and sharp["standardized"].max() < 1 / lr

# %% values tags=["hidden"]
values = {
    "count": count,
    "eligible": len(eligible),
    "smallest": eligible[0],
    "spiking": spiking,
    "spike_seed_0": spike[0].item(),
    "fit_seed_0": fit[0].item(),
    "spike_seed_1": spike[1].item(),
    "fit_seed_1": fit[1].item(),
    "stable_curvature": 2 / lr,
    "examined": examined,
    "too_sharp": too_sharp,
    "sharpness_raw": float(raw_start),
    "sharpness_std": float(standardized_start),
    "sharpness_std_largest": float(sharp["standardized"].max()),
    "sharpness_seed_1": float(sharp["raw"][1, 0]),
    "sharpness_seed_1_end": float(sharp["raw"][1, 1]),
    "gap_seed_1": gaps["raw", torch.float32][0, 1].item(),
    "parted_scratch": parted[0],
    "parted_bayesian": parted[1],
}
for (name, dtype, other), (median, lost) in together.items():
    key = f"{name}_{dtype}_{other.replace(' ', '_').lower()}"
    values |= {f"median_{key}": median, f"lost_{key}": lost}
for (name, dtype), gap in gaps.items():
    values[f"farthest_{name}_{str(dtype)[6:]}"] = np.nanmax(gap.numpy()).item()
