# %% [markdown]
# # What weight decay does to a fit
#
# One network, the article’s points, a grid of λ and three sizes of data set:
# a fit for each pair, all trained side by side. The page’s explorer draws them.

# %% setup
import json
import math
import textwrap

import matplotlib.pyplot as plt
import torch
from torch.nn.utils import parameters_to_vector

import models

torch.manual_seed(1)


# %% points
def featurize(x):
    """Map inputs of shape (n,) to the features (x, x²) of shape (n, 2)."""
    return torch.stack([x, x**2], dim=1)


x = torch.cat([torch.linspace(a, a + 4, 20) for a in (-10, -2, 6)])
noise_variance = 0.25

truth = models.Net()  # the three draws of the article, in its order
clean = truth(featurize(x)).detach().double().squeeze(1)
noise = torch.randn(60, 1).double().squeeze(1)
y = clean + math.sqrt(noise_variance) * noise
start = models.Net().double()

raw = featurize(x).double()
mean, scale = raw.mean(0), raw.std(0)
inputs = (raw - mean) / scale  # standardized, by all 60 points
print(f"targets from {y.min():.2f} to {y.max():.2f}, mean {y.mean():.2f}")

# %% grid
lambdas = 2.0 ** (torch.arange(-14, 7).double() / 2)
sizes = torch.tensor([15, 30, 60])

weight_decay = lambdas.repeat(len(sizes))  # one entry a fit
n = sizes.repeat_interleave(len(lambdas))
every = 60 // n[:, None]  # n = 15: every fourth point, n = 30: every second
used = (torch.arange(60) % every == 0).double()
prior_variance = 1 / (n * weight_decay)

print(f"{len(n)} fits, weight decay {lambdas[0]:.4f} to {lambdas[-1]:.0f}")
narrowest, widest = prior_variance.min(), prior_variance.max()
print(f"prior variance {narrowest:.4f} to {widest:.1f}")

# %% predict
shapes = [p.shape for p in start.parameters()]


def predict(theta, inputs):
    """Outputs (fits, n) of all networks, for parameters (fits, 261)."""
    parts = theta.split([shape.numel() for shape in shapes], dim=1)
    layers = [part.view(-1, *shape) for part, shape in zip(parts, shapes)]
    hidden = inputs.expand(len(theta), -1, -1)
    for weight, bias in zip(layers[0::2], layers[1::2]):
        if weight is not layers[0]:
            hidden = hidden.relu()
        hidden = torch.baddbmm(bias[:, None], hidden, weight.mT)
    return hidden.squeeze(2)


# %% check_predict tags=["hidden"]
one = parameters_to_vector(start.parameters()).detach()[None]
assert torch.allclose(
    predict(one, inputs)[0], start(inputs).squeeze(1), rtol=0, atol=1e-12
)

# %% losses
constant = 0.5 * math.log(2 * math.pi * noise_variance)


def nll(theta):
    """Negative log-likelihood per example of each fit, on its n points."""
    squares = (predict(theta, inputs) - y) ** 2
    return (used * squares).sum(1) / n / (2 * noise_variance) + constant


def l2_penalty(theta):
    """Half the squared norm of each fit's parameters."""
    return 0.5 * (theta**2).sum(1)


def gradient(theta):
    """∇L of each fit: what autograd gives for the NLL, plus λθ."""
    theta = theta.detach().requires_grad_()
    (grad,) = torch.autograd.grad(nll(theta).sum(), theta)
    return grad + weight_decay[:, None] * theta.detach()


# %% train
steps, last = 4000, 100
theta_0 = parameters_to_vector(start.parameters()).detach()
theta = theta_0.repeat(len(n), 1)  # every fit starts here
mean_grad, mean_square = torch.zeros_like(theta), torch.zeros_like(theta)
last_gradients, last_thetas = [], []

for step in range(1, steps + 1):
    grad = gradient(theta)
    if step > steps - last:
        last_gradients.append(grad)
        last_thetas.append(theta)
    if step < steps:  # Adam on L; its rate falls after 30 % of the steps
        mean_grad = 0.9 * mean_grad + 0.1 * grad
        mean_square = 0.999 * mean_square + 0.001 * grad**2
        direction = (mean_grad / (1 - 0.9**step)) / (
            (mean_square / (1 - 0.999**step)).sqrt() + 1e-8
        )
        rate = 0.03 * 1e-4 ** max(0, (step / steps - 0.3) / 0.7)
        theta = theta - rate * direction

# %% measure
fit_nll = nll(theta)
penalty = weight_decay * l2_penalty(theta)
fitted = predict(theta, inputs)
errors = ((fitted - clean) ** 2).mean(1)
lowest_nll = constant + 0.5  # of new labels, if the fit were the truth
new_nll = errors / (2 * noise_variance) + lowest_nll

biggest = n == sizes[-1]
best = int(new_nll[biggest].argmin())
chosen = {"smallest": 0, "best": best, "largest": len(lambdas) - 1}
rows = {"λ": weight_decay, "prior sd": prior_variance.sqrt()}
rows |= {"NLL": fit_nll, "penalty": penalty, "new NLL": new_nll}
print("n = 60  ", *(f"{name:>9s}" for name in chosen))
for name, row in rows.items():
    three = row[biggest][list(chosen.values())]
    print(f"{name:8s}", *(f"{number:9.4f}" for number in three))

# %% best
lows = [int(new_nll[n == size].argmin()) for size in sizes]
print(" n  best λ  prior sd  NLL of new labels")
for size, k in zip(sizes, lows):
    sd = prior_variance[n == size][k].sqrt()
    low = new_nll[n == size][k]
    print(f"{size:2d}  {lambdas[k]:6.3f}  {sd:8.3f}  {low:9.4f}")

# %% apart
ends = [(fitted[n == size][0], fitted[n == size][-1]) for size in sizes]
apart = [(a - b).square().mean().sqrt().item() for a, b in ends]
print("fits at smallest and largest λ, rms apart")
for size, distance in zip(sizes, apart):
    print(f"n = {size}: {distance:.2f}")
print(f"standard deviation of the noise: {math.sqrt(noise_variance)}")

# %% collapse
flat = fitted.amax(1) - fitted.amin(1) < 1e-6
mean_y = (used * y).sum(1) / n
shrunk_mean = mean_y / (1 + noise_variance * weight_decay)
print(f" n  flat from λ  at λ = {lambdas[-1]:.0f}  shrunk mean")
for size in sizes:
    mine = n == size
    first = lambdas[flat[mine]][0]
    last_fit, shrunk = fitted[mine][-1, 0], shrunk_mean[mine][-1]
    print(f"{size:2d}  {first:11.2f}  {last_fit:8.4f}  {shrunk:11.4f}")


# %% shortest
def shortest_average(gradients, rounds=1000):
    """Norm of the shortest average of gradients (fits, last, 261)."""
    gram, fit = gradients @ gradients.mT, torch.arange(len(gradients))
    weights = torch.full_like(gram[:, 0], 1 / gram.shape[1])
    along = gram.mean(1)  # the average's inner product with each gradient
    for _ in range(rounds):  # Gilbert's algorithm: go toward the best
        best = along.argmin(1)
        here, there = (weights * along).sum(1), along[fit, best]
        length = here - 2 * there + gram[fit, best, best]
        share = ((here - there) / length.clamp_min(1e-300)).clamp(0, 1)
        share = share[:, None]
        weights = (1 - share) * weights
        weights[fit, best] += share.squeeze(1)
        along = (1 - share) * along + share * gram[fit, best]
    return (weights[:, None] @ gradients).squeeze(1).norm(dim=1)


grad_norm = last_gradients[-1].norm(dim=1)
shortest = shortest_average(torch.stack(last_gradients, 1))
radius = (theta - torch.stack(last_thetas)).norm(dim=2).max().item()
print(f"last {last} points within {radius:.1e} of the final")

# %% converged
threshold = 1e-3
smooth = grad_norm < threshold
kink = ~smooth & (shortest < threshold)
flagged = ~smooth & ~kink
print(f"{smooth.sum()} of {len(n)} fits: gradient below {threshold:g}")
print(f"{kink.sum()}: on a kink, average gradient below {threshold:g}")
worst = weight_decay[flagged].max()
print(f"{flagged.sum()}: neither; their λ goes up to {worst:.3f}")

# %% local
squares = l2_penalty(theta).view(len(sizes), 1, -1)
at_any = fit_nll.view(len(sizes), 1, -1) + lambdas[:, None] * squares
own = at_any.diagonal(dim1=1, dim2=2)  # of shape (sizes, λ)
beaten = (at_any.amin(2) < own - 1e-6).flatten()  # more than rounding
lost, stuck = beaten.sum(), (beaten & ~flagged).sum()
print(f"{lost} of {len(n)} lose to another fit at their λ")
print(f"{lost - stuck} of these have not converged, {stuck} have")

# %% figure
curve_x = torch.linspace(-11, 11, 89).double()
curves = predict(theta, (featurize(curve_x) - mean) / scale)
true_curve = truth(featurize(curve_x).float()).detach().squeeze(1)

fig, ax = plt.subplots(figsize=(5.4, 3.6))
ax.plot(x, y, "o", color="0.5", alpha=0.7, label="data")
for k, style in zip(chosen.values(), ["C1:", "C0-", "C2--"]):
    label = f"λ = {lambdas[k]:.2g}"
    ax.plot(curve_x, curves[biggest][k], style, label=label)
ax.plot(curve_x, true_curve, "k-.", linewidth=1.2, label="truth")
ax.set(xlabel="input x", ylabel="target y", ylim=(-1.6, 7))
ax.legend(loc="upper center", ncols=2)
away = errors[biggest].sqrt()
fig.set_label(
    f"Three fits to the same {len(x)} points. With the smallest weight decay"
    f" the curve bends after the noise, {away[0]:.2f} from the truth (root mean"
    f" square); with the middle one it stays {away[best]:.2f} from the truth;"
    f" with the largest it is flat, {away[-1]:.2f} from it."
)

# %% table tags=["markdown"]
kinds = {"smooth": "converged", "kink": "on a kink", "flagged": "not converged"}
states = [list(kinds)[0 if a else 1 if b else 2] for a, b in zip(smooth, kink)]


def table_row(k):
    numbers = [prior_variance[k].sqrt(), fit_nll[k], penalty[k], new_nll[k]]
    short = f"{shortest[k]:.2e}" if shortest[k] > 1e-12 else "below 1e-12"
    cells = [str(n[k].item()), f"{weight_decay[k]:.3g}"]
    cells += [f"{number:.4g}" for number in numbers]
    return " | ".join([*cells, short, kinds[states[k]]])


print("n | λ | prior sd | NLL | penalty | NLL, new labels | shortest | state")
print("--:|--:|--:|--:|--:|--:|--:|:--")
print(*(table_row(k) for k in range(len(n))), sep="\n")


# %% data tags=["data"]
def rounded(numbers, digits):
    return [float(f"{number:.{digits}g}") for number in numbers.tolist()]


def hundredths(curve):
    return [round(value, 2) for value in curve.tolist()]


report = {
    "threshold": threshold, "steps": steps,
    "n": sizes.tolist(), "lambda": rounded(lambdas, 12),
    "lambda_text": [f"{weight:.3g}" for weight in lambdas],
    "x": hundredths(x), "y": hundredths(y),
    "curve_x": hundredths(curve_x), "truth": hundredths(true_curve),
    "prior_variance": rounded(prior_variance, 6),
    "prior_std": rounded(prior_variance.sqrt(), 6),
    "nll": rounded(fit_nll, 6), "penalty": rounded(penalty, 6),
    "loss": rounded(fit_nll + penalty, 6), "new_nll": rounded(new_nll, 6),
    "grad_norm": rounded(grad_norm, 6), "shortest": rounded(shortest, 6),
    "state": states, "beaten": beaten.int().tolist(),
    "curves": [hundredths(curve) for curve in curves],
}
print(textwrap.fill(json.dumps(report), 76))

# %% claims tags=["hidden"]
assert min(apart) > math.sqrt(noise_variance), apart
smallest = weight_decay == lambdas[0]
assert (fit_nll[smallest] < lowest_nll).all() and (lowest_nll < new_nll[smallest]).all()
for size in sizes:
    mine = new_nll[n == size]
    assert mine.min() + 0.1 < min(mine[0], mine[-1]), "the best λ is at an end"
assert lambdas[lows[0]] > 2 * lambdas[max(lows[1:])]
largest = weight_decay == lambdas[-1]
assert (fitted[largest] - shrunk_mean[largest, None]).abs().max() < 1e-4
assert flat.sum() >= len(sizes) and not flat[weight_decay < 1].any()
assert weight_decay[flagged].max() < 0.5
assert stuck > 0 and (fit_nll.view(3, -1).diff() < -1e-3).any()
first_rms_15 = ((fit_nll[0] - constant) * 2 * noise_variance).sqrt().item()
assert first_rms_15 < 0.8 * math.sqrt(noise_variance)
assert flagged.sum() < len(n) / 3
assert radius < 1e-2
assert len(json.dumps(report, separators=(",", ":"))) < 40_000

# %% costs tags=["hidden"]
rises = [
    [new_nll[n == size][k + move] - new_nll[n == size][k] for move in (-2, 2)]
    for size, k in zip(sizes, lows)
]
half_cost, twice_cost = (cost.item() for cost in rises[0])
other_cost = max(cost.item() for pair in rises[1:] for cost in pair)
assert 2 * half_cost < twice_cost and other_cost < half_cost

# %% values tags=["hidden"]
states_of = [[states[k] for k in (n == size).nonzero()[:, 0]] for size in sizes]
values = {
    "smallest_flagged": int(flagged[weight_decay == lambdas[0]].sum()),
    "sizes": len(sizes),
    "smallest_state_60": kinds[states_of[-1][0]],
    "best_state_30": kinds[states_of[1][lows[1]]],
    "fits": len(n), "lambdas": len(lambdas), "steps": steps, "last": last,
    "threshold": threshold, "noise_variance": noise_variance,
    "noise_std": math.sqrt(noise_variance), "lowest_nll": lowest_nll,
    "lambda_min": lambdas[0].item(), "lambda_max": lambdas[-1].item(),
    "tau_min": prior_variance.min().item(), "tau_max": prior_variance.max().item(),
    "apart_min": min(apart), "apart_max": max(apart),
    "converged": int((smooth | kink).sum()), "smooth": int(smooth.sum()),
    "kink": int(kink.sum()), "flagged": int(flagged.sum()),
    "flagged_lambda": weight_decay[flagged].max().item(), "radius": radius,
    "half_cost": half_cost, "twice_cost": twice_cost, "other_cost": other_cost,
    "beaten_flagged": int((beaten & flagged).sum()),
    "beaten_converged": int((beaten & ~flagged).sum()),
    "beaten_flat": int((beaten & ~flagged & flat).sum()),
    "first_rms_15": first_rms_15, "beaten": int(beaten.sum()), "flat": int(flat.sum()),
    "json_bytes": len(json.dumps(report, separators=(",", ":"))),
}
for size, k in zip(sizes.tolist(), lows):
    mine = n == size
    edge = int((~flat[mine]).sum())  # the first flat fit
    values |= {
        f"before_nll_{size}": fit_nll[mine][edge - 1].item(),
        f"after_nll_{size}": fit_nll[mine][edge].item(),
        f"before_lambda_{size}": lambdas[edge - 1].item(),
        f"best_lambda_{size}": lambdas[k].item(),
        f"best_tau_{size}": prior_variance[mine][k].item(),
        f"best_new_{size}": new_nll[mine][k].item(),
        f"first_nll_{size}": fit_nll[mine][0].item(),
        f"first_new_{size}": new_nll[mine][0].item(),
        f"flat_lambda_{size}": lambdas[flat[mine]].min().item(),
        f"last_fit_{size}": fitted[mine][-1, 0].item(),
        f"mean_y_{size}": mean_y[mine][0].item(),
    }
