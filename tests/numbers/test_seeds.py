"""The spread over seeds, against one network at a time, power iteration, and the page's seed rule."""

from __future__ import annotations

import functools
import re

import numpy as np
import pytest
import torch
from own_batch import Batch, train_three
from own_training import DECAY, LR, draws
from torch.nn.utils import vector_to_parameters

import models


@pytest.fixture(scope="module")
def run(computed):
    return computed("seeds")


def data(seed: int):
    """Return features, targets and the network at its initial parameters."""
    features, y, start = draws(seed)
    vector_to_parameters(start, (model := models.Net()).parameters())
    return features, y, model


@functools.cache
def losses(seed: int) -> tuple[list[float], float]:
    """Return the MSE of every step and the final R², one network alone."""
    features, y, model = data(seed)
    sgd = torch.optim.SGD(model.parameters(), lr=LR, weight_decay=DECAY)
    history = []
    for _ in range(1000):
        sgd.zero_grad()
        error = torch.mean((y - model(features)) ** 2)
        error.backward()
        history.append(error.item())
        sgd.step()
    residual = torch.mean((y - model(features).detach()) ** 2).item()
    return history, 1 - residual / y.var(unbiased=False).item()


@pytest.mark.parametrize("seed", [0, 1])
def test_spike_and_fit_are_those_of_one_network_alone(run, seed):
    history, fit = losses(seed)
    # seed 0 is unstable, so batched and single arithmetic part: its figures agree roughly only
    loose = {0: 0.3, 1: 0.02}[seed]
    assert run.values[f"spike_seed_{seed}"] == pytest.approx(max(history) / history[0], rel=loose)
    assert run.values[f"fit_seed_{seed}"] == pytest.approx(fit, abs=loose)


def test_the_pages_seed_is_the_smallest_that_passes_both_tests(run):
    passing = []
    for seed in (0, 1):
        history, fit = losses(seed)
        passing.append(max(history) <= 10 * history[0] and fit > 0.5)
    assert passing == [False, True]
    assert run.values["smallest"] == 1


def test_sharpness_is_that_of_power_iteration(run):
    features, y, model = data(1)
    parameters = list(model.parameters())
    gradient = torch.autograd.grad(torch.mean((y - model(features)) ** 2), parameters, create_graph=True)
    torch.manual_seed(0)
    vector = [torch.randn_like(p) for p in parameters]
    for _ in range(60):
        norm = torch.sqrt(sum((v**2).sum() for v in vector))
        vector = [v / norm for v in vector]
        inner = sum((g * v).sum() for g, v in zip(gradient, vector, strict=True))
        vector = torch.autograd.grad(inner, parameters, retain_graph=True)
    largest = torch.sqrt(sum((v**2).sum() for v in vector)).item()
    assert run.values["sharpness_seed_1"] == pytest.approx(largest, rel=1e-3)  # sixty iterations, float32


def test_raw_features_are_too_sharp_and_standardized_ones_are_not(run):
    assert run.values["sharpness_raw"] > run.values["stable_curvature"] == 2 / LR
    assert run.values["sharpness_std"] < 0.1 * run.values["stable_curvature"]


SETTINGS = [(name, dtype) for name in ("raw", "standardized") for dtype in ("float32", "float64")]
OTHERS = ("from_scratch", "bayesian")


@pytest.fixture(scope="module")
def drawn() -> tuple[dict[str, torch.Tensor], torch.Tensor, torch.Tensor]:
    """Return both features, targets (50, 60, 1) and initial vectors (50, D)."""
    every = [draws(seed) for seed in range(50)]
    raw = every[0][0]
    features = {"raw": raw, "standardized": (raw - raw.mean(0)) / raw.std(0)}
    return features, torch.stack([y for _, y, _ in every]), torch.stack([start for *_, start in every])


@pytest.fixture(scope="module")
def marks(run) -> dict[tuple[str, str, str], list[float]]:
    """Return the gaps that the figure draws, by setting and program, in the order of the seeds."""
    lines = [line["y"] for line in run.figures["figure_spread"][0]["axes"][0]["lines"] if line["marked"]]
    keys = [(*setting, other) for setting in SETTINGS for other in OTHERS]
    found = dict(zip(keys, lines, strict=True))
    assert {len(gaps) for gaps in found.values()} == {run.values["count"]}  # no run overflowed
    return found


def test_counts_medians_and_farthest_gaps_are_those_of_the_marks(run, marks):
    printed = re.findall(r"(\S+)  (\S+) +(\d+) of 50$", run.stdout["spread"], re.M)
    for (key, gaps), (median, largest, lost) in zip(marks.items(), printed, strict=True):
        name = "_".join(key)
        middle, far = sorted(gaps)[24], sum(gap > 0.01 for gap in gaps)  # of 50, the lower middle one
        assert run.values[f"median_{name}"] == middle
        assert run.values[f"lost_{name}"] == int(lost) == far
        assert (float(median), float(largest)) == pytest.approx((middle, max(gaps)), rel=0.06, abs=0)
    for setting in SETTINGS:
        farthest = max(gap for other in OTHERS for gap in marks[(*setting, other)])
        assert run.values["farthest_" + "_".join(setting)] == farthest


@pytest.mark.parametrize(("name", "dtype"), SETTINGS)
def test_marks_are_those_of_the_same_seeds_trained_by_an_own_loop(run, marks, drawn, name, dtype):
    """All seeds, bit for bit, without optimizer or prior. A mark at the lower edge stands for zero."""
    pair = [marks[name, dtype, other] for other in OTHERS]
    features, targets, starts = drawn[0][name], *drawn[1:]
    features, targets, starts = (t.to(getattr(torch, dtype)) for t in (features, targets, starts))
    scratch, pytorch, bayesian = train_three(starts, features, targets)
    for other, gaps in zip((scratch, bayesian), pair, strict=True):
        own = (other - pytorch).abs().amax(dim=(1, 2)).tolist()
        assert [max(gap, 1e-17) for gap in own] == gaps
    if (name, dtype) == ("raw", "float32"):
        own = (scratch - pytorch).abs().amax(dim=(1, 2))[1].item()
        assert run.values["gap_seed_1"] == own


def batch(drawn, name: str, dtype: type, count: int) -> tuple[Batch, np.ndarray]:
    """Train the first seeds with weight decay in NumPy; return them and their errors by step."""
    features, targets, starts = (t.numpy().astype(dtype) for t in (drawn[0][name], *drawn[1:]))
    networks, errors = Batch(starts[:count].copy(), features, targets[:count]), []
    for _ in range(1000):
        error, slope = networks.gradient()
        networks.vectors -= dtype(LR) * (slope + dtype(DECAY) * networks.vectors)
        errors.append(error)
    return networks, np.array(errors)


@pytest.fixture(scope="module")
def raw_batches(drawn) -> dict[type, tuple[Batch, np.ndarray]]:
    return {dtype: batch(drawn, "raw", dtype, 50) for dtype in (np.float32, np.float64)}


def test_seeds_that_spike_and_that_pass_are_those_of_numpy(run, raw_batches, marks):
    """In float32 and in float64: a seed whose unstable run passes in one of them only may go either way."""
    printed = re.findall(r"^seed (\d): highest / first loss +(\S+), R² (\S+)$", run.stdout["page_seed"], re.M)
    passing = []
    for networks, errors in raw_batches.values():
        spikes = errors.max(axis=0) / errors[0]
        fits = 1 - np.mean((networks.predict() - networks.y) ** 2, axis=(1, 2)) / networks.y.var(axis=(1, 2))
        assert run.values["spiking"] == np.sum(spikes > 10)
        for seed, (label, spike, fit) in enumerate(printed):
            assert (int(label), float(spike)) == (seed, pytest.approx(spikes[seed], abs=6e-3))
            assert float(fit) == pytest.approx(fits[seed], abs=1e-3)
        for seed in (0, 1):
            assert run.values[f"spike_seed_{seed}"] == pytest.approx(spikes[seed], rel=1e-4)
            assert run.values[f"fit_seed_{seed}"] == pytest.approx(fits[seed], abs=1e-3)
        passing.append({seed for seed in range(50) if spikes[seed] <= 10 and fits[seed] > 0.5})
    assert len(printed) == 3
    surely, perhaps = passing[0] & passing[1], passing[0] | passing[1]
    assert len(perhaps) <= len(surely) + 2
    assert len(surely) <= run.values["eligible"] <= len(perhaps)
    assert run.values["smallest"] == min(surely) == min(perhaps)
    for program, other in (("scratch", "from_scratch"), ("bayesian", "bayesian")):
        parted = {seed for seed, gap in enumerate(marks["raw", "float32", other]) if gap > 0.01}
        assert len(parted & surely) <= run.values[f"parted_{program}"] <= len(parted & perhaps)
    keys = ("spiking", "count", "eligible", "count", "smallest", "parted_scratch", "parted_bayesian")
    tail = re.sub(r"0\.01", "", run.stdout["page_seed"].split("\n", 3)[3])
    assert list(map(int, re.findall(r"\d+", tail))) == [run.values[key] for key in keys]


def curvature(vector: np.ndarray, features: np.ndarray, y: np.ndarray) -> float:
    """Return the largest eigenvalue of the Hessian: central differences of a gradient by hand, float64."""
    step = 1e-7 * np.eye(vector.size)
    around = np.concatenate([vector + step, vector - step])
    above, below = np.split(Batch(around, features.astype(float), y.astype(float)).gradient()[1], 2)
    hessian = torch.from_numpy((above - below + (above - below).T) / 4e-7)
    return torch.linalg.eigvalsh(hessian)[-1].item()  # NumPy would wait for threads here


def test_curvatures_are_those_of_differences_at_points_of_numpys_own(run, drawn, raw_batches):
    """At the start to rounding. At the end, where seeds 0 and 1 with raw features, and all standardized ones,
    come in float64 close enough to where float32 brings them."""
    rows = {
        name: {label: (float(a), float(b)) for label, a, b in found}
        for name in ("raw", "standardized")
        for found in [re.findall(rf"^{name} +(seed .|\w+) +(\S+) +(\S+)$", run.stdout["curvatures"], re.M)]
    }
    features, targets, starts = drawn
    ends = {
        "raw": raw_batches[np.float64][0],
        "standardized": batch(drawn, "standardized", np.float64, 20)[0],
    }
    at = {}
    for name, count in (("raw", 2), ("standardized", 20)):
        points = features[name].numpy(), targets.numpy()
        start = np.array([curvature(starts[s].double().numpy(), points[0], points[1][s]) for s in range(20)])
        end = np.array([curvature(ends[name].vectors[s], points[0], points[1][s]) for s in range(count)])
        at[name] = start, end
        found = [rows[name][label][0] for label in ("seed 0", "seed 1", "median", "largest")]
        assert found == pytest.approx([*start[:2], np.median(start), start.max()], abs=0.06)
        assert [rows[name][f"seed {seed}"][1] for seed in (0, 1)] == pytest.approx(end[:2].tolist(), rel=0.01)
    (raw, raw_end), (standardized, end) = at["raw"], at["standardized"]
    found = [rows["standardized"][label][1] for label in ("median", "largest")]
    assert found == pytest.approx([np.median(end), end.max()], rel=0.02)
    expected = {
        "sharpness_raw": (np.median(raw), 1e-6),
        "sharpness_std": (np.median(standardized), 1e-6),
        "sharpness_std_largest": (end.max(), 0.02),
        "sharpness_seed_1": (raw[1], 1e-6),
        "sharpness_seed_1_end": (raw_end[1], 0.01),
    }
    for key, (value, within) in expected.items():
        assert run.values[key] == pytest.approx(value, rel=within), key
    assert run.values["too_sharp"] == np.sum(raw > 2 / LR) and run.values["examined"] == len(raw)
    assert run.stdout["curvatures"].endswith(f": {run.values['too_sharp']} of {len(raw)}\n")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("other", ["from_scratch", "bayesian"])
def test_standardized_runs_stay_together_and_some_raw_ones_part(run, dtype, other):
    assert run.values[f"lost_standardized_{dtype}_{other}"] == 0
    assert 0 < run.values[f"lost_raw_{dtype}_{other}"] < 0.5 * run.values["count"]


@pytest.mark.parametrize("other", ["from_scratch", "bayesian"])
def test_in_float64_every_program_keeps_to_rounding_the_prior_too(run, other):
    """Its scale is a float64 tensor; a number would be kept in float32 and leave a gap of about 1e-9."""
    assert run.values[f"median_standardized_float64_{other}"] < 1e-13


def test_the_pages_seed_parts_a_little_even_in_the_batch(run):
    assert 0 < run.values["gap_seed_1"] < 0.01


def test_most_of_the_examined_seeds_begin_beyond_the_limit_and_the_pages_ends_there(run):
    assert run.values["too_sharp"] > 10
    assert (
        run.values["sharpness_seed_1"] < run.values["stable_curvature"] < run.values["sharpness_seed_1_end"]
    )
    assert run.values["sharpness_std_largest"] < run.values["stable_curvature"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_raw_runs_part_farther_than_standardized_ones(run, dtype):
    raw, standardized = (run.values[f"farthest_{name}_{dtype}"] for name in ("raw", "standardized"))
    assert raw > 0.1 > 0.01 > standardized
