"""Weight decay, prior variance, alpha and C name one strength: checked by scikit-learn and by densities."""

import numpy as np
import pytest
import torch
from bs4 import BeautifulSoup
from scipy import optimize, stats
from sklearn.linear_model import LogisticRegression, Ridge
from sympy.parsing.latex import parse_latex


@pytest.fixture(scope="module")
def snippet(computed):
    return computed("conversions")


@pytest.fixture(scope="module")
def convert(snippet):
    """The function of the cell that the page shows, and nothing else of the snippet."""
    namespace = {}
    exec(snippet.sources["convert"], namespace)
    return namespace["convert"]


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(11)
    X = rng.normal(size=(40, 3))
    return (
        X,
        X @ np.array([1.0, -2.0, 0.5]) + rng.normal(size=40) * 0.5,
        (X[:, 0] + rng.normal(size=40) > 0) * 1.0,
    )


KNOWN = {"n": 37, "lambda": 0.013, "sigma": 0.6, "B": 8}


# What the table says beside its formulas: its heads, and by row what it converts and its cells' names.
HEADS = ["quantity", "squared error", "cross-entropy"]
NAMES = {
    r"prior variance $\tau$": (None, None),
    r"$\lambda$ from $\tau$": (None, None),
    r"scikit-learn’s strength from $\lambda$": ("alpha", "C"),
    r"scikit-learn’s strength from $\tau$": ("alpha", "C"),
    r"$\lambda$ from scikit-learn’s strength": (None, None),
    r"coupled weight_decay, loss summed over $B$": (None, None),
}


def table(soup):
    """Return the texts of the table of names by rows and cells, its formulas as TeX between dollars."""
    found = soup.find(id="names").find_next("table")
    for formula in found.select(".katex"):
        formula.replace_with(f"${formula.find('annotation').get_text()}$")
    return [[cell.get_text().strip() for cell in row.select("th, td")] for row in found.select("tr")]


def named(cell):
    """Return the name before a cell's colon, if any, and its formula."""
    name, colon, tex = cell.rpartition(":")
    return (name if colon else None), tex.replace("$", "").strip()


def check_words(rows):
    """Hold the heads, the first column and the names before the formulas against what they must be."""
    assert rows[0] == HEADS
    assert [row[0] for row in rows[1:]] == list(NAMES)
    for label, *cells in rows[1:]:
        assert tuple(named(cell)[0] for cell in cells) == NAMES[label], label


def formula(cell):
    """Return a table cell's formula, with the strengths of scikit-learn that `KNOWN` implies."""
    tex = named(cell)[1].replace("alpha", "A").replace(r"\,", " ")
    strengths = {"A": KNOWN["n"] * KNOWN["lambda"] / 2, "C": 1 / (KNOWN["n"] * KNOWN["lambda"])}
    return parse_latex(tex), KNOWN | strengths


def check_formulas(convert, rows, displays, loss):
    """Hold one column, and the equation of its loss, against the function on the page."""
    variance = KNOWN["sigma"] ** 2 if loss == "squared" else None
    given = convert("lambda", KNOWN["lambda"], KNOWN["n"], variance, KNOWN["B"])
    strength = given["alpha" if loss == "squared" else "C"]
    wanted = [given["prior_variance"], given["lambda"], strength, strength, given["lambda"]]
    wanted += [given["weight_decay"], given["prior_variance"]]
    cells = [formula(row[1 if loss == "squared" else 2]) for row in rows[1:]]
    tau = displays[1 if loss == "squared" else 0].split(r"\tau =")[1].split(r"\tag")[0]
    for (tex, known), expected in zip([*cells, (parse_latex(tau), KNOWN)], wanted, strict=True):
        values = known | {"tau": given["prior_variance"]}
        shown = tex.subs({symbol: values[symbol.name] for symbol in tex.free_symbols})
        assert float(shown) == pytest.approx(expected, rel=1e-12), tex


@pytest.fixture(scope="module")
def soup(site_dir):
    return BeautifulSoup((site_dir / "choosing/index.html").read_text(encoding="utf-8"), "lxml")


@pytest.fixture(scope="module")
def displays(soup):
    return [a.get_text() for a in soup.select(".katex-display annotation")[:2]]


@pytest.fixture(scope="module")
def rows(displays, soup):
    return table(soup)


@pytest.mark.parametrize("loss", ["squared", "cross-entropy"])
def test_the_table_and_equations_of_the_page_are_the_function_beside_them(convert, rows, displays, loss):
    check_words(rows)
    check_formulas(convert, rows, displays, loss)
    assert displays[0].startswith(r"L(\theta) = f(\theta) + \frac{\lambda}{2}")


def swap(first, second):
    """Return the rows with what stands at two places, each (row, column), exchanged."""

    def swapped(rows):
        rows = [list(row) for row in rows]
        (i, j), (k, m) = first, second
        rows[i][j], rows[k][m] = rows[k][m], rows[i][j]
        return rows

    return swapped


def rename(row, column, old, new):
    """Return the rows with another name in one cell."""

    def renamed(rows):
        assert old in rows[row][column]
        rows = [list(cells) for cells in rows]
        rows[row][column] = rows[row][column].replace(old, new)
        return rows

    return renamed


@pytest.mark.parametrize(
    "change",
    [
        swap((0, 1), (0, 2)),
        swap((1, 0), (2, 0)),
        swap((3, 0), (4, 0)),
        rename(3, 1, "alpha", "C"),
        rename(4, 2, "C", "alpha"),
        rename(4, 2, "C: ", ""),
        rename(1, 1, "$2", "alpha: $2"),
        rename(6, 0, "weight_decay", "alpha"),
    ],
)
def test_exchanged_heads_labels_or_names_of_the_table_are_reported(change, rows):
    with pytest.raises(AssertionError):
        check_words(change(rows))


@pytest.mark.parametrize("change", [swap((1, 1), (2, 1)), swap((3, 1), (3, 2)), rename(5, 2, "C", "alpha")])
def test_exchanged_formulas_of_the_table_are_reported(change, rows, displays, convert):
    with pytest.raises(AssertionError):
        for loss in ("squared", "cross-entropy"):
            check_formulas(convert, change(rows), displays, loss)


def weights(text):
    """Return the printed columns, below a line that says what is compared and one that names them."""
    return np.array([[float(number) for number in line.split()] for line in text.splitlines()[2:]]).T


@pytest.mark.parametrize("tau", [0.01, 0.7, 30.0])
def test_alpha_minimizes_the_negative_log_joint_of_regression(convert, data, tau):
    X, y, _ = data
    variance = 0.3
    alpha = convert("prior_variance", tau, len(y), noise_variance=variance)["alpha"]
    theta = Ridge(alpha=alpha, fit_intercept=False).fit(X, y).coef_

    def negative_log_joint(theta):
        likelihood = stats.norm.logpdf(y, X @ theta, variance**0.5).sum()
        return -likelihood - stats.norm.logpdf(theta, 0, tau**0.5).sum()

    # Forward differences with step 1e-8 of a joint of order 1e2 lose half of the digits.
    assert np.abs(optimize.approx_fprime(theta, negative_log_joint, 1e-8)).max() < 1e-3
    found = optimize.minimize(negative_log_joint, np.zeros(3), tol=1e-12).x
    assert np.allclose(theta, found, atol=1e-5)


@pytest.mark.parametrize("tau", [0.01, 0.7, 30.0])
def test_c_minimizes_the_negative_log_joint_of_classification(convert, data, tau):
    X, _, labels = data
    c = convert("prior_variance", tau, len(labels))["C"]
    model = LogisticRegression(C=c, fit_intercept=False, tol=1e-12, solver="newton-cholesky")
    theta = model.fit(X, labels).coef_.ravel()

    def negative_log_joint(theta):
        likelihood = stats.bernoulli.logpmf(labels, 1 / (1 + np.exp(-X @ theta))).sum()
        return -likelihood - stats.norm.logpdf(theta, 0, tau**0.5).sum()

    found = optimize.minimize(negative_log_joint, np.zeros(3), tol=1e-12).x
    assert np.allclose(theta, found, atol=1e-5)  # BFGS with numerical gradients: about 1e-6


def test_c_is_the_prior_variance(convert):
    assert convert("C", 0.3, 1000)["prior_variance"] == pytest.approx(0.3, rel=1e-15)


def test_summed_loss_has_the_gradient_of_the_mean_times_the_batch(convert, data):
    """The gradient of sum + weight_decay is B times that of mean + lambda, at any theta."""
    X, y, _ = map(torch.tensor, data)
    theta = torch.tensor([0.3, 0.1, -2.0], dtype=torch.float64, requires_grad=True)
    same = convert("prior_variance", 0.7, len(y), noise_variance=0.3, summed=len(y))
    (by_sum,) = torch.autograd.grad(
        ((X @ theta - y) ** 2).sum() + same["weight_decay"] / 2 * theta @ theta, theta
    )
    (by_mean,) = torch.autograd.grad(
        ((X @ theta - y) ** 2).mean() + same["lambda"] / 2 * theta @ theta, theta
    )
    assert torch.allclose(by_sum, len(y) * by_mean, rtol=1e-13)


@pytest.mark.parametrize("variance, others", [(None, {"C"}), (0.25, {"alpha"})])
@pytest.mark.parametrize("summed", [1, 32])
def test_every_conversion_undoes_its_inverse(convert, variance, others, summed):
    start = convert("lambda", 3e-4, 5000, variance, summed)
    assert others <= start.keys()
    for known in start.keys() - {"prior_std"}:
        again = convert(known, start[known], 5000, variance, summed)
        assert again == pytest.approx(start, rel=1e-14)


def test_three_fits_of_ridge_print_the_same_weights(snippet):
    sgd, ridge, mode = weights(snippet.stdout["ridge"])
    assert np.array_equal(sgd, ridge) and np.array_equal(ridge, mode)


def test_printed_logistic_weights_are_equal(snippet):
    sgd, sklearn = weights(snippet.stdout["logistic"])
    assert np.array_equal(sgd, sklearn)


def test_page_values_follow_from_the_definition(snippet):
    v = snippet.values
    assert v["ridge_lambda"] == pytest.approx(
        2 * v["noise_variance"] / (v["n"] * v["prior_variance"]), rel=1e-14
    )
    assert v["ridge_alpha"] == pytest.approx(v["noise_variance"] / v["prior_variance"], rel=1e-14)
    assert v["logistic_lambda"] == pytest.approx(1 / (v["n"] * v["prior_variance"]), rel=1e-14)
    assert v["std_small_n"] == pytest.approx((1 / 0.6) ** 0.5, rel=1e-14)


def test_decayed_bias_differs_from_a_free_one(snippet):
    v = snippet.values
    assert abs(v["bias_free"]) > abs(v["bias_decayed"]) + 1e-3


def test_with_half_the_variance_a_halved_loss_has_its_prior_and_half_its_alpha(convert, data):
    """What the calculator's help says of a squared error with the factor one half."""
    X, y, _ = data
    n, lam, variance = len(y), 0.07, 0.4
    minimizer = np.linalg.solve(X.T @ X / n + lam * np.eye(3), X.T @ y / n)  # of ½ mean r² + ½ λ ‖θ‖²
    shown = convert("lambda", lam, n, variance / 2)
    mode = np.linalg.solve(X.T @ X / variance + np.eye(3) / shown["prior_variance"], X.T @ y / variance)
    assert np.allclose(mode, minimizer, atol=1e-12)
    alone = {"fit_intercept": False, "tol": 1e-12}
    assert np.allclose(Ridge(2 * shown["alpha"], **alone).fit(X, y).coef_, minimizer, atol=1e-9)
