"""The table of torch.optim, and its probe on optimizers whose decay is known because it is written here."""

import re

import numpy as np
import pytest
import torch
from cells import table

LR = 0.1  # the page's


CELLS = "trajectory probe rows switches alone muon"


def fake(gradient=lambda g, theta, group: g, move=lambda theta, step, group: theta - group["lr"] * step):
    """Return a class with momentum 0.9 and a decay in what it makes of the gradient, or in how it moves."""

    class Fake(torch.optim.Optimizer):
        def __init__(self, params, lr, weight_decay=0.0, maximize=False, foreach=None):
            settings = {"lr": lr, "wd": weight_decay, "maximize": maximize, "foreach": foreach}
            super().__init__(params, settings)

        @torch.no_grad()
        def step(self, closure=None):
            for group in self.param_groups:
                for theta in group["params"]:
                    sign = -1 if group["maximize"] else 1
                    buffer = self.state[theta].setdefault("buffer", torch.zeros_like(theta))
                    buffer.mul_(0.9).add_(gradient(sign * theta.grad, theta, group))
                    theta.copy_(move(theta, buffer, group))

    return Fake


class Free(torch.optim.SGD):
    def __init__(self, params, lr):
        super().__init__(params, lr=lr)


COUPLED = fake(lambda g, theta, group: g + group["wd"] * theta)
CASES = {
    "coupled": COUPLED,
    "decoupled": fake(move=lambda theta, u, group: (1 - group["lr"] * group["wd"]) * theta - group["lr"] * u),
    "ignored": fake(),
    "no argument": Free,
    "other: without learning rate": fake(move=lambda theta, u, group: (1 - group["wd"]) * theta - LR * u),
    "other: after the move": fake(move=lambda theta, u, group: (theta - LR * u) * (1 - LR * group["wd"])),
    "other: towards one": fake(lambda g, theta, group: g + group["wd"] * (theta - 1)),
}


@pytest.mark.parametrize("case", CASES)
def test_probe_names_the_decay_of_optimizers_written_for_this_test(page, case):
    assert page["probe"](CASES[case]) == case.split(":")[0]


def test_other_questions_find_the_optimizers_that_misbehave(page):
    shrinks_alone = fake(move=lambda theta, u, group: theta - LR * u - 1e-6 * theta)
    grows = fake(lambda g, theta, group: g + (-1 if group["maximize"] else 1) * group["wd"] * theta)
    forgets = fake(lambda g, theta, group: g if group["foreach"] else g + group["wd"] * theta)
    assert page["moves_alone"](shrinks_alone) == pytest.approx(3e-6)  # 1e-6 of the largest weight, 3
    assert page["moves_alone"](COUPLED) == 0
    for misbehaves, switch in ((grows, "maximize"), (forgets, "foreach")):
        assert not page["switched"](misbehaves, switch) and page["switched"](COUPLED, switch)


@pytest.fixture(scope="module")
def shown(run):
    """The printed table: {class and option: the other cells}."""
    return {first: cells for first, *cells in table(run.stdout["table"])}


# What https://docs.pytorch.org/docs/2.13/optim.html documents, typed from its pages.
DOCUMENTED = {
    "coupled": "ASGD; Adadelta; Adagrad; Adam; Adamax; NAdam; RAdam; RMSprop; SGD, momentum",
    "coupled = decoupled": "SGD",
    "decoupled": "Adafactor; Adam, decoupled; AdamW; Muon; NAdam, decoupled; RAdam, decoupled",
    "no argument": "LBFGS; Rprop; SparseAdam",
}


def test_table_agrees_with_the_documentation_and_claims_a_prior_for_coupled_decay_alone(shown):
    documented = {name: kind for kind, names in DOCUMENTED.items() for name in names.split("; ")}
    assert {name: kind for name, (kind, _, _) in shown.items()} == documented
    gaussian = {name for name, (_, _, prior) in shown.items() if prior.startswith("Gaussian")}
    assert gaussian == {name for name, kind in documented.items() if kind.startswith("coupled")}


def test_every_exported_optimizer_has_a_row(shown):
    exported = {name for name in torch.optim.__all__ if hasattr(getattr(torch.optim, name), "step")}
    assert {name.split(",")[0] for name in shown} == exported - {"Optimizer"}


def built_default(name, argument="weight_decay"):
    theta = torch.nn.Parameter(torch.ones(2, 2))
    return getattr(torch.optim, name)([theta], lr=0.1).defaults.get(argument)


def test_defaults_are_those_an_optimizer_is_built_with(values, shown):
    for name, cells in shown.items():
        default = built_default(name.split(",")[0])
        assert cells[1] == ("–" if default is None else f"{default:g}"), name
    for name in ("AdamW", "Muon", "Adafactor"):
        assert values[f"{name.lower()}_default"] == built_default(name)
    assert values["asgd_lambd"] == built_default("ASGD", "lambd")
    assert values["adamw_box"] == pytest.approx(1 / built_default("AdamW"))
    assert {name for name in shown if "," not in name and built_default(name)} == {"AdamW", "Muon"}


def test_the_documented_default_of_adafactor_is_quoted_from_its_documentation(values):
    pattern = r"weight_decay \([^)]*\):[^:]*?\(default: ([\d.e-]+)\)"
    documented = re.search(pattern, torch.optim.Adafactor.__doc__)
    assert values["adafactor_documented"] == float(documented[1])
    assert torch.__version__.startswith(values["torch"])


def test_decay_of_muon_does_not_depend_on_the_adjusted_rate(page, double):
    for shape in ((4, 4), (30, 3), (3, 30)):
        for rule in ("original", "match_rms_adamw"):
            change = page["muon_step"](shape, rule, 0.0, 0.7)
            np.testing.assert_allclose(change, -0.1 * 0.7 * np.ones(shape), rtol=1e-12)
    rules = "original", "match_rms_adamw"
    tall = {rule: page["muon_step"]((64, 4), rule, 1.0, 0.0).norm() for rule in rules}
    # sqrt(64/4) against 0.2 sqrt(64): the steps, unlike the decay, follow the rule
    assert (tall["original"] / tall["match_rms_adamw"]).item() == pytest.approx(4 / 1.6, rel=1e-6)


def test_lion_ends_on_the_edge_that_the_page_shows(values):
    """The same loss, another start and rate."""
    theta, momentum, decay = 0.3, 0.0, values["lion_lam"]
    for _ in range(5000):
        gradient = theta - 5
        theta = theta - 0.02 * (np.sign(0.9 * momentum + 0.1 * gradient) + decay * theta)
        momentum = 0.99 * momentum + 0.01 * gradient
    assert values["lion_end"] == pytest.approx(theta, abs=1e-3) == 1 / decay
