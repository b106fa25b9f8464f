"""The calculator: its numbers are those of the Python that the page shows, its errors are words."""

import itertools
import math
import re

import pytest
from playwright.sync_api import expect


@pytest.fixture(scope="module")
def convert(plain):
    """The function of the cell that the page shows, and nothing else of the snippet."""
    namespace = {}
    exec(plain("conversions").sources["convert"], namespace)
    return namespace["convert"]


@pytest.fixture
def page(browser, site_url):
    context = browser.new_context(viewport={"width": 1000, "height": 900})
    page = context.new_page()
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.goto(f"{site_url.rstrip('/')}/choosing/")
    page.wait_for_selector(".calculator form:not([hidden])")
    yield page
    context.close()
    assert problems == []


FILL = """(fields) => {
  const form = document.querySelector(".calculator form");
  for (const [name, value] of Object.entries(fields)) {
    form.elements[name].value = value;
    form.elements[name].dispatchEvent(new Event("input", {bubbles: true}));
  }
  const results = {};
  for (const cell of form.querySelectorAll("data"))
    if (cell.checkVisibility()) results[cell.dataset.quantity] = [cell.value, cell.textContent];
  const errors = {};
  for (const error of form.querySelectorAll(".error"))
    if (error.textContent) errors[error.id] = error.checkVisibility() ? error.textContent : "(hidden)";
  return {results, errors, known: form.elements.known.value};
}"""


def fill(page, **fields):
    return page.evaluate(FILL, {name: str(value) for name, value in fields.items()})


def grid():
    """Loss, reduction, known quantity, and numbers over many orders of magnitude."""
    numbers = [
        (60, 20, 0.5, 0.01),
        (1_281_167, 256, 2.5e-3, 1e-4),
        (1, 1, 1.0, 1.0),
        (10**9, 4096, 1e4, 3.3e-9),
    ]
    extreme = [(10**20, 10**20, 1e20, 1e20), (1, 1, 1e-20, 1e-20)]
    for loss, reduction in itertools.product(("cross-entropy", "squared"), ("mean", "sum")):
        own = "alpha" if loss == "squared" else "C"
        for known in ("weight_decay", "lambda", "prior_variance", own):
            for n, batch, variance, value in numbers + extreme:
                yield loss, reduction, known, n, batch, variance, value


def test_results_equal_the_python_on_the_page(page, convert):
    count = 0
    for loss, reduction, known, n, batch, variance, value in grid():
        fields = {"loss": loss, "reduction": reduction, "n": n, "batch": batch, "variance": variance}
        found = fill(page, **fields, known=known, value=value)
        noise, summed = variance if loss == "squared" else None, batch if reduction == "sum" else 1
        expected = convert(known, value, n, noise, summed)
        assert found["errors"] == {} and found["known"] == known
        assert found["results"].keys() == expected.keys()
        for name, (exact, text) in found["results"].items():
            # The same float64 operations in the same order; the text has six digits.
            assert float(exact) == pytest.approx(expected[name], rel=1e-15), (fields, known, name)
            assert float(text) == pytest.approx(expected[name], rel=5.1e-6), (fields, known, name)
        count += 1
    assert count == 96


NAMES = {"λ": "lambda", "τ": "prior_variance", "C": "C", "alpha": "alpha", "weight_decay": "weight_decay"}
TOKEN = re.compile(r"weight_decay|alpha|σ²|[λτnBC]|√τ|\d+|[/()]")


def computed(formula, known):
    """Evaluate a formula as the calculator writes it: adjacent factors are multiplied."""
    parts = TOKEN.findall(formula)
    assert "".join(parts) == formula.replace(" ", ""), formula
    code = ""
    for before, part in zip(["", *parts], parts):
        adjacent = before not in ("", "/", "(") and part not in ("/", ")")
        code += "*" * adjacent + (part if part in "/()" or part.isdigit() else str(known[part]))
    return eval(code)


def test_the_formula_beside_each_result_gives_it(page):
    formula = "(name) => document.querySelector(`.calculator [data-formula=${name}]`).textContent"
    seen = set()
    for loss, reduction, known, n, batch, variance, value in grid():
        fields = {"loss": loss, "reduction": reduction, "n": n, "batch": batch, "variance": variance}
        results = {
            name: float(exact)
            for name, (exact, _) in fill(page, **fields, known=known, value=value)["results"].items()
        }
        symbols = {short: results[name] for short, name in NAMES.items() if name in results}
        symbols |= {"n": n, "B": batch, "σ²": variance, "√τ": math.sqrt(results["prior_variance"])}
        for name, result in results.items():
            shown = page.evaluate(formula, name)
            expected = value if shown == "given" else computed(shown, symbols)
            assert (shown == "given") == (name == known), (name, known, shown)
            assert result == pytest.approx(expected, rel=1e-12), (fields, known, name, shown)
            seen.add(shown)
    assert len(seen) >= 10


BAD = {
    "": "Enter a number",
    "   ": "Enter a number",
    "-1": "negative",
    "0": "zero",
    "-0": "zero",
    "1e21": "at most",
    "1e999": "at most",
    "1e-21": "at least",
    "1e-999": "at least",
    "abc": "not a number",
    "NaN": "not a number",
    "Infinity": "not a number",
    "0x10": "not a number",
    "1 000": "not a number",
    "1_000": "not a number",
    "1e": "not a number",
    "<b>1</b>": "not a number",
    "1,000": "commas",
    "0,01": "commas",
}


@pytest.mark.parametrize("name", ["value", "n", "batch", "variance"])
def test_bad_input_is_answered_beside_its_field_and_never_computed(page, name):
    assert fill(page, loss="squared", reduction="sum")["errors"] == {}
    for typed, words in BAD.items():
        found = fill(page, **{name: typed})
        assert set(found["errors"]) == {f"calculator-{name}-error"}, typed
        assert words in found["errors"][f"calculator-{name}-error"], typed
        assert all(result == ["", "–"] for result in found["results"].values()), typed
        text = page.inner_text(".calculator")
        assert not re.search(r"\bNaN\b|Infinity|undefined|null", text.replace(f"“{typed}”", "")), typed
        field = page.locator(f"[name={name}]")
        assert field.get_attribute("aria-invalid") == "true"
        assert f"calculator-{name}-error" in field.get_attribute("aria-describedby").split()
        expect(page.locator(".calculator [role=status]")).to_contain_text("correct the marked field")
    found = fill(page, **{name: "50"})
    assert found["errors"] == {} and all(text != "–" for _, text in found["results"].values())
    assert page.locator(f"[name={name}]").get_attribute("aria-invalid") == "false"


def test_zero_says_what_zero_would_mean(page):
    for known, words in {
        "weight_decay": "flat prior",
        "prior_variance": "holds every parameter at zero",
    }.items():
        assert words in fill(page, known=known, value="0")["errors"]["calculator-value-error"]


def test_counts_must_be_whole_and_a_batch_fits_into_the_data(page):
    assert "whole" in fill(page, n="60.5")["errors"]["calculator-n-error"]
    found = fill(page, n="60", reduction="sum", batch="61")
    assert "at most all" in found["errors"]["calculator-batch-error"]
    assert fill(page, reduction="mean")["errors"] == {}  # a field that is not used cannot be wrong


def test_the_strength_offered_is_the_one_of_the_loss(page):
    assert fill(page, known="C", loss="squared")["known"] == "alpha"
    assert fill(page, loss="cross-entropy")["known"] == "C"
    assert page.locator("option[value=alpha]").is_disabled()


def test_works_by_keyboard_alone(page, convert):
    page.locator("[name=loss]").focus()
    page.keyboard.press("End")  # squared error
    page.keyboard.press("Tab")
    page.keyboard.press("End")  # sum over the batch
    for typed in ("1000", "10", "0.25"):  # n, B, noise variance
        page.keyboard.press("Tab")
        page.keyboard.press("Control+A")
        page.keyboard.type(typed)
    page.keyboard.press("Tab")
    page.keyboard.press("Home")  # weight_decay
    page.keyboard.press("Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type("2e-3")
    page.keyboard.press("Enter")  # must not leave the page
    expected = convert("weight_decay", 2e-3, 1000, 0.25, 10)
    for name, value in expected.items():
        shown = page.locator(f"data[data-quantity={name}]").inner_text()
        assert math.isclose(float(shown), value, rel_tol=1e-5), name
    assert page.url.rstrip("?").endswith("/choosing/")


def test_every_field_has_a_label_and_the_result_is_announced(page):
    for name in ("loss", "reduction", "n", "batch", "variance", "known", "value"):
        field = page.locator(f".calculator [name={name}]")
        assert page.locator(f"label[for={field.get_attribute('id')}]").text_content().strip()
        for described in (field.get_attribute("aria-describedby") or "").split():
            assert page.locator(f"#{described}").count() == 1
    fill(page, value="0.02")
    status = page.locator(".calculator [role=status]")
    expect(status).to_have_text(re.compile("^0.02 "))
    assert status.get_attribute("aria-live") == "polite"


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_calculator_fits_narrow_screens(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    for loss, reduction in itertools.product(("cross-entropy", "squared"), ("mean", "sum")):
        fill(page, loss=loss, reduction=reduction, value="1.23456789e-15")
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        assert page.evaluate(
            "(c => c.scrollWidth <= c.clientWidth)(document.querySelector('.calculator form'))"
        )


def test_without_javascript_the_form_is_hidden_and_explained(browser, site_url):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site_url.rstrip('/')}/choosing/")
    assert page.locator(".calculator form").is_hidden()
    note = page.locator("[data-without-script]")
    assert note.is_visible() and "needs JavaScript" in note.inner_text()
    target = note.locator("a").get_attribute("href")
    assert page.locator(target).count() == 1
    context.close()
