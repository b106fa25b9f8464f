# %% [markdown]
# # Temperatures, and what they do to the mode
#
# A posterior to the power $1/T$ keeps its mode and changes its width. A likelihood
# to that power moves the mode, as another weight decay does.

# %% problem
import matplotlib.pyplot as plt
import numpy as np

rng = np.random.default_rng(0)
n, D, noise_variance, prior_variance = 40, 10, 0.25, 1.0
X = rng.normal(size=(n, D))


def solve(y, noise, likelihood_power=1.0, power=1.0):
    """Mode and covariance of the tempered posterior of linear regression."""
    precision = likelihood_power * X.T @ X / noise + np.eye(D) / prior_variance
    mode = np.linalg.solve(precision, likelihood_power * X.T @ y / noise)
    return mode, np.linalg.inv(power * precision)


# %% temperatures
theta = rng.normal(size=D) * prior_variance**0.5
y = X @ theta + rng.normal(size=n) * noise_variance**0.5
weight_decay = 1 / (n * prior_variance)
print("power 1/T on           ‖mode‖   mean variance")
for T in (1.0, 0.25):
    for what, powers in (("posterior", (1, 1 / T)), ("likelihood", (1 / T, 1))):
        mode, covariance = solve(y, noise_variance, *powers)
        spread = np.trace(covariance) / D
        print(f"{what:10}  T = {T:4g}    {np.linalg.norm(mode):.4f}   {spread:.5f}")
cold, _ = solve(y, noise_variance, likelihood_power=4)
gram = X.T @ X / (n * noise_variance)  # the Hessian of f
ridge = np.linalg.solve(
    gram + weight_decay / 4 * np.eye(D), X.T @ y / (n * noise_variance)
)
apart = np.abs(cold - ridge).max()
print("likelihood at T = 1/4, and λ/4 instead:")
print(f"modes differ by {apart:.0e}")

# %% scores
sets = 4000
thetas = rng.normal(size=(sets, D)) * prior_variance**0.5
ys = thetas @ X.T + rng.normal(size=(sets, n)) * noise_variance**0.5
new = rng.normal(size=(sets, D))  # one new input for each data set
temperatures = 2.0 ** np.arange(-5, 3.25, 0.25)
scores, best = {}, {}
for assumed in (noise_variance, 4 * noise_variance):
    modes, covariance = solve(ys.T, assumed)
    miss = ((thetas - modes.T) * new).sum(axis=1)  # in the function's value
    variance = np.einsum("si,ij,sj->s", new, covariance, new)
    z = np.mean(miss**2 / variance)
    best[assumed] = z  # the T of the highest mean log density
    scores[assumed] = [
        np.mean(-np.log(2 * np.pi * T * variance) / 2) - z / (2 * T)
        for T in temperatures
    ]
    print(f"assumed noise variance {assumed:4g}: best T = {z:.2f}")

# %% figure
fig, ax = plt.subplots(figsize=(5.4, 2.8))
labels = ("noise as it is", "noise overstated four times")
for score, style, label in zip(scores.values(), ("C0-", "C1--"), labels):
    ax.plot(temperatures, score, style, label=label)
    top = int(np.argmax(score))
    ax.plot(temperatures[top], score[top], style[:2] + "o")
ax.set(xscale="log", xlabel="temperature T of the posterior", ylim=(-1.6, None),
       ylabel="mean log density\nof the function’s value")
ax.set_xticks([1 / 16, 1 / 4, 1, 4], ["1/16", "1/4", "1", "4"])
ax.minorticks_off()
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
right, over = best.values()
fig.set_label(
    "Two curves over the temperature: how dense the posterior is, on average, at "
    f"the true value of the function. With the right noise the best is T = {right:.2f}"
    f"; with noise overstated four times it is T = {over:.2f}."
)

# %% values tags=["hidden"]
values = {"sets": sets, "best_right": right, "best_over": over}
