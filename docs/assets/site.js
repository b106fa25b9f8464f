// What the pages do beyond reading: theme, search, copying, previews, the place in the list of sections, offline.
// Everything here adds to a page that is complete without it; overrides/start.js fetches it after the first paint.

const start = document.getElementById("start");
const { root: rootPath, search: searchPath } = start.dataset;
const root = new URL(rootPath, location.href);
const all = (selector, from = document) => [...from.querySelectorAll(selector)];
const make = (tag, attributes = {}, text = "") => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  return element;
};

// What can wait until the page stands, in turns.
const later = (work) => (window.requestIdleCallback ?? ((run) => setTimeout(run, 100)))(work, { timeout: 2000 });

// Theme: the system's, until the reader chooses.
const themeButton = document.querySelector(".theme");
const systemDark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (document.documentElement.dataset.theme || (systemDark.matches ? "dark" : "light")) === "dark";
const showTheme = () => themeButton.setAttribute("aria-pressed", String(isDark()));
themeButton.addEventListener("click", () => {
  const theme = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  try { localStorage.setItem("theme", theme); } catch { /* private windows may refuse */ }
  showTheme();
});
systemDark.addEventListener("change", showTheme);
showTheme();

// Boxes that scroll can be reached with the keyboard; those that do not are no stop on the way.
const boxes = all(".equation-body, pre[tabindex], .table");
const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const scrolls = target.scrollWidth > target.clientWidth + 1;
    target.toggleAttribute("data-scrolls", scrolls);
    if (scrolls) target.tabIndex = 0;
    else if (target === document.activeElement) target.addEventListener("blur", () => sizes.observe(target), { once: true });
    else target.removeAttribute("tabindex");
  }
});
later(() => boxes.forEach((box) => sizes.observe(box)));

// Copying: code by a button, formulas as their TeX.
const status = make("p", { role: "status", class: "visually-hidden" });
document.body.append(status);
const copyButton = (what, text) => {
  const button = make("button", { type: "button", "aria-label": `Copy ${what}` }, "copy");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text());
    button.textContent = "copied";
    status.textContent = `Copied ${what}`;
    setTimeout(() => { button.textContent = "copy"; status.textContent = ""; }, 1500);
  });
  return button;
};
// In the head of each cell: a link to its source in the repository, and that button.
later(() => {
  const repository = document.querySelector(".foot .repository")?.href.replace(/\/$/, "");
  for (const cell of all(".cell:has(.cell-head)")) {
    const [head, code, name] = [".cell-head", ".highlight code", ".cell-name"].map((part) => cell.querySelector(part));
    const links = make("span", { class: "cell-links" });
    const { source } = cell.dataset;
    if (repository && source) {
      const label = `Source of cell ${name.textContent}`;
      links.append(make("a", { href: `${repository}/blob/main/${source}`, "aria-label": label }, "source"));
    }
    if (navigator.clipboard && code) links.append(copyButton(name.textContent, () => code.textContent));
    head.append(links);
  }
});

document.addEventListener("copy", (event) => {
  const selection = getSelection();
  if (selection.isCollapsed || !event.clipboardData) return;
  const range = selection.getRangeAt(0);
  const around = (node) => {
    const element = node.nodeType === 1 ? node : node.parentElement;
    return element.closest(".katex-display") ?? element.closest(".katex");
  };
  const [first, last] = [around(range.startContainer), around(range.endContainer)];
  if (first) range.setStartBefore(first);
  if (last) range.setEndAfter(last);
  const copied = make("div");
  copied.append(range.cloneContents());
  const formulas = all(".katex", copied);
  if (!formulas.length) return;
  all("script, style, [hidden], title, desc, details:not([open]) > :not(summary)", copied).forEach((part) => part.remove());
  for (const formula of formulas) {
    const tex = formula.querySelector("annotation").textContent;
    const display = formula.closest(".katex-display");
    (display || formula).replaceWith(display ? `\n$$${tex}$$\n` : `$${tex}$`);
  }
  all(".equation-number", copied).forEach((number) => number.remove());
  event.clipboardData.setData("text/plain", copied.textContent.trim());
  event.preventDefault();
});

// Previews: what a citation, an equation or a figure refers to, beside the link to it.
const pages = new Map();
const pageOf = (url) => {
  const address = url.origin + url.pathname;
  if (address === location.origin + location.pathname) return Promise.resolve(document);
  if (!pages.has(address)) {
    const parsed = fetch(address).then((answer) => answer.text());
    pages.set(address, parsed.then((text) => new DOMParser().parseFromString(text, "text/html")));
  }
  return pages.get(address);
};
const targetOf = async (url) => (await pageOf(url).catch(() => null))?.getElementById(decodeURIComponent(url.hash.slice(1)));
const preview = make("div", { class: "preview", id: "preview", hidden: "" });
document.body.append(preview);
let shown = null;
const hide = () => {
  shown = null;
  preview.hidden = true;
};
const show = async (link) => {
  shown = link;
  const target = document.getElementById(link.getAttribute("aria-describedby")) ?? await targetOf(new URL(link.href));
  if (shown !== link || !target) return;
  const copy = document.importNode(target, true);
  all("[id]", copy).concat(copy).forEach((part) => part.removeAttribute("id"));
  all(".headerlink, .cite-back, [tabindex]", copy).forEach((part) => (part.matches(".headerlink, .cite-back") ? part.remove() : part.removeAttribute("tabindex")));
  preview.replaceChildren(...(copy.matches("li, p") ? copy.childNodes : [copy]));
  const place = link.getBoundingClientRect();
  preview.hidden = false;
  const left = Math.min(place.left, document.documentElement.clientWidth - preview.offsetWidth - 16);
  const below = place.bottom + 8 + preview.offsetHeight < innerHeight;
  preview.style.left = `${Math.max(16, left) + scrollX}px`;
  preview.style.top = `${scrollY + (below ? place.bottom + 8 : place.top - preview.offsetHeight - 8)}px`;
};
let waiting = 0;
const previewed = '.text a[href*="#ref-"], .text a[href*="#eq-"]:not(.equation-number), .text p a[href*="#fig-"]';
const listen = (link) => {
  link.addEventListener("pointerenter", (event) => {
    clearTimeout(waiting);  // that of the link that was left
    if (event.pointerType === "mouse") waiting = setTimeout(show, 150, link);
  });
  link.addEventListener("pointerleave", (event) => {
    clearTimeout(waiting);
    if (event.pointerType === "mouse") waiting = setTimeout(() => preview.matches(":hover") || hide(), 200);
  });
  link.addEventListener("focus", () => link.matches(":focus-visible") && show(link));
  link.addEventListener("blur", hide);
  link.addEventListener("click", (event) => {
    if (event.pointerType === "touch" && shown !== link) { event.preventDefault(); show(link); }
  });
};
later(() => all(previewed).forEach(listen));
preview.addEventListener("pointerleave", hide);
document.addEventListener("pointerdown", (event) => { if (!preview.contains(event.target) && event.target.closest("a") !== shown) hide(); });
document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });

// The section being read, in the list of sections.
const marks = new Map(all(".sections a").map((link) => [link.hash.slice(1), []]));
all(".sections a").forEach((link) => marks.get(link.hash.slice(1)).push(link));
const headings = [...marks.keys()].map((id) => document.getElementById(id)).filter(Boolean);
const rail = document.querySelector(".rail");
const keepInRail = (link) => {
  const [box, place] = [rail.getBoundingClientRect(), link.getBoundingClientRect()];
  if (place.height && (place.top < box.top + 40 || place.bottom > box.bottom - 40)) rail.scrollTop += place.top - box.top - box.height / 2;
};
const markSection = () => {
  const current = headings.filter((heading) => heading.getBoundingClientRect().top < innerHeight * 0.3).pop();
  for (const [id, links] of marks) {
    for (const link of links) {
      const now = current?.id === id;
      if (now && !link.hasAttribute("aria-current") && rail.contains(link)) keepInRail(link);
      if (now) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
    }
  }
};
if (headings.length) {
  new IntersectionObserver(markSection, { rootMargin: "0px 0px -70% 0px" }).observe(headings[0]);
  let asked = 0;
  addEventListener("scroll", () => { asked ||= requestAnimationFrame(() => { asked = 0; markSection(); }); }, { passive: true });
}

// The menu of small screens closes when the reader leaves it.
const menu = document.querySelector(".menu");
menu.addEventListener("keydown", (event) => {
  if (event.key === "Escape") { menu.open = false; menu.querySelector("summary").focus(); }
});
document.addEventListener("click", (event) => { if (!menu.contains(event.target) || event.target.closest(".menu a")) menu.open = false; });

// Search comes as a module of its own when it is asked for.
const searchButton = document.querySelector(".search-open");
const openSearch = async () => (await import(new URL(searchPath, location.href))).open(root);
searchButton.addEventListener("click", openSearch);
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); openSearch(); }
});

// Offline: only a built site has a service worker. Readers who save data are spared the download.
const worker = document.querySelector('meta[name="service-worker"]');
if (worker && "serviceWorker" in navigator && !navigator.connection?.saveData) {
  const keep = () => setTimeout(() => navigator.serviceWorker.register(new URL(worker.content, root)), 1000);
  if (document.readyState === "complete") keep(); else addEventListener("load", keep);
}

// A tool that was pressed before this script was there.
start.pressed?.click();
