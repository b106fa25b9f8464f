# %% [markdown]
# # Choosing the prior variance by the evidence
#
# The evidence p(y|x) scores a prior variance on the training data alone: exactly
# for linear regression, by Laplace’s approximation for logistic regression.

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
print(f"evidence is highest at tau = {best_tau:.3f}"
      f" (the data were drawn with {true_variance})")
print(f"which is weight_decay = {2 * noise_variance / (n * best_tau):.3f}"
      " for a mean squared error")


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
# true prior variance.


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
    "one split, then refit": np.argmin(split, axis=1),
    "true prior variance": np.abs(grid - true_variance).argmin(),
    "flattest prior": -1,
}
price = {}
print(f"over {draws} data sets          tau, 10% to 90%   "
      " error beyond the noise")
for name, index in picks.items():
    index = np.broadcast_to(index, draws)
    price[name] = errors[np.arange(draws), index]
    low, high = np.quantile(grid[index], [0.1, 0.9])
    print(f"{name:24} {low:8.3g} to {high:<8.3g} {price[name].mean():10.3f}"
          f" ± {price[name].std() / draws**0.5:.3f}")

# %% figure
fig, (top, bottom) = plt.subplots(2, 1, figsize=(5.4, 4.6), sharex=True)
for scores in evidences[:12]:
    top.semilogx(grid, scores - scores.max(), "C0-", linewidth=1)
    top.plot(grid[scores.argmax()], 0, "C0o")
top.set(ylabel="log evidence", ylim=(-12, 0.8), yticks=(-10, -5, 0))
bottom.semilogx(grid, errors.mean(axis=0), "k-", label="one τ for all")
for name, line in [("evidence", "C0--"), ("5 folds", "C1:"),
                   ("one split, then refit", "C2-.")]:
    bottom.plot(grid, np.full(len(grid), price[name].mean()), line,
                label=name.split(",")[0])
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
print(f"fixed point tau = {tau:.4f}, parameters determined"
      f" {determined(tau, X):.2f} of {D}")
print(f"squared norm / D would give    {naive:.4f}")

# %% [markdown]
# ## Logistic regression
#
# No closed form: Laplace’s approximation replaces the posterior by a Gaussian
# at its mode.


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
X2, _, logits = draw_data(30, 2, 4.0)
y2 = (rng.uniform(size=30) < 1 / (1 + np.exp(-logits))).astype(float)


def grid_evidence(tau, X, y, points=401):
    """The integral of the joint over a square around the mode, on a grid."""
    theta, hessian = logistic_mode(tau, X, y)
    reach = 12 * np.sqrt(np.linalg.inv(hessian).diagonal())
    axes = [c + r * np.linspace(-1, 1, points) for c, r in zip(theta, reach)]
    nodes = np.stack(np.meshgrid(*axes), axis=-1)
    cell = np.prod([axis[1] - axis[0] for axis in axes])
    joint = log_joint(nodes.reshape(-1, 2), tau, X, y)
    return np.log(np.sum(np.exp(joint - joint.max())) * cell) + joint.max()


print("   tau     Laplace   integral   difference")
gaps = {}
for tau2 in (0.01, 0.1, 1.0, 10.0, 100.0):
    laplace, exact = laplace_evidence(tau2, X2, y2), grid_evidence(tau2, X2, y2)
    gaps[tau2] = laplace - exact
    print(f"{tau2:6g} {laplace:11.4f} {exact:10.4f} {laplace - exact:12.4f}")

# %% labels
def draw_labels(n, D=10, prior_variance=1.0):
    """Inputs, labels and true parameters of a logistic regression."""
    X, theta, logits = draw_data(n, D, prior_variance)
    labels = rng.uniform(size=n) < 1 / (1 + np.exp(-logits))
    return X, labels.astype(float), theta


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


# %% logistic_many
coarse, many = np.logspace(-2, 2, 17), 80
logistic_evidences, held_outs, nlls = [], [], []
for _ in range(many):
    X3, y3, theta3 = draw_labels(60)
    fits = [logistic_mode(tau, X3, y3)[0] for tau in coarse]
    nlls.append([expected_nll(fit, theta3) for fit in fits])
    logistic_evidences.append([laplace_evidence(tau, X3, y3) for tau in coarse])
    held_outs.append([held_out_nll(tau, X3, y3) for tau in coarse])
nlls, logistic_evidences = np.array(nlls), np.array(logistic_evidences)

# %% logistic_prices
by_evidence = logistic_evidences.argmax(axis=1)
by_folds = np.argmin(held_outs, axis=1)
true_index = np.abs(coarse - 1.0).argmin()
picks = {"evidence (Laplace)": by_evidence, "5 folds": by_folds,
         "true prior variance": true_index, "flattest prior": -1}
print(f"over {many} data sets       tau, 10% to 90%      NLL on new data")
logistic = {}
for name, index in picks.items():
    index = np.broadcast_to(index, many)
    logistic[name] = nlls[np.arange(many), index]
    low, high = np.quantile(coarse[index], [0.1, 0.9])
    print(f"{name:24} {low:6.3g} to {high:<6.3g} {logistic[name].mean():12.4f}"
          f" ± {logistic[name].std() / many**0.5:.4f}")
gap = logistic["evidence (Laplace)"] - logistic["5 folds"]
print(f"evidence minus 5 folds, paired {gap.mean():25.4f}"
      f" ± {gap.std() / many**0.5:.4f}")

# %% logistic_figure
fig, (top, bottom) = plt.subplots(2, 1, figsize=(5.4, 4.6), sharex=True)
for scores in logistic_evidences[:12]:
    top.semilogx(coarse, scores - scores.max(), "C0-", linewidth=1)
    top.plot(coarse[scores.argmax()], 0, "C0o")
top.set(ylabel="log evidence", ylim=(-12, 0.8), yticks=(-10, -5, 0))
bottom.semilogx(coarse, nlls.mean(axis=0), "k-", label="one τ for all")
for name, line in [("evidence (Laplace)", "C0--"), ("5 folds", "C1:")]:
    bottom.plot(coarse, np.full(17, logistic[name].mean()), line, label=name)
bottom.set(xlabel="prior variance τ", ylabel="mean NLL")
bottom.legend()
peaks, average = coarse[by_evidence[:12]], nlls.mean(axis=0)
fig.set_label(
    "Top: Laplace's log evidence of logistic regression for twelve data sets, "
    f"each with its maximum at a prior variance between {peaks.min():.2g} and "
    f"{peaks.max():.2g}. Bottom: the mean NLL on new data is lowest, "
    f"{average.min():.3f}, at {coarse[average.argmin()]:.2g} and comes to "
    f"{average[-1]:.3f} for the flattest prior; lines show what choosing for "
    "each data set reaches: dashed the evidence, "
    f"{logistic['evidence (Laplace)'].mean():.3f}, dotted cross-validation, "
    f"{logistic['5 folds'].mean():.3f}."
)

# %% values tags=["hidden"]
assert np.mean(price["evidence"]) < 1.1 * np.mean(price["true prior variance"])
assert np.mean(price["evidence"]) < np.mean(price["one split, then refit"])
assert 0.5 < best_tau / tau < 2
assert abs(gaps[0.01]) < 0.01 and max(map(abs, gaps.values())) < 0.5
values = {
    "n": n,
    "parameters": D,
    "true_variance": true_variance,
    "best_tau": float(best_tau),
    "best_weight_decay": float(2 * noise_variance / (n * best_tau)),
    "fixed_point": float(tau),
    "determined": float(determined(tau, X)),
    "naive_tau": float(naive),
    "draws": draws,
    "price_evidence": float(np.mean(price["evidence"])),
    "price_folds": float(np.mean(price["5 folds"])),
    "price_split": float(np.mean(price["one split, then refit"])),
    "price_true": float(np.mean(price["true prior variance"])),
    "price_flat": float(np.mean(price["flattest prior"])),
    "laplace_gap_small": float(abs(gaps[0.01])),
    "laplace_gap_large": float(abs(gaps[100.0])),
    "logistic_parameters": X_new.shape[1],
    "logistic_draws": many,
    "logistic_evidence": float(logistic["evidence (Laplace)"].mean()),
    "logistic_folds": float(logistic["5 folds"].mean()),
    "logistic_gap": float(gap.mean()),
    "logistic_gap_error": float(gap.std() / many**0.5),
    "logistic_true": float(logistic["true prior variance"].mean()),
    "logistic_flat": float(logistic["flattest prior"].mean()),
    "logistic_lowest": float(nlls.mean(axis=0).min()),
}
