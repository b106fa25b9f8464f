{#- In every page's head: the reader's theme before the first paint; the page's script (docs/assets/site.js) after it,
or a second after the text where a browser tells of no paint. A tool pressed before that is pressed again by it. -#}
{
const start = document.currentScript;
document.documentElement.className = "js";
try { document.documentElement.dataset.theme = localStorage.getItem("theme") || ""; } catch {}
addEventListener("click", (event) => { start.pressed = event.target.closest("button.tool"); });
let run = () => {
run = () => {};
document.head.append(Object.assign(document.createElement("script"), { src: start.dataset.script }));
};
addEventListener("DOMContentLoaded", () => {
new PerformanceObserver(() => run()).observe({ type: "paint", buffered: true });
setTimeout(() => run(), 1000);
});
}
