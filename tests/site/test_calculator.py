"""The calculator: its numbers are those of the Python that the page shows, its errors are words."""

import itertools
import math
import re

import pytest
from playwright.sync_api import expect

LOSSES = ("cross-entropy", "squared error", "half the squared error")


@pytest.fixture(scope="module")
def convert(computed):
    """The function of the cell that the page shows, and nothing else of the snippet."""
    namespace = {}
    exec(computed("conversions").sources["convert"], namespace)
    return namespace["convert"]


@pytest.fixture
def page(visit):
    page = visit("choosing/")
    page.wait_for_selector(".calculator form:not([hidden])")
    return page


READ = """() => {
  const form = document.querySelector(".calculator form");
  const results = {}, formulas = {}, errors = {};
  for (const cell of form.querySelectorAll("data"))
    if (cell.checkVisibility()) {
      const name = cell.dataset.quantity;
      results[name] = [cell.value, cell.textContent];
      formulas[name] = form.querySelector(`[data-formula=${name}]`).textContent;
    }
  for (const error of form.querySelectorAll(".error"))
    if (error.textContent) errors[error.id] = error.checkVisibility() ? error.textContent : "(hidden)";
  return {results, formulas, errors, known: form.elements.known.value};
}"""
FILL = """(fields) => {
  const form = document.querySelector(".calculator form");
  for (const [name, value] of Object.entries(fields)) {
    form.elements[name].value = value;
    form.elements[name].dispatchEvent(new Event("input", {bubbles: true}));
  }
}"""


def fill(page, **fields):
    page.evaluate(FILL, {name: str(value) for name, value in fields.items()})
    return page.evaluate(READ)


SYMBOLS = {"λ": "lambda", "τ": "prior_variance", "C": "C", "alpha": "alpha", "weight_decay": "weight_decay"}
TOKEN = re.compile(r"weight_decay|alpha|σ²|[λτnBC]|√τ|\d+|[/()]")


def value_of(formula, known):
    """Evaluate a formula as the calculator writes it: adjacent factors are multiplied."""
    parts = TOKEN.findall(formula)
    assert "".join(parts) == formula.replace(" ", ""), formula
    code = ""
    for before, part in zip(["", *parts], parts):
        adjacent = before not in ("", "/", "(") and part not in ("/", ")")
        code += "*" * adjacent + (part if part in "/()" or part.isdigit() else str(known[part]))
    return eval(code)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_results_and_their_formulas_are_the_python_on_the_page(page, convert, loss, reduction):
    """Over many orders of magnitude, up to the largest and smallest that may be typed."""
    numbers = [(60, 20, 0.5, 0.01), (10**9, 524288, 1e4, 3.3e-9)]
    numbers += [(10**20, 10**20, 1e20, 1e20), (1, 1, 1e-20, 1e-20)]
    own = "C" if loss == "cross-entropy" else "alpha"
    known_quantities = ("weight_decay", "lambda", "prior_variance", own)
    for known, (n, batch, variance, value) in itertools.product(known_quantities, numbers):
        fields = {"loss": loss, "reduction": reduction, "n": n, "batch": batch, "variance": variance}
        found = fill(page, **fields, known=known, value=value)
        expected = convert(known, value, n, loss, variance, batch if reduction == "sum" else 1)
        assert found["errors"] == {} and found["known"] == known
        assert found["results"].keys() == expected.keys()
        symbols = {short: expected[name] for short, name in SYMBOLS.items() if name in expected}
        symbols |= {"n": n, "B": batch, "σ²": variance, "√τ": math.sqrt(expected["prior_variance"])}
        for name, (exact, text) in found["results"].items():
            assert float(exact) == pytest.approx(expected[name], rel=1e-14), (fields, known, name)
            assert float(text) == pytest.approx(expected[name], rel=5.1e-6), (fields, known, name)
            shown = found["formulas"][name]
            assert (shown == "given") == (name == known)
            if shown != "given":
                assert float(exact) == pytest.approx(value_of(shown, symbols), rel=1e-12), (name, shown)


BAD = {  # what is said -> of what is typed
    "Enter a number": ["", "   "],
    "negative": ["-1"],
    "zero": ["0", "-0"],
    "at most": ["1e21", "1e999"],
    "at least": ["1e-21", "1e-999"],
    "not a number": ["abc", "NaN", "Infinity", "0x10", "1 000", "<b>1</b>"],
    "commas": ["1,000", "0,01"],
}


@pytest.mark.parametrize("name", ["value", "n", "batch", "variance"])
def test_bad_input_is_answered_beside_its_field_and_never_computed(page, name):
    assert fill(page, loss="squared error", reduction="sum")["errors"] == {}
    field, error = page.locator(f"[name={name}]"), f"calculator-{name}-error"
    for words, typed in ((words, typed) for words, inputs in BAD.items() for typed in inputs):
        found = fill(page, **{name: typed})
        assert set(found["errors"]) == {error} and words in found["errors"][error], typed
        assert all(result == ["", "–"] for result in found["results"].values()), typed
        text = page.inner_text(".calculator")
        assert not re.search(r"\bNaN\b|Infinity|undefined|null", text.replace(f"“{typed}”", "")), typed
        assert field.get_attribute("aria-invalid") == "true"
    assert error in field.get_attribute("aria-describedby").split()
    expect(page.locator(".calculator [role=status]")).to_contain_text("correct the marked field")
    found = fill(page, **{name: "50"})
    assert found["errors"] == {} and all(text != "–" for _, text in found["results"].values())
    assert field.get_attribute("aria-invalid") == "false"


def test_counts_are_whole_a_batch_fits_into_the_data_and_zero_says_what_it_means(page):
    assert "whole" in fill(page, n="60.5")["errors"]["calculator-n-error"]
    found = fill(page, n="60", reduction="sum", batch="61")
    assert "at most" in found["errors"]["calculator-batch-error"]
    assert fill(page, reduction="mean")["errors"] == {}  # a field that is not used cannot be wrong
    assert "flat prior" in fill(page, known="weight_decay", value="0")["errors"]["calculator-value-error"]


def test_the_strength_offered_is_the_one_of_the_loss(page):
    for loss in LOSSES[1:]:
        assert fill(page, known="C", loss=loss)["known"] == "alpha"
    assert fill(page, loss="cross-entropy")["known"] == "C"
    assert page.locator("option[value=alpha]").is_disabled()


def test_each_example_fills_the_form_and_has_a_result(page):
    seen = set()
    for button in page.locator(".calculator button").all():
        fill(page, value="", n="")
        button.click()
        found = page.evaluate(READ)
        assert found["errors"] == {}
        seen.add(found["results"]["prior_variance"][0])
    assert len(seen) == page.locator(".calculator button").count() > 1


def test_works_by_keyboard_alone_and_announces_the_result(page, convert):
    page.locator("[name=loss]").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")  # squared error
    page.keyboard.press("Tab")
    page.keyboard.press("End")  # sum over the batch
    typed = {"n": "1000", "batch": "10", "variance": "0.25", "value": "2e-3"}
    for _ in range(12):
        page.keyboard.press("Tab")
        name = page.evaluate("document.activeElement.name")
        if name in typed:
            page.keyboard.press("Control+A")
            page.keyboard.type(typed.pop(name))
    assert not typed
    page.locator("[name=value]").press("Enter")  # must not leave the page
    expected = convert("weight_decay", 2e-3, 1000, "squared error", 0.25, 10)
    for name, (_, text) in page.evaluate(READ)["results"].items():
        assert math.isclose(float(text), expected[name], rel_tol=1e-5), name
    assert page.url.split("#")[0].rstrip("?").endswith("/choosing/")
    status = page.locator(".calculator [role=status]")
    expect(status).to_have_text(re.compile("^0.002 "))
    assert status.get_attribute("aria-live") == "polite"


def test_calculator_fits_narrow_screens(page):
    page.set_viewport_size({"width": 320, "height": 800})
    for loss, reduction in itertools.product(LOSSES, ("mean", "sum")):
        fill(page, loss=loss, reduction=reduction, value="1.23456789e-15")
        for part in ("html", ".calculator form"):
            fits = f"(c => c.scrollWidth <= c.clientWidth)(document.querySelector('{part}'))"
            assert page.evaluate(fits), (part, loss, reduction)


def test_without_javascript_the_form_is_hidden_and_explained(visit):
    page = visit("choosing/", java_script_enabled=False)
    assert page.locator(".calculator form").is_hidden()
    note = page.locator("[data-without-script]")
    assert note.is_visible() and page.locator(note.locator("a").get_attribute("href")).count() == 1
