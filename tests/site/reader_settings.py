"""What a reader's settings may do to a page: overlap, cut, lose. Scripts that look for it in the browser.

In: an open page. Out: a list of faults, each naming its place; an empty list is what the site promises.
"""

from visits import UNFOLD, WIDER

# Lines of text, formulas, drawings and the words in them that are written over each other. Lines of one label
# stand close: their boxes meet, their letters do not.
OVERLAPS = r"""() => {
  const skipped = '.visually-hidden, .preview, .md-header, .md-sidebar, .md-skip, .md-top, .md-dialog, '
    + 'script, style';
  const shows = (element) => element.checkVisibility() && !element.closest(skipped);
  const seen = (element, { left, right, top, bottom }) => {  // as far as no ancestor that scrolls hides it
    for (let part = element; part !== document.body; part = part.parentElement) {
      if (getComputedStyle(part).overflowX === 'visible') continue;
      const around = part.getBoundingClientRect();
      [left, right] = [Math.max(left, around.left), Math.min(right, around.right)];
    }
    return [element, { left, right, top, bottom }];
  };
  const places = [...document.querySelectorAll('main svg, main svg text, .katex-base')]
    .filter(shows).map((element) => seen(element, element.getBoundingClientRect()));
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const element = text.parentElement;
    if (!text.data.trim() || !shows(element) || element.closest('svg, .katex')) continue;
    range.selectNodeContents(text);
    places.push(...[...range.getClientRects()].map((box) => seen(element, box)));
  }
  places.sort(([, one], [, other]) => one.top - other.top);
  const faults = [];
  places.forEach(([one, box], index) => {
    for (let next = index + 1; next < places.length && places[next][1].top < box.bottom; next += 1) {
      const [other, over] = places[next];
      const across = Math.min(box.right, over.right) - Math.max(box.left, over.left);
      const down = Math.min(box.bottom, over.bottom) - over.top;
      if (across <= 2 || down <= 0.4 * Math.min(box.bottom - box.top, over.bottom - over.top)) continue;
      if (one.contains(other) || other.contains(one)) continue;
      faults.push([one, other].map((element) => element.outerHTML.slice(0, 90)).join(' meets '));
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


def layout_faults(page) -> list[str]:
    """Unfold everything and return what overlaps, is cut, or widens the page."""
    page.evaluate(UNFOLD)
    faults = page.evaluate(OVERLAPS) + page.evaluate(CUT)
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
