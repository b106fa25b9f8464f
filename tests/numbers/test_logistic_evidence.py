"""The evidence of logistic regression: against integrals, finite differences and other data sets."""

import re

import numpy as np
import pytest
import torch
from samples import demand_mean
from scipy import integrate, optimize, stats

CELLS = "setup newton laplace new_inputs"


@pytest.fixture(scope="module")
def data():
    """Three data sets of two parameters, as a batch."""
    rng = np.random.default_rng(21)
    X = rng.normal(size=(3, 25, 2))
    return X, (rng.uniform(size=(3, 25)) < stats.logistic.cdf(X @ np.array([1.0, -2.0]))) * 1.0


def surprise(theta, tau, X, y, used=1.0):
    """−log joint, written with scipy's densities."""
    chance = np.where(y == 1, stats.logistic.logcdf(X @ theta), stats.logistic.logsf(X @ theta))
    return -np.sum(used * chance) - stats.norm.logpdf(theta, 0, tau**0.5).sum()


def fitted(page, data, tau, used=1.0):
    return page["modes"](tau, *data, np.zeros((3, 2)), used)


@pytest.mark.parametrize("tau", [0.05, 1.0, 20.0])
def test_newton_finds_the_mode_that_scipy_finds_with_and_without_some_labels(page, data, tau):
    for used in (np.ones(25), 1.0 * (np.arange(25) % 4 != 0)):
        found, _ = fitted(page, data, tau, used)
        for theta, X, y in zip(found, *data):
            scipys = optimize.minimize(surprise, [0, 0], args=(tau, X, y, used), tol=1e-12).x
            assert np.allclose(theta, scipys, atol=1e-5)  # BFGS with numerical gradients: about 1e-6


@pytest.mark.parametrize("tau", [0.05, 1.0, 20.0])
def test_hessian_is_autograds_and_laplace_is_made_of_it_and_the_log_joint(page, data, tau):
    at = fitted(page, data, tau)
    for one, theta, curve, X, y in zip(page["laplace_evidence"](tau, *data, *at), *at, *data):
        tensors = torch.tensor(X), torch.tensor(y)

        def loss(theta, tensors=tensors):
            X, y = tensors
            nll = torch.nn.functional.binary_cross_entropy_with_logits(X @ theta, y, reduction="sum")
            return nll + theta @ theta / (2 * tau)

        hessian = torch.autograd.functional.hessian(loss, torch.tensor(theta)).numpy()
        assert np.allclose(curve, hessian, rtol=1e-7)  # where Newton took its last step
        volume = np.log(2 * np.pi) - np.linalg.slogdet(hessian)[1] / 2  # of the Gaussian at the mode, D = 2
        assert one == pytest.approx(volume - surprise(theta, tau, X, y), rel=1e-9)


@pytest.mark.parametrize("tau, within", [(0.01, 2e-3), (1.0, 0.05), (20.0, 0.3)])
def test_laplace_is_near_the_integral_of_the_joint(page, data, tau, within):
    at = fitted(page, data, tau)
    found = page["laplace_evidence"](tau, *data, *at)
    axis = np.linspace(-20, 20, 401) * min(1, tau**0.5)
    for one, X, y in zip(found, *data):
        nodes = np.stack(np.meshgrid(axis, axis), axis=-1)
        loss = np.logaddexp(0, np.where(y == 1, -1, 1) * (nodes @ X.T)).sum(-1)
        joint = -loss + stats.norm.logpdf(nodes, 0, tau**0.5).sum(-1)
        inner = integrate.simpson(np.exp(joint - joint.max()), x=axis)
        value = np.log(integrate.simpson(inner, x=axis)) + joint.max()
        assert one == pytest.approx(value, abs=within)


def test_expected_nll_is_the_average_over_drawn_inputs_and_labels(page):
    rng = np.random.default_rng(5)
    fit, theta = rng.normal(size=(2, 4))
    X = rng.normal(size=(400_000, 4))
    y = rng.uniform(size=len(X)) < stats.logistic.cdf(X @ theta)
    scores = np.logaddexp(0, np.where(y, -1, 1) * (X @ fit))
    error = scores.std() / len(X) ** 0.5
    assert abs(page["expected_nll"](fit, theta) - scores.mean()) < 4 * error


def test_printed_differences_to_the_integral_are_those_quoted(run):
    _, laplace, evidence, printed = np.loadtxt(run.stdout["quadrature"].splitlines()[1:]).T
    gaps = laplace - evidence
    assert gaps == pytest.approx(printed, abs=2e-4)
    assert np.abs(gaps).max() < 0.1 * np.ptp(evidence)  # "far below what the evidence itself varies by"
    assert np.all(np.diff(np.abs(gaps)) > 0)  # "the narrower the prior, the more Gaussian"


DRAWS, TAUS = 400, 2.0 ** np.arange(-6, 7)


def newton(theta, tau, X, y, rows):
    """MAP estimates (draws, D) from these rows of the data sets, and the Hessians there."""
    inputs, labels, start = X[:, rows], y[:, rows], theta
    for _ in range(9):
        p = stats.logistic.cdf(np.einsum("rnd,rd->rn", inputs, theta))
        slope = np.einsum("rn,rnd->rd", p - labels, inputs) + theta / tau
        curve = inputs.mT @ ((p * (1 - p))[..., None] * inputs) + np.eye(theta.shape[1]) / tau
        theta = theta - np.linalg.solve(curve, slope[..., None])[..., 0]
        if np.abs(theta - start).max() < 1e-8:
            break
        start = theta
    assert np.abs(slope).max() < 1e-5
    return theta, curve


@pytest.fixture(scope="module")
def again():
    """NLL on drawn inputs of each choice, on data sets that the page does not use."""
    rng = np.random.default_rng(99)
    new, X, true = rng.normal(size=(1500, 10)), rng.normal(size=(DRAWS, 60, 10)), rng.normal(size=(DRAWS, 10))
    y = (rng.uniform(size=(DRAWS, 60)) < stats.logistic.cdf(np.einsum("rnd,rd->rn", X, true))) * 1.0
    chance, fold = stats.logistic.cdf(true @ new.T), np.arange(60) % 5
    nll, evidence, held_out = np.zeros((3, DRAWS, len(TAUS)))
    thetas = [np.zeros((DRAWS, 10))] * 6
    for j, tau in enumerate(TAUS):
        for k in range(5):
            thetas[k], _ = newton(thetas[k], tau, X, y, fold != k)
            left = np.einsum("rnd,rd->rn", X[:, fold == k], thetas[k])
            held_out[:, j] += np.logaddexp(0, (1 - 2 * y[:, fold == k]) * left).sum(1)
        thetas[5], curve = newton(thetas[5], tau, X, y, fold >= 0)
        fit = np.logaddexp(0, (1 - 2 * y) * np.einsum("rnd,rd->rn", X, thetas[5])).sum(1)
        prior = stats.norm.logpdf(thetas[5], 0, tau**0.5).sum(1)
        evidence[:, j] = prior - fit - np.linalg.slogdet(curve)[1] / 2
        logits = thetas[5] @ new.T
        nll[:, j] = np.mean(np.logaddexp(0, logits) - chance * logits, axis=1)
    rows, chosen = np.arange(DRAWS), (evidence.argmax(1), held_out.argmin(1))
    prices = {"evidence": nll[rows, chosen[0]], "folds": nll[rows, chosen[1]]}
    prices |= {"true": nll[:, list(TAUS).index(1)], "flat": nll[:, -1]}
    return prices | {"nll": nll, "tau": TAUS[chosen[0]]}


def test_what_choosing_costs_holds_on_other_data_sets(values, again):
    assert (values["examples"], values["parameters"]) == (60, 10)  # as here
    pairs = {"cost": ("evidence", "true"), "folds_cost": ("folds", "true"), "gap": ("evidence", "folds")}
    for key, (one, other) in pairs.items():
        demand_mean(values, key, again[one] - again[other], values["draws"], factor=2)  # heavy tails
    for name in ("true", "flat"):
        demand_mean(values, f"price_{name}", again[name], values["draws"])


def test_the_tail_is_as_heavy_on_other_data_sets(values, again):
    """A binomial share and a share of a sum: both within what so few worst data sets can tell."""
    gap = again["evidence"] - again["true"]
    worst = gap.argsort()[-DRAWS // 20 :]
    assert values["tail_share"] == pytest.approx(gap[worst].sum() / gap.sum(), abs=0.2)
    assert values["tail_wide"] > 0.9 < np.mean(again["tau"][worst] > 1)
    assert abs(values["cost_median"]) < 0.1 * values["cost"] and abs(np.median(gap)) < 0.1 * gap.mean() + 1e-3


def test_a_variance_right_to_a_factor_of_two_beats_choosing(run, again):
    number = r"([+-]\d\.\d+) ± (\d\.\d+)"
    rows = {}
    for line in run.stdout["stated"].splitlines()[2:]:
        rows[float(line.split()[0])] = [tuple(map(float, pair)) for pair in re.findall(number, line)]
    assert {0.5, 1, 2} <= rows.keys()
    for tau, pairs in rows.items():
        for name, (gain, error) in zip(("evidence", "folds"), pairs, strict=True):
            other = again[name] - again["nll"][:, list(TAUS).index(tau)]
            assert abs(gain - other.mean()) < 4 * np.hypot(error, other.std() / DRAWS**0.5), (tau, name)
            assert gain > 2 * error or not 0.5 <= tau <= 2


def test_five_folds_do_better_than_the_evidence_and_both_than_the_flattest_prior(values):
    assert values["gap"] > 3 * values["gap_error"]
    assert values["price_true"] + values["cost"] < values["price_flat"] - 0.05


@pytest.mark.nightly
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what laplace-torch imports
@pytest.mark.parametrize("tau", [0.05, 1.0, 20.0])
def test_laplace_torch_gives_the_same_evidence(page, data, double, tau):
    """Its softmax of two logits, each weight with half the variance, is this model: they differ by τ."""
    Laplace = pytest.importorskip("laplace", reason="laplace-torch: `make outputs/apart`").Laplace
    from torch.utils.data import DataLoader, TensorDataset

    at = page["modes"](tau, *data, fitted(page, data, tau)[0])  # so that the Hessian, too, is the mode's
    for one, mode, X, y in zip(page["laplace_evidence"](tau, *data, *at), at[0], *data):
        model = torch.nn.Linear(2, 2, bias=False).double()
        with torch.no_grad():
            model.weight.copy_(torch.tensor(np.stack([-mode / 2, mode / 2])))
        kind = {"subset_of_weights": "all", "hessian_structure": "full"}
        laplace = Laplace(model, "classification", prior_precision=2 / tau, **kind)
        laplace.fit(DataLoader(TensorDataset(torch.tensor(X), torch.tensor(y).long()), batch_size=25))
        assert laplace.log_marginal_likelihood().item() == pytest.approx(one, rel=1e-10)
