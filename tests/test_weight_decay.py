"""The experiment against oracles: float64 NumPy with backpropagation by hand, and plain updates."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from torch.nn.utils import parameters_to_vector, vector_to_parameters

import models

LR = DECAY = 1e-2
N = 60


def draws():
    """Return features, targets and initial parameters, drawn in the post's order from seed 1."""
    torch.manual_seed(1)
    x = torch.cat([torch.linspace(a, b, 20) for a, b in ((-10, -6), (-2, 2), (6, 10))])
    features = torch.cat([x[:, None], x[:, None] ** 2], dim=1)
    y = models.Net()(features).detach() + torch.randn(60, 1) * 0.5
    return features, y, [p.detach().clone() for p in models.Net().parameters()]


def numpy_gradient(parameters, features, y):
    """Return mean squared error and its gradient, by hand, in float64."""
    hiddens = [features]
    for weight, bias in zip(parameters[::2], parameters[1::2], strict=True):
        product = hiddens[-1] @ weight.T + bias
        hiddens.append(product if bias.size == 1 else np.maximum(product, 0))
    delta = 2 * (hiddens[-1] - y) / len(y)
    gradients = []
    for layer in (3, 2, 1, 0):
        gradients = [delta.T @ hiddens[layer], delta.sum(0), *gradients]
        if layer:
            delta = (delta @ parameters[2 * layer]) * (hiddens[layer] > 0)
    return float(np.mean((hiddens[-1] - y) ** 2)), gradients


def numpy_errors(decay: float, steps: int) -> list[float]:
    features, y, start = (
        [np.asarray(t, dtype=np.float64) for t in item]
        if isinstance(item, list)
        else np.asarray(item, dtype=np.float64)
        for item in draws()
    )
    errors = []
    for _ in range(steps):
        error, gradients = numpy_gradient(start, features, y)
        start = [p - LR * (g + decay * p) for p, g in zip(start, gradients, strict=True)]
        errors.append(error)
    return errors


def printed_errors(text: str) -> list[float]:
    return [float(line) for line in re.findall(r"MSE: (\S+)", text)]


@pytest.fixture(scope="module")
def run(plain):
    return plain("weight_decay")


@pytest.mark.parametrize("cell", ["from_scratch", "pytorch", "bayesian"])
def test_first_errors_are_those_of_float64_numpy(run, cell):
    # float32 rounds each of five steps; features of 100 amplify a rounding of 6e-8 to about 1e-5
    np.testing.assert_allclose(printed_errors(run.stdout[cell]), numpy_errors(DECAY, 5), rtol=1e-4)


def test_control_is_plain_gradient_descent(run):
    np.testing.assert_allclose(printed_errors(run.stdout["control"]), numpy_errors(0.0, 5), rtol=1e-4)


def test_control_differs_from_weight_decay_at_the_second_step(run):
    assert printed_errors(run.stdout["control"])[1] != printed_errors(run.stdout["pytorch"])[1]


def test_from_scratch_gradient_equals_autograd_plus_decay_bit_for_bit(run):
    features, y, start = draws()
    model = models.Net()
    vector_to_parameters(torch.cat([p.flatten() for p in start]), model.parameters())
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
    features, y, start = draws()
    ends = {}
    for decay in (DECAY, 0.0):
        model = models.Net()
        vector_to_parameters(torch.cat([p.flatten() for p in start]), model.parameters())
        ends[decay] = []
        for rate in (LR, LR / 10):
            sgd = torch.optim.SGD(model.parameters(), lr=rate, weight_decay=decay)
            for _ in range(1000):
                sgd.zero_grad()
                torch.mean((y - model(features)) ** 2).backward()
                sgd.step()
            end = [p.detach().double().numpy() for p in model.parameters()]
            error, gradients = numpy_gradient(end, features.double().numpy(), y.double().numpy())
            square = sum(np.sum(p**2) for p in end)
            slope = sum(np.sum((g + DECAY * p) ** 2) for g, p in zip(gradients, end, strict=True))
            ends[decay].append((error, error + DECAY / 2 * square, square**0.5, slope**0.5))
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
