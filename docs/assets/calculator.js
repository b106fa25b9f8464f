// The calculator of "Choosing the weight decay": one strength of regularization in, the same
// strength in every other unit out. convert() mirrors the cell `convert` of snippets/conversions.py.
// In a function of its own: classic scripts share one scope with every other script of the page.
(() => {
  "use strict";

  const HUGE = 1e20;
  const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

  // The loss is `scale` times the NLL, plus a constant; `noise` is σ², which a cross-entropy has not.
  function convert(known, value, n, loss, noise, summed) {
    const [scale, toAlpha] = {
      "cross-entropy": [1, null],
      "squared error": [2 * noise, n / 2],
      "half the squared error": [noise, n],
    }[loss];
    const lambda =
      known === "prior_variance" || known === "C"
        ? scale / (n * value)
        : value / { weight_decay: summed, lambda: 1, alpha: toAlpha }[known];
    const priorVariance = scale / (n * lambda);
    const same = {
      lambda,
      weight_decay: summed * lambda,
      prior_variance: priorVariance,
      prior_std: Math.sqrt(priorVariance),
    };
    return toAlpha === null ? { ...same, C: priorVariance } : { ...same, alpha: toAlpha * lambda };
  }

  // How each quantity follows from λ, and λ from the one that is known.
  function formulas(known, loss, summed) {
    const scale = { "cross-entropy": "1", "squared error": "2σ²", "half the squared error": "σ²" }[loss];
    const half = loss === "half the squared error";
    const toLambda = {
      weight_decay: summed ? "weight_decay / B" : "weight_decay",
      lambda: "given",
      prior_variance: `${scale} / (nτ)`,
      alpha: half ? "alpha / n" : "2 alpha / n",
      C: "1 / (nC)",
    };
    const fromLambda = {
      lambda: toLambda[known],
      weight_decay: summed ? "Bλ" : "λ",
      prior_variance: `${scale} / (nλ)`,
      prior_std: "√τ",
      alpha: half ? "nλ" : "nλ / 2",
      C: "1 / (nλ)",
    };
    return { ...fromLambda, [known]: "given" };
  }

  const WHAT_ZERO_MEANS = {
    weight_decay: "Zero is no decay: a flat prior, whose variance is not finite. Enter a number above zero.",
    lambda: "Zero is no decay: a flat prior, whose variance is not finite. Enter a number above zero.",
    alpha: "Zero is no penalty: a flat prior, whose variance is not finite. Enter a number above zero.",
    prior_variance: "A variance of zero holds every parameter at zero. Enter a number above zero.",
    C: "C is a prior variance; zero holds every parameter at zero. Enter a number above zero.",
  };

  /** Read a field: {value} or {error}, the error a sentence for the person who typed. */
  function read(text, { whole = false, zero = "Enter a number above zero." }) {
    const typed = text.trim();
    if (typed === "") return { error: "Enter a number." };
    if (/^[+-]?[\d.]*,[\d.,]*$/.test(typed)) return { error: "Write the number without commas, with a point for decimals." };
    if (!NUMBER.test(typed)) return { error: `“${typed.slice(0, 20)}” is not a number. Write digits, as in 0.01 or 1e-2.` };
    const value = Number(typed);
    if (value < 0) return { error: "The number must not be negative." };
    // Number("1e-400") is 0 although the digits are not.
    if (value === 0 && /[1-9]/.test(typed.split(/e/i)[0])) return { error: `Too small: enter at least ${1 / HUGE}.` };
    if (value === 0) return { error: zero };
    if (value > HUGE) return { error: "Too large: enter at most 1e20." };
    if (value < 1 / HUGE) return { error: `Too small: enter at least ${1 / HUGE}.` };
    if (whole && !Number.isInteger(value)) return { error: "This is a count: enter a whole number." };
    return { value };
  }

  /** Six significant digits, without trailing zeros. */
  const shown = (value) => String(Number(value.toPrecision(6)));

  function start(root) {
    const form = root.querySelector("form");
    const field = (name) => form.elements[name];
    const status = root.querySelector("[role=status]");
    let announcement = 0;

    function show(name, visible) {
      root.querySelectorAll(`[data-when~="${name}"]`).forEach((element) => (element.hidden = !visible));
    }

    function mark(name, error) {
      field(name).setAttribute("aria-invalid", String(Boolean(error)));
      root.querySelector(`#calculator-${name}-error`).textContent = error ?? "";
    }

    /** The numbers typed, or null after saying beside each field what is wrong with it. */
    function input(regression, summed) {
      const known = field("known").value;
      const rules = { n: { whole: true }, batch: { whole: true }, variance: {}, value: { zero: WHAT_ZERO_MEANS[known] } };
      const used = { n: true, batch: summed, variance: regression, value: true };
      const numbers = {};
      let valid = true;
      for (const name of Object.keys(rules)) {
        let { value, error } = used[name] ? read(field(name).value, rules[name]) : {};
        if (name === "batch" && value > numbers.n) error = "A batch holds at most all n.";
        mark(name, error);
        numbers[name] = value;
        valid &&= !error;
      }
      return valid ? { known, ...numbers } : null;
    }

    function say(text) {
      clearTimeout(announcement);
      announcement = setTimeout(() => (status.textContent = text), 400);
    }

    function update() {
      const loss = field("loss").value;
      const regression = loss !== "cross-entropy";
      const summed = field("reduction").value === "sum";
      const [wrong, right] = regression ? ["C", "alpha"] : ["alpha", "C"];
      if (field("known").value === wrong) field("known").value = right;
      field("known").querySelector(`[value=${wrong}]`).disabled = true;
      field("known").querySelector(`[value=${right}]`).disabled = false;
      show("regression", regression);
      show("classification", !regression);
      show("sum", summed);

      const given = input(regression, summed);
      const same = given && convert(given.known, given.value, given.n, loss, given.variance, given.batch ?? 1);
      const how = formulas(field("known").value, loss, summed);
      root.querySelectorAll("data").forEach((cell) => {
        const name = cell.dataset.quantity;
        cell.value = same?.[name] ?? "";
        cell.textContent = same && name in same ? shown(same[name]) : "–";
        root.querySelector(`[data-formula=${name}]`).textContent = how[name];
      });
      say(
        same
          ? `${shown(same.weight_decay)} as weight_decay is a prior variance of ${shown(same.prior_variance)}, a standard deviation of ${shown(same.prior_std)}.`
          : "No result: correct the marked field.",
      );
    }

    root.querySelectorAll("[data-example]").forEach((button) =>
      button.addEventListener("click", () => {
        for (const [name, value] of new URLSearchParams(button.dataset.example)) field(name).value = value;
        update();
      }),
    );
    form.addEventListener("input", update);
    form.addEventListener("submit", (event) => event.preventDefault());
    root.querySelector("[data-without-script]").hidden = true;
    form.hidden = false;
    update();
  }

  document.querySelectorAll("[data-calculator]").forEach(start);
})();
