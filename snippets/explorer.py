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
lambdas = 2.0 ** torch.arange(-5, 4).double()
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
    hidden = inputs.T.expand(len(theta), -1, -1)  # a column a point
    for weight, bias in zip(layers[0::2], layers[1::2]):
        if weight is not layers[0]:
            hidden = hidden.relu()
        hidden = torch.baddbmm(bias[..., None], weight, hidden)
    return hidden[:, 0]


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
last_gradients = []

for step in range(1, steps + 1):
    grad = gradient(theta)
    if step > steps - last:
        last_gradients.append(grad)
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

# %% best
by_size = new_nll.view(len(sizes), -1)
lows = by_size.argmin(1)
print(" n  best λ  prior sd  NLL of new labels")
for size, k, row in zip(sizes, lows, by_size):
    sd = (size * lambdas[k]) ** -0.5
    print(f"{size:2d}  {lambdas[k]:6.3f}  {sd:8.3f}  {row[k]:18.4f}")

# %% one_prior
above = by_size - by_size.amin(1, keepdim=True)  # (sizes, λ), in nats
# λ is twice as large at 30 points as at 60, and four times at 15:
same_prior = torch.stack([above[2 - i, i : 7 + i] for i in range(3)]).amax(0)
same_decay = above.amax(0)
prior, decay = same_prior.argmin(), same_decay.argmin()
print("at any n, above the best λ for it by at most")
print(f"one prior, sd {(60 * lambdas[prior]) ** -0.5:.3f}: {same_prior[prior]:.4f}")
print(f"one λ, {lambdas[decay]:g}:          {same_decay[decay]:.4f}")

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


# %% converged
grad_norm = last_gradients[-1].norm(dim=1)
shortest = shortest_average(torch.stack(last_gradients, 1))
threshold = 1e-3
smooth = grad_norm < threshold
kink = ~smooth & (shortest < threshold)
print(f"{smooth.sum()} of {len(n)} fits: gradient below {threshold:g}")
print(f"{kink.sum()}: on a kink, average gradient below {threshold:g}")

# %% local
squares = l2_penalty(theta).view(len(sizes), 1, -1)
at_any = fit_nll.view(len(sizes), 1, -1) + lambdas[:, None] * squares
own = at_any.diagonal(dim1=1, dim2=2)  # of shape (sizes, λ)
beaten = (at_any.amin(2) < own - 1e-6).flatten()  # more than rounding
print(f"{beaten.sum()} of {len(n)} lose to another fit at their λ")

# %% figure
curve_x = torch.linspace(-11, 11, 89).double()
curves = predict(theta, (featurize(curve_x) - mean) / scale)
true_curve = truth(featurize(curve_x).float()).detach().squeeze(1)

chosen = {0: "C1:", int(lows[0]): "C0-", len(lambdas) - 1: "C2--"}  # n = 15
fig, ax = plt.subplots(figsize=(5.4, 3.2))
ax.plot(x[used[0] == 1], y[used[0] == 1], "o", color="0.5", label="data")
for k, style in chosen.items():
    ax.plot(curve_x, curves[k], style, label=f"λ = {lambdas[k]:.2g}")
ax.plot(curve_x, true_curve, "k-.", linewidth=1.2, label="truth")
ax.set(xlabel="input x", ylabel="target y", ylim=(-1.6, 7.4))
ax.legend(loc="upper center", ncols=3)
away = [errors[k].sqrt().item() for k in chosen]
fig.set_label(
    f"Three fits to the same {sizes[0]} points. With the smallest weight decay the"
    f" curve bends after the noise, {away[0]:.2f} from the truth (root mean"
    f" square); with the middle one it stays {away[1]:.2f} from the truth;"
    f" with the largest it is flat, {away[2]:.2f} from it."
)

# %% table tags=["markdown"]
states = ["smooth" if short else "kink" for short in smooth]


def table_row(k):
    numbers = [prior_variance[k].sqrt(), fit_nll[k], penalty[k], new_nll[k]]
    short = f"{shortest[k]:.0e}" if shortest[k] > 1e-12 else "0"
    cells = [str(n[k].item()), f"{weight_decay[k]:.3g}"]
    cells += [f"{number:.3f}" for number in numbers]
    return " | ".join([*cells, short, states[k]])


print("n | λ | prior sd | NLL | penalty | NLL, new labels | shortest | state")
print("--:|--:|--:|--:|--:|--:|--:|:--")
print(*(table_row(k) for k in range(len(n))), sep="\n")


# %% data tags=["data"]
def rounded(numbers, digits=6):
    return [float(f"{number:.{digits}g}") for number in numbers.tolist()]


report = {
    "threshold": threshold, "n": sizes.tolist(), "lambda": lambdas.tolist(),
    "lambda_text": [f"{weight:.3g}" for weight in lambdas],
    "x": rounded(x, 4), "y": rounded(y, 4),
    "curve_x": rounded(curve_x, 4), "truth": rounded(true_curve, 4),
    "prior_variance": rounded(prior_variance),
    "prior_std": rounded(prior_variance.sqrt()),
    "nll": rounded(fit_nll), "penalty": rounded(penalty),
    "loss": rounded(fit_nll + penalty), "new_nll": rounded(new_nll),
    "grad_norm": rounded(grad_norm), "shortest": rounded(shortest),
    "state": states, "beaten": beaten.int().tolist(),
    "curves": [rounded(curve, 4) for curve in curves],
}
print(textwrap.fill(json.dumps(report), 76))

# %% claims tags=["hidden"]
assert (smooth | kink).all(), "a fit has not converged"
smallest, largest = weight_decay == lambdas[0], weight_decay == lambdas[-1]
assert (fit_nll[smallest] < lowest_nll).all() and (lowest_nll < new_nll[smallest]).all()
assert ((0 < lows) & (lows < len(lambdas) - 1)).all(), "the best λ is at an end"
assert (fitted[largest] - shrunk_mean[largest, None]).abs().max() < 1e-4
assert not flat[weight_decay < 1].any()

# %% values tags=["hidden"]
before = int((~flat[n == 60]).sum()) - 1  # the last fit that is not flat
best = by_size.amin(1)
values = {
    "fits": len(n),
    "threshold": threshold,
    "lowest_nll": lowest_nll,
    "noise_std": math.sqrt(noise_variance),
    "lambda_min": lambdas[0].item(),
    "first_nll_15": fit_nll[0].item(),
    "first_new_15": new_nll[0].item(),
    "best_new_15": best[0].item(),
    "first_rms_15": ((fit_nll[0] - constant) * 2 * noise_variance).sqrt().item(),
    "first_cost_60": (by_size[2, 0] - best[2]).item(),
    "first_cost_15": (by_size[0, 0] - best[0]).item(),
    "best_lambda_15": lambdas[lows[0]].item(),
    "best_lambda_30": lambdas[lows[1]].item(),
    "best_lambda_60": lambdas[lows[2]].item(),
    "kept_std": (60 * lambdas[prior]).item() ** -0.5,
    "kept_lambda_15": lambdas[prior + 2].item(),
    "kept_lambda_30": lambdas[prior + 1].item(),
    "kept_lambda_60": lambdas[prior].item(),
    "kept_prior": same_prior[prior].item(),
    "kept_decay": same_decay[decay].item(),
    "before_lambda": lambdas[before].item(),
    "before_nll": fit_nll[n == 60][before].item(),
    "flat_lambda": lambdas[before + 1].item(),
    "flat_nll": fit_nll[n == 60][before + 1].item(),
    "kink": int(kink.sum()),
    "beaten": int(beaten.sum()),
}
