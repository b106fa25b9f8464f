"""Whether runs stay together: the same seeds by a loop of our own, and other seeds."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from network import draws, fits, train_two

CHECKED = range(0, 1000, 100)


def drawn(seeds: range) -> tuple[dict[str, torch.Tensor], torch.Tensor, torch.Tensor]:
    """Return both features (2, 60), targets (seeds, 1, 60) and initial vectors (seeds, D)."""
    every = [draws(seed) for seed in seeds]
    raw = every[0][0].T.contiguous()
    features = {"raw": raw, "standardized": ((raw.T - raw.mean(1)) / raw.std(1)).T}
    return features, torch.stack([y.T for _, y, _ in every]), torch.stack([start for *_, start in every])


def gaps(seeds: range, name: str, lr: float, dtype=torch.float32):
    features, targets, starts = drawn(seeds)
    found = train_two(starts.to(dtype), features[name].to(dtype), targets.to(dtype), lr, CHECKED)
    scratch, pytorch, errors, kept = found
    return (scratch - pytorch).abs().amax(dim=(1, 2)).double(), pytorch, errors, kept


@pytest.fixture(scope="module")
def raw(values):
    return gaps(range(values["count"]), "raw", 1e-2)


def test_counts_medians_and_farthest_gaps_are_those_of_an_own_loop(values, run, raw):
    """Bit for bit: an unstable run's gap is the growth of its roundings; nothing looser would hold."""
    count = values["count"]
    settings = {
        "raw": raw[0],
        "float64": gaps(range(count), "raw", 1e-2, torch.float64)[0],
        "small_rate": gaps(range(count), "raw", 1e-3)[0],
        "standardized": gaps(range(count), "standardized", 1e-2)[0],
    }
    for key, gap in settings.items():
        assert values[f"parted_{key}"] == int((gap > 0.01).sum())
        assert values[f"median_{key}"] == gap.median().item()
        assert values[f"farthest_{key}"] == gap.max().item()
    assert values["steps"] == len(raw[2])
    assert values["parted_raw"] > 0
    assert values["parted_small_rate"] == values["parted_standardized"] == 0


def curvature(vector: torch.Tensor, features: torch.Tensor, y: torch.Tensor) -> float:
    """Return the largest eigenvalue of the error's Hessian, whole, in float64."""

    def error(vector):
        return ((y.double() - fits(vector[None], features.double())[0]) ** 2).mean()

    hessian = torch.autograd.functional.hessian(error, vector.double())
    return torch.linalg.eigvalsh(hessian)[-1].item()


def test_the_largest_curvatures_are_those_of_whole_hessians(values, run, raw):
    """For the seeds that part and the first two: power iteration stops a little below."""
    count = len(raw[0])
    features, targets, _ = drawn(range(count))
    marks = np.array(run.figures["figure"][0]["lines"][0][0][0]) * 200
    parted = [seed for seed in range(count) if raw[0][seed] > 0.01]
    for seed in {0, 1, *parted}:
        largest = max(curvature(kept[seed], features["raw"], targets[seed]) for kept in raw[3])
        assert 0.93 * largest < marks[seed] < 1.01 * largest
    assert all(marks[seed] > 0.95 * 200 for seed in parted)
    yes, no = re.findall(r"(\d+) seeds, of which (\d+)", run.stdout["limit"])
    assert int(yes[0]) == (marks > 190).sum() == values["reached"] and int(yes[1]) == len(parted)
    assert (int(no[0]), int(no[1])) == (count - int(yes[0]), 0)
    assert values["limit"] == 200


def test_on_other_seeds_none_parts_with_a_small_rate_or_standardized_features():
    for name, lr in (("raw", 1e-3), ("standardized", 1e-2)):
        assert not (gaps(range(50, 90), name, lr)[0] > 0.01).any()


def test_on_other_seeds_too_some_raw_runs_part():
    """Which and how many differs with every order of summation; of two hundred seeds some do."""
    assert (gaps(range(90, 290), "raw", 1e-2)[0] > 0.01).any()


def test_the_pages_seed_is_the_smallest_that_passes_both_tests(values, raw):
    _, fit, errors, _ = raw
    count = len(raw[0])
    _, targets, _ = drawn(range(count))
    spike = errors.max(dim=0).values / errors[0]
    fit = 1 - ((targets - fit) ** 2).mean(dim=(1, 2)) / targets.var(dim=(1, 2), unbiased=False)
    passing = [seed for seed in range(count) if spike[seed] <= 10 and fit[seed] > 0.5]
    assert passing[0] == 1 and values["eligible"] == len(passing)
    assert values["spike_seed_0"] == pytest.approx(spike[0].item(), rel=1e-6)
    assert values["fit_seed_0"] == pytest.approx(fit[0].item(), rel=1e-6)
