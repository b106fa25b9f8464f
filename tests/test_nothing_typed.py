"""Nothing typed: a digit in prose, in a figure's alternative text or in a notebook's text is a quoted value,
code, a citation, a date or a label that exists."""

from __future__ import annotations

from pathlib import Path

import lxml.html
import pytest
from plain_run import ROOT
from typed_figures import figure_texts, typed_in_figures
from typed_prose import (
    decimals_in_math,
    ids,
    named_labels,
    number_words,
    numbers_as_code,
    prose,
    typed_digits,
)


def snippets() -> dict[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted((ROOT / "snippets").glob("*.py"))}


PAGES = [path.stem for path in sorted((ROOT / "docs").glob("*.md"))]
NOTEBOOKS = [f"notebooks/{name}" for name in snippets()]


def built(site: Path, page: str) -> Path:
    return site / ("index.html" if page == "index" else f"{page}/index.html")


@pytest.mark.parametrize("page", PAGES + NOTEBOOKS)
def test_no_result_is_typed_in_the_prose(page, site_dir):
    path = built(site_dir, page)
    found = typed_digits(prose(path), named_labels(path, site_dir))
    assert not found, f"{page}: quote these as values, or mark them as code:\n" + "\n".join(found)


@pytest.mark.parametrize("page", PAGES + NOTEBOOKS)
def test_no_decimal_is_typed_in_the_math(page, site_dir):
    found = decimals_in_math(built(site_dir, page))
    assert not found, f"{page}: decimals in math:\n" + "\n".join(found)


# Settings, names, formulas, versions, and how PyTorch prints a zero; test_said.py computes some of them.
CODES = {
    "index": ["weight_decay=1e-2", "weight_decay=0", "0.0", "Normal(0, prior_std)", "weight_decay=0"],
    "choosing": ["weight_decay=0", "weight_decay=0.01"],
    "corrections": ["2-10-10-10-1", "weight_decay=0", "weight_decay=0"],
    "provenance": ["python3.11", "python3.13", "python3-venv", "python3", "make serve PYTHON=python3.13"]
    + ["OMP_NUM_THREADS=1"],
    "notebooks/block_prior": ["weight_decay=0"],
    "notebooks/exceptions": ["(λ/2)‖θ‖²"],
    "notebooks/laplace_prior": ["Laplace(0, s)"],
    "notebooks/optimizers": ["weight_decay=0"],
}
CODES["breaks"] = ["momentum=0.9", *["weight_decay=0"] * 2, "lambd=0", "1e-5", "BatchNorm1d"]
CODES["breaks"] += ["weight_decay=0", "lambd=0"]
CODES["questions"] = ["weight_decay * theta.square().sum() / 2", "weight_decay=0.0", "original0", "original1"]
CODES["questions"] += ["1 - lr * weight_decay"]


@pytest.mark.parametrize("page", PAGES + NOTEBOOKS)
def test_no_result_is_typed_as_code(page, site_dir):
    assert numbers_as_code(built(site_dir, page)) == CODES.get(page, [])


# Sizes of the experiments, a threshold of one, and how many questions there are.
SAID = {
    "index": {"of twenty points", "a thousand steps", "another thousand steps", "fifty seeds"}
    | {"a hundredth", "a hundredth apart", "twenty that"},
    "breaks": {"of sixteen"},
    "choosing": {"of twelve data"},
    "corrections": {"a thousand steps"},
    "priors": {"with millions of"},
    "questions": {"Twenty questions"},
    "notebooks/exceptions": {"of twenty steps"},
    "notebooks/seeds": {"for fifty seeds"},
}
# The same in figures' alternative texts.
DRAWN = dict.fromkeys(["choosing", "notebooks/evidence", "notebooks/logistic_evidence"], {"for twelve data"})


@pytest.mark.parametrize("page", PAGES + NOTEBOOKS)
def test_no_result_above_ten_is_typed_in_words(page, site_dir):
    path = built(site_dir, page)
    assert number_words(prose(path)) == SAID.get(page, set())
    assert number_words("\n".join(text for _, text in figure_texts(path))) == DRAWN.get(page, set())


@pytest.mark.parametrize("page", PAGES + NOTEBOOKS)
def test_no_result_is_typed_in_a_figures_alternative_text(page, site_dir):
    found = typed_in_figures(built(site_dir, page), snippets())
    assert not found, f"{page}: fill these in from values of the snippet:\n" + "\n".join(found)


# ---- the checks themselves ----

PAGE = """<html><head><meta name="description" content="{said}"></head><body><article><div class="text">
<h2>{heading}</h2><p>{text}</p><div id="eq-5"></div><div id="eq-c3"></div>
<figure><figcaption><span class="caption-prefix"><a>Figure 2.</a></span> Two fits.</figcaption>
<div data-cell="near/figure"><svg><title>{title}</title></svg></div></figure></div></article></body></html>"""
ARTICLE = "".join(f'<i id="{one}"></i>' for one in ["a1", "a2", "a3", "step-2", "step-5", "step-6", "eq-7"])


@pytest.fixture
def page_of(tmp_path):
    """page_of(text, …) returns the path of a page that says it, on a site with a few labels."""
    (tmp_path / "index.html").write_text(f"<html><body>{ARTICLE}</body></html>", encoding="utf-8")

    def write(text="", heading="", said="", title="Two lines"):
        page = tmp_path / "page" / "index.html"
        page.parent.mkdir(exist_ok=True)
        page.write_text(PAGE.format(text=text, heading=heading, said=said, title=title), encoding="utf-8")
        ids.cache_clear()
        return page

    return write


def test_a_number_in_words_is_found(page_of):
    assert number_words(prose(page_of("Forty-one of fifty seeds pass, and ten fail."))) == {
        "Forty-one",
        "of fifty seeds",
    }


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("for batches of sixteen, so", {"of sixteen"}),
        ("it takes two hundred.", {"two hundred"}),
        ("(twelve)", {"twelve"}),
        ("a <b>twelfth</b>; one thirtieth of it", {"a twelfth", "one thirtieth of"}),
        ("by a <i>billion</i>!", {"a billion"}),
        ("fortunately, one to ten", set()),
    ],
)
def test_a_number_in_words_is_found_before_punctuation_too(sentence, found, page_of):
    assert number_words(prose(page_of(sentence))) == found
    drawn = figure_texts(page_of(title=lxml.html.fromstring(f"<p>{sentence}</p>").text_content()))
    assert number_words(drawn[0][1]) == found


@pytest.mark.parametrize("code", ["41", "41 examples", "≈ 41", "41 %", "lr=0.3", "½", "seeds_41", "x.4"])
def test_a_result_typed_as_code_would_be_found(code, page_of):
    assert numbers_as_code(page_of(f"<code>{code}</code>")) == [code]


@pytest.mark.parametrize(
    "text",
    [
        "<code>lr</code>",
        "<code>seeds.gap_seed_1</code> and <code>rounding/coefficient_float32</code>",
        "<pre><code>lr = 0.1</code></pre>",
        '<div data-cell="near/table"><code>lr=0.1</code></div>',
    ],
)
def test_names_blocks_and_outputs_are_no_results_typed_as_code(text, page_of):
    assert not numbers_as_code(page_of(text))


def found_in(page: Path) -> list[str]:
    return typed_digits(prose(page), named_labels(page, page.parent.parent))


TYPED = [
    "the loss is 0.24",
    "in 3 of 5 seeds",
    "about 2e-8",
    "71 % of the runs",
    "2000 of 2050 runs",
    "in 2024 of the runs",
    "the gap (5)",
    "x12 more",
    "about-3",
    "10/20 of the runs",
    "it costs ½ a nat",
    "an L2 norm of 7",
    "lost at seed 3",
    "a rate of L2.5",
    "by equation (6)",
    "it parts at step 7",
    "Figure 3 shows it",
    'by <a href="#eq-5">(6)</a>',
    'a gap of <a href="#eq-5">5</a>',
    'by <a href="#eq-9">(9)</a>',
    'see <a href="../#step-5">5 more</a>',
    "a share of ⅖",
    "in Ⅶ runs",
    "a gap of 10⁻³",
    'the <abbr title="0.24">loss</abbr>',
]


@pytest.mark.parametrize("sentence", TYPED)
def test_a_typed_result_would_be_found(sentence, page_of):
    assert found_in(page_of(sentence))
    assert found_in(page_of(heading=sentence))


def test_a_result_typed_into_the_description_would_be_found(page_of):
    assert found_in(page_of(said="The loss is 0.24."))


@pytest.mark.parametrize(
    "sentence",
    [
        "float32, float64 and the L2 penalty",
        "Step 5 uses A3; steps 5 and 6 use A1.",
        "by equations (5) and (C3), in Figure 2",
        'by <a href="#eq-c3">equation (C3)</a> and <a href="../#eq-7">(7)</a>',
        'by <a href="../#a2">assumption A2</a> and <a href="../#step-2">step 2</a>',
        "the post of 11 June 2024, the 2024 post, and what changed since 2024",
        "At epoch 0, seed 0 is no other.",
        'the loss is <span data-value="x.loss">0.24</span>',
        "with <code>lr=0.1</code>",
    ],
)
def test_labels_dates_code_and_quoted_values_are_no_typed_results(sentence, page_of):
    assert not found_in(page_of(sentence))


@pytest.mark.parametrize(
    "source",
    [
        'fig.set_label("A peak near 0.1")',
        'fig.set_label(f"A peak near 0.1, {count} lines")',
        "fig.set_label(f\"A peak {'near 0.1'}\")",
        'fig.set_label(f"A peak near {0.1}")',
        'where = "near 0.1"; fig.set_label(f"A peak {where}")',
        'where = f"near 0.1, {count} lines"; fig.set_label(f"A peak {where}")',
        'seen = []; seen.append(f"{name} near 0.1"); fig.set_label(f"Peaks: {\', \'.join(seen)}")',
        'fig.set_label("A peak near " + str(0.1))',
        'text = "A peak near 0.1"; fig.set_label(text)',
    ],
)
def test_a_result_typed_into_an_alternative_text_would_be_found(source, page_of):
    drawn = "Peaks: low near 0.1" if "Peaks" in source else "A peak near 0.1"
    drawn += ", 3 lines" if "count" in source else ""
    assert typed_in_figures(page_of(title=drawn), {"near": source})


def test_a_computed_alternative_text_passes_and_another_text_does_not(page_of):
    source = 'reach = f"{peaks[\'5 folds\']:.2g}"; fig.set_label(f"A peak at {reach}, of {len(x)} points.")'
    assert not typed_in_figures(page_of(title="A peak at 0.1, of 60 points"), {"near": source})
    with pytest.raises(AssertionError, match="no set_label"):
        typed_in_figures(page_of(title="A dip at 0.1, of 60 points"), {"near": source})


def test_a_result_typed_into_a_notebooks_text_would_be_found(site_dir, tmp_path):
    """A notebook page of the site, with one more sentence in its first cell of text."""
    notebook = built(site_dir, "notebooks/evidence").read_text(encoding="utf-8")
    page = tmp_path / "notebooks" / "evidence" / "index.html"
    page.parent.mkdir(parents=True)
    known = "The evidence p(y|x) scores"
    assert notebook.count(known) >= 1
    page.write_text(notebook.replace(known, f"It peaks near 0.1. {known}"), encoding="utf-8")
    assert any("near 0.1" in found for found in typed_digits(prose(page), named_labels(page, site_dir)))
