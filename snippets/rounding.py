# %% [markdown]
# # Where the last digits come from
#
# The three gradients are one function in exact arithmetic. This notebook
# shows which rounding parts them, and what each optimizer really applied.

# %% setup
import math

import numpy as np
import torch
from torch.nn.utils import parameters_to_vector, vector_to_parameters

import models

weight_decay, lr, n, parameters = 1e-2, 1e-2, 60, 261
prior_std = math.sqrt(1 / (n * weight_decay))


# %% problem
def featurize(x):
    return torch.stack([x, x**2], dim=1)


x = torch.cat([torch.linspace(a, a + 4, 20) for a in (-10, -2, 6)])
features = featurize(x)


def draw(seed):
    """Return targets and initial parameters, drawn in the article's order."""
    torch.manual_seed(seed)
    y = models.Net()(features).detach() + 0.5 * torch.randn(60, 1)
    start = models.Net()
    return y, parameters_to_vector(start.parameters()).detach().clone()


# %% penalties
def by_hand(theta, prior=None):
    return weight_decay * (0.5 * torch.sum(theta**2))


def by_prior(theta, prior):
    return -(1 / n) * torch.sum(prior.log_prob(theta))


def slope(penalty, dtype, prior=None):
    """Return d penalty / dθ at θ = 1: the coefficient that multiplies θ."""
    theta = torch.ones(1, dtype=dtype, requires_grad=True)
    penalty(theta, prior).backward()
    return theta.grad


# %% coefficient_float32
nearest = torch.tensor(weight_decay)  # λ rounded to float32
hand32 = slope(by_hand, torch.float32)
prior32 = slope(
    by_prior, torch.float32, torch.distributions.Normal(0, prior_std)
)
ulp = torch.nextafter(nearest, torch.tensor(1.0)) - nearest
ulps = [round(((s - nearest) / ulp).item()) for s in (hand32, prior32)]
print(f"λ in float32    {nearest.item():.12f}")
print(f"by hand         {hand32.item():.12f}   {ulps[0]} ulp from λ")
print(f"by the prior    {prior32.item():.12f}   {ulps[1]} ulp from λ")

# %% coefficient_float64
f64 = torch.float64
hand64 = slope(by_hand, f64).item()
scale_number = torch.distributions.Normal(0, prior_std)
scale_tensor = torch.distributions.Normal(0, torch.tensor(prior_std, dtype=f64))
number64 = slope(by_prior, f64, scale_number).item()
tensor64 = slope(by_prior, f64, scale_tensor).item()
print("relative error")
for name, s, scale in (
    ("by hand", hand64, None),
    ("scale a number", number64, scale_number.scale.dtype),
    ("scale a tensor", tensor64, scale_tensor.scale.dtype),
):
    error = abs(s - weight_decay) / weight_decay
    print(f"{name:15} {error:.1e}", f"  {scale}" if scale else "")


# %% gradients
def gradient(vector, y, penalty=None, prior=None):
    """Return the float32 gradient of MSE plus penalty at a parameter vector."""
    model = models.Net()
    vector_to_parameters(vector.clone(), model.parameters())
    loss = torch.mean((y - model(features)) ** 2)
    if penalty:
        loss = loss + penalty(parameters_to_vector(model.parameters()), prior)
    loss.backward()
    return torch.cat([p.grad.view(-1) for p in model.parameters()])


# %% writings
writings = {
    "(λ/2) · sum of squares": lambda t, _: weight_decay / 2 * torch.sum(t**2),
    "λ · (half the sum)": by_hand,
    "(λ/2) · norm squared": lambda t, _: (
        (weight_decay / 2) * torch.linalg.vector_norm(t) ** 2
    ),
    "λ · mean · D/2": lambda t, _: (
        weight_decay * torch.mean(t**2) * (len(t) / 2)
    ),
    "−(1/n) log prior": by_prior,
}
y, theta = draw(1)
expected = gradient(theta, y) + weight_decay * theta
prior = torch.distributions.Normal(0, prior_std)
print(f"of {len(theta)} entries, those that differ; norm")
differing = {}
for name, penalty in writings.items():
    difference = gradient(theta, y, penalty, prior) - expected
    differing[name] = int((difference != 0).sum())
    norm = difference.norm().item()
    print(f"{name:24} {differing[name]:6d} {norm:9.1e}")

# %% explained
y, theta = draw(1)
whole = gradient(theta, y, by_prior, prior).double() - expected.double()
coefficient = (prior32 - nearest).double() * theta.double()
from_coefficient = coefficient.norm().item()
from_sums = (whole - coefficient).norm().item()
print(f"{whole.norm():.1e}  norm of the difference at epoch 0")
print(f"{from_coefficient:.1e}  of the coefficient's error times θ")
print(f"{from_sums:.1e}  of what is left")

# %% fused
g, decay = gradient(theta, y), torch.tensor(weight_decay)
two_roundings = g + decay * theta  # product rounded, then sum rounded
one_rounding = (g.double() + decay.double() * theta.double()).float()
optimizers_own = g.add(theta, alpha=weight_decay)  # the call inside SGD
fused_like_two = int((optimizers_own != two_roundings).sum())
fused_like_one = int((optimizers_own != one_rounding).sum())
print(f"SGD's own sum differs, of {len(g)} entries, in")
print(f"{fused_like_two:3d} from two roundings, product and sum")
print(f"{fused_like_one:3d} from one rounding, fused")


# %% first_epochs
def first_differences(seed, epochs=5, told=weight_decay):
    """Return ‖from-scratch − PyTorch gradient‖ of the first epochs."""
    y, vector = draw(seed)
    models_two, norms = [], []
    for decay, passed in ((0.0, 0.0), (weight_decay, told)):
        model = models.Net()
        vector_to_parameters(vector.clone(), model.parameters())
        sgd = torch.optim.SGD(model.parameters(), lr=lr, weight_decay=passed)
        models_two.append((model, sgd, decay))
    for _ in range(epochs):
        grads = []
        for model, sgd, decay in models_two:
            sgd.zero_grad()
            theta = parameters_to_vector(model.parameters())
            loss = torch.mean((y - model(features)) ** 2)
            (loss if decay else loss + by_hand(theta)).backward()
            grad = torch.cat([p.grad.view(-1) for p in model.parameters()])
            grads.append(grad + decay * theta.detach())
            sgd.step()
        norms.append((grads[0] - grads[1]).norm().item())
    return norms


# %% how_often
seeds = 200
norms = np.array([first_differences(seed) for seed in range(seeds)])
norms = norms[np.isfinite(norms).all(axis=1)]
finite, zeros = len(norms), (norms == 0).sum(axis=0)
print(f"overflow within five steps: {seeds - finite} of {seeds} seeds")
print("epoch   exactly 0.0   largest")
for epoch in range(5):
    zero, largest = zeros[epoch], norms[:, epoch].max()
    print(f"{epoch}       {zero:3d} of {finite}    {largest:.1e}")

# %% blind_spot
blind = first_differences(1, epochs=2, told=0.0)  # SGD is told of no decay
for epoch, difference in enumerate(blind):
    print(f"Epoch: {epoch}, difference: {difference:.3g}")


# %% applied
def applied(decay, dtype=torch.float64):
    """Return what one step of SGD applied, g + λθ, and θ before it."""
    y, vector = draw(1)
    model = models.Net().to(dtype)
    vector_to_parameters(vector.to(dtype), model.parameters())
    before = parameters_to_vector(model.parameters()).detach().clone()
    sgd = torch.optim.SGD(model.parameters(), lr=lr, weight_decay=decay)
    torch.mean((y.to(dtype) - model(features.to(dtype))) ** 2).backward()
    grad = torch.cat([p.grad.view(-1) for p in model.parameters()])
    sgd.step()
    after = parameters_to_vector(model.parameters()).detach()
    return (before - after) / lr, grad + weight_decay * before, before


off_by = {}
for decay in (weight_decay, 0.0):
    step, wanted, before = applied(decay)
    off_by[decay] = (step - wanted).norm().item()
    print(f"weight_decay={decay}: off by {off_by[decay]:.3g}")
missing = weight_decay * before.norm().item()
print(f"λ‖θ‖ = {missing:.3g}")

# %% untouched
y, vector = draw(1)
model = models.Net()
loss = torch.mean((y - model(features)) ** 2)
loss.backward()
before = [p.grad.clone() for p in model.parameters()]
torch.optim.SGD(model.parameters(), lr=lr, weight_decay=weight_decay).step()
changed = sum(
    int((a != p.grad).sum()) for a, p in zip(before, model.parameters())
)
print(f"entries of p.grad changed: {changed} of {parameters}")

# %% checks tags=["hidden"]
assert ulps[0] == 0 and 0 < abs(ulps[1]) < 8
assert hand64 == weight_decay and abs(tensor64 - weight_decay) < 1e-16
assert 1e-9 < abs(number64 - weight_decay) / weight_decay < 1e-6
assert zeros[0] == finite and changed == 0
assert [bool(count) for count in differing.values()] == [0, 0, 1, 0, 1]
assert off_by[weight_decay] < 1e-11 and abs(off_by[0.0] - missing) < 1e-11
assert blind[0] == 0.0 < blind[1]

# %% values tags=["hidden"]
values = {
    "hand_ulps": ulps[0],
    "prior_ulps": abs(ulps[1]),
    "prior_coefficient": prior32.item(),
    "hand_coefficient": hand32.item(),
    "scale_error": abs(number64 - weight_decay) / weight_decay,
    "tensor_error": abs(tensor64 - weight_decay) / weight_decay,
    "differing_by_hand": differing["λ · (half the sum)"],
    "differing_norm": differing["(λ/2) · norm squared"],
    "differing_mean": differing["λ · mean · D/2"],
    "differing_prior": differing["−(1/n) log prior"],
    "fused_from_two": fused_like_two,
    "fused_from_one": fused_like_one,
    "sgd_rounds": "once" if fused_like_one == 0 else "twice",
    "blind_second": blind[1],
    "from_coefficient": from_coefficient,
    "from_sums": from_sums,
    "seeds": seeds,
    "finite": finite,
    "always_zero": int((norms == 0).all(axis=1).sum()),
    "zero_at_epoch_0": int(zeros[0]),
    "zero_at_epoch_4": int(zeros[4]),
    "largest_difference": float(norms.max()),
    "applied_error": off_by[weight_decay],
    "applied_error_off": off_by[0.0],
    "lambda_norm": missing,
    "grad_entries_changed": changed,
}
