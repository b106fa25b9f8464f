"""The timing snippet measures what it says: its cells run on known times, as its own are volatile."""

from __future__ import annotations

import contextlib
import io
import re
import statistics
import types

import pytest
import torch

SIZES = {10: 261, 100: 20_601, 500: 503_001}  # 3w + w(w + 1) · 2 + w + 1
VARIANTS = ["from scratch", "PyTorch", "Bayesian", "no decay"]


def cells(run, *names: str, **given: object) -> tuple[dict, str]:
    """Execute the page's cells; what is given stands in before the last. Return names and what is printed."""
    namespace, printed = {}, io.StringIO()
    with contextlib.redirect_stdout(printed):
        for name in names:
            namespace |= given if name == names[-1] else {}
            exec(compile(run.sources[name], f"timing/{name}", "exec"), namespace)
    return namespace, printed.getvalue()


@pytest.fixture(scope="module")
def timed(run):
    """Run `ratios` on a stopwatch that knows its times; return its calls, the names, what was printed."""
    calls = []

    def seconds(width, penalty, decay, steps):
        kind = (getattr(penalty, "__name__", None), decay)
        name = {("from_scratch", 0.0): 0, (None, 1e-2): 1, ("from_prior", 0.0): 2, (None, 0.0): 3}[kind]
        place = sum(call[0] == width for call in calls)  # of this width's calls
        time = 1e3 if place < 8 else 1e-3 * (1 + place * 37 % 101 / 50) * (4 - name)
        time *= width if place < 8 and name == 2 else 1  # the warm-up's ratios would be seen
        calls.append((width, VARIANTS[name], steps, time))
        return time

    namespace, printed = cells(run, "setup", "network", "variants", "ratios", seconds=seconds)
    return calls, namespace, printed


def test_medians_and_ranges_are_those_of_the_rounds_after_two(values, timed):
    calls, namespace, printed = timed
    rows = iter(re.findall(r"^ +(\D+?) +([\d.]+) +\(([\d.]+) to ([\d.]+)\)$", printed, re.M))
    own = re.findall(r"D = (\d+): PyTorch's own step takes ([\d.]+) ms", printed)
    for (width, size), (shown, milliseconds) in zip(SIZES.items(), own, strict=True):
        times = [call[3] for call in calls if call[0] == width]
        kept = [times[at : at + 4] for at in range(8, len(times), 4)]
        assert len(kept) == values["repeats"] and int(shown) == size
        assert float(milliseconds) == pytest.approx(1e3 * statistics.median(r[1] for r in kept), abs=5.1e-3)
        for place, name in enumerate(VARIANTS):
            ratios = [times[place] / times[1] for times in kept]
            wanted = statistics.median(ratios), min(ratios), max(ratios)
            label, *numbers = next(rows)
            assert label == name and [float(n) for n in numbers] == pytest.approx(wanted, abs=5.1e-3)
            assert namespace["results"][size][place] == pytest.approx(wanted[0], rel=1e-12)
    assert next(rows, None) is None


def test_quoted_ratios_are_the_medians_that_were_printed(values, run):
    medians = iter(float(one) for one in re.findall(r"([\d.]+) +\([\d.]+ to", run.stdout["ratios"]))
    for label in ("small", "middle", "large"):
        for name in VARIANTS:
            key = f"{name.replace(' ', '_').lower()}_{label}"
            assert values[key] == pytest.approx(next(medians), abs=5.1e-3)
    assert [values[key] for key in ("smallest", "middle", "largest")] == list(SIZES.values())


def test_stopwatch_divides_what_passes_by_the_steps(run):
    clock = iter([5.0, 12.0])
    stand_in = types.SimpleNamespace(perf_counter=lambda: next(clock))
    namespace, _ = cells(run, "setup", "network", "variants", "stopwatch")
    namespace["time"] = stand_in
    assert namespace["seconds"](10, None, 0.0, 4) == 7.0 / 4 and next(clock, None) is None


@pytest.mark.parametrize("name", ["from scratch", "Bayesian"])
def test_timed_penalties_have_the_gradient_of_weight_decay(run, name):
    namespace, _ = cells(run, "setup", "network", "variants")
    penalty, decay = namespace["variants"][name]
    theta = torch.linspace(-1, 2, 7, requires_grad=True)
    penalty(theta, torch.distributions.Normal(0, (1 / (60 * 1e-2)) ** 0.5)).backward()
    torch.testing.assert_close(theta.grad, 1e-2 * theta.detach())
    assert decay == 0.0
