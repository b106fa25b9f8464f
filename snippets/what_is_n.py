# %% [markdown]
# # What is n?
#
# The prior is divided by what the loss is divided by. So n is what the mean
# of the loss divides by: examples, tokens, outputs, or a sum of weights.

# %% setup
import numpy as np
import torch
from torch.nn import functional as F

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
sentences, length, words = 8, 16, 50
logits = torch.randn(sentences, length, words)
tokens = torch.randint(words, (sentences, length))

ends = torch.linspace(4, 16, sentences).int()  # sentences of 4 to 16 tokens
padding = torch.arange(length) >= ends[:, None]
padded = tokens.masked_fill(padding, -100)  # PyTorch ignores -100


# %% divisor
def divisor(loss, *args, **options):
    """Return n: what the mean of this loss divides by."""
    total = loss(*args, reduction="sum", **options)
    return (total / loss(*args, **options)).item()


# %% counts tags=["markdown"]
flat, labels = logits.flatten(0, 1), tokens.flatten()
numbers, targets = torch.randn(2, 100, 3)  # 100 examples, three outputs each
rare = torch.where(torch.arange(words) < 5, 10.0, 1.0)  # five rare words
rows = [
    (f"{sentences} sentences of {length} tokens",
     divisor(F.cross_entropy, flat, labels)),
    ("the same, padded: −100 in the targets",
     divisor(F.cross_entropy, flat, padded.flatten())),
    ("the same, weights per class, 10 for rare words",
     divisor(F.cross_entropy, flat, labels, weight=rare)),
    ("the same, label smoothing",
     divisor(F.cross_entropy, flat, labels, label_smoothing=0.1)),
    ("100 examples, 3 real outputs",
     divisor(F.mse_loss, numbers, targets)),
    ("100 examples, 3 yes-or-no outputs, `pos_weight`",
     divisor(F.binary_cross_entropy_with_logits, numbers,
             (targets > 0).double(), pos_weight=torch.tensor(10.0))),
]
print("| the loss, over | its mean divides by |")
print("|---|--:|")
for name, count in rows:
    print(f"| {name} | {count:.0f} |")

# %% [markdown]
# Gradient accumulation: the batch in four parts, each with its own backward pass.

# %% accumulate
features = torch.randn(sentences, length, 6)


def gradient(inputs, targets, reduction="mean"):
    """Gradient of a linear model's loss over some of the sentences."""
    theta = torch.zeros(6, words, requires_grad=True)
    scores = inputs @ theta
    loss = F.cross_entropy(
        scores.flatten(0, 1), targets.flatten(), reduction=reduction)
    return torch.autograd.grad(loss, theta)[0]

# %% accumulation tags=["markdown"]
print("| what the parts add up | gradient | off by |")
print("|---|--:|--:|")
apart = {}
for name, targets in {"equal": tokens, "padded": padded}.items():
    whole, kept = gradient(features, targets), (targets >= 0).sum()
    parts = list(zip(features.split(2), targets.split(2)))
    means = sum(gradient(*part) for part in parts)
    sums = sum(gradient(*part, "sum") for part in parts)
    for how, summed in {"means, undivided": means, "means / 4": means / 4,
                        "sums / all tokens": sums / kept}.items():
        ratio = (summed.norm() / whole.norm()).item()
        off = apart[name, how] = ((summed - whole).norm() / whole.norm()).item()
        print(f"| {name} parts: {how} | {ratio:.2f} | {off:.2f} |")

# %% [markdown]
# Augmentation: K noisy copies of each example, counted as new data or averaged.

# %% augmentation
rng = np.random.default_rng(1)
n, K, D, noise_variance, prior_variance = 96, 4, 6, 0.25, 0.05
X = rng.normal(size=(n, D))
y = X @ rng.normal(size=D) * prior_variance**0.5
y += rng.normal(size=n) * noise_variance**0.5
X_many = np.tile(X, (K, 1)) + 0.1 * rng.normal(size=(K * n, D))
y_many = np.tile(y, K)


def ridge(weight_decay):
    """Minimizer of the mean squared error over all copies, plus decay."""
    gram = 2 / (K * n) * X_many.T @ X_many + weight_decay * np.eye(D)
    return np.linalg.solve(gram, 2 / (K * n) * X_many.T @ y_many)


print("λ divides by         λ  norm of MAP estimate")
norms = {}
for name, count in {"n": n, "K n": K * n}.items():
    decay = 2 * noise_variance / (count * prior_variance)
    norms[name] = np.linalg.norm(ridge(decay))
    print(f"{name:12} {decay:9.4f} {norms[name]:12.4f}")

# %% values tags=["hidden"]
counts = [count for _, count in rows]
assert apart["equal", "means / 4"] < 1e-12
assert apart["padded", "sums / all tokens"] < 1e-12
values = {
    "sentences": sentences,
    "length": length,
    "tokens": sentences * length,
    "kept": round(counts[1]),
    "padded_apart": apart["padded", "means / 4"],
    "shortest": int((~padding)[:2].sum()),
    "longest": int((~padding)[-2:].sum()),
    "copies": K,
}
