// A JSON list of {tex, display} in, a JSON list of {html} or {error} out.
import { readFileSync } from "node:fs";
import katex from "katex";

const options = { output: "htmlAndMathml", throwOnError: true, strict: "error", trust: false };
// KaTeX lets a line end after every relation; a display, which scrolls where it must, stays whole after the bar of p(y | x).
const whole = { "\\mid": "∣\\nobreak" };

const draw = ({ tex, display }) => {
  try {
    return { html: katex.renderToString(tex, { ...options, displayMode: display, macros: display ? { ...whole } : {} }) };
  } catch (error) {
    return { error: error.message };
  }
};
process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(draw)));
