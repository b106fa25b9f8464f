"""The table of the first screen: priors against PyTorch's own density, timescales against repeated steps."""

import pytest
import torch
from cells import table


def pull(prior_std: float, n: int) -> float:
    """Return the derivative of −(1/n) log N(θ; 0, prior_std²) at θ = 1, which must be λ."""
    theta = torch.ones((), dtype=torch.float64, requires_grad=True)
    prior = torch.distributions.Normal(torch.zeros_like(theta), torch.full_like(theta, prior_std))
    (-prior.log_prob(theta) / n).backward()
    return theta.grad.item()


def test_each_standard_deviation_pulls_as_its_weight_decay_does(values, run):
    rows = table(run.stdout["lookup"])
    assert [row[0].split()[0] for row in rows] == ["1,000", "50,000", "1,281,167"]
    for row in rows:
        n = int(row[0].split()[0].replace(",", ""))
        for printed, decay in zip(row[1:3], (1e-2, 1e-4), strict=True):
            assert pull(float(printed), n) == pytest.approx(decay, rel=0.1)  # two digits, squared
    for key, decay in (("prior_std_1e2", 1e-2), ("prior_std_1e4", 1e-4)):
        assert pull(values[key], values["middle"]) == pytest.approx(decay, rel=1e-12)


def test_adamw_without_gradient_falls_to_one_part_in_e_in_that_many_steps(values):
    parameter = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))
    adamw = torch.optim.AdamW([parameter])  # every default
    parameter.grad = torch.zeros_like(parameter)
    adamw.step()
    kept = parameter.item() ** values["steps"]
    assert kept == pytest.approx(torch.tensor(-1.0).exp().item(), rel=1e-4)


def test_epochs_are_examples_seen_over_examples_there_are(values, run):
    for row in table(run.stdout["lookup"]):
        n, epochs = (int(cell.split()[0].replace(",", "")) for cell in (row[0], row[3]))
        assert epochs == pytest.approx(values["steps"] * values["batch"] / n, abs=0.5)
    assert values["epochs"] * 50_000 == pytest.approx(values["steps"] * values["batch"])
