"""The timing snippet measures what it says: its cells run on known times, as its own are volatile."""

from __future__ import annotations

import re
import types

import numpy as np
import pytest
import torch
from cells import run_cells

SIZES = [261, 20_601, 503_001]  # of widths 10, 100 and 500: 3w + w(w + 1) · 2 + w + 1
VARIANTS = ["from scratch", "PyTorch", "Bayesian", "no decay"]


def test_medians_and_ranges_are_those_of_the_rounds_after_two(values, capsys):
    """The cell is run on a stopwatch that knows its times."""
    rng, timed, given = np.random.default_rng(0), [], []

    def seconds(width, penalty, decay, steps):
        timed.append((penalty, decay))
        given.append(rng.uniform(1e-3, 2e-3))
        return given[-1]

    namespace = run_cells("timing", "setup", "network", "variants", "ratios", seconds=seconds)
    printed = capsys.readouterr().out
    assert timed == list(namespace["variants"].values()) * (len(timed) // 4)
    times = np.reshape(given, (3, -1, 4))[:, 2:]
    ratios = times / times[:, :, [1]]
    medians = np.median(ratios, axis=1)
    rows = re.findall(r"^ +(\D+?) +([\d.]+) +\(([\d.]+) to ([\d.]+)\)$", printed, re.M)
    assert times.shape[1] == values["repeats"] and [name for name, *_ in rows] == VARIANTS * 3
    wanted = np.stack([medians, ratios.min(axis=1), ratios.max(axis=1)], axis=2).reshape(12, 3)
    assert np.allclose([list(map(float, numbers)) for _, *numbers in rows], wanted, rtol=0, atol=5.1e-3)
    assert np.allclose(list(namespace["results"].values()), medians, rtol=1e-12)
    own = np.array(re.findall(r"D = (\d+): PyTorch's own step takes ([\d.]+) ms", printed), dtype=float)
    assert own[:, 0].tolist() == SIZES
    assert np.allclose(own[:, 1], 1e3 * np.median(times[:, :, 1], axis=1), rtol=0, atol=5.1e-3)


def test_quoted_ratios_are_the_medians_that_were_printed(values, run):
    medians = iter(float(one) for one in re.findall(r"([\d.]+) +\([\d.]+ to", run.stdout["ratios"]))
    for label in ("small", "middle", "large"):
        for name in VARIANTS:
            key = f"{name.replace(' ', '_').lower()}_{label}"
            assert values[key] == pytest.approx(next(medians), abs=5.1e-3)
    assert [values[key] for key in ("smallest", "middle", "largest")] == SIZES


def test_stopwatch_divides_what_passes_by_the_steps():
    clock = iter([5.0, 12.0])
    stand_in = types.SimpleNamespace(perf_counter=lambda: next(clock))
    namespace = run_cells("timing", "setup", "network", "variants", "stopwatch")
    namespace["time"] = stand_in
    assert namespace["seconds"](10, None, 0.0, 4) == 7.0 / 4 and next(clock, None) is None


def test_timed_variants_have_the_gradient_of_weight_decay_or_the_decay_itself():
    variants = run_cells("timing", "setup", "network", "variants")["variants"]
    assert variants["PyTorch"] == (None, 1e-2) and variants["no decay"] == (None, 0.0)
    for name in ("from scratch", "Bayesian"):
        penalty, decay = variants[name]
        theta = torch.linspace(-1, 2, 7, requires_grad=True)
        penalty(theta, torch.distributions.Normal(0, (1 / (60 * 1e-2)) ** 0.5)).backward()
        torch.testing.assert_close(theta.grad, 1e-2 * theta.detach())
        assert decay == 0.0
