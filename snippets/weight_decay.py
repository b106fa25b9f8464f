# %% [markdown]
# # Notebook: weight decay three ways
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
fig, ax = plt.subplots(figsize=(6.0, 1.9))
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

# %% objectives
prior_variance = 1 / (n * weight_decay)
prior = torch.distributions.Normal(0, math.sqrt(prior_variance))

objectives = {
    "from scratch": lambda f, theta: f + weight_decay * l2_penalty(theta),
    "PyTorch": lambda f, theta: f,  # SGD is told the decay
    "Bayesian": lambda f, theta: f - (1 / n) * prior.log_prob(theta).sum(),
}


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


# %% runs
scratch, scratch_mse, scratch_grads = train(objectives["from scratch"])
pytorch, pytorch_mse, pytorch_grads = train(objectives["PyTorch"], weight_decay)
bayesian, bayesian_mse, bayesian_grads = train(objectives["Bayesian"])
control, control_mse, _ = train(objectives["PyTorch"])  # and no decay

# %% first_errors tags=["markdown"]
print("| epoch | from scratch | PyTorch | Bayesian | NLL |")
print("| ---: | ---: | ---: | ---: | ---: |")
for epoch in range(5):
    three = [mses[epoch] for mses in (scratch_mse, pytorch_mse, bayesian_mse)]
    nll = three[1] + math.log(math.pi) / 2
    print(f"| {epoch} |", " | ".join(map(str, three)), f"| {nll:.4f} |")

# %% differences tags=["markdown"]
from_scratch, from_bayesian = (
    [np.linalg.norm(a - b) for a, b in zip(grads, pytorch_grads)]
    for grads in (scratch_grads, bayesian_grads)
)
print("| epoch | from scratch − PyTorch | Bayesian − PyTorch |")
print("| ---: | ---: | ---: |")
for epoch, pair in enumerate(zip(from_scratch, from_bayesian)):
    print(f"| {epoch} | {pair[0]!s} | {pair[1]!s} |")

# %% control
for epoch in range(5):
    print(f"Epoch: {epoch}, MSE: {control_mse[epoch]}")


# %% summary
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
    print("| run | MSE | L | norm of θ | gradient |\n| --- | ---: | ---: | ---: | ---: |")
    for name, (error, loss, norm, slope) in ends.items():
        print(f"| {name} | {error:.5f} | {loss:.4f} | {norm:.4f} | {slope:.3f} |")


# %% where_they_end tags=["markdown"]
runs = {"from scratch": scratch, "PyTorch": pytorch, "Bayesian": bayesian}
runs["no decay"] = control
ends = {name: summary(model) for name, model in runs.items()}
print_table(ends)

# %% clock
time_constants = lr * weight_decay * steps
print(f"decay time constants: ηλ · steps = {time_constants:.3g}")
shrink = (1 - lr * weight_decay) ** steps
print(f"decay alone: (1 − ηλ)^steps = {shrink:.4f}")

# %% further tags=["markdown"]
further = {}
for name, decay in (("PyTorch", weight_decay), ("no decay", 0.0)):
    model = copy.deepcopy(runs[name])
    sgd = torch.optim.SGD(model.parameters(), lr=lr / 10, weight_decay=decay)
    for _ in range(steps):
        sgd.zero_grad()
        mse(model(features), y).backward()
        sgd.step()
    further[name] = summary(model)
print_table(further)

# %% figure_fits
grid = torch.linspace(-10, 10, 100)
with torch.no_grad():
    fits = {name: model(featurize(grid))[:, 0] for name, model in runs.items()}

fig, axes = plt.subplots(1, 3, sharex=True, sharey=True, figsize=(6.4, 2.4))
for name, ax in zip(runs, axes):
    ax.plot(x, y, "o", color="C1", ms=3, alpha=0.7, label="data")
    ax.plot(grid, fits[name], color="C0", lw=2.6, label="fit")
    ax.plot(grid, fits["no decay"], "k--", lw=1.1, label="no decay")
    ax.set(title=name, xlabel="input x", xticks=[-5, 0, 5])
axes[0].set_ylabel("target y")
handles, labels = axes[0].get_legend_handles_labels()
fig.legend(handles, labels, loc="outside upper center", ncols=3)
gaps = {name: (fit - fits["PyTorch"]).abs().max().item()
        for name, fit in fits.items()}
fig.set_label(
    "Three panels, one for each run: from scratch, PyTorch, Bayesian. In each, "
    "the same curve passes through the three groups of points. The curves differ "
    f"from PyTorch's by {gaps['from scratch']:.1e} and {gaps['Bayesian']:.1e} at "
    f"most; that of the run without decay, dashed, by {gaps['no decay']:.1e}."
)

# %% worst_epoch
worst_epoch = int(np.argmax(from_bayesian))
apart = np.abs(bayesian_grads[worst_epoch] - pytorch_grads[worst_epoch])
worst_entry = int(np.argmax(apart))
one = float(pytorch_grads[worst_epoch][worst_entry])
ulp = np.spacing(np.float32(abs(one)))
print(f"epoch {worst_epoch}: where the gradient is {one:.3f}")
largest = apart[worst_entry]
print(f"it differs by {largest:.1e}, {largest / ulp:g} ulp")

# %% checks tags=["hidden"]
assert from_scratch[0] == 0.0
assert all(0 < d < 1e-6 for d in from_bayesian)
assert gaps["no decay"] > 10 * max(gaps["from scratch"], gaps["Bayesian"])
assert scratch_mse[:5] == pytorch_mse[:5] == bayesian_mse[:5]
assert ends["no decay"][0] > ends["PyTorch"][0]
assert further["no decay"][0] < further["PyTorch"][0]
assert further["PyTorch"][2] < ends["PyTorch"][2]  # not arrived

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
    "final_gradient": ends["PyTorch"][3],
    "final_error": ends["PyTorch"][0],
    "final_error_control": ends["no decay"][0],
    "final_norm": ends["PyTorch"][2],
    "final_norm_control": ends["no decay"][2],
    "further_error": further["PyTorch"][0],
    "further_error_control": further["no decay"][0],
    "difference_bayesian_first": float(from_bayesian[0]),
    "difference_bayesian": float(max(from_bayesian)),
    "worst_epoch": worst_epoch,
    "worst_apart": float(largest),
    "worst_ulps": float(largest / ulp),
    "worst_gradient": one,
    "gap_scratch": gaps["from scratch"],
    "gap_bayesian": gaps["Bayesian"],
    "gap_inputs": (pytorch(features) - scratch(features)).abs().max().item(),
    "gap_control": gaps["no decay"],
    "time_constants": time_constants,
    "shrink": shrink,
}
