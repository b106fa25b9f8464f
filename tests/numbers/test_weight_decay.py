"""The experiment against updates written out, their ends by backpropagation in NumPy and float64."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from cells import table
from network import DECAY, LR, Batch, N, draws, gradient, predict, prior_coefficient


def ends_at(vector: torch.Tensor) -> tuple[float, float, float, float]:
    """Return MSE, L, ‖θ‖ and ‖∇L‖ of a vector, in float64."""
    features, y, _ = (part.double().numpy() for part in draws(1))
    network = Batch(vector.double().numpy()[None], features, y)
    (error,), (slope,) = network.gradient()
    (theta,) = network.vectors
    norm = np.linalg.norm(theta)
    return error, error + DECAY / 2 * norm**2, norm, np.linalg.norm(slope + DECAY * theta)


@pytest.fixture(scope="module")
def first_errors(run) -> np.ndarray:
    """Return the printed errors of epochs 0 to 4: from scratch, PyTorch, Bayesian, NLL."""
    return np.array([list(map(float, row[1:])) for row in table(run.stdout["first_errors"])])


def test_first_errors_are_those_of_the_own_runs(run, first_errors, own):
    for column, name in enumerate(("from scratch", "PyTorch", "Bayesian")):
        assert first_errors[:, column] == pytest.approx(own[name][2][:5], rel=1e-6)
    printed = [float(line) for line in re.findall(r"MSE: (\S+)", run.stdout["control"])]
    assert printed == pytest.approx(own["no decay"][2][:5], rel=1e-6)
    assert printed[0] == first_errors[0, 1] and printed[1] != first_errors[1, 1]


def test_nll_is_that_of_gaussian_labels_with_variance_one_half(first_errors):
    features, y, vector = draws(1)
    residual = predict(vector, features) - y
    nll = torch.nn.functional.gaussian_nll_loss(
        residual.double(), torch.zeros(N, 1).double(), torch.full((N, 1), 0.5).double(), full=True
    )
    assert first_errors[0, 3] == pytest.approx(nll.item(), abs=6e-5)
    np.testing.assert_allclose(first_errors[:, 3] - first_errors[:, 1], nll - first_errors[0, 1], atol=1e-4)


def test_from_scratch_gradient_equals_autograd_plus_decay_bit_for_bit(run):
    features, y, start = draws(1)
    theta = start.requires_grad_()
    error = torch.mean((y - predict(theta, features)) ** 2)
    (plain,) = torch.autograd.grad(error, theta, retain_graph=True)
    (penalized,) = torch.autograd.grad(error + DECAY * (0.5 * torch.sum(theta**2)), theta)
    assert torch.equal(penalized, plain + DECAY * theta.detach())
    assert table(run.stdout["differences"])[0][1] == "0.0"


def test_the_largest_bayesian_difference_is_one_ulp_of_one_entry(values):
    entry, apart = values["worst_gradient"], values["worst_apart"]
    assert apart == float(np.spacing(np.float32(abs(entry))))
    assert values["worst_ulps"] == 1
    assert apart <= values["difference_bayesian"] < 1.1 * apart  # the other entries add little


SUMS = {
    "from scratch": lambda slope, theta: slope + DECAY * theta,
    "PyTorch": lambda slope, theta: slope.add(theta, alpha=DECAY),
    "Bayesian": lambda slope, theta: slope + float(prior_coefficient()) * theta,
    "no decay": lambda slope, theta: slope,
}


@pytest.fixture(scope="module")
def own() -> dict[str, tuple[torch.Tensor, list[torch.Tensor], list[float]]]:
    """Train the four programs by `network`: return its end, its first gradients of L, its errors.

    Each program is one sum per step, rounded as it rounds: λθ or the prior's multiple of θ added to
    the gradient, or the call in SGD that adds λθ; so the ends are those of the snippet, bit for bit.
    """
    features, y, start = draws(1)
    found = {}
    for name, summed in SUMS.items():
        theta, firsts, errors = start, [], []
        for step in range(1000):
            error, slope = gradient(theta, features, y)
            errors.append(error)
            applied = summed(slope, theta)
            if step < 5:
                firsts.append(slope + DECAY * theta if name == "PyTorch" else applied)
            theta = theta.add(applied, alpha=-LR)
        found[name] = theta, firsts, errors
    return found


def further_by(theta: torch.Tensor, name: str) -> torch.Tensor:
    """Go on for a thousand steps at a tenth of the rate."""
    features, y, _ = draws(1)
    for _ in range(1000):
        theta = theta.add(SUMS[name](gradient(theta, features, y)[1], theta), alpha=-LR / 10)
    return theta


def test_first_differences_are_those_of_the_own_runs(values, run, own):
    firsts = {name: torch.stack(slopes).double().numpy() for name, (_, slopes, _) in own.items()}
    for column, name in ((1, "from scratch"), (2, "Bayesian")):
        norms = np.linalg.norm(firsts[name] - firsts["PyTorch"], axis=1)
        printed = [float(row[column]) for row in table(run.stdout["differences"])]
        assert printed == pytest.approx(norms.tolist(), rel=1e-5)  # the norm is float32's there
    first, largest = (values[f"difference_bayesian{end}"] for end in ("_first", ""))
    assert (first, largest) == pytest.approx((norms[0], norms.max()), rel=1e-5)
    worst = int(np.argmax(norms))
    apart = np.abs(firsts["Bayesian"] - firsts["PyTorch"])[worst]
    assert (values["worst_epoch"], values["worst_apart"]) == (worst, apart.max())
    assert values["worst_gradient"] == firsts["PyTorch"][worst, np.argmax(apart)]


@pytest.fixture(scope="module")
def ends(own):
    """Return MSE, L, ‖θ‖ and ‖∇L‖ where the runs end, and a thousand smaller steps further."""
    found = {("where_they_end", name): ends_at(end) for name, (end, *_) in own.items()}
    for name in ("PyTorch", "no decay"):
        found["further", name] = ends_at(further_by(own[name][0], name))
    return found


def test_every_row_of_where_the_runs_end_is_that_of_the_own_runs(run, ends):
    for (cell, name), expected in ends.items():
        (shown,) = (row[1:] for row in table(run.stdout[cell]) if row[0] == name)
        for one, other, half in zip(shown, expected, (5e-6, 5e-5, 5e-5, 5e-4), strict=True):
            assert float(one) == pytest.approx(other, abs=half + 1e-5)  # 1e-5: float32 of a sum of 60


def test_oscillation_made_the_controls_error_larger(values, ends):
    (final, control), (later, control_later) = (
        [ends[cell, name] for name in ("PyTorch", "no decay")] for cell in ("where_they_end", "further")
    )
    assert control[0] > final[0] and control_later[0] < later[0]
    errors = {"final_error": final, "final_error_control": control}
    errors |= {"further_error": later, "further_error_control": control_later}
    for key, end in errors.items():
        assert values[key] == pytest.approx(end[0], rel=1e-4)
    assert values["final_gradient"] == pytest.approx(final[3], rel=1e-3)
    assert values["final_norm"] == pytest.approx(final[2], rel=1e-5)
    assert values["final_norm_control"] == pytest.approx(control[2], rel=1e-5)


def test_what_the_runs_share_is_that_of_the_draws_and_a_tenth_of_a_time_constant(values, run):
    features, y, start = draws(1)
    norm = np.linalg.norm(start.double().numpy())
    assert run.stdout["data"] == f"n = {len(features)} examples, noise variance {0.5**2}\n"
    assert run.stdout["start"] == f"D = {start.numel()} parameters, initial norm {norm:.4f}\n"
    expected = {"n": len(y), "parameters": start.numel(), "seed": 1, "weight_decay": DECAY}
    assert {key: values[key] for key in expected} == expected
    assert values["noise_variance"] == values["noise_sd"] ** 2 == 0.25
    assert values["prior_variance"] == pytest.approx(1 / (N * DECAY), rel=1e-15)
    assert values["time_constants"] == pytest.approx(LR * DECAY * 1000)
    assert values["shrink"] == pytest.approx(np.exp(-0.1), rel=1e-4)  # (1 − x/k)^k is near e^−x


def test_gaps_and_drawn_fits_are_those_of_the_own_runs(values, run, own):
    """Bit for bit: a run's last digit grows a thousandfold and more, so that nothing looser would hold."""
    grid = torch.linspace(-10, 10, 100)
    fits = {name: predict(end, torch.stack([grid, grid**2], dim=1))[:, 0] for name, (end, *_) in own.items()}
    gaps = {name: (fits[name] - fits["PyTorch"]).abs().max().item() for name in SUMS}
    keys = {"gap_scratch": "from scratch", "gap_bayesian": "Bayesian", "gap_control": "no decay"}
    assert {key: values[key] for key in keys} == {key: gaps[name] for key, name in keys.items()}
    assert max(gaps["from scratch"], gaps["Bayesian"]) < 0.1 * gaps["no decay"]
    for name, panel in zip(SUMS, run.figures["figure_fits"][0]["lines"]):
        curves = [y for _, y in panel if len(y) == 100]
        assert curves == [fits[name].tolist(), fits["no decay"].tolist()]
