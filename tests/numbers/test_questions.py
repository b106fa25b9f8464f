"""The answers: their form, their links into PyTorch, and the cells on the penalty.

Oracle: closed forms in plain Python, written without the snippets' code.
"""

import math
import re
from pathlib import Path

import pytest
import torch
from computed import ROOT

PAGE = (ROOT / "docs" / "questions.md").read_text(encoding="utf-8")
ANSWERS = {
    match[2]: match[3]
    for match in re.finditer(r"^### (.+?) \{#([\w-]+).*?\}\n(.*?)(?=^##|\Z)", PAGE, re.M | re.S)
}
VERSION = torch.__version__.split("+")[0]
SOURCES = {  # what the line of PyTorch that an answer links must say
    ("optim/sgd.py", 355): "grad = grad.add(param, alpha=weight_decay)",
    ("optim/sgd.py", 87): 'for p in group["params"]',
    ("optim/sgd.py", 88): "if p.grad is not None",
    ("optim/sgd.py", 364): "buf.mul_(momentum).add_(grad",
    ("optim/sgd.py", 379): "param.add_(grad, alpha=-lr)",
    ("optim/adam.py", 428): "grad = grad.add(param, alpha=weight_decay)",
    ("optim/adam.py", 419): "param.mul_(1 - lr * weight_decay)",
    ("optim/adagrad.py", 398): "not compatible with sparse gradients",
    ("optim/optimizer.py", 1024): "set_to_none: bool = True",
    ("optim/optimizer.py", 1157): "for name, default in self.defaults.items()",
    ("amp/grad_scaler.py", 371): "if not sum(v.item() for v in optimizer_state[",
    ("distributions/normal.py", 98): "-((value - self.loc) ** 2) / (2 * var)",
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_links_the_place_that_settles_it(name):
    assert re.search(r"\]\(https://|\[@", ANSWERS[name])


def test_links_to_pytorch_are_to_the_version_of_this_build():
    short = ".".join(VERSION.split(".")[:2])
    for link in re.findall(r"https://(?:[^)]*pytorch\.org|github\.com/pytorch/pytorch/blob)[^)]*", PAGE):
        tagged = f"https://github.com/pytorch/pytorch/blob/v{VERSION}/torch/"
        assert link.startswith((f"https://docs.pytorch.org/docs/{short}/", tagged)), link


def test_every_linked_line_of_pytorch_says_what_the_answer_says():
    for path, line in re.findall(r"/torch/([\w/]+\.py)#L(\d+)", PAGE):
        text = (Path(torch.__file__).parent / path).read_text(encoding="utf-8").split("\n")
        linked = text[int(line) - 1]
        assert SOURCES.get((path, int(line)), "") in linked, f"{path}:{line} now says {linked!r}"
        assert re.match(" *[^ #]", linked), f"{path}:{line} is no code: {linked!r}"


LAPLACE = math.sqrt(60 * 0.01 * 2) / 60  # the pull of a Laplace prior with the variance of the Gaussian
DOUBLE = {
    "gradient": 0.3,  # left as it was
    "applied": 0.3 + 0.01 * 2,
    "pull_normal": 0.01,
    "pull_normal_far": 0.02,  # a Gaussian pulls linearly, a Laplace prior constantly
    "pull_laplace": LAPLACE,
    "pull_laplace_far": LAPLACE,
    "net_parameters": 2 * 10 + 10 + 2 * (10 * 10 + 10) + 10 + 1,
}
SINGLE = {
    "mse_gradient": 2 / 4 * 3,  # the mean of D squares pulls by 2/D
    "half_gradient": 3,
    "pull_squared": 2,
    "pull_norm_far": 1 / 10,
    "mean_pull": 0.01 / 261,
}


@pytest.mark.parametrize(("expected", "rel"), [(DOUBLE, 1e-12), (SINGLE, 1e-6)], ids=["float64", "float32"])
def test_values_are_their_closed_forms(values, expected, rel):
    assert {key: values[key] for key in expected} == pytest.approx(expected, rel=rel)


def test_manual_penalties_differ_by_a_few_roundings(values):
    assert 0 < values["differing_entries"] <= values["net_parameters"]
    assert values["worst_penalty"] < 3 * 2**-23  # three roundings of float32, each half an ulp, twice over
