"""The table of torch.optim, and its probe on optimizers whose decay is known because it is written here."""

import math

import numpy as np
import pytest
import torch
from breaks_cells import run_cells


@pytest.fixture(scope="module")
def page():
    cells = ["discover", "trajectory", "probe", "alone", "switches", "climbing"]
    return run_cells("optimizers", *cells)


class Fake(torch.optim.Optimizer):
    """Momentum 0.9 and a decay that each subclass places where it wants."""

    def __init__(self, params, lr, weight_decay=0.0, maximize=False, foreach=None):
        super().__init__(params, {"lr": lr, "wd": weight_decay, "maximize": maximize, "foreach": foreach})

    def gradient(self, grad, theta, wd):
        return grad

    def move(self, theta, buffer, lr, wd):
        theta.sub_(lr * buffer)

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for theta in group["params"]:
                sign = -1 if group["maximize"] else 1
                grad = self.gradient(sign * theta.grad, theta, group["wd"])
                buffer = self.state[theta].setdefault("buffer", torch.zeros_like(theta))
                buffer.mul_(0.9).add_(grad)
                self.move(theta, buffer, group["lr"], group["wd"])


class Coupled(Fake):
    def gradient(self, grad, theta, wd):
        return grad + wd * theta


class Decoupled(Fake):
    def move(self, theta, buffer, lr, wd):
        theta.copy_((1 - lr * wd) * theta - lr * buffer)


class WithoutLearningRate(Fake):
    """Decays by λθ rather than ηλθ: neither of the two."""

    def move(self, theta, buffer, lr, wd):
        theta.copy_((1 - wd) * theta - lr * buffer)


class AfterTheMove(Fake):
    """Shrinks where it has arrived, not where it was: neither of the two."""

    def move(self, theta, buffer, lr, wd):
        theta.sub_(lr * buffer).mul_(1 - lr * wd)


class TowardsOne(Coupled):
    """Decays towards 1: a Gaussian prior, but not the one with mean zero."""

    def gradient(self, grad, theta, wd):
        return grad + wd * (theta - 1)


class Free(torch.optim.SGD):
    def __init__(self, params, lr):
        super().__init__(params, lr=lr)


class ShrinksAlone(Fake):
    def move(self, theta, buffer, lr, wd):
        theta.sub_(lr * buffer + 1e-6 * theta)


class GrowsWhenMaximizing(Fake):
    def gradient(self, grad, theta, wd):
        sign = -1 if self.param_groups[0]["maximize"] else 1
        return grad + sign * wd * theta


class ForeachForgetsDecay(Fake):
    def gradient(self, grad, theta, wd):
        return grad if self.param_groups[0]["foreach"] else grad + wd * theta


@pytest.mark.parametrize(
    "fake, kind",
    [
        (Coupled, "coupled"),
        (Decoupled, "decoupled"),
        (Fake, "ignored"),
        (Free, "no argument"),
        (WithoutLearningRate, "other"),
        (AfterTheMove, "other"),
        (TowardsOne, "other"),
    ],
)
def test_probe_names_the_decay_of_optimizers_written_for_this_test(page, fake, kind):
    assert page["probe"](fake) == kind


def test_probe_says_when_coupled_and_decoupled_are_one_update(page):
    assert page["probe"](torch.optim.SGD) == "coupled = decoupled"
    assert page["probe"](torch.optim.SGD, momentum=0.9) == "coupled"


def test_other_questions_find_the_optimizers_that_misbehave(page):
    assert page["moves_alone"](ShrinksAlone) == pytest.approx(3e-6)  # 1e-6 of the largest weight, 3
    assert page["moves_alone"](Coupled) == 0
    assert page["still_shrinks"](GrowsWhenMaximizing) == "differs"
    assert page["still_shrinks"](Coupled) == "shrinks"
    assert page["agrees"](ForeachForgetsDecay, "foreach") == "differs"
    assert page["agrees"](Coupled, "foreach") == "same"
    assert page["agrees"](Coupled, "fused") == "–"


@pytest.fixture(scope="module")
def table(computed):
    """The printed table: {first column: the other cells}."""
    lines = computed("optimizers").stdout["table"].splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]
    names = [first.replace("`", "").replace(", decoupled", ", decoupled_weight_decay") for first, *_ in rows]
    return {name: cells for name, (_, *cells) in zip(names, rows, strict=True)}


# What https://docs.pytorch.org/docs/2.13/optim.html documents, typed from its pages.
DOCUMENTED = {
    "ASGD": "coupled",
    "Adadelta": "coupled",
    "Adafactor": "decoupled",
    "Adagrad": "coupled",
    "Adam": "coupled",
    "Adam, decoupled_weight_decay": "decoupled",
    "AdamW": "decoupled",
    "Adamax": "coupled",
    "LBFGS": "no argument",
    "Muon": "decoupled",
    "NAdam": "coupled",
    "NAdam, decoupled_weight_decay": "decoupled",
    "RAdam": "coupled",
    "RAdam, decoupled_weight_decay": "decoupled",
    "RMSprop": "coupled",
    "Rprop": "no argument",
    "SGD": "coupled = decoupled",
    "SGD, momentum": "coupled",
    "SparseAdam": "no argument",
}


def test_table_agrees_with_the_documentation(table):
    assert {name: cells[0] for name, cells in table.items()} == DOCUMENTED


def test_rows_are_counted_as_the_page_says(computed):
    """Plain SGD, one update either way, is among the coupled ones."""
    kinds, values = list(DOCUMENTED.values()), computed("optimizers").values
    assert values["coupled_rows"] == kinds.count("coupled") + kinds.count("coupled = decoupled")
    assert values["decoupled_rows"] == kinds.count("decoupled")
    assert values["no_argument_rows"] == kinds.count("no argument") and values["rows"] == len(kinds)


def test_every_exported_optimizer_has_a_row(table):
    exported = {
        name
        for name in torch.optim.__all__
        if isinstance(getattr(torch.optim, name), type) and hasattr(getattr(torch.optim, name), "step")
    }
    assert {name.split(",")[0] for name in table} == exported - {"Optimizer"}


def test_defaults_are_those_an_optimizer_is_built_with(table):
    for name, cells in table.items():
        theta = torch.nn.Parameter(torch.ones(2, 2))
        optimizer = getattr(torch.optim, name.split(",")[0])([theta], lr=0.1)
        default = optimizer.defaults.get("weight_decay")
        assert cells[1] == ("–" if default is None else f"{default:g}"), name


def one_step(optimizer_class, **options):
    theta = torch.nn.Parameter(torch.tensor([2.0, -4.0], dtype=torch.float64))
    theta.grad = torch.tensor([0.5, 0.25], dtype=torch.float64)
    optimizer_class([theta], lr=0.1, **options).step()
    return theta.detach().numpy()


def test_one_step_of_four_optimizers_by_hand():
    theta, grad, eta, lam = np.array([2.0, -4.0]), np.array([0.5, 0.25]), 0.1, 0.3
    # Adam's first step is η·sign(g), with g the gradient that it is given (up to its eps of 1e-8).
    expected = {
        torch.optim.SGD: theta - eta * (grad + lam * theta),
        torch.optim.Adam: theta - eta * np.sign(grad + lam * theta),
        torch.optim.Adagrad: theta - eta * np.sign(grad + lam * theta),
        torch.optim.AdamW: theta - eta * lam * theta - eta * np.sign(grad),
    }
    for optimizer_class, end in expected.items():
        np.testing.assert_allclose(one_step(optimizer_class, weight_decay=lam), end, rtol=1e-7)


def test_only_asgd_moves_alone_and_by_its_lambd(computed, table):
    assert [name for name, cells in table.items() if cells[2] == "moves"] == ["ASGD"]
    theta = torch.nn.Parameter(torch.tensor([2.0, -4.0], dtype=torch.float64))
    theta.grad = torch.zeros_like(theta)
    torch.optim.ASGD([theta], lr=0.1, weight_decay=0, lambd=0.5).step()
    np.testing.assert_allclose(theta.detach(), [2.0 * (1 - 0.1 * 0.5), -4.0 * (1 - 0.1 * 0.5)])
    # At its default, the largest of the probe's weights, 3, moves by lr · lambd · 3.
    assert math.isclose(computed("optimizers").values["asgd_move"], 0.1 * 1e-4 * 3, rel_tol=1e-9)


def test_switches_are_reported_where_the_signatures_have_them(table):
    fused = {name for name, cells in table.items() if cells[4] == "same"}
    assert {name.split(",")[0] for name in fused} == {"Adagrad", "Adam", "AdamW", "SGD"}
    without_foreach = {name for name, cells in table.items() if cells[3] == "–"}
    assert without_foreach == {"LBFGS", "Muon", "SparseAdam"}
