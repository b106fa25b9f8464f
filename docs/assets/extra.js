// What the pages do beyond Material: keyboard stops where a box scrolls, formulas copied as TeX, previews of references.
// Each adds to a page that is complete without it.
(() => {
  "use strict";
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const later = window.requestIdleCallback ?? setTimeout;

  // Boxes that scroll can be reached with the keyboard; those that do not are no stop on the way.
  const sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const scrolls = target.scrollWidth > target.clientWidth + 1;
      target.toggleAttribute("data-scrolls", scrolls);
      if (scrolls) target.tabIndex = 0;
      else if (target !== document.activeElement) target.removeAttribute("tabindex");
    }
  });
  later(() => all(".equation-body, .text pre, .table").forEach((box) => sizes.observe(box)));

  // A link into a fold opens it, in browsers that do not do so themselves.
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const folds = all("details:not([open])", document).filter((fold) => fold.contains(target) && fold !== target);
    folds.forEach((fold) => { fold.open = true; });
    if (folds.length) target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();

  // A copied formula is its TeX.
  document.addEventListener("copy", (event) => {
    const selection = getSelection();
    if (selection.isCollapsed || !event.clipboardData) return;
    const range = selection.getRangeAt(0);
    const around = (node) => {
      const element = node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement;
      return element.closest(".katex-display") ?? element.closest(".katex");
    };
    const [first, last] = [around(range.startContainer), around(range.endContainer)];
    if (first) range.setStartBefore(first);
    if (last) range.setEndAfter(last);
    const copied = document.createElement("div");
    copied.append(range.cloneContents());
    const formulas = all(".katex", copied);
    if (!formulas.length) return;
    for (const formula of formulas) {
      const tex = formula.querySelector("annotation").textContent;
      const display = formula.closest(".katex-display");
      (display ?? formula).replaceWith(display ? `\n$$${tex}$$\n` : `$${tex}$`);
    }
    all("script, style, title, desc, .equation-number, .headerlink, details:not([open]) > :not(summary)", copied).forEach((part) => part.remove());
    event.clipboardData.setData("text/plain", copied.textContent.trim());
    event.preventDefault();
  });

  // Previews: what a citation, an equation or a figure refers to, beside the link to it.
  const article = document.querySelector(".text");
  const preview = Object.assign(document.createElement("div"), { className: "preview", id: "preview", hidden: true });
  article.append(preview);
  const pages = new Map();
  const pageOf = ({ origin, pathname }) => {
    if (pathname === location.pathname) return document;
    if (!pages.has(pathname)) {
      const text = fetch(origin + pathname).then((answer) => answer.text());
      pages.set(pathname, text.then((html) => new DOMParser().parseFromString(html, "text/html")));
    }
    return pages.get(pathname);
  };
  let shown = null;
  let waiting = 0;
  const hide = () => {
    shown = null;
    preview.hidden = true;
  };
  const show = async (link) => {
    shown = link;
    const page = await Promise.resolve(pageOf(link)).catch(() => null);
    const target = page?.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (shown !== link || !target) return;
    const copy = document.importNode(target, true);
    all(".headerlink, .cite-back", copy).forEach((part) => part.remove());
    [copy, ...all("[id], [tabindex]", copy)].forEach((part) => ["id", "tabindex"].forEach((name) => part.removeAttribute(name)));
    preview.replaceChildren(...(copy.matches("li, p") ? copy.childNodes : [copy]));
    preview.hidden = false;
    const [place, frame] = [link.getBoundingClientRect(), document.documentElement];
    const left = Math.max(16, Math.min(place.left, frame.clientWidth - preview.offsetWidth - 16));
    const below = place.bottom + 8 + preview.offsetHeight < innerHeight;
    preview.style.left = `${left + scrollX}px`;
    preview.style.top = `${scrollY + (below ? place.bottom + 8 : place.top - preview.offsetHeight - 8)}px`;
  };
  const referred = (event) => event.target.closest?.('a[href*="#ref-"], a[href*="#eq-"]:not(.equation-number), p a[href*="#fig-"]');
  const wait = (work, time) => { clearTimeout(waiting); waiting = setTimeout(work, time); };
  article.addEventListener("pointerover", (event) => {
    const link = referred(event);
    if (event.pointerType !== "mouse" || preview.contains(event.target)) return clearTimeout(waiting);
    if (link) wait(() => show(link), 150);
    else wait(hide, 200);
  });
  article.addEventListener("focusin", (event) => event.target.matches(":focus-visible") && referred(event) && show(referred(event)));
  article.addEventListener("focusout", hide);
  article.addEventListener("click", (event) => { // a first touch shows, a second follows
    const link = referred(event);
    if (link && event.pointerType === "touch" && shown !== link) { event.preventDefault(); show(link); }
  });
  document.addEventListener("pointerdown", (event) => preview.contains(event.target) || referred(event) === shown || hide());
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
})();
