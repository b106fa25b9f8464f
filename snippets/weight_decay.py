# %% [markdown]
# # Weight decay three ways
#
# One network, one data set, one initial point, three ways to write the same
# penalty: by hand, as PyTorch’s `weight_decay`, and as a Gaussian prior. A
# fourth run without any penalty is the control.

# %% setup
import copy
import inspect
import math

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.nn.utils import parameters_to_vector, vector_to_parameters

import models

SEED = 1
torch.manual_seed(SEED)

# %% network
print(inspect.getsource(models.Net))


# %% data
def featurize(x):
    """Map inputs of shape (n,) to the features (x, x²) of shape (n, 2)."""
    return torch.stack([x, x**2], dim=1)


x = torch.cat([torch.linspace(a, a + 4, 20) for a in (-10, -2, 6)])
features = featurize(x)
noise_sd = 0.5

truth = models.Net()  # the first draw: the network that makes the data
clean = truth(features).detach()
y = clean + noise_sd * torch.randn(60, 1)  # the second draw: the noise
n = len(y)
print(f"n = {n} examples, noise variance {noise_sd**2}")

# %% figure_data
fig, ax = plt.subplots(figsize=(5.4, 3.2))
ax.plot(x, y, "o", color="C1", alpha=0.8)
ax.set(xlabel="input x", ylabel="target y", xticks=range(-10, 11, 5))
spans = ", ".join(f"{g[0]:g} to {g[-1]:g}" for g in x.view(3, 20))
averages = ", ".join(f"{g.mean():.1f}" for g in y.view(3, 20))
fig.set_label(
    f"Scatter plot of {n} data points in three groups, at x from {spans}. "
    f"Their targets average {averages}."
)


# %% losses
def mse(prediction, target):
    """Mean squared error: f(θ) − ½ log π if the noise variance is ½."""
    return torch.mean((target - prediction) ** 2)


def l2_penalty(theta):
    """Half the squared Euclidean norm of the parameter vector θ."""
    return 0.5 * torch.sum(theta**2)


# %% start
lr, weight_decay, steps = 1e-2, 1e-2, 1000
start = models.Net()  # the third draw: where every run begins
theta_0 = parameters_to_vector(start.parameters()).detach().clone()
D = len(theta_0)
print(f"D = {D} parameters, initial norm {theta_0.norm():.4f}")


# %% train
def train(objective, decay=0.0):
    """Run SGD from theta_0; return model, MSEs, first five gradients of L."""
    model = models.Net()
    vector_to_parameters(theta_0.clone(), model.parameters())
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, weight_decay=decay)
    errors, gradients = [], []
    for _ in range(steps):
        optimizer.zero_grad()
        error = mse(model(features), y)
        theta = parameters_to_vector(model.parameters())
        objective(error, theta).backward()
        errors.append(error.item())
        if len(gradients) < 5:
            grad = torch.cat([p.grad.view(-1) for p in model.parameters()])
            gradients.append((grad + decay * theta.detach()).numpy())
        optimizer.step()
    return model, errors, gradients


def print_first(errors):
    for epoch, error in enumerate(errors[:5]):
        print(f"Epoch: {epoch}, MSE: {error}")


# %% from_scratch
def penalized_loss(error, theta):
    return error + weight_decay * l2_penalty(theta)


from_scratch, from_scratch_errors, from_scratch_grads = train(penalized_loss)
print_first(from_scratch_errors)


# %% pytorch
def unpenalized_loss(error, theta):
    return error


pytorch, pytorch_errors, pytorch_grads = train(
    unpenalized_loss, decay=weight_decay
)
print_first(pytorch_errors)

# %% compare_pytorch
pytorch_differences = [
    np.linalg.norm(a - b) for a, b in zip(from_scratch_grads, pytorch_grads)
]
for epoch, difference in enumerate(pytorch_differences):
    print(f"Epoch: {epoch}, difference:", difference)

# %% bayesian
prior_variance = 1 / (n * weight_decay)
prior = torch.distributions.Normal(0, math.sqrt(prior_variance))


def negative_log_joint(error, theta):
    return error - (1 / n) * torch.sum(prior.log_prob(theta))


bayesian, bayesian_errors, bayesian_grads = train(negative_log_joint)
print(f"prior variance {prior_variance:.4f}, its root {prior.scale:.4f}")
print_first(bayesian_errors)

# %% compare_bayesian
bayesian_differences = [
    np.linalg.norm(a - b) for a, b in zip(bayesian_grads, pytorch_grads)
]
for epoch, difference in enumerate(bayesian_differences):
    print(f"Epoch: {epoch}, difference:", difference)

# %% control
control, control_errors, control_grads = train(unpenalized_loss, decay=0.0)
print_first(control_errors)


# %% where_they_end
def summary(model):
    """Return MSE, L, norm of θ and norm of ∇L of a model."""
    theta = parameters_to_vector(model.parameters())
    error = mse(model(features), y)
    loss = error + weight_decay * l2_penalty(theta)
    gradient = torch.autograd.grad(loss, list(model.parameters()))
    gradient = parameters_to_vector(gradient)
    numbers = error, loss, theta.norm(), gradient.norm()
    return [number.item() for number in numbers]


def print_table(ends):
    print("run           MSE      L       ‖θ‖     ‖∇L‖")
    for name, (error, loss, norm, gradient) in ends.items():
        print(f"{name:12}  {error:.5f}  {loss:.4f}  {norm:.4f}  {gradient:.4f}")


runs = {"from scratch": from_scratch, "PyTorch": pytorch, "Bayesian": bayesian}
runs["no decay"] = control
ends = {name: summary(model) for name, model in runs.items()}
print_table(ends)

# %% further
further = {}
for name, decay in (("PyTorch", weight_decay), ("no decay", 0.0)):
    model = copy.deepcopy(runs[name])
    optimizer = torch.optim.SGD(
        model.parameters(), lr=lr / 10, weight_decay=decay
    )
    for _ in range(steps):
        optimizer.zero_grad()
        mse(model(features), y).backward()
        optimizer.step()
    further[name] = summary(model)
print_table(further)

# %% clock
time_constants = lr * weight_decay * steps
print(f"decay time constants: ηλ · steps = {time_constants:.3g}")
shrink = (1 - lr * weight_decay) ** steps
print(f"decay alone: (1 − ηλ)^steps = {shrink:.4f}")

# %% figure_fits
grid = torch.linspace(-10, 10, 100)
with torch.no_grad():
    fits = {name: model(featurize(grid))[:, 0] for name, model in runs.items()}

fig, axes = plt.subplots(
    2, 3, sharex=True, sharey="row", height_ratios=(2, 1), figsize=(5.4, 4.4)
)
for name, top, low in zip(("from scratch", "PyTorch", "Bayesian"), *axes):
    top.plot(x, y, "o", color="C1", ms=3, alpha=0.7, label="data")
    top.plot(grid, fits[name], color="C0", label="fit")
    top.set(title=name)
    low.axhline(0, ls="--", color="k", lw=1.2, label="no decay")
    low.plot(grid, fits[name] - fits["no decay"], color="C0")
    low.set(xlabel="input x", xticks=[-5, 0, 5])
axes[0, 0].set_ylabel("target y")
pairs = [ax.get_legend_handles_labels() for ax in axes[:, 0]]
marks, labels = (a + b[:1] for a, b in zip(*pairs))
fig.legend(marks, labels, loc="outside upper center", ncols=3)
axes[1, 0].set_ylabel("fit − no decay")
three = torch.stack(list(fits.values())[:3])
parted = (three - fits["PyTorch"]).abs().max()
effect = (three - fits["no decay"]).abs().max()
fig.set_label(
    "Two rows of three panels, one column for each run: from scratch, PyTorch, "
    "Bayesian. Upper row: the fitted curve passes through the three groups of "
    f"points; the curves differ from PyTorch's by {parted:.1e} where they "
    "differ most. Lower row: the fit minus that of the run without weight decay; "
    f"the largest difference is {effect:.2g}."
)

# %% gaps
print("largest distance from PyTorch's fit")
gaps = {}
for name in ("from scratch", "Bayesian", "no decay"):
    gaps[name] = (fits["PyTorch"] - fits[name]).abs().max().item()
    print(f"{name:12}  {gaps[name]:.1e}")

# %% checks tags=["hidden"]
assert pytorch_differences[0] == 0.0
assert all(0 < d < 1e-6 for d in bayesian_differences)
gap_runs = max(gaps["from scratch"], gaps["Bayesian"])
assert gaps["no decay"] > 10 * gap_runs
assert from_scratch_errors[:2] == pytorch_errors[:2] == bayesian_errors[:2]
assert ends["no decay"][0] > ends["PyTorch"][0]
assert further["no decay"][0] < further["PyTorch"][0]
assert all(further[name][1] < ends[name][1] for name in further)
assert further["PyTorch"][2] < ends["PyTorch"][2]  # not arrived

# %% worst_epoch
worst_epoch = int(np.argmax(bayesian_differences))
apart = np.abs(bayesian_grads[worst_epoch] - pytorch_grads[worst_epoch])
worst_entry = int(np.argmax(apart))
one = float(pytorch_grads[worst_epoch][worst_entry])
ulp = np.spacing(np.float32(abs(one)))
print(f"epoch {worst_epoch}: where the gradient is {one:.3f}")
largest = apart[worst_entry]
print(f"it differs by {largest:.1e}, {largest / ulp:g} ulp")

# %% values tags=["hidden"]
values = {
    "seed": SEED,
    "n": n,
    "parameters": D,
    "steps": steps,
    "lr": lr,
    "weight_decay": weight_decay,
    "noise_sd": noise_sd,
    "noise_variance": noise_sd**2,
    "prior_variance": prior_variance,
    "prior_std": math.sqrt(prior_variance),
    "many": 50_000,
    "prior_std_many": 1 / math.sqrt(50_000 * weight_decay),
    "prior_factor": 2 * noise_sd**2,
    "initial_norm": theta_0.norm().item(),
    "first_error": pytorch_errors[0],
    "final_error": ends["PyTorch"][0],
    "final_loss": ends["PyTorch"][1],
    "final_norm": ends["PyTorch"][2],
    "final_gradient": ends["PyTorch"][3],
    "final_error_control": ends["no decay"][0],
    "final_norm_control": ends["no decay"][2],
    "norm_ratio": ends["PyTorch"][2] / ends["no decay"][2],
    "further_error": further["PyTorch"][0],
    "further_loss": further["PyTorch"][1],
    "further_norm": further["PyTorch"][2],
    "further_gradient": further["PyTorch"][3],
    "further_error_control": further["no decay"][0],
    "difference_pytorch": float(max(pytorch_differences)),
    "difference_bayesian_first": float(bayesian_differences[0]),
    "difference_bayesian": float(max(bayesian_differences)),
    "worst_epoch": worst_epoch,
    "worst_apart": float(largest),
    "worst_ulps": float(largest / ulp),
    "worst_gradient": one,
    "gap_runs": gap_runs,
    "gap_scratch": gaps["from scratch"],
    "gap_bayesian": gaps["Bayesian"],
    "gap_inputs": (pytorch(features) - from_scratch(features)).abs().max().item(),
    "gap_control": gaps["no decay"],
    "time_constants": time_constants,
    "shrink": shrink,
}
