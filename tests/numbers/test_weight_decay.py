"""The experiment against oracles: float64 NumPy with backpropagation by hand, and plain updates."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from own_batch import Batch
from own_training import DECAY, LR, N, draws, gradient, predict, prior_coefficient
from torch.nn.utils import parameters_to_vector, vector_to_parameters

import models


def in_float64(vector: torch.Tensor) -> Batch:
    """Return the network of a vector on the article's data, in NumPy and float64."""
    features, y, _ = draws(1)
    return Batch(vector.double().numpy()[None].copy(), features.double().numpy(), y.double().numpy())


def numpy_errors(decay: float, steps: int) -> list[float]:
    """Train in float64 NumPy; return the mean squared error before each step."""
    network, errors = in_float64(draws(1)[2]), []
    for _ in range(steps):
        (error,), slope = network.gradient()
        network.vectors -= LR * (slope + decay * network.vectors)
        errors.append(error)
    return errors


def ends_at(vector: torch.Tensor) -> tuple[float, float, float, float]:
    """Return MSE, L, ‖θ‖ and ‖∇L‖ of a vector, in float64."""
    network = in_float64(vector)
    (error,), (slope,) = network.gradient()
    (theta,) = network.vectors
    norm = np.linalg.norm(theta)
    return error, error + DECAY / 2 * norm**2, norm, np.linalg.norm(slope + DECAY * theta)


def printed_errors(text: str) -> list[float]:
    return [float(line) for line in re.findall(r"MSE: (\S+)", text)]


@pytest.fixture(scope="module")
def run(computed):
    return computed("weight_decay")


@pytest.mark.parametrize("cell", ["from_scratch", "pytorch", "bayesian"])
def test_first_errors_are_those_of_float64_numpy(run, cell):
    # float32 rounds each of five steps; features of 100 amplify a rounding of 6e-8 to about 1e-5
    np.testing.assert_allclose(printed_errors(run.stdout[cell]), numpy_errors(DECAY, 5), rtol=1e-4)


def test_control_is_plain_gradient_descent(run):
    np.testing.assert_allclose(printed_errors(run.stdout["control"]), numpy_errors(0.0, 5), rtol=1e-4)


def test_control_differs_from_weight_decay_at_the_second_step(run):
    assert printed_errors(run.stdout["control"])[1] != printed_errors(run.stdout["pytorch"])[1]


def test_from_scratch_gradient_equals_autograd_plus_decay_bit_for_bit(run):
    features, y, start = draws(1)
    model = models.Net()
    vector_to_parameters(start, model.parameters())
    torch.mean((y - model(features)) ** 2).backward()
    decayed = [p.grad + DECAY * p.detach() for p in model.parameters()]
    penalized = torch.mean((y - model(features)) ** 2)
    penalized = penalized + DECAY * (0.5 * torch.sum(parameters_to_vector(model.parameters()) ** 2))
    for wanted, found in zip(decayed, torch.autograd.grad(penalized, list(model.parameters())), strict=True):
        assert torch.equal(wanted, found)
    assert run.values["difference_pytorch"] == 0.0


def test_bayesian_difference_is_rounding_and_not_zero(run):
    assert 1e-9 < run.values["difference_bayesian_first"] < 1e-7
    assert run.values["difference_bayesian"] < 1e-6


def test_prior_variance_is_one_over_n_lambda(run):
    assert run.values["prior_variance"] == pytest.approx(1 / (N * DECAY), rel=1e-15)
    assert run.values["prior_std"] ** 2 == pytest.approx(run.values["prior_variance"], rel=1e-15)


@pytest.fixture(scope="module")
def numpy_ends() -> dict[float, list[tuple[float, float, float, float]]]:
    """Return (MSE, L, ‖θ‖, ‖∇L‖) in float64, by decay: after 1000 steps, and after 1000 at a tenth of LR."""
    features, y, start = draws(1)
    ends = {}
    for decay in (DECAY, 0.0):
        model = models.Net()
        vector_to_parameters(start.clone(), model.parameters())
        ends[decay] = []
        for rate in (LR, LR / 10):
            sgd = torch.optim.SGD(model.parameters(), lr=rate, weight_decay=decay)
            for _ in range(1000):
                sgd.zero_grad()
                torch.mean((y - model(features)) ** 2).backward()
                sgd.step()
            ends[decay].append(ends_at(parameters_to_vector(model.parameters()).detach()))
    return ends


def test_where_the_runs_end_is_what_numpy_finds_there(run, numpy_ends):
    for cell, number in (("where_they_end", 0), ("further", 1)):
        rows = dict(re.findall(r"^(PyTorch|no decay) +(.*)$", run.stdout[cell], re.M))
        for name, decay in (("PyTorch", DECAY), ("no decay", 0.0)):
            error, loss, norm, slope = map(float, rows[name].split())
            expected = numpy_ends[decay][number]
            assert (error, loss, norm) == pytest.approx(expected[:3], abs=6e-5)
            assert slope == pytest.approx(expected[3], rel=1e-3, abs=1e-4)  # float32 against float64


def test_no_run_has_arrived_and_oscillation_made_the_controls_error_larger(run, numpy_ends):
    (_, loss, norm, slope), (_, lower, shorter, flatter) = numpy_ends[DECAY]
    assert lower < loss and shorter < norm and flatter < slope / 10
    errors = {decay: [end[0] for end in ends] for decay, ends in numpy_ends.items()}
    assert errors[0.0][0] > errors[DECAY][0] and errors[0.0][1] < errors[DECAY][1]
    for key, at in (("final", 0), ("further", 1)):
        assert run.values[f"{key}_error"] == pytest.approx(errors[DECAY][at], rel=1e-4)
        assert run.values[f"{key}_error_control"] == pytest.approx(errors[0.0][at], rel=1e-4)
        assert run.values[f"{key}_loss"] == pytest.approx(numpy_ends[DECAY][at][1], rel=1e-4)
        assert run.values[f"{key}_gradient"] == pytest.approx(numpy_ends[DECAY][at][3], rel=1e-3)


def test_runs_span_a_tenth_of_a_decay_time_constant(run):
    assert run.values["time_constants"] == pytest.approx(LR * DECAY * 1000)
    assert run.values["shrink"] == pytest.approx(np.exp(-0.1), rel=1e-4)  # (1 − x/k)^k is near e^−x


def test_every_run_starts_from_the_same_copy(run):
    firsts = {
        printed_errors(run.stdout[cell])[0] for cell in ("from_scratch", "pytorch", "bayesian", "control")
    }
    assert len(firsts) == 1


def test_the_largest_bayesian_difference_is_one_ulp_of_one_entry(run):
    entry, apart = run.values["worst_gradient"], run.values["worst_apart"]
    assert apart == float(np.spacing(np.float32(abs(entry))))
    assert run.values["worst_ulps"] == 1
    assert apart <= run.values["difference_bayesian"] < 1.1 * apart  # the other entries add little


def test_the_prior_is_scaled_by_twice_the_noise_variance(run):
    assert run.values["prior_factor"] == 2 * 0.5**2


def test_decay_ends_with_a_shorter_vector_and_another_fit_than_the_control(run):
    assert run.values["norm_ratio"] == pytest.approx(
        run.values["final_norm"] / run.values["final_norm_control"]
    )
    assert run.values["norm_ratio"] < 0.95
    assert 0 < run.values["gap_inputs"] < 0.1 * run.values["gap_control"]
    assert run.values["gap_scratch"] <= run.values["gap_runs"] < 0.1 * run.values["gap_control"]


PROGRAMS = ("from scratch", "PyTorch", "Bayesian", "no decay")


@pytest.fixture(scope="module")
def own() -> dict[str, tuple[torch.Tensor, list[torch.Tensor]]]:
    """Train the four programs by `own_training`: return where each ends, and its first gradients of L.

    Each program is one sum per step, rounded as it rounds: λθ or the prior's multiple of θ added to
    the gradient, or the call in SGD that adds λθ; so the ends are those of the snippet, bit for bit.
    """
    features, y, start = draws(1)
    prior = float(prior_coefficient())
    sums = {
        "from scratch": lambda slope, theta: slope + DECAY * theta,
        "PyTorch": lambda slope, theta: slope.add(theta, alpha=DECAY),
        "Bayesian": lambda slope, theta: slope + prior * theta,
        "no decay": lambda slope, theta: slope,
    }
    found = {}
    for name, summed in sums.items():
        theta, firsts = start, []
        for step in range(1000):
            _, slope = gradient(theta, features, y)
            applied = summed(slope, theta)
            if step < 5:
                firsts.append(slope + DECAY * theta if name == "PyTorch" else applied)
            theta = theta.add(applied, alpha=-LR)
        found[name] = theta, firsts
    return found


def test_first_differences_are_those_of_the_own_runs(run, own):
    firsts = {name: torch.stack(slopes).double().numpy() for name, (_, slopes) in own.items()}
    for cell, name in (("compare_pytorch", "from scratch"), ("compare_bayesian", "Bayesian")):
        norms = np.linalg.norm(firsts[name] - firsts["PyTorch"], axis=1)
        printed = [float(number) for number in re.findall(r"difference: (\S+)", run.stdout[cell])]
        assert printed == pytest.approx(norms.tolist(), rel=1e-5)  # the norm is float32's there
    first, largest = (run.values[f"difference_bayesian{end}"] for end in ("_first", ""))
    assert (first, largest) == pytest.approx((norms[0], norms.max()), rel=1e-5)
    worst = int(np.argmax(norms))
    apart = np.abs(firsts["Bayesian"] - firsts["PyTorch"])[worst]
    assert (run.values["worst_epoch"], run.values["worst_apart"]) == (worst, apart.max())
    entry = firsts["PyTorch"][worst, np.argmax(apart)]
    assert run.values["worst_gradient"] == entry
    assert run.stdout["worst_epoch"].split("\n")[:2] == [
        f"epoch {worst}: where the gradient is {entry:.3f}",
        f"it differs by {apart.max():.1e}, {apart.max() / np.spacing(np.float32(abs(entry))):g} ulp",
    ]


def test_every_row_of_where_the_runs_end_is_that_of_the_own_runs(run, own):
    """The same four points, where MSE, L and norms are evaluated in float64 and by hand."""
    rows = dict(re.findall(r"^(from scratch|\w+|no decay) +([\d. ]+)$", run.stdout["where_they_end"], re.M))
    assert set(rows) == set(PROGRAMS)
    ends = {}
    for name, (theta, _) in own.items():
        ends[name] = ends_at(theta)
        printed, half = [float(number) for number in rows[name].split()], (5e-6, 5e-5, 5e-5, 5e-5)
        for shown, expected, rounding in zip(printed, ends[name], half, strict=True):
            assert shown == pytest.approx(expected, abs=rounding + 1e-5)  # 1e-5: float32 of a sum of 60
    for place, key in enumerate(("final_error", "final_loss", "final_norm", "final_gradient")):
        assert run.values[key] == pytest.approx(ends["PyTorch"][place], rel=1e-5)
    for place, key in ((0, "final_error_control"), (2, "final_norm_control")):
        assert run.values[key] == pytest.approx(ends["no decay"][place], rel=1e-5)


def test_what_the_runs_share_is_that_of_the_draws(run, numpy_ends):
    features, y, start = draws(1)
    size, norm = start.numel(), np.linalg.norm(start.double().numpy())
    assert run.stdout["data"] == f"n = {len(features)} examples, noise variance {0.5**2}\n"
    assert run.stdout["start"] == f"D = {size} parameters, initial norm {norm:.4f}\n"
    assert run.stdout["bayesian"].startswith("prior variance 1.6667, its root 1.2910\n")  # of 1/0.6
    expected = {"n": len(y), "parameters": size, "seed": 1, "steps": 1000, "lr": LR, "weight_decay": DECAY}
    assert {key: run.values[key] for key in expected} == expected
    assert run.values["initial_norm"] == pytest.approx(norm, rel=1e-6)
    assert run.values["first_error"] == pytest.approx(numpy_errors(DECAY, 1)[0], rel=1e-5)
    assert run.values["further_norm"] == pytest.approx(numpy_ends[DECAY][1][2], rel=1e-5)
    assert run.values["prior_std_many"] ** -2 == pytest.approx(run.values["many"] * DECAY)


def test_gaps_and_drawn_fits_are_those_of_the_own_runs(run, own):
    """Bit for bit: a run's last digit grows a thousandfold and more, so that nothing looser would hold."""
    grid = torch.linspace(-10, 10, 100)
    fits = {name: predict(end, torch.stack([grid, grid**2], dim=1))[:, 0] for name, (end, _) in own.items()}
    gaps = {name: (fits[name] - fits["PyTorch"]).abs().max().item() for name in PROGRAMS}
    keys = {"gap_scratch": "from scratch", "gap_bayesian": "Bayesian", "gap_control": "no decay"}
    assert {key: run.values[key] for key in keys} == {key: gaps[name] for key, name in keys.items()}
    assert run.values["gap_runs"] == max(gaps["from scratch"], gaps["Bayesian"])
    printed = re.findall(r"^(from scratch|Bayesian|no decay) +(\S+)$", run.stdout["gaps"], re.M)
    assert {name: float(gap) for name, gap in printed} == pytest.approx(
        {name: gaps[name] for name in keys.values()}, rel=0.05
    )
    for name, top, low in zip(PROGRAMS, *np.split(np.array(run.figures["figure_fits"][0]["axes"]), 2)):
        curves = [next(line["y"] for line in axes["lines"] if len(line["y"]) == 100) for axes in (top, low)]
        assert curves == [fits[name].tolist(), (fits[name] - fits["no decay"]).tolist()]
    features, *_ = draws(1)
    inner = [predict(own[name][0], features) for name in ("from scratch", "PyTorch")]
    assert run.values["gap_inputs"] == (inner[0] - inner[1]).abs().max().item()
