# %% [markdown]
# # One strength, five names
#
# Weight decay, prior variance, and scikit-learn’s `alpha` and `C` are the same
# number in different units. scikit-learn is used here because the claim is
# about it.

# %% setup
import numpy as np
import torch
from sklearn.linear_model import LogisticRegression, Ridge
from torch import nn

rng = np.random.default_rng(0)
n, D, noise_variance, prior_variance = 80, 5, 0.25, 2.0
X = rng.normal(size=(n, D))
theta = rng.normal(size=D) * np.sqrt(prior_variance)
y = X @ theta + rng.normal(size=n) * np.sqrt(noise_variance)
labels = (rng.uniform(size=n) < 1 / (1 + np.exp(-X @ theta))).astype(float)

# %% [markdown]
# Every quantity goes through $\lambda$, the weight decay of a loss that takes
# the mean over examples.


# %% convert
def convert(known, value, n, loss="cross-entropy", noise_variance=1.0, summed=1):
    """Turn one strength of regularization into all the others.

    known: "weight_decay" (as given to the optimizer), "lambda",
        "prior_variance", "alpha" (Ridge) or "C" (LogisticRegression).
    noise_variance: for the squared errors.
    summed: how many terms the loss adds up; 1 for a mean.
    """
    # The loss is `scale` times the NLL, plus a constant.
    scale, to_alpha = {
        "cross-entropy": (1.0, None),
        "squared error": (2 * noise_variance, n / 2),
        "half the squared error": (noise_variance, n),
    }[loss]
    if known in ("prior_variance", "C"):  # C is the prior variance
        lam = scale / (n * value)
    else:
        per = {"weight_decay": summed, "lambda": 1, "alpha": to_alpha}
        lam = value / per[known]
    tau = scale / (n * lam)
    same = {"lambda": lam, "weight_decay": summed * lam,
            "prior_variance": tau, "prior_std": tau**0.5}
    return same | ({"alpha": to_alpha * lam} if to_alpha else {"C": tau})


# %% [markdown]
# The same model is now fitted three times: by SGD with `weight_decay`, by
# scikit-learn, and (for regression) by the formula of the posterior mode.


# %% sgd
def sgd_fit(model, loss, target, groups, lr=0.3, steps=400):
    """Full-batch SGD in float64 until the gradient is negligible."""
    inputs, target = torch.tensor(X), torch.tensor(target)
    optimizer = torch.optim.SGD(groups(model), lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(model(inputs).squeeze(1), target).backward()
        optimizer.step()
    return model.weight.detach().numpy().ravel()


def new_model(bias=False):
    torch.manual_seed(0)
    return nn.Linear(D, 1, bias=bias, dtype=torch.float64)


def decay_all(weight_decay):
    return lambda m: [{"params": m.parameters(), "weight_decay": weight_decay}]


# %% ridge
def half_mse(output, target):
    return 0.5 * nn.functional.mse_loss(output, target)


losses = {"squared error": nn.MSELoss(), "half the squared error": half_mse}
weights, same = {}, {}
for name, loss in losses.items():
    same[name] = convert("prior_variance", prior_variance, n, name,
                         noise_variance)
    groups = decay_all(same[name]["lambda"])
    weights[name] = sgd_fit(new_model(), loss, y, groups)
alpha = same["squared error"]["alpha"]
by_ridge = Ridge(alpha=alpha, fit_intercept=False).fit(X, y).coef_
precision = X.T @ X / noise_variance + np.eye(D) / prior_variance
posterior_mode = np.linalg.solve(precision, X.T @ y / noise_variance)

for name in losses:
    print(f"τ = {prior_variance:g}, {name}: λ = {same[name]['lambda']:.6f}")
print(f"τ = {prior_variance:g}, Ridge: alpha = {alpha:.3f}")
print("      MSE   half MSE      Ridge        MAP")
for row in zip(*weights.values(), by_ridge, posterior_mode):
    print("{:9.6f}  {:9.6f}  {:9.6f}  {:9.6f}".format(*row))

# %% logistic
same_c = convert("prior_variance", prior_variance, n)
cross_entropy = nn.BCEWithLogitsLoss()
groups = decay_all(same_c["lambda"])
by_sgd_c = sgd_fit(new_model(), cross_entropy, labels, groups, lr=3.0)
logistic = LogisticRegression(
    C=same_c["C"], fit_intercept=False, solver="newton-cholesky", tol=1e-10
)
by_sklearn = logistic.fit(X, labels).coef_.ravel()

print(f"τ = {prior_variance},"
      f" λ = {same_c['lambda']:.6f}, C = {same_c['C']:.4f}")
print("      SGD  LogisticRegression")
for row in zip(by_sgd_c, by_sklearn):
    print("{:9.6f}  {:18.6f}".format(*row))

# %% [markdown]
# With an intercept, scikit-learn leaves it out of the penalty. PyTorch decays
# it, unless it sits in a parameter group of its own.


# %% intercept
def decay_weight_only(weight_decay):
    return lambda m: [{"params": [m.weight], "weight_decay": weight_decay},
                      {"params": [m.bias], "weight_decay": 0.0}]


shifted, decay = y + 3.0, same["squared error"]["lambda"]
free = Ridge(alpha=alpha).fit(X, shifted)
rows = [("Ridge, with intercept", free.coef_, free.intercept_)]
for name, groups in [("SGD, decays weight only", decay_weight_only),
                     ("SGD, decays bias too", decay_all)]:
    model = new_model(bias=True)
    weight = sgd_fit(model, nn.MSELoss(), shifted, groups(decay))
    rows.append((name, weight, model.bias.item()))
print("                         weight[0]     bias")
for name, weight, bias in rows:
    print(f"{name:24} {weight[0]:9.6f} {bias:9.6f}")

# %% [markdown]
# What the usual values of `weight_decay` mean as a prior, for a cross-entropy
# loss that takes the mean.

# %% meaning tags=["markdown"]
print("| λ | n\xa0=\xa060 | 50,000 | 1,281,167 | 1e9 |")
print("|---|--:|--:|--:|--:|")
settings = [(f"{decay:g}", "lambda", decay)
            for decay in (1e-2, 1e-3, 1e-4)]
for name, known, strength in [*settings, ("`C=1`", "C", 1.0)]:
    stds = [convert(known, strength, count)["prior_std"]
            for count in (60, 50_000, 1_281_167, 10**9)]
    print(f"| {name} |", " | ".join(f"{std:.3g}" for std in stds), "|")

# %% checks tags=["hidden"]
# SGD runs on until rounding stops it, so the fits agree that far.
for found in (*weights.values(), by_ridge):
    assert np.abs(found - posterior_mode).max() < 1e-10
assert np.abs(by_sgd_c - by_sklearn).max() < 1e-7
assert np.abs(rows[0][1] - rows[1][1]).max() < 1e-10
assert abs(rows[0][2] - rows[1][2]) < 1e-10
assert abs(rows[0][2] - rows[2][2]) > 1e-3

# %% values tags=["hidden"]
values = {
    "bias_free": float(rows[1][2]),
    "bias_decayed": float(rows[2][2]),
    "std_small_n": convert("lambda", 1e-2, 60)["prior_std"],
    "std_large_n": convert("lambda", 1e-2, 1_281_167)["prior_std"],
}
