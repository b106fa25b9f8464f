// λ explorer: draws the fits that the page carries as data; computes nothing but pixels.
//
// In:  <script type="application/json" data-cell="explorer/data"> and <div id="explorer">, whose content it replaces.
// Out: in that div two sliders, the fit over the data, the loss against λ, and the numbers as text.
"use strict";

(() => {
  const root = document.getElementById("explorer");
  const source = document.querySelector('script[data-cell="explorer/data"]');
  if (!root || !source) return;

  const data = JSON.parse(source.textContent);
  const count = data.lambda.length;
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const state = { k: 0, size: data.n.length - 1, hold: false, anchor: 0, kept: true };
  const shown = { curve: null, frame: 0, timer: 0 };

  const at = () => state.size * count + state.k;
  const n = () => data.n[state.size];
  const of = (name, k) => data[name][state.size * count + k];
  const bestK = () => [...data.lambda.keys()].reduce((best, k) => (of("new_nll", k) < of("new_nll", best) ? k : best), 0);

  // ---- text ----

  const superscript = (text) => text.replace(/[-\d]/g, (c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]));
  const lambdaText = (k) => data.lambda_text[k];

  // A number as it stands on the line, and the power of ten above the line.
  function lineAndPower(value) {
    if (value < 1e-12) return ["below 10", "-12"];
    if (value >= 1e-3) return [value.toPrecision(4), ""];
    const [digits, power] = value.toExponential(1).split("e");
    return [`${digits} × 10`, power];
  }

  function numberText(value) {
    const [line, power] = lineAndPower(value);
    return line + superscript(power);
  }

  function verdict() {
    const limit = String(data.threshold);
    const first = {
      smooth: `Converged: the gradient's norm is below ${limit}.`,
      kink: `Converged on a kink: single gradients jump there, but a weighted average of those nearby is shorter than ${limit}.`,
    }[data.state[at()]];
    const second = " Not the MAP estimate: at this λ the parameters of another fit have a lower loss.";
    const third = " The prior is not kept: the λ it needs lies beyond the slider's end.";
    return first + (data.beaten[at()] ? second : "") + (state.kept ? "" : third);
  }

  function lossTitle() {
    const [first, last] = [0, count - 1].map((k) => numberText(of("nll", k)));
    const best = bestK();
    return `Loss against λ for n = ${n()}: the NLL is ${first} at the smallest λ and ${last} at the largest; ` +
      `the NLL of new labels is lowest, ${numberText(of("new_nll", best))}, at λ = ${lambdaText(best)}. ` +
      `Marked: λ = ${lambdaText(state.k)}`;
  }

  function summary() {
    const [std, fit, penalty, gradient] = ["prior_std", "nll", "penalty", "grad_norm"].map((name) =>
      numberText(data[name][at()]));
    return `λ ${lambdaText(state.k)}, n ${n()}: prior standard deviation ${std}, NLL ${fit}, ` +
      `penalty ${penalty}, gradient norm ${gradient}. ${verdict()}`;
  }

  // ---- small builders ----

  function html(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  function svg(tag, attributes = {}, ...children) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  const symbol = (text) => html("i", {}, text);
  const linear = (from, to, start, end) => (value) => start + ((value - from) / (to - from)) * (end - start);
  const path = (xs, ys) => xs.map((x, i) => `${i ? "L" : "M"}${x.toFixed(1)} ${ys[i].toFixed(1)}`).join("");

  function key(className, text) {
    const mark = className.includes("point")
      ? svg("circle", { class: className, cx: 13, cy: 6, r: 4 })
      : svg("path", { class: className, d: "M0 6H26" });
    return html("li", {}, svg("svg", { width: 26, height: 12, "aria-hidden": "true" }, mark), text);
  }

  // ---- the page's part ----

  function slider(id, max) {
    return html("input", { type: "range", id, min: 0, max, step: 1 });
  }

  function ends(...texts) {
    return html("span", { class: "explorer-ends", "aria-hidden": "true" }, ...texts.map((text) => html("span", {}, text)));
  }

  const lambdaSlider = slider("explorer-lambda", count - 1);
  const sizeSlider = slider("explorer-n", data.n.length - 1);
  const hold = html("input", { type: "checkbox", id: "explorer-hold" });
  const lambdaValue = html("output", { for: "explorer-lambda", "aria-live": "off" });
  const sizeValue = html("output", { for: "explorer-n", "aria-live": "off" });
  const fitPicture = svg("svg", { class: "explorer-fit", role: "img" });
  const lossPicture = svg("svg", { class: "explorer-loss", role: "img" });
  const priorPicture = svg("svg", { class: "explorer-prior", "aria-hidden": "true" });
  const sentence = html("p", { class: "explorer-verdict" });
  const spoken = html("p", { class: "visually-hidden", role: "status", "aria-live": "polite" });
  const numbers = html("dl");

  const rows = [
    ["prior_std", "Prior standard deviation √", "τ"],
    ["prior_variance", "Prior variance ", "τ", " = 1/(", "nλ", ")"],
    ["nll", "NLL on the ", "n", " points"],
    ["penalty", "Penalty ", "λ", "/2 ∥", "θ", "∥²"],
    ["loss", "Loss ", "L", ", their sum"],
    ["new_nll", "NLL of new labels"],
    ["grad_norm", "Gradient norm ∥∇", "L", "∥"],
    ["shortest", "Shortest average gradient"],
  ].map(([name, ...words]) => {
    const value = html("data", { "data-name": name });
    const term = html("dt", {}, ...words.map((word) => (/^[a-zA-Zλτθ]{1,2}$/.test(word) ? symbol(word) : word)));
    numbers.append(html("div", {}, term, html("dd", {}, value)));
    return [name, value];
  });

  function build() {
    const controls = html("div", { class: "explorer-controls", role: "group", "aria-label": "Choose λ and n" });
    controls.append(
      html("div", { class: "explorer-control" },
        html("label", { for: "explorer-lambda" }, "Weight decay ", symbol("λ")), lambdaValue, lambdaSlider, ends("wide prior", "narrow prior")),
      html("div", { class: "explorer-control" },
        html("label", { for: "explorer-n" }, "Data set size ", symbol("n")), sizeValue, sizeSlider, ends(...data.n.map(String))),
      html("label", { class: "explorer-hold" }, hold, html("span", {}, "Keep the prior when ", symbol("n"), " changes")));
    const fit = html("div", { class: "explorer-view" },
      html("ul", { class: "explorer-keys" },
        key("point used", "data"), key("point", "left out"), key("line fit", "fit"), key("line truth", "truth")),
      fitPicture);
    const loss = html("div", { class: "explorer-view" },
      html("ul", { class: "explorer-keys" },
        key("line nll", "NLL"), key("line total", "loss L"), key("line new", "NLL, new labels")),
      lossPicture,
      html("ul", { class: "explorer-keys" },
        key("point smooth", "smooth"), key("point kink", "on a kink")));
    const text = html("div", { class: "explorer-view explorer-numbers" },
      html("ul", { class: "explorer-keys" }, key("line bell", "prior of each parameter")),
      priorPicture, numbers, sentence);
    root.replaceChildren(controls, fit, html("div", { class: "explorer-lower" }, loss, text), spoken);
    root.classList.add("drawn");
  }

  // ---- pictures ----

  function frame(picture, height, margin) {
    const width = Math.max(240, Math.round(picture.parentElement.clientWidth));
    picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    picture.setAttribute("width", width);
    picture.setAttribute("height", height);
    return { left: margin.left, right: width - 8, top: 8, bottom: height - margin.bottom, width, height };
  }

  function axes(box, xTicks, yTicks, xName, yName) {
    const group = svg("g", { class: "axes" });
    for (const [y, text] of yTicks) {
      group.append(svg("path", { class: "grid", d: `M${box.left} ${y}H${box.right}` }));
      group.append(svg("text", { x: box.left - 7, y: y + 4, "text-anchor": "end" }, text));
    }
    group.append(svg("path", { class: "base", d: `M${box.left} ${box.bottom}H${box.right}` }));
    for (const [x, text] of xTicks) {
      group.append(svg("path", { class: "base", d: `M${x} ${box.bottom}v4` }));
      group.append(svg("text", { x, y: box.bottom + 18, "text-anchor": "middle" }, text));
    }
    const middle = (box.left + box.right) / 2;
    group.append(svg("text", { x: middle, y: box.height - 3, "text-anchor": "middle", class: "name" }, xName));
    const turn = `translate(12 ${(box.top + box.bottom) / 2}) rotate(-90)`;
    group.append(svg("text", { transform: turn, "text-anchor": "middle", class: "name" }, yName));
    return group;
  }

  let setCurve = () => {};
  let setMarker = () => {};
  let setPrior = () => {};

  function drawFit() {
    const box = frame(fitPicture, innerWidth < 500 ? 260 : 300, { left: 40, bottom: 40 });
    const low = Math.min(...data.y) - 0.7;
    const high = Math.max(...data.y) + 1;
    const x = linear(data.curve_x[0], data.curve_x.at(-1), box.left, box.right);
    const y = linear(low, high, box.bottom, box.top);
    const ticks = [0, 2, 4].map((value) => [y(value), String(value)]);
    const clip = svg("clipPath", { id: "explorer-clip" },
      svg("rect", { x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top }));
    const curves = svg("g", { "clip-path": "url(#explorer-clip)" });
    const truth = svg("path", { class: "line truth", d: path(data.curve_x.map(x), data.truth.map(y)) });
    const curve = svg("path", { class: "line fit" });
    const points = svg("g");
    data.x.forEach((value, i) => {
      const used = i % (data.x.length / n()) === 0;
      points.append(svg("circle", { class: used ? "point used" : "point", cx: x(value), cy: y(data.y[i]), r: used ? 4 : 3 }));
    });
    curves.append(truth, points, curve);
    const inputs = [-10, -5, 0, 5, 10].map((value) => [x(value), String(value).replace("-", "−")]);
    fitPicture.replaceChildren(svg("title"), clip, axes(box, inputs, ticks, "input x", "target y"), curves);
    setCurve = (values) => curve.setAttribute("d", path(data.curve_x.map(x), values.map(y)));
    setCurve(shown.curve);
  }

  function drawPrior() {
    const box = frame(priorPicture, 78, { left: 8, bottom: 22 });
    const widest = Math.max(...data.prior_std);
    const x = linear(-widest, widest, box.left, box.right);
    const values = [-2, -1, 0, 1, 2].filter((value) => Math.abs(value) <= widest);
    const ticks = values.map((value) => [x(value), String(value).replace("-", "−")]);
    const under = svg("path", { class: "under" });
    const bell = svg("path", { class: "line bell" });
    priorPicture.replaceChildren(under, axes(box, ticks, [], "", ""), bell);
    setPrior = (std) => {
      const places = Array.from({ length: 121 }, (_, i) => box.left + (i / 120) * (box.right - box.left));
      const middle = x(0);
      const width = x(std) - middle;
      const near = Array.from({ length: 81 }, (_, i) => middle + (i / 20 - 2) * 2 * width);
      const xs = [...places, ...near].filter((px) => px >= box.left && px <= box.right).sort((a, b) => a - b);
      const ys = xs.map((px) => box.bottom - (box.bottom - box.top) * Math.exp(-(((px - middle) / width) ** 2) / 2));
      bell.setAttribute("d", path(xs, ys));
      under.setAttribute("d", `${path(xs, ys)}V${box.bottom}H${box.left}Z`);
    };
  }

  function drawLoss() {
    const box = frame(lossPicture, 270, { left: 44, bottom: 40 });
    const x = linear(0, count - 1, box.left + 8, box.right - 8);
    const low = Math.min(...data.nll) * 0.9;
    const high = Math.max(...data.loss) * 1.15;
    const y = (value) => linear(Math.log(low), Math.log(high), box.bottom, box.top)(Math.log(value));
    const steps = [...data.lambda.keys()];
    const wholes = steps.filter((k) => Number.isInteger(Math.log2(data.lambda[k]) / 2));
    const xTicks = wholes.map((k) => [x(k), data.lambda[k] < 1 ? `1/${1 / data.lambda[k]}` : String(data.lambda[k])]);
    const yTicks = [0.25, 0.5, 1, 2, 4, 8].filter((value) => low <= value && value <= high).map((value) => [y(value), String(value)]);
    const group = svg("g");
    for (const [name, look] of [["new_nll", "new"], ["loss", "total"], ["nll", "nll"]]) {
      group.append(svg("path", { class: `line ${look}`, d: path(steps.map(x), steps.map((k) => y(of(name, k)))) }));
    }
    for (const k of steps) {
      group.append(svg("circle", { class: `point ${of("state", k)}`, cx: x(k), cy: y(of("nll", k)), r: 3.2 }));
    }
    const line = svg("path", { class: "now" });
    const dots = ["new", "total", "nll"].map((look) => svg("circle", { class: `here ${look}`, r: 5.5 }));
    lossPicture.replaceChildren(svg("title"),
      axes(box, xTicks, yTicks, "weight decay λ", "nats per example"), line, group, ...dots);
    setMarker = () => {
      line.setAttribute("d", `M${x(state.k)} ${box.top}V${box.bottom}`);
      ["new_nll", "loss", "nll"].forEach((name, i) => {
        dots[i].setAttribute("cx", x(state.k));
        dots[i].setAttribute("cy", y(of(name, state.k)));
      });
    };
    lossPicture.onpointerdown = lossPicture.onpointermove = (event) => {
      if (event.type === "pointermove" && event.buttons !== 1) return;
      const place = event.clientX - lossPicture.getBoundingClientRect().left;
      choose(Math.round(linear(x(0), x(count - 1), 0, count - 1)(place)));
    };
  }

  function moveCurve(target) {
    cancelAnimationFrame(shown.frame);
    const from = shown.curve;
    if (!from || calm.matches) {
      shown.curve = target;
      setCurve(target);
      return;
    }
    const began = performance.now();
    const tick = (now) => {
      const part = Math.min(1, Math.max(0, (now - began) / 160));
      const eased = 1 - (1 - part) ** 3;
      shown.curve = part === 1 ? target : target.map((value, i) => from[i] + eased * (value - from[i]));
      setCurve(shown.curve);
      if (part < 1) shown.frame = requestAnimationFrame(tick);
    };
    shown.frame = requestAnimationFrame(tick);
  }

  // ---- state ----

  function choose(k) {
    state.k = Math.min(count - 1, Math.max(0, k));
    state.anchor = data.prior_variance[at()];
    state.kept = true;
    update();
  }

  function resize(size) {
    state.size = size;
    if (state.hold) {
      const distance = (k) => Math.abs(Math.log(of("prior_variance", k) / state.anchor));
      state.k = [...data.lambda.keys()].reduce((best, k) => (distance(k) < distance(best) ? k : best), 0);
      state.kept = distance(state.k) < 1e-3; // variances have six digits, steps of λ are far longer
    }
    drawFit();
    drawLoss();
    drawPrior();
    update();
  }

  function update() {
    lambdaSlider.value = state.k;
    sizeSlider.value = state.size;
    lambdaValue.textContent = lambdaText(state.k);
    sizeValue.textContent = String(n());
    const std = numberText(data.prior_std[at()]);
    lambdaSlider.setAttribute("aria-valuetext", `${lambdaText(state.k)}, prior standard deviation ${std}`);
    sizeSlider.setAttribute("aria-valuetext", `${n()} points, prior standard deviation ${std}`);
    for (const [name, element] of rows) {
      element.value = String(data[name][at()]);
      const [line, power] = lineAndPower(data[name][at()]);
      element.replaceChildren(line, ...(power ? [html("sup", {}, power.replace("-", "−"))] : []));
    }
    sentence.textContent = verdict();
    const what = `at λ = ${lambdaText(state.k)} and n = ${n()}`;
    fitPicture.querySelector("title").textContent = `The network's fit over the data ${what}`;
    lossPicture.querySelector("title").textContent = lossTitle();
    moveCurve(data.curves[at()]);
    setMarker();
    setPrior(data.prior_std[at()]);
    clearTimeout(shown.timer);
    shown.timer = setTimeout(() => (spoken.textContent = summary()), 250); // once the slider rests
  }

  // ---- start: at the λ whose fit predicts new labels best ----

  state.k = bestK();
  state.anchor = data.prior_variance[at()];
  shown.curve = data.curves[at()];
  build();
  resize(state.size);
  lambdaSlider.addEventListener("input", () => choose(Number(lambdaSlider.value)));
  sizeSlider.addEventListener("input", () => resize(Number(sizeSlider.value)));
  hold.addEventListener("change", () => {
    state.hold = hold.checked;
    choose(state.k);
  });
  let width = root.clientWidth;
  new ResizeObserver(() => {
    if (root.clientWidth === width) return;
    width = root.clientWidth;
    resize(state.size);
  }).observe(root);
})();
