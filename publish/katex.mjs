// One line of JSON in, {tex, display}; one line of JSON out, {html} or {error}.
// One process draws the formulas of all pages; it ends when its input ends.
import { createInterface } from "node:readline";
import katex from "katex";

// KaTeX lets a line end after every relation. A display, which scrolls where it must, stays whole after the bar of p(y | x).
const whole = { "\\mid": "∣\\nobreak" };

for await (const line of createInterface({ input: process.stdin })) {
  const { tex, display } = JSON.parse(line);
  let answer;
  try {
    answer = {
      html: katex.renderToString(tex, {
        displayMode: display,
        macros: display ? { ...whole } : {},
        output: "htmlAndMathml",
        throwOnError: true,
        strict: "error",
        trust: false,
      }),
    };
  } catch (error) {
    answer = { error: error.message };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
