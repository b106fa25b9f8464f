# %% [markdown]
# # The evidence of logistic regression
#
# No closed form: Laplace’s approximation replaces the posterior by a Gaussian
# at its mode.

# %% setup
import matplotlib.pyplot as plt
import numpy as np

rng = np.random.default_rng(3)


def draw_data(n, D, prior_variance):
    """Inputs, labels, and true parameters that are drawn from the prior."""
    X = rng.normal(size=(n, D))
    theta = rng.normal(size=D) * prior_variance**0.5
    labels = rng.uniform(size=n) < 1 / (1 + np.exp(-X @ theta))
    return X, labels.astype(float), theta


# %% newton
def logistic_mode(tau, X, y):
    """Mode of the posterior and the Hessian of -log joint there (Newton)."""
    theta = np.zeros(X.shape[1])
    step = theta + 1
    while np.abs(step).max() > 1e-10:
        p = 1 / (1 + np.exp(-X @ theta))
        gradient = X.T @ (p - y) + theta / tau
        hessian = (X.T * (p * (1 - p))) @ X + np.eye(len(theta)) / tau
        step = np.linalg.solve(hessian, gradient)
        theta = theta - step
    return theta, hessian


# %% laplace
def log_joint(theta, tau, X, y):
    """log p(y | x, theta) + log N(theta; 0, tau I); theta may have rows."""
    logits = theta @ X.T
    log_likelihood = np.sum(y * logits - np.logaddexp(0, logits), axis=-1)
    constant = X.shape[1] * np.log(2 * np.pi * tau)
    return log_likelihood - 0.5 * (constant + np.sum(theta**2, axis=-1) / tau)


def laplace_evidence(tau, X, y):
    """log joint at the mode, plus the log volume of a Gaussian around it."""
    theta, hessian = logistic_mode(tau, X, y)
    _, log_det = np.linalg.slogdet(hessian / (2 * np.pi))
    return log_joint(theta, tau, X, y) - 0.5 * log_det


# %% quadrature
X2, y2, _ = draw_data(30, 2, 4.0)


def grid_evidence(tau, X, y, points=401):
    """The integral of the joint over a square around the mode, on a grid."""
    theta, hessian = logistic_mode(tau, X, y)
    reach = 12 * np.sqrt(np.linalg.inv(hessian).diagonal())
    axes = [c + r * np.linspace(-1, 1, points) for c, r in zip(theta, reach)]
    nodes = np.stack(np.meshgrid(*axes), axis=-1)
    cell = np.prod([axis[1] - axis[0] for axis in axes])
    joint = log_joint(nodes.reshape(-1, 2), tau, X, y)
    return np.log(np.sum(np.exp(joint - joint.max())) * cell) + joint.max()


print("     τ     Laplace   integral   difference")
gaps = {}
for tau2 in (0.01, 0.1, 1.0, 10.0, 100.0):
    laplace, exact = laplace_evidence(tau2, X2, y2), grid_evidence(tau2, X2, y2)
    gaps[tau2] = laplace - exact
    print(f"{tau2:6g} {laplace:11.4f} {exact:10.4f} {laplace - exact:12.4f}")

# %% new_inputs
X_new = rng.normal(size=(4000, 10))


def expected_nll(fit, theta):
    """Mean NLL on new inputs, their labels averaged over the true model."""
    logits = X_new @ fit
    truth = 1 / (1 + np.exp(-X_new @ theta))
    return np.mean(np.logaddexp(0, logits) - logits * truth)


# %% held_out
def held_out_nll(tau, X, y, folds=5):
    """NLL per example of the mode on left-out folds."""
    fold, total = np.arange(len(y)) % folds, 0.0
    for k in range(folds):
        fit, _ = logistic_mode(tau, X[fold != k], y[fold != k])
        logits = X[fold == k] @ fit
        total += np.sum(np.logaddexp(0, logits) - y[fold == k] * logits)
    return total / len(y)


# %% many
grid, draws = np.logspace(-2, 2, 17), 80
evidences, held_outs, nlls = [], [], []
for _ in range(draws):
    X1, y1, theta1 = draw_data(60, 10, 1.0)
    fits = [logistic_mode(tau, X1, y1)[0] for tau in grid]
    nlls.append([expected_nll(fit, theta1) for fit in fits])
    evidences.append([laplace_evidence(tau, X1, y1) for tau in grid])
    held_outs.append([held_out_nll(tau, X1, y1) for tau in grid])
nlls, evidences = np.array(nlls), np.array(evidences)

# %% prices
by_evidence = evidences.argmax(axis=1)
by_folds = np.argmin(held_outs, axis=1)
true_index = np.abs(grid - 1.0).argmin()
picks = {"evidence": by_evidence, "5 folds": by_folds,
         "true τ": true_index, "flattest prior": -1}
print(f"NLL on new data, {draws} data sets")
print("               mean ± s.e.      τ, 10 to 90%")
price = {}
for name, index in picks.items():
    index = np.broadcast_to(index, draws)
    price[name] = nlls[np.arange(draws), index]
    low, high = np.quantile(grid[index], [0.1, 0.9])
    print(f"{name:14} {price[name].mean():.4f}"
          f" ± {price[name].std() / draws**0.5:.4f} {low:6.3g} to {high:.3g}")
print("differences, data set by data set")
cost = {}
for a, b in [("evidence", "5 folds"),
             ("evidence", "true τ"),
             ("5 folds", "true τ")]:
    gap = price[a] - price[b]
    cost[a, b] = gap.mean(), gap.std() / draws**0.5
    print("{:+.4f} ± {:.4f}".format(*cost[a, b]), f"{a} minus {b}")
# One prior variance for all data sets, against either way of choosing:
gains = np.array([[price[name] - column for column in nlls.T]
                  for name in list(picks)[:2]])  # (2, grid, draws)
mean, error = gains.mean(axis=2), gains.std(axis=2) / draws**0.5
better, clear = grid[(mean > 0).all(0)], grid[(mean > 2 * error).all(0)]
print(f"one τ for all, better than both: {better[0]:.2g} to {better[-1]:.2g}")
print(f"by two standard errors and more: {clear[0]:.2g} to {clear[-1]:.2g}")

# %% figure
fig, (top, bottom) = plt.subplots(2, 1, figsize=(5.4, 4.6), sharex=True)
for scores in evidences[:12]:
    top.semilogx(grid, scores - scores.max(), "C0-", linewidth=1)
    top.plot(grid[scores.argmax()], 0, "C0o")
top.set(ylabel="log evidence", ylim=(-12, 0.8), yticks=(-10, -5, 0))
bottom.semilogx(grid, nlls.mean(axis=0), "k-", label="one τ for all")
for name, line in [("evidence", "C0--"), ("5 folds", "C1:")]:
    bottom.plot(grid, np.full(len(grid), price[name].mean()), line, label=name)
for axes, height in ((top, 1), (bottom, 0.5)):  # below the legend
    axes.axvline(1, 0, height, color="0.5", linewidth=1, label="true τ")
bottom.set(xlabel="prior variance τ", ylabel="mean NLL")
bottom.legend()
peaks, average = grid[by_evidence[:12]], nlls.mean(axis=0)
fig.set_label(
    "Top: Laplace's log evidence of logistic regression for twelve data sets, "
    f"each with its maximum at a prior variance between {peaks.min():.2g} and "
    f"{peaks.max():.2g}. Bottom: the mean NLL on new data is lowest, "
    f"{average.min():.3f}, at {grid[average.argmin()]:.2g} and comes to "
    f"{average[-1]:.3f} for the flattest prior; lines show what choosing for "
    "each data set reaches: dashed the evidence, "
    f"{price['evidence'].mean():.3f}, dotted cross-validation, "
    f"{price['5 folds'].mean():.3f}."
)

# %% values tags=["hidden"]
assert abs(gaps[0.01]) < 0.01 and max(map(abs, gaps.values())) < 0.5
values = {
    "laplace_gap_small": float(abs(gaps[0.01])),
    "laplace_gap_large": float(abs(gaps[100.0])),
    "parameters": X_new.shape[1],
    "draws": draws,
    "price_evidence": float(price["evidence"].mean()),
    "price_folds": float(price["5 folds"].mean()),
    "gap": float(cost["evidence", "5 folds"][0]),
    "gap_error": float(cost["evidence", "5 folds"][1]),
    "cost": float(cost["evidence", "true τ"][0]),
    "cost_error": float(cost["evidence", "true τ"][1]),
    "folds_cost": float(cost["5 folds", "true τ"][0]),
    "folds_cost_error": float(cost["5 folds", "true τ"][1]),
    "fixed_low": float(better[0]),
    "fixed_high": float(better[-1]),
    "clear_low": float(clear[0]),
    "clear_high": float(clear[-1]),
    "price_true": float(price["true τ"].mean()),
    "price_flat": float(price["flattest prior"].mean()),
    "lowest": float(nlls.mean(axis=0).min()),
}
