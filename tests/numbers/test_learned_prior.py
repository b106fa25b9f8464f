"""What a prior learned elsewhere is worth: oracles are numpy and simulation on other tasks."""

import numpy as np
import pytest
import torch
from normal_equations import map_by_precision
from samples import demand_mean

TAUS = np.logspace(-4, 4, 17)
SCENARIOS = ["prior_true", "mean_wrong", "covariance_wrong", "source_near", "source_middling", "source_far"]
OTHER = 300  # tasks that the page does not use


CELLS = "tasks map_estimates test_errors compare"


def test_one_decomposition_gives_the_normal_equations_at_every_tau(page, double):
    rng = np.random.default_rng(3)
    x, y, means = rng.normal(size=(2, 12, 20)), rng.normal(size=(2, 12)), rng.normal(size=(2, 2, 20))
    root = rng.normal(size=(2, 20, 20))
    covariance = root @ root.swapaxes(1, 2) + np.eye(20)
    ours = page["map_estimates"](*map(torch.tensor, (x, y, means, covariance))).numpy()
    for k, tau in enumerate(TAUS):
        for mean in range(2):
            for task in range(2):
                expected = map_by_precision(x[task], y[task], means[mean, task], tau * covariance[task])
                np.testing.assert_allclose(ours[k, mean, task], expected, rtol=1e-5, atol=1e-6)


def errors_in_numpy(rng, theta, mean, covariance):
    """Test errors of zero mean, mean only and full prior on one task; tau by validation."""
    x, held_out = rng.normal(size=(2, 20, 20))
    y, held_out_y = x @ theta + rng.normal(size=20), held_out @ theta + rng.normal(size=20)
    shape = covariance / np.diag(covariance).mean()
    errors = []
    for m, s in [(np.zeros(20), np.eye(20)), (mean, np.eye(20)), (mean, shape)]:
        precision, gram = np.linalg.inv(s), x.T @ x
        systems = gram + precision / TAUS[:, None, None]
        right = x.T @ y + (precision @ m) / TAUS[:, None]
        fits = np.linalg.solve(systems, right[..., None])[..., 0]
        losses = ((held_out_y - fits @ held_out.T) ** 2).mean(1)
        errors.append(1 + ((fits[losses.argmin()] - theta) ** 2).sum())
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


@pytest.fixture(scope="module")
def others():
    """Test errors (tasks, priors) of each scenario, on other tasks."""
    found = {}
    for seed, name in enumerate(SCENARIOS):
        rng = np.random.default_rng(100 + seed)
        found[name] = np.array([errors_in_numpy(rng, *scenario_in_numpy(name, rng)) for _ in range(OTHER)])
    return found


@pytest.mark.parametrize("name", SCENARIOS)
def test_means_and_paired_differences_agree_with_other_tasks(name, values, others):
    errors, tasks = dict(zip(("zero", "mean", "full"), others[name].T)), values["tasks"]
    for prior, of_tasks in errors.items():
        demand_mean(values, f"{name}_{prior}", of_tasks, tasks)
    for one, other in (("full", "mean"), ("full", "zero"), ("mean", "zero")):
        # A standard error from 300 heavy-tailed differences is good to about a quarter.
        key = f"{name}_{one}_less_{other}"
        demand_mean(values, key, errors[one] - errors[other], tasks, factor=1.5)
    demand_mean(values, f"{name}_wins", 100 * (errors["full"] < errors["mean"]), tasks)


def test_what_the_page_concludes_exceeds_two_standard_errors(values):
    def errors_away(name):
        return values[name] / values[f"{name}_error"]

    assert errors_away("prior_true_full_less_mean") < -5
    assert errors_away("mean_wrong_mean_less_zero") > 5
    cost, left = values["mean_wrong_mean_less_zero"], values["mean_wrong_full_less_zero"]
    assert left + 2 * values["mean_wrong_full_less_zero_error"] < cost / 2  # made up for, for the most part
    assert errors_away("covariance_wrong_full_less_mean") > 5
    assert errors_away("source_near_full_less_mean") < -5
    mean_gain = -values["source_near_mean_less_zero"]
    assert mean_gain > 2 * -values["source_near_full_less_mean"]
    assert abs(values["source_middling_full_less_mean"]) < -values["source_near_full_less_mean"] / 2
    assert errors_away("source_far_full_less_zero") > 5 and errors_away("source_far_mean_less_zero") < -5
    assert values["far_saving"] == -values["source_far_mean_less_zero"]


def test_settings_are_those_of_the_second_computation(values):
    assert (values["dimension"], values["n"], values["tau_count"]) == (20, 20, len(TAUS))
