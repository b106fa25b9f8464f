"""Normalized weights: exact rescaling, no minimum without ε, and a minimum with it."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar

CELLS = "model train map_estimate map_scale coupled_examples"


pytestmark = pytest.mark.usefixtures("double")  # the snippet computes in float64; so do calls into it


def penalized(page, w, v, eps, decay=0.01):
    """L with PyTorch's batch normalization; softplus and half the squared norms written out."""
    w, v = torch.as_tensor(w), torch.as_tensor(v)
    z = torch.nn.BatchNorm1d(4, eps=max(eps, 1e-30), affine=False)(page["X"] @ w)  # 0 is refused
    outputs = torch.logaddexp(torch.zeros_like(z), z) @ v
    return ((outputs - page["y"]) ** 2).mean() + decay / 2 * ((w**2).sum() + (v**2).sum())


def test_the_page_shows_no_difference_for_four_optimizers_and_one_for_the_others(run, values):
    rows = run.stdout["compare"].splitlines()[1:]
    differ = {row[:15].strip(): int(row[15:].split()[2]) for row in rows}
    steps = values["steps"]
    assert list(differ.values())[:4] == [0] * 4 and min(list(differ.values())[4:]) > 0.9 * steps


def descent(page, scale, eta, decay, eps, steps):
    """SGD written out, w alone rescaled: the losses before each step."""
    w, v = scale * page["W0"], page["V0"]
    losses = []
    for _ in range(steps):
        leaves = [t.detach().requires_grad_() for t in (w, v)]
        losses.append(penalized(page, *leaves, eps, decay=0.0))
        slopes = torch.autograd.grad(losses[-1], leaves)
        w = w - eta * (slopes[0] + decay * w)
        v = v - 0.02 * (slopes[1] + 0.01 * v)
    return np.array([loss.item() for loss in losses])


def test_training_and_the_gap_that_eps_leaves_are_those_of_steps_written_out(values, page):
    one = descent(page, 1.0, 0.02, 0.01, 1e-5, values["steps"])
    two = descent(page, 2.0, 0.08, 0.0025, 1e-5, values["steps"])
    np.testing.assert_allclose(page["losses"](torch.optim.SGD, eps=1e-5), one, atol=1e-7)
    three = descent(page, 3.0, 9 * 0.02, 0.01 / 9, 0.0, values["steps"])  # without ε the run of w itself
    np.testing.assert_allclose(page["losses"](torch.optim.SGD), three, atol=1e-12)
    assert values["eps_gap"] == pytest.approx(np.abs(one - two).max(), rel=0.05)  # shown with one digit


def test_without_eps_every_halving_lowers_the_loss(page):
    w, v = page["W0"].numpy(), page["V0"].numpy()
    losses = [penalized(page, w / 2**k, v, 0.0) for k in range(20)]
    assert all(np.diff(losses) < 0)


@pytest.mark.parametrize("eps", [1e-1, 1e-3, 1e-5])
def test_with_eps_the_estimate_is_a_minimum_in_every_direction_tried(page, eps):
    w, v = page["maps"][eps]
    base, rng = penalized(page, w, v, eps), np.random.default_rng(0)
    for _ in range(200):
        dw, dv = rng.normal(size=w.shape), rng.normal(size=v.shape)
        # Steps of a hundredth of the estimate's size, where the curvature outweighs ‖∇L‖.
        size = 0.01 * float(w.norm()) / np.linalg.norm(dw)
        assert penalized(page, w.numpy() + size * dw, v.numpy() + size * dv, eps) > base


def test_scale_of_the_estimate_grows_like_the_fourth_root_of_eps(values, page):
    """The length of each estimate is that of SciPy's search along its ray."""
    shares = []
    for eps, (w, v) in page["maps"].items():
        found = minimize_scalar(
            lambda log, w=w, v=v, eps=eps: penalized(page, np.exp(log) * w, v, eps).item(),
            bounds=(-2, 2), options={"xatol": 1e-9},
        )
        shares.append(np.exp(found.x) * np.linalg.norm(w) / eps**0.25)
    assert values["share_smallest"] == pytest.approx(min(shares), abs=4e-4)  # shown with three decimals
    assert values["share_largest"] == pytest.approx(max(shares), abs=4e-4)
    assert max(shares) / min(shares) < 1.01 and len(shares) == 5


def test_the_loss_of_an_example_depends_on_its_batch_in_training_mode_alone(page):
    z = page["X"] @ page["W0"]
    for batch in ([0, 1, 2, 3], [0, 20, 40, 50]):
        for training in (True, False):
            layer = torch.nn.BatchNorm1d(4, eps=1e-30, affine=False, momentum=None)
            layer(z)
            layer.running_var *= 59 / 60  # PyTorch keeps the unbiased variance
            outputs = torch.nn.functional.softplus(layer.train(training)(z[batch])) @ page["V0"]
            expected = (outputs[0] - page["y"][0]).square().item()
            assert page["first_loss"](batch, training) == pytest.approx(expected, rel=1e-9)
