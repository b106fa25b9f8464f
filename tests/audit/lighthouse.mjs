// Lighthouse on one page after another in one Chromium: a request in, as JSON; one report a line out.
import * as chromeLauncher from "chrome-launcher";
import lighthouse from "lighthouse";
import { pageFunctions } from "lighthouse/core/lib/page-functions.js";

const { addresses, categories, chromium, flags, settings } = JSON.parse(process.argv[2]);
if (!categories.includes("performance")) {
  // Lighthouse times the machine for a second on each page; no other category reads the result.
  pageFunctions.computeBenchmarkIndex = () => 1000;
}
const chromeFlags = ["--headless=new", ...flags];
const browser = await chromeLauncher.launch({ chromePath: chromium, chromeFlags });
try {
  for (const address of addresses) {
    const config = { extends: "lighthouse:default", settings: { onlyCategories: categories, ...settings } };
    const ran = await lighthouse(address, { port: browser.port, logLevel: "error" }, config);
    await new Promise((written) => process.stdout.write(`${JSON.stringify(ran.lhr)}\n`, written));
  }
} finally {
  browser.kill();
}
process.exit(); // what Lighthouse still waits for is no part of a report
