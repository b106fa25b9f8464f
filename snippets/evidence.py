# %% [markdown]
# # Choosing the prior variance by the evidence
#
# The evidence p(y|x) scores a prior variance on the training data alone. For
# linear regression it is known exactly.

# %% setup
import matplotlib.pyplot as plt
import numpy as np

rng = np.random.default_rng(3)
n, D, noise_variance, true_variance = 40, 20, 0.25, 0.1


def draw_data(draws):
    """Inputs, outputs and true parameters (drawn from the prior)."""
    X = rng.normal(size=(draws, n, D))
    theta = rng.normal(size=(draws, D)) * true_variance**0.5
    noise = rng.normal(size=(draws, n)) * noise_variance**0.5
    return X, (X @ theta[..., None])[..., 0] + noise, theta


X, y, _ = (part[0] for part in draw_data(1))

# %% [markdown]
# A sum of Gaussian variables is Gaussian: the outputs have covariance
# $\sigma^2 I + \tau X X^T$.


# %% evidence
def log_evidence(tau, X, y):
    """log N(y; 0, noise_variance I + tau X X^T), exactly."""
    covariance = noise_variance * np.eye(y.shape[-1]) + tau * X @ X.mT
    _, log_det = np.linalg.slogdet(2 * np.pi * covariance)
    solved = np.linalg.solve(covariance, y[..., None])[..., 0]
    return -0.5 * (log_det + (y * solved).sum(-1))


taus = np.logspace(-3, 2, 51)
curve = np.array([log_evidence(tau, X, y) for tau in taus])
best_tau = taus[curve.argmax()]
best_decay = 2 * noise_variance / (n * best_tau)
print(f"evidence is highest at τ = {best_tau:.3f}")
print(f"τ that the data were drawn with: {true_variance}")
print(f"weight_decay for a mean squared error: {best_decay:.3f}")


# %% error
def map_estimate(tau, X, y):
    """Mode of the posterior under the prior N(0, tau I)."""
    precision = X.mT @ X / noise_variance + np.eye(D) / tau
    moment = (y[..., None, :] @ X)[..., 0, :] / noise_variance
    return np.linalg.solve(precision, moment[..., None])[..., 0]


def held_out_error(tau, X, y, left_out):
    """Squared errors on the rows left out, of a fit to the others."""
    mode = map_estimate(tau, X[:, ~left_out], y[:, ~left_out])
    predicted = (X[:, left_out] @ mode[..., None])[..., 0]
    return ((y[:, left_out] - predicted) ** 2).sum(1)


# %% [markdown]
# One data set proves little. Over many, each way of choosing pays a price over the
# true τ. For inputs of unit variance the error beyond the noise is the squared
# distance from the true parameters.

# %% many
grid, draws = np.logspace(-3, 2, 21), 1000
folds = [np.arange(n) % 5 == k for k in range(5)]
last_quarter = np.arange(n) >= 3 * n // 4
Xs, ys, thetas = draw_data(draws)
error, evidence, held_out, split = np.empty((4, len(grid), draws))
for i, tau in enumerate(grid):
    error[i] = ((map_estimate(tau, Xs, ys) - thetas) ** 2).sum(1)
    evidence[i] = log_evidence(tau, Xs, ys)
    held_out[i] = sum(held_out_error(tau, Xs, ys, fold) for fold in folds)
    split[i] = held_out_error(tau, Xs, ys, last_quarter)

# %% prices
picks = {"evidence": evidence.argmax(0), "5 folds": held_out.argmin(0),
         "one split": split.argmin(0),
         "true τ": np.abs(grid - true_variance).argmin(), "flattest prior": -1}
price = {}
print(f"error beyond the noise, {draws} data sets")
print("                mean   τ, 10% to 90%")
for name, index in picks.items():
    index = np.broadcast_to(index, draws)
    price[name] = error[index, np.arange(draws)]
    low, high = np.quantile(grid[index], [0.1, 0.9])
    print(f"{name:15} {price[name].mean():.3f}  {low:.3g} to {high:.3g}")
print("differences, mean ± s.e.")
gaps = {}
for a, b in [("evidence", "true τ"), ("5 folds", "true τ"),
             ("evidence", "5 folds"), ("one split", "flattest prior")]:
    gap = price[a] - price[b]
    gaps[a, b] = gap.mean(), gap.std() / draws**0.5
    print("{:+.4f} ± {:.4f} ".format(*gaps[a, b]), f"{a} − {b}")

# %% figure
fig, (top, bottom) = plt.subplots(2, 1, figsize=(5.4, 3.9), sharex=True)
scores = evidence[:, :12] - evidence[:, :12].max(0)
top.semilogx(grid, scores, "C0-", linewidth=1)
top.plot(grid[scores.argmax(0)], np.zeros(12), "C0o")
top.set(ylabel="log evidence", ylim=(-12, 0.8), yticks=(-10, -5, 0))
bottom.semilogx(grid, error.mean(axis=1), "k-", label="one τ for all")
for name, line in [("evidence", "C0--"), ("5 folds", "C1:"),
                   ("one split", "C2-.")]:
    bottom.axhline(price[name].mean(), color=line[:2], ls=line[2:], label=name)
for axes in (top, bottom):
    axes.axvline(true_variance, color="0.5", linewidth=1, label="true τ")
bottom.set(xlabel="prior variance τ", ylabel="mean error", ylim=(0.15, 0.45))
fig.legend(*bottom.get_legend_handles_labels(), loc="outside upper center",
           ncols=3)
bottom.set_xticks([1e-3, 1e-1, 1e1])
peaks, average = grid[scores.argmax(0)], error.mean(axis=1)
by_price = sorted(list(picks)[:3], key=lambda name: price[name].mean())
reached = "; ".join(f"{name}, {price[name].mean():.3f}" for name in by_price)
fig.set_label(
    "Top: the log evidence of linear regression for twelve data sets, each "
    f"with its maximum at a prior variance between {peaks.min():.2g} and "
    f"{peaks.max():.2g}. Bottom: the mean error on new data is lowest at "
    f"{grid[average.argmin()]:.2g}; horizontal lines show what choosing for "
    f"each data set reaches, from the lowest up: {reached}."
)

# %% [markdown]
# At the best prior variance, tau equals the squared norm of the MAP estimate divided by
# the number of parameters that the data determine.


# %% fixed_point
def determined(tau, X):
    """Effective number of parameters: sum of h / (h + 1/tau)."""
    curvature = np.linalg.eigvalsh(X.T @ X / noise_variance)
    return np.sum(curvature / (curvature + 1 / tau))


tau = 1.0
for _ in range(200):
    mode = map_estimate(tau, X, y)
    tau = mode @ mode / determined(tau, X)
naive = mode @ mode / D
print(f"fixed point τ = {tau:.4f}")
print(f"parameters determined: {determined(tau, X):.2f} of {D}")
print(f"squared norm / D would give {naive:.4f}")

# %% values tags=["hidden"]
assert np.mean(price["evidence"]) < 1.1 * np.mean(price["true τ"])
assert 0.5 < best_tau / tau < 2
values = {
    "n": n,
    "parameters": D,
    "draws": draws,
    "best_tau": float(best_tau),
    "fixed_point": float(tau),
    "determined": float(determined(tau, X)),
    "naive_tau": float(naive),
    "price_evidence": float(np.mean(price["evidence"])),
    "price_folds": float(np.mean(price["5 folds"])),
    "price_split": float(np.mean(price["one split"])),
    "price_flat": float(np.mean(price["flattest prior"])),
    "cost": float(gaps["evidence", "true τ"][0]),
    "cost_error": float(gaps["evidence", "true τ"][1]),
    "folds_cost": float(gaps["5 folds", "true τ"][0]),
    "folds_cost_error": float(gaps["5 folds", "true τ"][1]),
    "beside_folds": float(gaps["evidence", "5 folds"][0]),
    "beside_folds_error": float(gaps["evidence", "5 folds"][1]),
    "split_cost": float(gaps["one split", "flattest prior"][0]),
    "split_cost_error": float(gaps["one split", "flattest prior"][1]),
}
