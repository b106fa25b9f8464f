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
taus = np.logspace(-3, 2, 51)


def draw_data(n, D, prior_variance):
    """Inputs, true parameters and noise-free outputs, drawn from the prior."""
    X = rng.normal(size=(n, D))
    theta = rng.normal(size=D) * prior_variance**0.5
    return X, theta, X @ theta


X, theta, mean = draw_data(n, D, true_variance)
y = mean + rng.normal(size=n) * noise_variance**0.5

# %% [markdown]
# A sum of Gaussian variables is Gaussian: the outputs have covariance
# $\sigma^2 I + \tau X X^T$.


# %% evidence
def log_evidence(tau, X, y):
    """log N(y; 0, noise_variance I + tau X X^T), exactly."""
    covariance = noise_variance * np.eye(len(y)) + tau * X @ X.T
    _, log_det = np.linalg.slogdet(2 * np.pi * covariance)
    return -0.5 * (log_det + y @ np.linalg.solve(covariance, y))


def map_estimate(tau, X, y):
    """Mode of the posterior under the prior N(0, tau I)."""
    precision = X.T @ X / noise_variance + np.eye(X.shape[1]) / tau
    return np.linalg.solve(precision, X.T @ y / noise_variance)


curve = np.array([log_evidence(tau, X, y) for tau in taus])
best_tau = taus[curve.argmax()]
best_decay = 2 * noise_variance / (n * best_tau)
print(f"evidence is highest at τ = {best_tau:.3f}")
print(f"τ that the data were drawn with: {true_variance}")
print(f"weight_decay for a mean squared error: {best_decay:.3f}")


# %% error
def excess_error(estimate, theta):
    """Expected squared error on new inputs, beyond the noise."""
    return np.sum((estimate - theta) ** 2)


def held_out_error(tau, X, y, folds=5):
    """Mean squared error of the MAP estimate on left-out folds."""
    fold = np.arange(len(y)) % folds
    residuals = np.empty(len(y))
    for k in range(folds):
        train, test = fold != k, fold == k
        mode = map_estimate(tau, X[train], y[train])
        residuals[test] = y[test] - X[test] @ mode
    return np.mean(residuals**2)


def split_error(tau, X, y):
    """Mean squared error on the last quarter of a fit to the first three."""
    cut = 3 * len(y) // 4
    mode = map_estimate(tau, X[:cut], y[:cut])
    return np.mean((y[cut:] - X[cut:] @ mode) ** 2)

# %% [markdown]
# One data set proves little. Over many, each way of choosing pays a price over the
# true τ.


# %% many
grid, draws = np.logspace(-3, 2, 26), 150
errors, evidences, folds, split = [], [], [], []
for _ in range(draws):
    X1, theta1, mean1 = draw_data(n, D, true_variance)
    y1 = mean1 + rng.normal(size=n) * noise_variance**0.5
    errors.append([excess_error(map_estimate(t, X1, y1), theta1) for t in grid])
    evidences.append([log_evidence(t, X1, y1) for t in grid])
    folds.append([held_out_error(t, X1, y1) for t in grid])
    split.append([split_error(t, X1, y1) for t in grid])
errors, evidences = np.array(errors), np.array(evidences)

# %% prices
picks = {
    "evidence": evidences.argmax(axis=1),
    "5 folds": np.argmin(folds, axis=1),
    "one split": np.argmin(split, axis=1),
    "true τ": np.abs(grid - true_variance).argmin(),
    "flattest prior": -1,
}
price = {}
print(f"error beyond the noise, {draws} data sets")
print("               mean ± s.e.    τ, 10 to 90%")
for name, index in picks.items():
    index = np.broadcast_to(index, draws)
    price[name] = errors[np.arange(draws), index]
    low, high = np.quantile(grid[index], [0.1, 0.9])
    print(f"{name:14} {price[name].mean():.3f}"
          f" ± {price[name].std() / draws**0.5:.3f} {low:7.3g} to {high:.3g}")
print("differences, data set by data set")
gaps = {}
for a, b in [("evidence", "true τ"), ("evidence", "5 folds"),
             ("one split", "flattest prior")]:
    gap = price[a] - price[b]
    gaps[a, b] = gap.mean(), gap.std() / draws**0.5
    print("{:+.3f} ± {:.3f}".format(*gaps[a, b]), f"{a} minus {b}")

# %% figure
fig, (top, bottom) = plt.subplots(2, 1, figsize=(5.4, 4.6), sharex=True)
for scores in evidences[:12]:
    top.semilogx(grid, scores - scores.max(), "C0-", linewidth=1)
    top.plot(grid[scores.argmax()], 0, "C0o")
top.set(ylabel="log evidence", ylim=(-12, 0.8), yticks=(-10, -5, 0))
bottom.semilogx(grid, errors.mean(axis=0), "k-", label="one τ for all")
for name, line in [("evidence", "C0--"), ("5 folds", "C1:"),
                   ("one split", "C2-.")]:
    bottom.plot(grid, np.full(len(grid), price[name].mean()), line,
                label=name.split(",")[0])
for axes in (top, bottom):
    axes.axvline(true_variance, color="0.5", linewidth=1, label="true τ")
bottom.set(xlabel="prior variance τ", ylabel="mean error", ylim=(0.15, 0.5))
bottom.legend()
bottom.set_xticks([1e-3, 1e-1, 1e1])
peaks, average = grid[evidences[:12].argmax(axis=1)], errors.mean(axis=0)
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
assert np.mean(price["evidence"]) < np.mean(price["one split"])
assert 0.5 < best_tau / tau < 2
values = {
    "n": n,
    "parameters": D,
    "true_variance": true_variance,
    "best_tau": float(best_tau),
    "best_weight_decay": float(best_decay),
    "fixed_point": float(tau),
    "determined": float(determined(tau, X)),
    "naive_tau": float(naive),
    "draws": draws,
    "price_evidence": float(np.mean(price["evidence"])),
    "price_folds": float(np.mean(price["5 folds"])),
    "price_split": float(np.mean(price["one split"])),
    "price_true": float(np.mean(price["true τ"])),
    "price_flat": float(np.mean(price["flattest prior"])),
    "cost": float(gaps["evidence", "true τ"][0]),
    "cost_error": float(gaps["evidence", "true τ"][1]),
    "beside_folds": float(gaps["evidence", "5 folds"][0]),
    "beside_folds_error": float(gaps["evidence", "5 folds"][1]),
    "split_cost": float(gaps["one split", "flattest prior"][0]),
    "split_cost_error": float(gaps["one split", "flattest prior"][1]),
}
