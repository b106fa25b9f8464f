# %% [markdown]
# # Weight decay is MAP estimation: the nine steps in numbers
#
# Each cell `step_k` computes both sides of equation (k) of the derivation in
# float64 and stops if they differ. The left side never uses Bayes’ rule.

# %% setup
import math

import torch
from torch.distributions import MultivariateNormal, Normal

torch.set_default_dtype(torch.float64)
x = torch.tensor([-1.0, 0.0, 1.0, 2.0])
y = torch.tensor([0.3, 0.1, 1.0, 2.0])
features = torch.stack([torch.ones(4), x, x**2], dim=1)
n, D = features.shape
theta = torch.tensor([0.2, 0.1, 0.5])  # where both sides are compared
noise_variance, weight_decay, learning_rate = 0.25, 0.2, 0.1
prior_variance = 1 / (n * weight_decay)
print(f"n = {n}, D = {D}, prior variance = {prior_variance:.4f}")

# %% [markdown]
# The parameters and the labels are jointly Gaussian, so conditioning on the
# labels gives the posterior, and their marginal the evidence.

# %% left_side
noise_covariance = noise_variance * torch.eye(n)
label_covariance = prior_variance * features @ features.T + noise_covariance
gain = prior_variance * features.T @ torch.linalg.inv(label_covariance)
posterior_covariance = prior_variance * (torch.eye(D) - gain @ features)

posterior = MultivariateNormal(gain @ y, posterior_covariance)
marginal = MultivariateNormal(torch.zeros(n), label_covariance)
conditional = MultivariateNormal(features @ theta, noise_covariance)
log_posterior = posterior.log_prob(theta).item()
log_evidence = marginal.log_prob(y).item()
log_likelihood = conditional.log_prob(y).item()
log_prior = Normal(0, math.sqrt(prior_variance)).log_prob(theta).sum().item()
print(f"log posterior    {log_posterior:+.6f}")
print(f"log likelihood   {log_likelihood:+.6f}")
print(f"log prior        {log_prior:+.6f}")
print(f"log evidence     {log_evidence:+.6f}")


# %% compare
def compare(left: float, right: dict[str, float]) -> None:
    """Print the right side, term by term, and the left; stop if they differ."""
    for name, term in right.items():
        print(f"{name:<20}{term:+.6f}")
    total = sum(right.values())
    if len(right) > 1:
        print(f"{'right side':<20}{total:+.6f}")
    print(f"{'left side':<20}{left:+.6f}")
    assert abs(total - left) < 1e-12, f"the sides differ by {total - left}"


# %% [markdown]
# ## The nine steps

# %% step_1
likelihood, prior = math.exp(log_likelihood), math.exp(log_prior)
evidence = math.exp(log_evidence)
right = {"quotient": likelihood * prior / evidence}
compare(math.exp(log_posterior), right)

# %% step_2
right = {
    "-log p(y|x,θ)": -log_likelihood,
    "-log p(θ)": -log_prior,
    "+log p(y|x)": +log_evidence,
}
compare(-log_posterior, right)

# %% step_3
one_label = Normal(features @ theta, math.sqrt(noise_variance))
log_likelihoods = one_label.log_prob(y)
right = {
    "example 1": -log_likelihoods[0].item(),
    "example 2": -log_likelihoods[1].item(),
    "example 3": -log_likelihoods[2].item(),
    "example 4": -log_likelihoods[3].item(),
    "-log p(θ)": -log_prior,
    "+log p(y|x)": +log_evidence,
}
compare(-log_posterior, right)

# %% step_4
nll = -log_likelihoods.mean().item()
right = {
    "f(θ)": nll,
    "-1/n log p(θ)": -1 / n * log_prior,
    "+1/n log p(y|x)": +1 / n * log_evidence,
}
compare(-log_posterior / n, right)

# %% step_5
prior_covariance = prior_variance * torch.eye(D)
normal = MultivariateNormal(torch.zeros(D), prior_covariance)
log_normal = normal.log_prob(theta).item()
right = {
    "f(θ)": nll,
    "-1/n log N": -1 / n * log_normal,
    "+1/n log p(y|x)": +1 / n * log_evidence,
}
compare(-log_posterior / n, right)

# %% step_6
determinant = torch.linalg.det(prior_covariance).item()
inverse = torch.linalg.inv(prior_covariance)
quadratic_form = (theta @ inverse @ theta).item()
denominator = (2 * math.pi) ** (D / 2) * determinant ** (1 / 2)
density = math.exp(-1 / 2 * quadratic_form) / denominator
right = {
    "f(θ)": nll,
    "-1/n log(density)": -1 / n * math.log(density),
    "+1/n log p(y|x)": +1 / n * log_evidence,
}
compare(-log_posterior / n, right)
right = {"τ^D": prior_variance**D}
compare(determinant, right)
dot_product = (theta @ theta).item()
right = {"θ·θ/τ": dot_product / prior_variance}
compare(quadratic_form, right)

# %% step_7
two_pi_tau = 2 * math.pi * prior_variance
right = {
    "f(θ)": nll,
    "θ·θ/2nτ": dot_product / (2 * n * prior_variance),
    "D/2n log(2πτ)": D / (2 * n) * math.log(two_pi_tau),
    "1/n log p(y|x)": 1 / n * log_evidence,
}
compare(-log_posterior / n, right)

# %% step_8
squared_norm = torch.linalg.vector_norm(theta).item() ** 2
two_pi_tau = 2 * math.pi / (n * weight_decay)
right = {
    "f(θ)": nll,
    "nλ/2n ‖θ‖²": n * weight_decay / (2 * n) * squared_norm,
    "D/2n log(2π/nλ)": D / (2 * n) * math.log(two_pi_tau),
    "1/n log p(y|x)": 1 / n * log_evidence,
}
compare(-log_posterior / n, right)

# %% step_9
penalized_loss = nll + weight_decay / 2 * squared_norm
two_pi_tau = 2 * math.pi / (n * weight_decay)
constant = D / (2 * n) * math.log(two_pi_tau) + 1 / n * log_evidence
right = {"L(θ)": penalized_loss, "C": constant}
compare(-log_posterior / n, right)

# %% [markdown]
# ## Corollaries
#
# The gradient, entry by entry, and the step as PyTorch takes it.


# %% gradient
def negative_log_likelihood(theta: torch.Tensor) -> torch.Tensor:
    """Return f(theta), a scalar, for theta of shape (D,)."""
    labels = Normal(features @ theta, math.sqrt(noise_variance))
    return -labels.log_prob(y).mean()


leaf = theta.clone().requires_grad_()
loss_gradient = torch.autograd.grad(negative_log_likelihood(leaf), leaf)[0]
penalty = weight_decay / 2 * leaf.square().sum()
penalized = negative_log_likelihood(leaf) + penalty
penalized_gradient = torch.autograd.grad(penalized, leaf)[0]
for j in range(D):
    right = {
        "∇f": loss_gradient[j].item(),
        "λθ": weight_decay * theta[j].item(),
    }
    compare(penalized_gradient[j].item(), right)

# %% sgd_step
parameter = torch.nn.Parameter(theta.clone())
settings = {"lr": learning_rate, "weight_decay": weight_decay}
optimizer = torch.optim.SGD([parameter], **settings)
negative_log_likelihood(parameter).backward()
optimizer.step()
shrink = 1 - learning_rate * weight_decay
for j in range(D):
    right = {
        "(1-ηλ)θ": shrink * theta[j].item(),
        "-η∇f": -learning_rate * loss_gradient[j].item(),
    }
    compare(parameter[j].item(), right)

# %% mean_squared_error
mse = (y - features @ theta).square().mean().item()
for variance in (noise_variance, 1 / 2):
    print(f"noise variance {variance}")
    log_density = Normal(features @ theta, math.sqrt(variance)).log_prob(y)
    right = {
        "M/2σ²": 1 / (2 * variance) * mse,
        "1/2 log(2πσ²)": 1 / 2 * math.log(2 * math.pi * variance),
    }
    compare(-log_density.mean().item(), right)
print(f"M                   {mse:+.6f}")
print(f"1/2 log(π)          {math.log(math.pi) / 2:+.6f}")

# %% [markdown]
# With weight decay beside the mean squared error, the prior above belongs to
# another weight decay: $\lambda = 2 \sigma^2 / (n \tau)$.

# %% mean_squared_error_map
mse_weight_decay = 2 * noise_variance / (n * prior_variance)
scale = 2 * noise_variance
two_pi_tau = 2 * math.pi * prior_variance
right = {
    "M(θ)": mse,
    "λ/2 ‖θ‖²": mse_weight_decay / 2 * squared_norm,
    "K, noise": noise_variance * math.log(2 * math.pi * noise_variance),
    "K, prior": noise_variance * D / n * math.log(two_pi_tau),
    "K, evidence": scale / n * log_evidence,
}
compare(-scale / n * log_posterior, right)

# %% values tags=["hidden"]
values = {
    "n": n,
    "parameters": D,
    "noise_variance": noise_variance,
    "weight_decay": weight_decay,
    "prior_variance": prior_variance,
    "log_posterior": log_posterior,
    "log_evidence": log_evidence,
    "log_likelihood": log_likelihood,
    "log_prior": log_prior,
    "nll": nll,
    "penalized_loss": penalized_loss,
    "constant": constant,
    "negative_log_posterior_per_example": -log_posterior / n,
    "mse": mse,
}
