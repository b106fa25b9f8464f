"""The explorer in a browser: what its sliders show is what the snippet computed, nothing else."""

import json
import math
import statistics
from fractions import Fraction

import pytest

ROWS = ("prior_std", "prior_variance", "nll", "penalty", "loss", "new_nll", "grad_norm", "shortest")
READ = """() => {
  const numbers = {};
  for (const value of document.querySelectorAll("#explorer dl data"))
    numbers[value.dataset.name] = [Number(value.value), value.innerHTML];
  const slider = (id) => document.getElementById(id);
  return {
    numbers,
    at: [slider("explorer-n").value, slider("explorer-lambda").value].map(Number),
    shown: [...document.querySelectorAll("#explorer output")].map((output) => output.textContent),
    spoken: [slider("explorer-n"), slider("explorer-lambda")].map((s) => s.getAttribute("aria-valuetext")),
    verdict: document.querySelector("#explorer .explorer-verdict").textContent,
    lossTitle: document.querySelector("#explorer .explorer-loss title").textContent,
    curve: document.querySelector("#explorer .explorer-fit .line.fit").getAttribute("d"),
    truth: document.querySelector("#explorer .explorer-fit .line.truth").getAttribute("d"),
    used: document.querySelectorAll("#explorer .explorer-fit .point.used").length,
  };
}"""
VERDICT = {"smooth": "Converged: ", "kink": "Converged on a kink: "}


@pytest.fixture(scope="module")
def data(computed):
    return json.loads(computed("explorer").stdout["data"])


def as_html(number):
    """Write a number as the list should: 4 digits, or 2 and a power of ten, or a bound."""
    if number < 1e-12:
        return "below 10<sup>−12</sup>"
    if number >= 1e-3:
        return f"{number:#.4g}"
    digits, power = f"{number:.1e}".split("e")
    return f"{digits} × 10<sup>{int(power)}</sup>".replace("-", "−")


def as_shown(number):
    """Write a number as sentences should, which have no markup."""
    line, _, power = as_html(number).removesuffix("</sup>").partition("<sup>")
    return line + power.translate(str.maketrans("−0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def heights(path):
    """Return the y coordinates of an SVG path of straight lines."""
    return [float(point.split()[1]) for point in path.replace("M", "L").split("L")[1:]]


def check(seen, data, size, k):
    """Everything on display belongs to the fit of this n and λ."""
    here = size * len(data["lambda"]) + k
    assert seen["at"] == [size, k]
    for name in ROWS:
        assert seen["numbers"][name] == [data[name][here], as_html(data[name][here])], name
    assert set(seen["numbers"]) == set(ROWS)
    n, text, std = data["n"][size], data["lambda_text"][k], as_shown(data["prior_std"][here])
    assert seen["shown"] == [text, str(n)]
    assert seen["spoken"] == [
        f"{n} points, prior standard deviation {std}",
        f"{text}, prior standard deviation {std}",
    ]
    assert seen["verdict"].startswith(VERDICT[data["state"][here]])
    assert ("Not the MAP estimate" in seen["verdict"]) == bool(data["beaten"][here])
    assert seen["used"] == n
    check_loss_title(seen, data, size, k)
    check_curve(seen, data, here)


def check_loss_title(seen, data, size, k):
    """The picture's title says of this n what the data say, and nothing of what lies between."""
    mine = slice(size * len(data["lambda"]), (size + 1) * len(data["lambda"]))
    nll, new = data["nll"][mine], data["new_nll"][mine]
    best = data["lambda_text"][new.index(min(new))]
    assert seen["lossTitle"] == (
        f"Loss against λ for n = {data['n'][size]}: the NLL is {as_shown(nll[0])} at the smallest λ and "
        f"{as_shown(nll[-1])} at the largest; the NLL of new labels is lowest, {as_shown(min(new))}, "
        f"at λ = {best}. Marked: λ = {data['lambda_text'][k]}"
    )


def check_curve(seen, data, here):
    """Fit and truth are drawn on one linear axis; the truth gives its scale, the fit must obey it."""
    truth, curve = heights(seen["truth"]), heights(seen["curve"])
    low, high = min(data["truth"]), max(data["truth"])
    slope = (truth[data["truth"].index(high)] - truth[data["truth"].index(low)]) / (high - low)
    start = truth[data["truth"].index(low)] - slope * low
    assert len(curve) == len(data["curves"][here])
    for drawn, value in zip(curve, data["curves"][here]):
        assert drawn == pytest.approx(start + slope * value, abs=0.1 + 0.03 * abs(value))  # tenths of a pixel


def press(page, control, *keys):
    """Press keys on a control of the explorer, and return what it shows then."""
    for key in keys:
        page.press(f"#explorer-{control}", key)
    return page.evaluate(READ)


def test_keyboard_reaches_every_fit_and_shows_its_numbers(visit, data):
    page = visit("explorer/", reduced_motion="reduce")
    for size in range(len(data["n"])):
        press(page, "n", "ArrowRight" if size else "Home")
        for k in range(len(data["lambda"])):
            check(press(page, "lambda", "ArrowRight" if k else "Home"), data, size, k)


def test_starts_at_the_fit_that_predicts_new_labels_best_in_the_colors_of_the_scheme(visit, data):
    count = len(data["lambda"])
    best = min(range(count), key=lambda k: data["new_nll"][2 * count + k])
    stroke = "getComputedStyle(document.querySelector('#explorer .explorer-fit .line.fit')).stroke"
    colors = set()
    for scheme in ("light", "dark"):
        page = visit("explorer/", color_scheme=scheme)
        check(page.evaluate(READ), data, 2, best)
        colors.add(page.evaluate(stroke))
    assert len(colors) == 2 and "none" not in colors


def test_the_moving_curve_comes_to_rest_on_the_fit(visit, data):
    page = visit("explorer/", reduced_motion="no-preference")
    press(page, "lambda", "End")
    page.wait_for_timeout(600)  # the movement takes 160 ms
    check(page.evaluate(READ), data, 2, len(data["lambda"]) - 1)


NOT_KEPT = "The prior is not kept"


def test_the_prior_is_kept_when_asked_and_only_then(visit, data):
    page = visit("explorer/", reduced_motion="reduce")
    start = page.evaluate(READ)
    assert press(page, "n", "ArrowLeft")["at"] == [1, start["at"][1]]
    press(page, "n", "ArrowRight")
    press(page, "hold", "Space")
    for size in (1, 0):
        seen = press(page, "n", "ArrowLeft")
        check(seen, data, size, start["at"][1] + 2 - size)  # one step for each halving of n
        assert seen["numbers"]["prior_std"] == start["numbers"]["prior_std"]
        assert NOT_KEPT not in seen["verdict"]


def test_a_prior_that_no_lambda_of_the_slider_gives_is_said_not_to_be_kept(visit, data):
    page = visit("explorer/", reduced_motion="reduce")
    press(page, "hold", "Space")
    assert NOT_KEPT not in press(page, "lambda", "End")["verdict"]
    seen = press(page, "n", "ArrowLeft")
    check(seen, data, 1, len(data["lambda"]) - 1)
    assert NOT_KEPT in seen["verdict"]
    assert NOT_KEPT not in press(page, "n", "ArrowRight")["verdict"]  # back, where the prior is what it was
    press(page, "n", "ArrowLeft")
    assert NOT_KEPT not in press(page, "lambda", "ArrowLeft")["verdict"]  # another λ, another prior


def test_a_finger_on_the_loss_picture_chooses_lambda(visit, data):
    page = visit("explorer/", reduced_motion="reduce", has_touch=True, viewport={"width": 360, "height": 800})
    page.locator(".explorer-loss").scroll_into_view_if_needed()
    dots = page.locator(".explorer-loss .point").all()
    assert len(dots) == len(data["lambda"])
    for k in (1, len(data["lambda"]) - 2):
        box = dots[k].bounding_box()
        page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        check(page.evaluate(READ), data, 2, k)


# Of the loss picture: ticks with their places, lines, dots of the fits, dots at the chosen λ.
LOSSES = r"""() => {
  const picture = document.querySelector('#explorer .explorer-loss');
  const all = (selector, read) => [...picture.querySelectorAll(selector)].map(read);
  const number = (part, name) => Number(part.getAttribute(name));
  const tick = (text) => [text.textContent, number(text, 'x'), number(text, 'y')];
  const ticks = all('.axes text:not(.name)', tick);
  const circle = (one) => [one.getAttribute('class').split(' ')[1], number(one, 'cx'), number(one, 'cy')];
  const lines = Object.fromEntries(all('path.line', (line) => [line.classList[1], line.getAttribute('d')]));
  return { ticks, lines, fits: all('circle.point', circle), here: all('circle.here', circle) };
}"""
LINES = {"nll": "nll", "total": "loss", "new": "new_nll"}


@pytest.mark.parametrize("size", [0, 1, 2])
def test_the_loss_picture_has_every_loss_at_its_place(visit, data, size):
    """Both axes are logarithmic: read from their own ticks, each mark stands at its λ and loss."""
    page = visit("explorer/")
    page.wait_for_selector("#explorer.drawn")
    press(page, "n", "Home", *["ArrowRight"] * size)
    seen, count = page.evaluate(LOSSES), len(data["lambda"])
    at = {True: [], False: []}  # of the two axes, whether it is λ's: (logarithm, pixel)
    for text, x, y in seen["ticks"]:
        is_weight = y == max(tick[2] for tick in seen["ticks"])
        at[is_weight].append((math.log(Fraction(text)), x if is_weight else y - 4))  # a text stands 4 below
    (across, left), (down, top) = (statistics.linear_regression(*zip(*at[axis])) for axis in (True, False))

    def place(k, name):
        loss = data[name][size * count + k]
        return pytest.approx(
            (left + across * math.log(data["lambda"][k]), top + down * math.log(loss)), abs=0.11
        )

    assert [look for look, *_ in seen["fits"]] == data["state"][size * count : (size + 1) * count]
    assert set(seen["lines"]) == set(LINES)
    for k, (_, *found) in enumerate(seen["fits"]):
        assert tuple(found) == place(k, "nll")
    for look, name in LINES.items():
        points = [tuple(map(float, point.split())) for point in seen["lines"][look][1:].split("L")]
        assert points == [place(k, name) for k in range(count)]
    chosen = page.evaluate("Number(document.querySelector('#explorer-lambda').value)")
    assert {look: tuple(found) for look, *found in seen["here"]} == {
        look: place(chosen, name) for look, name in LINES.items()
    }


def test_changes_are_announced_once_the_slider_rests(visit, data):
    page = visit("explorer/")
    press(page, "lambda", "End")
    page.locator("#explorer [role=status]", has_text="λ 8, n 60: ").wait_for(state="attached")
    said = page.text_content("#explorer [role=status]")
    for name in ("prior_std", "nll", "penalty", "grad_norm"):
        assert as_shown(data[name][-1]) in said


def test_without_javascript_the_static_figure_stands_and_no_control_does(visit):
    page = visit("explorer/", java_script_enabled=False)
    assert page.locator("#explorer input").count() == 0
    assert page.locator('[data-cell="explorer/figure"] svg').bounding_box()["height"] > 150
    assert page.get_by_text("The controls need JavaScript.").is_visible()
