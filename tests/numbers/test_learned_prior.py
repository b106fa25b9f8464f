"""What a prior learned elsewhere is worth: oracles are numpy and simulation."""

import re
import runpy

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from normal_equations import map_by_precision


@pytest.fixture(scope="module")
def snippet():
    """The names that the snippet leaves behind; float64 stays on while they are used."""
    default = torch.get_default_dtype()
    yield runpy.run_path("snippets/learned_prior.py")
    torch.set_default_dtype(default)
    plt.close("all")


@pytest.fixture(scope="module")
def values(computed):
    return computed("learned_prior").values


def test_low_rank_keeps_the_variances_and_the_widest_directions(snippet):
    rng = np.random.default_rng(5)
    root = rng.normal(size=(8, 8))
    covariance = root @ root.T
    ours = snippet["low_rank_of"](torch.tensor(covariance), 3).numpy()
    left, size, _ = np.linalg.svd(covariance)
    kept = (left[:, :3] * size[:3]) @ left[:, :3].T
    np.testing.assert_allclose(np.diag(ours), np.diag(covariance), rtol=1e-10)
    off = ~np.eye(8, dtype=bool)
    np.testing.assert_allclose(ours[off], kept[off], rtol=0, atol=1e-10)


def test_reported_test_error_equals_simulated_error(snippet):
    # 400,000 fresh examples: the relative standard error of the mean square is 0.2 percent.
    rng = np.random.default_rng(11)
    theta = torch.tensor(rng.normal(size=(1, 20)))
    mean, covariance = torch.zeros(1, 20), torch.eye(20)[None]
    train = snippet["draw"](theta, 20, 1, torch.Generator().manual_seed(1))
    validation = snippet["draw"](theta, 20, 1, torch.Generator().manual_seed(2))
    reported, _ = snippet["test_errors"](theta, mean, covariance, train, validation)
    fits = [map_by_precision(train[0][0].numpy(), train[1][0].numpy(), np.zeros(20), t * np.eye(20))
            for t in TAUS]
    losses = [((validation[1][0].numpy() - validation[0][0].numpy() @ fit) ** 2).mean() for fit in fits]
    x = rng.normal(size=(400_000, 20))
    y = x @ theta[0].numpy() + rng.normal(size=400_000)
    simulated = ((y - x @ fits[int(np.argmin(losses))]) ** 2).mean()
    assert reported.item() == pytest.approx(simulated, rel=0.02)


TAUS = np.logspace(-4, 4, 17)


def errors_in_numpy(rng, theta, mean, covariance):
    """Test MSE of zero mean, mean only and full prior on one task; tau by validation."""
    x, held_out = rng.normal(size=(2, 20, 20))
    y, held_out_y = x @ theta + rng.normal(size=20), held_out @ theta + rng.normal(size=20)
    shape = covariance / np.diag(covariance).mean()
    errors = []
    for m, s in [(np.zeros(20), np.eye(20)), (mean, np.eye(20)), (mean, shape)]:
        fits = [map_by_precision(x, y, m, tau * s) for tau in TAUS]
        losses = [((held_out_y - held_out @ fit) ** 2).mean() for fit in fits]
        best = fits[int(np.argmin(losses))]
        errors.append(1 + ((best - theta) ** 2).sum())
    return errors


def source_in_numpy(rng, theta):
    x = rng.normal(size=(100, 20)) * np.logspace(0, -1, 20)
    y = x @ theta + rng.normal(size=100)
    covariance = np.linalg.inv(x.T @ x + np.eye(20))
    left, size, _ = np.linalg.svd(covariance)
    kept = (left[:, :3] * size[:3]) @ left[:, :3].T
    return covariance @ x.T @ y, kept + np.diag(np.diag(covariance - kept))


def scenario_in_numpy(name, rng):
    """One task of a scenario, written again from its description: theta, mean, covariance."""
    def unrelated():
        factor = 0.5 * rng.normal(size=(20, 3))
        return factor @ factor.T + 0.05 * np.eye(20)

    center = 0.7 * rng.normal(size=20)
    if name.startswith("source"):
        drift = {"source_near": 0.1, "source_middling": 0.3, "source_far": 1.0}[name]
        return center + drift * rng.normal(size=20), *source_in_numpy(rng, center)
    covariance = unrelated()
    theta = rng.multivariate_normal(center, covariance)
    mean = 0.7 * rng.normal(size=20) if name == "mean_wrong" else center
    return theta, mean, unrelated() if name == "covariance_wrong" else covariance


SCENARIOS = ["prior_true", "mean_wrong", "covariance_wrong",
             "source_near", "source_middling", "source_far"]


@pytest.mark.parametrize("name", SCENARIOS)
def test_mean_errors_agree_with_an_independent_simulation(name, values):
    # 100 other tasks in numpy: two independent means differ by less than four standard
    # errors of their difference (one chance in 16,000 each).
    both = (1 / 100 + 1 / values["tasks"]) ** 0.5
    rng = np.random.default_rng(SCENARIOS.index(name))
    errors = np.array([errors_in_numpy(rng, *scenario_in_numpy(name, rng)) for _ in range(100)])
    for column, prior in enumerate(["zero", "mean", "full"]):
        center, spread = errors[:, column].mean(), errors[:, column].std(ddof=1)
        assert values[f"{name}_{prior}"] == pytest.approx(center, abs=4 * spread * both)
    gain = errors[:, 2] - errors[:, 1]
    assert values[f"{name}_gain"] == pytest.approx(gain.mean(), abs=4 * gain.std(ddof=1) * both)


def test_what_the_page_concludes_exceeds_two_standard_errors(values):
    def gain(name):
        return values[f"{name}_gain"] / values[f"{name}_gain_error"]

    assert gain("prior_true") < -5 and gain("source_near") < -2
    assert gain("covariance_wrong") > 2 and gain("source_far") > 2
    assert gain("mean_wrong") < -2 and abs(gain("source_middling")) < 2
    assert values["mean_wrong_mean_cost"] > 2 * values["mean_wrong_mean_cost_error"]
    assert abs(values["mean_wrong_full_cost"]) < 2 * values["mean_wrong_full_cost_error"]
    assert values["source_far_mean_cost"] < -2 * values["source_far_mean_cost_error"]
    assert values["source_far_full_cost"] > 2 * values["source_far_full_cost_error"]


def test_tau_is_rarely_chosen_at_the_edge_of_its_grid(values):
    edges = [values[f"{s}_{p}_edge"] for s in SCENARIOS for p in ("zero", "mean", "full")]
    assert max(edges) <= 0.05 * values["tasks"]


def test_the_printed_table_holds_the_values(computed, values):
    rows = computed("learned_prior").stdout["table"].strip().splitlines()[2:]
    for name, row in zip(SCENARIOS, rows, strict=True):
        numbers = [float(number) for number in re.findall(r"[+-]?\d+\.?\d*", row.replace("−", "-"))]
        means = [values[f"{name}_{prior}"] for prior in ("zero", "mean", "full")]
        assert numbers[0:6:2] == pytest.approx(means, abs=0.005)
        assert numbers[6] == pytest.approx(values[f"{name}_gain"], abs=0.005)
        assert numbers[8] == values[f"{name}_wins"]
