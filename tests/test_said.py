"""What is typed though it is a number, counts in words and settings as code, is what the runs have."""

from __future__ import annotations

import re
from pathlib import Path

import lxml.html
import pytest
import torch
from falsified import parse
from plain_run import ROOT, PlainRun

from models import Net

WORDS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen".split()
WORDS += "fifteen sixteen seventeen eighteen nineteen twenty".split()


def axes(run: PlainRun, cell: str) -> list[dict]:
    (figure,) = run.figures[cell]
    return figure["axes"]


def curves_with_dots(run: PlainRun) -> int:
    """Return how many curves the upper axes have, each with the dot that marks its maximum."""
    top, _ = axes(run, "figure")
    dots = [line for line in top["lines"] if line["marked"]]
    curves = [line for line in top["lines"] if line["drawn"] and len(line["x"]) > 2]
    for curve, dot in zip(curves, dots, strict=True):
        assert max(curve["y"]) == dot["y"][0] == curve["y"][curve["x"].index(dot["x"][0])]
    return len(curves)


def curves_a_panel(run: PlainRun) -> int:
    (count,) = {len(panel["lines"]) for panel in axes(run, "function_figure")}
    return count


def panels(run: PlainRun) -> int:
    return len(axes(run, "function_figure"))


# Snippet, cell, what its figure's alternative text or caption says, and what counts it.
COUNTED = [
    ("evidence", "figure", r"for (\w+) data sets, each", curves_with_dots),
    ("evidence", "figure", r"of (\w+) data sets, each relative", curves_with_dots),
    ("logistic_evidence", "figure", r"for (\w+) data sets, each", curves_with_dots),
    ("logistic_evidence", "figure", r"of (\w+) data sets, each relative", curves_with_dots),
    ("typical", "function_figure", r"(\w+) functions drawn from the prior", curves_a_panel),
    ("typical", "function_figure", r"for (\w+) weight decays", panels),
    ("typical", "function_figure", r"(\w+) networks drawn from each", curves_a_panel),
    ("typical", "function_figure", r"from each of (\w+) priors", panels),
]


def said_of(page, snippet: str, cell: str) -> str:
    """Return the title, description and caption of a figure."""
    (output,) = page.xpath(f"//*[@data-cell='{snippet}/{cell}'][.//*[local-name()='svg']]")
    (figure,) = output.xpath("ancestor::figure[1]")
    words = output.xpath(".//*[local-name()='title' or local-name()='desc']/text()")
    return " ".join([*words, *figure.xpath(".//figcaption")[0].itertext()])


def miscounts(page, plain) -> list[str]:
    """Return what a page's figures count in words, and have not."""
    found = []
    for snippet, cell, pattern, count in COUNTED:
        (word,) = re.findall(pattern, said_of(page, snippet, cell))
        if word.lower() != WORDS[count(plain(snippet))]:
            found.append(f"{snippet}: {word}, {pattern}")
    return found


@pytest.fixture
def choosing(site_dir: Path):
    return parse(site_dir / "choosing/index.html")


def test_figures_have_as_many_curves_as_their_texts_say(choosing, plain):
    assert not miscounts(choosing, plain)


@pytest.mark.parametrize(
    ("old", "new", "many"),
    [("twelve data", "eleven data", 4), ("Eight ", "Seven ", 2), ("two weight", "three weight", 1)],
)
def test_another_count_in_words_is_reported(old, new, many, choosing, plain):
    text = lxml.html.tostring(choosing, encoding="unicode")
    assert old in text
    assert len(miscounts(lxml.html.fromstring(text.replace(old, new)), plain)) == many


# ---- settings: (page, what it says before and with the setting, what this is in the snippet) ----


def text_of(site: Path, page: str) -> str:
    document = parse(site / (f"{page}/index.html" if page else "index.html"))
    for element in document.xpath("//*[contains(@class, 'katex-html')]"):
        element.drop_tree()
    return re.sub(r"\s+", " ", document.cssselect("article .text")[0].text_content())


def typed(site: Path, page: str, pattern: str) -> str:
    """Return the only setting that a page types where the pattern says."""
    (found,) = set(re.findall(pattern, text_of(site, page)))
    return found


def test_the_usual_value_is_the_one_whose_prior_is_quoted(site_dir, plain):
    decay = float(typed(site_dir, "choosing", r"weight_decay=([\d.e-]+) is a prior of standard deviation"))
    quoted, few = plain("conversions").values, plain("weight_decay").values["n"]
    assert quoted["std_small_n"] == pytest.approx((1 / (few * decay)) ** 0.5, rel=1e-14)
    # As many as the images that ImageNet's challenge has for training.
    assert quoted["std_large_n"] == pytest.approx((1 / (1_281_167 * decay)) ** 0.5, rel=1e-14)


def test_the_articles_decay_is_the_one_that_it_trains_with(site_dir, plain):
    decay = float(typed(site_dir, "", r"weight_decay=([\d.e-]+) on"))
    values = plain("weight_decay").values
    assert decay == values["weight_decay"]
    assert values["prior_std"] == pytest.approx((1 / (values["n"] * decay)) ** 0.5, rel=1e-14)
    assert values["prior_std_many"] == pytest.approx((1 / (values["many"] * decay)) ** 0.5, rel=1e-14)


def test_the_default_of_batch_norm_is_the_one_compared_with(site_dir, plain):
    said = typed(site_dir, "breaks", r"([\d.e-]+), the default of BatchNorm1d")
    assert float(said) == torch.nn.BatchNorm1d(1).eps
    compared = re.findall(r"\beps=([\d.e-]+)", plain("scale_invariance").sources["compare"])
    assert set(compared) == {said}


def test_the_momentum_of_the_table_is_the_one_of_its_rows(site_dir, plain):
    said = typed(site_dir, "breaks", r"momentum for momentum=(\d+\.\d+)")
    source = "\n".join(plain("optimizers").sources.values())
    assert set(re.findall(r"momentum\"?[=:] ?([\d.]+)", source)) == {said}


def test_the_layers_of_the_network_are_those_of_the_model(site_dir):
    layers = [layer for layer in Net().layers if isinstance(layer, torch.nn.Linear)]
    sizes = [layers[0].in_features, *(layer.out_features for layer in layers)]
    assert typed(site_dir, "corrections", r"(\d+(?:-\d+)+) with ReLU") == "-".join(map(str, sizes))


def test_the_batch_in_words_is_the_one_whose_factor_is_quoted(site_dir):
    said = typed(site_dir, "breaks", r"for batches of (\w+)")
    source = (ROOT / "snippets/ridge.py").read_text(encoding="utf-8")
    assert re.findall(rf'"scale_{said}": stochastic\[(\d+)\]', source) == [str(WORDS.index(said))]


def test_the_seeds_steps_and_questions_in_words_are_as_many(site_dir, plain):
    assert typed(site_dir, "", r"Code: (\w+) seeds") == "fifty" and plain("seeds").values["count"] == 50
    assert typed(site_dir, "", r"after a (\w+) steps|After a (\w+) steps") == ("", "thousand")
    assert plain("weight_decay").values["steps"] == 1000
    assert typed(site_dir, "", r"groups of (\w+) points") == "twenty"
    assert plain("weight_decay").values["n"] == 3 * 20
