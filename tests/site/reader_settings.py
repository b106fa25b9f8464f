"""What a reader's settings may do to a page: overlap, cut, lose. Scripts that look for it in the browser.

In: an open page. Out: a list of faults, each naming its place; an empty list is what the site promises.
"""

from visits import UNFOLD, WIDER

# The blocks of text that hold no other block, and the area that each covers: its box and its lines,
# as far as no scrolling ancestor hides them. Two of these areas must not meet.
OVERLAPS = r"""() => {
  const BLOCK = /^(block|list-item|table(-cell|-caption)?|flow-root|(inline-)?(flex|grid)|inline-block)$/;
  const skipped = '.katex-html *, .katex-mathml, .katex-mathml *, .visually-hidden, svg *, script, style, '
    + '.preview, .preview *, .md-header *, .md-sidebar *, .md-skip, .md-dialog *, .md-content__button *';
  const floats = (element) => {
    for (let part = element; part && part !== document.body; part = part.parentElement) {
      if (/absolute|fixed|sticky/.test(getComputedStyle(part).position)) return true;
    }
    return false;
  };
  const clipped = (box, element) => {
    for (let part = element.parentElement; part && part !== document.body; part = part.parentElement) {
      if (getComputedStyle(part).overflowX === 'visible') continue;
      const around = part.getBoundingClientRect();
      box = { left: Math.max(box.left, around.left), right: Math.min(box.right, around.right),
        top: Math.max(box.top, around.top), bottom: Math.min(box.bottom, around.bottom) };
    }
    return box;
  };
  const leaves = [...document.querySelectorAll('body *')].filter((element) => {
    if (element.matches(skipped) || !element.checkVisibility()) return false;
    if (element.matches('svg')) return true;
    if (!BLOCK.test(getComputedStyle(element).display) || !element.textContent.trim()) return false;
    return ![...element.querySelectorAll(':not(.katex *):not(svg *)')].some((part) =>
      part.matches('svg') || (BLOCK.test(getComputedStyle(part).display) && part.textContent.trim()));
  }).filter((element) => !floats(element));
  const areas = leaves.map((element) => {
    const box = element.getBoundingClientRect();
    let area = { left: box.left, right: box.right, top: box.top, bottom: box.bottom };
    if (!element.matches('svg') && getComputedStyle(element).overflowX === 'visible') {
      area.right = Math.max(area.right, box.left + element.scrollWidth);
      area.bottom = Math.max(area.bottom, box.top + element.scrollHeight);
    }
    return { element, ...clipped(area, element) };
  }).filter((area) => area.right - area.left > 1 && area.bottom - area.top > 1).sort((a, b) => a.top - b.top);
  const faults = [];
  areas.forEach((one, index) => {
    for (const other of areas.slice(index + 1)) {
      if (other.top > one.bottom - 2) break;
      if (one.element.contains(other.element) || other.element.contains(one.element)) continue;
      const across = Math.min(one.right, other.right) - Math.max(one.left, other.left);
      const [first, second] = [one, other].map(({ element }) => element.outerHTML.slice(0, 90));
      if (across > 2) faults.push(`${first} meets ${second}`);
    }
  });
  return faults.slice(0, 5);
}"""
# Boxes that hide a part of their text, and text beyond an edge of the window that nothing scrolls to.
CUT = r"""() => {
  const skipped = '.visually-hidden, .katex-mathml, .katex-mathml *, .hide-tail, .md-skip, '
    + '.md-header *, .md-sidebar *';
  const faults = [];
  for (const element of document.querySelectorAll('body *')) {
    if (element.matches(skipped) || !element.checkVisibility()) continue;
    if (element.closest('svg') || !element.textContent.trim()) continue;
    const { overflowX, overflowY, webkitLineClamp } = getComputedStyle(element);
    const hides = (value) => value === 'hidden' || value === 'clip';
    const wide = element.scrollWidth - element.clientWidth;
    const high = element.scrollHeight - element.clientHeight;
    if ((hides(overflowX) && wide > 1) || (hides(overflowY) && high > 1) || webkitLineClamp !== 'none') {
      faults.push(`cut by ${wide} × ${high} px: ${element.outerHTML.slice(0, 120)}`);
    }
  }
  const unseen = '.katex-mathml, .visually-hidden, .md-skip, .md-search, .md-sidebar, .md-dialog, '
    + 'script, style, title, desc';
  const lines = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  const width = document.documentElement.clientWidth;
  for (let text = lines.nextNode(); text; text = lines.nextNode()) {
    const parent = text.parentElement;
    if (!text.data.trim() || !parent.checkVisibility() || parent.closest(unseen)) continue;
    range.selectNodeContents(text);
    const box = range.getBoundingClientRect();
    let part = parent;
    while (part && !/auto|scroll/.test(getComputedStyle(part).overflowX)) part = part.parentElement;
    if (!part && box.width && (box.left < -1 || box.right > width + 1)) {
      const reach = `${box.left.toFixed()} to ${box.right.toFixed()}`;
      faults.push(`beyond the window, ${reach}: ${text.data.trim().slice(0, 60)}`);
    }
  }
  return faults.slice(0, 5);
}"""
# Words of one drawing that are written over each other.
LABELS = r"""() => {
  const faults = [];
  for (const svg of document.querySelectorAll('main svg')) {
    const words = [...svg.querySelectorAll('text')]
      .filter((word) => word.textContent.trim() && word.checkVisibility());
    const boxes = words.map((word) => word.getBoundingClientRect());
    boxes.forEach((one, i) => boxes.slice(i + 1).forEach((other, k) => {
      const across = Math.min(one.right, other.right) - Math.max(one.left, other.left);
      const down = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
      // Lines of one label stand close: their boxes meet, their letters do not.
      if (across > 2 && down > 0.4 * Math.min(one.height, other.height)) {
        const name = svg.closest('[data-cell]')?.dataset.cell ?? svg.getAttribute('class');
        const [word, over] = [words[i].textContent, words[i + 1 + k].textContent];
        faults.push(`${name}: '${word}' on '${over}' by ${across.toFixed()} × ${down.toFixed()} px`);
      }
    }));
  }
  return faults.slice(0, 8);
}"""


def layout_faults(page) -> list[str]:
    """Unfold everything and return what overlaps, is cut, or widens the page."""
    page.evaluate(UNFOLD)
    faults = [f"overlap: {fault}" for fault in page.evaluate(OVERLAPS)]
    faults += page.evaluate(CUT) + [f"label: {fault}" for fault in page.evaluate(LABELS)]
    wider = page.evaluate(WIDER)
    return faults + [f"the page is {wider} px wider than its window"] * (wider > 0)


# Whatever moves, or would at the next change of state.
MOVES = r"""() => {
  const slow = (list) => list.split(',').some((time) => parseFloat(time) > 0);
  const faults = document.getAnimations().map((one) => `runs: ${one.effect.target?.outerHTML.slice(0, 100)}`);
  for (const element of document.querySelectorAll(':not(.katex-html *)')) {
    for (const pseudo of [null, '::before', '::after']) {
      const style = getComputedStyle(element, pseudo);
      const moves = slow(style.transitionDuration) || style.scrollBehavior === 'smooth'
        || (style.animationName !== 'none' && slow(style.animationDuration));
      if (moves) faults.push(`${element.outerHTML.slice(0, 100)} ${pseudo ?? ''}`);
    }
  }
  return faults.slice(0, 5);
}"""
