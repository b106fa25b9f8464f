"""Weight decay, prior variance, alpha and C name one strength: checked by scikit-learn and by densities."""

import numpy as np
import pytest
import torch
from bs4 import BeautifulSoup
from scipy import optimize, stats
from sklearn.linear_model import LogisticRegression, Ridge
from sympy.parsing.latex import parse_latex

CELLS = "convert"
LOSSES = ["cross-entropy", "squared error", "half the squared error"]


@pytest.fixture(scope="module")
def convert(page):
    return page["convert"]


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(11)
    X = rng.normal(size=(40, 3))
    y = X @ np.array([1.0, -2.0, 0.5]) + rng.normal(size=40) * 0.5
    return X, y, (X[:, 0] + rng.normal(size=40) > 0) * 1.0


def test_formulas_of_the_pages_table_are_the_function_beside_it(convert, site_dir):
    """A formula gives what its cell names (alpha, C) or what its row names first (τ, λ)."""
    soup = BeautifulSoup((site_dir / "choosing/index.html").read_text(encoding="utf-8"), "lxml")
    n, lam, variance, checked = 37, 0.013, 0.36, 0
    for table in soup.select("table"):
        heads = [cell.get_text().strip() for cell in table.select("thead th")]
        columns = {place: loss for place, loss in enumerate(heads) if loss in LOSSES}
        for row in table.select("tbody tr") if len(columns) == 3 else []:
            cells = row.select("td")
            for place, loss in columns.items():
                given = convert("lambda", lam, n, loss, variance)
                names = {r"\tau": given["prior_variance"], r"\lambda": lam} | given
                named = cells[place].code or cells[0].select_one("annotation")
                formula = parse_latex(cells[place].select_one("annotation").get_text())
                known = {"tau": given["prior_variance"], "lambda": lam, "sigma": variance**0.5, "n": n}
                shown = formula.subs({symbol: known[symbol.name] for symbol in formula.free_symbols})
                assert float(shown) == pytest.approx(names[named.get_text()], rel=1e-12), (loss, formula)
                checked += 1
    assert checked


def mode(log_likelihood, tau):
    """Return the θ of least negative log joint: BFGS with numerical gradients finds it to about 1e-6."""

    def negative_log_joint(theta):
        return -log_likelihood(theta).sum() - stats.norm.logpdf(theta, 0, tau**0.5).sum()

    return optimize.minimize(negative_log_joint, np.zeros(3), tol=1e-12).x


@pytest.mark.parametrize("tau", [0.01, 0.7, 30.0])
@pytest.mark.parametrize("loss", LOSSES[1:])
def test_lambda_and_alpha_minimize_the_negative_log_joint_of_regression(convert, data, tau, loss):
    X, y, _ = data
    variance, n, factor = 0.3, len(y), 1 if loss == "squared error" else 1 / 2
    same = convert("prior_variance", tau, n, loss, variance)
    decayed = np.linalg.solve(2 * factor * X.T @ X / n + same["lambda"] * np.eye(3), 2 * factor * X.T @ y / n)
    theta = Ridge(alpha=same["alpha"], fit_intercept=False, tol=1e-12).fit(X, y).coef_
    found = mode(lambda theta: stats.norm.logpdf(y, X @ theta, variance**0.5), tau)
    assert np.allclose(theta, found, atol=1e-5)
    assert np.allclose(theta, decayed, atol=1e-9)


@pytest.mark.parametrize("tau", [0.01, 0.7, 30.0])
def test_c_is_the_prior_variance_and_minimizes_the_negative_log_joint_of_classification(convert, data, tau):
    X, _, labels = data
    c = convert("prior_variance", tau, len(labels))["C"]
    assert c == pytest.approx(tau, rel=1e-14)
    model = LogisticRegression(C=c, fit_intercept=False, tol=1e-12, solver="newton-cholesky")
    theta = model.fit(X, labels).coef_.ravel()
    found = mode(lambda theta: stats.bernoulli.logpmf(labels, 1 / (1 + np.exp(-X @ theta))), tau)
    assert np.allclose(theta, found, atol=1e-5)


def test_summed_loss_has_the_gradient_of_the_mean_times_the_batch(convert, data):
    """The gradient of sum + weight_decay is B times that of mean + lambda, at any theta."""
    X, y, _ = map(torch.tensor, data)
    theta = torch.tensor([0.3, 0.1, -2.0], dtype=torch.float64, requires_grad=True)
    same = convert("prior_variance", 0.7, len(y), "squared error", 0.3, summed=len(y))
    squares = (X @ theta - y) ** 2
    (by_sum,) = torch.autograd.grad(
        squares.sum() + same["weight_decay"] / 2 * theta @ theta, theta, retain_graph=True
    )
    (by_mean,) = torch.autograd.grad(squares.mean() + same["lambda"] / 2 * theta @ theta, theta)
    assert torch.allclose(by_sum, len(y) * by_mean, rtol=1e-13)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("summed", [1, 32])
def test_every_conversion_undoes_its_inverse(convert, loss, summed):
    start = convert("lambda", 3e-4, 5000, loss, 0.25, summed)
    assert ("C" in start) == (loss == "cross-entropy") != ("alpha" in start)
    for known in start.keys() - {"prior_std"}:
        assert convert(known, start[known], 5000, loss, 0.25, summed) == pytest.approx(start, rel=1e-14)


@pytest.mark.parametrize("cell", ["ridge", "logistic"])
def test_all_fits_print_the_same_weights(run, cell):
    rows = [line.split() for line in run.stdout[cell].splitlines() if line.lstrip(" -")[:1].isdigit()]
    assert len(rows) == 5 and all(len(set(row)) == 1 < len(row) for row in rows)


def test_bias_is_that_of_least_squares_with_and_without_its_penalty(values):
    """The page's data, drawn again: normal equations with the bias penalized and not."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 5))
    y = X @ (rng.normal(size=5) * 2**0.5) + rng.normal(size=80) * 0.5 + 3
    inputs = np.column_stack([X, np.ones(80)])
    for key, on_bias in (("bias_free", 0), ("bias_decayed", 1)):
        penalty = 0.125 * np.diag([1, 1, 1, 1, 1, on_bias])  # alpha = σ²/τ
        fit = np.linalg.solve(inputs.T @ inputs + penalty, inputs.T @ y)
        assert values[key] == pytest.approx(fit[5], abs=1e-9)


def test_prior_widths_of_the_usual_values(values):
    assert values["std_small_n"] == pytest.approx((60 * 0.01) ** -0.5, rel=1e-14)
    assert values["std_large_n"] == pytest.approx((1_281_167 * 0.01) ** -0.5, rel=1e-14)
