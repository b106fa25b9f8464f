"""What a mean divides by, parts of a batch and copies of an example: in NumPy, from the definitions."""

import numpy as np
import pytest
import torch
from cells import functions, table


@pytest.fixture(scope="module")
def data():
    """The snippet's tokens and features, drawn again, as NumPy arrays."""
    torch.manual_seed(0)
    torch.randn(8, 16, 50, dtype=torch.float64)
    tokens = torch.randint(50, (8, 16))
    torch.randn(2, 100, 3, dtype=torch.float64)
    return tokens.numpy(), torch.randn(8, 16, 6, dtype=torch.float64).numpy()


def kept_of(length=16, sentences=8):
    """Sentences of 4 to 16 tokens, evenly spaced and rounded down."""
    return np.arange(length) < (4 + np.arange(sentences) * 12 / 7).astype(int)[:, None]


def test_each_mean_divides_by_what_its_definition_says(values, run, data):
    weights = np.where(data[0] < 5, 10, 1).sum()
    expected = [128, kept_of().sum(), weights, 128, 300, 300]
    assert [int(row[1]) for row in table(run.stdout["counts"])] == expected
    assert values["tokens"] == values["sentences"] * values["length"] == 128
    assert values["kept"] == kept_of().sum()


@pytest.mark.parametrize("options", [{}, {"weight": 2.5}, {"label_smoothing": 0.2}])
def test_lambda_of_the_divisor_keeps_the_map_estimate(options):
    """At the mode of Σ log p − ‖θ‖²/2τ, PyTorch's mean has the gradient −θ/(nτ) for that n alone."""
    torch.manual_seed(1)
    X, tau = torch.randn(30, 3, dtype=torch.float64), 0.5
    y, theta = torch.randint(4, (30,)), torch.zeros(3, 4, dtype=torch.float64, requires_grad=True)
    if "weight" in options:
        options = {"weight": torch.tensor([1.0, 1.0, 1.0, options["weight"]], dtype=torch.float64)}
    loss = torch.nn.functional.cross_entropy
    mode = torch.optim.LBFGS([theta], lr=1, max_iter=300, tolerance_grad=1e-13, tolerance_change=0)

    def negative_log_joint():
        mode.zero_grad()
        value = loss(X @ theta, y, reduction="sum", **options) + (theta**2).sum() / (2 * tau)
        value.backward()
        return value

    mode.step(negative_log_joint)
    n = functions("what_is_n", torch=torch)["divisor"](loss, X @ theta, y, **options)
    (gradient,) = torch.autograd.grad(loss(X @ theta, y, **options), theta)
    at = theta.detach()
    assert (gradient + at / (n * tau)).norm() < 1e-8
    assert (gradient + at / (1.5 * n * tau)).norm() > 1e-3


def test_accumulated_gradients_are_the_sums_of_their_tokens(values, run, data):
    tokens, features = data
    # Each token's cross-entropy at θ = 0 has the gradient features times (p − one-hot): (8, 16, 6, 50).
    each, found = features[..., None] * (1 / 50 - np.eye(50)[tokens])[:, :, None, :], []
    for kept in (np.ones((8, 16), bool), kept_of()):
        whole = each[kept].mean(0)
        parts = [each[k : k + 2][kept[k : k + 2]] for k in range(0, 8, 2)]
        means = sum(part.mean(0) for part in parts)
        sums = sum(part.sum(0) for part in parts) / kept.sum()
        for summed in (means, means / 4, sums):
            norm = np.linalg.norm(whole)
            found.append((np.linalg.norm(summed) / norm, np.linalg.norm(summed - whole) / norm))
    shown = [(float(row[1]), float(row[2])) for row in table(run.stdout["accumulation"])]
    assert np.allclose(shown, found, atol=0.0051)  # two decimals
    assert values["padded_apart"] == pytest.approx(found[4][1], rel=1e-9)
    sizes = [kept_of()[k : k + 2].sum() for k in range(0, 8, 2)]
    assert (values["shortest"], values["longest"]) == (min(sizes), max(sizes))


def test_copies_as_new_data_are_that_many_observations_of_each_target(values, run):
    """The posterior mode with every copy as an example, and with each copy's term to the power 1/K."""
    rng, K = np.random.default_rng(1), values["copies"]
    X = rng.normal(size=(96, 6))
    y = X @ rng.normal(size=6) * 0.05**0.5
    y += rng.normal(size=96) * 0.5
    X, y = np.concatenate([X] * K) + 0.1 * rng.normal(size=(96 * K, 6)), np.concatenate([y] * K)

    def mode(power):
        return np.linalg.solve(power * X.T @ X / 0.25 + np.eye(6) / 0.05, power * X.T @ y / 0.25)

    lines = [line.split() for line in run.stdout["augmentation"].splitlines()[1:]]
    norms = [float(line[-1]) for line in lines]
    assert norms == pytest.approx([np.linalg.norm(mode(1 / K)), np.linalg.norm(mode(1))], abs=6e-5)
    decays = [float(line[-2]) for line in lines]
    assert decays == pytest.approx([0.5 / (96 * 0.05), 0.5 / (96 * K * 0.05)], abs=6e-5)
