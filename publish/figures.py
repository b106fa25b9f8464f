"""Figures: an SVG from matplotlib becomes part of the page and follows its theme.

In: `<div class="output figure" data-cell="x/y" data-alt="…">` around the SVG, as markup or, in notebooks,
as text. Out: the same div; the drawing has a role, a title and a description, ids of its own, the page's
black, white and series colors in place of matplotlib's, and labels that style sheets can scale. All else
stays as it was drawn.
"""

import re
from functools import partial

from lxml import etree

from publish import PublishError
from publish.page import Page

SERIES = ["#0b62a8", "#c4440f", "#00755a", "#8b3f96", "#9a6700", "#5f6670"]  # of matplotlibrc
COLORS = {color: f"var(--series-{k})" for k, color in enumerate(SERIES)}
COLORS |= {"#000000": "currentColor", "#808080": "var(--figure-grey)", "#ffffff": "var(--paper)"}
SVG, XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
HEX = re.compile("#[0-9a-f]{6}")
URL, USED = re.compile(r"url\(#([^)]*)\)"), re.compile(r'(?:url\(|href=")#([^")]+)')
FAMILY = re.compile(r"font-family:[^;]*;?\s*")
DECIMAL = re.compile(r"-?\d*\.\d+")
LONG = 200  # letters; the points of a long path, like single dots, stand to a tenth of a point
UNTURNED = re.compile(r"rotate\(-?0 [^)]*\)")


def finish_figures(page: Page) -> None:
    """Finish every figure of a page."""
    names: list[str] = []
    for figure in page.tree.find_class("figure"):
        if "output" in figure.classes:
            cell = figure.get("data-cell", "figure")
            names.append("svg-" + re.sub(r"[^a-z0-9]+", "-", cell.lower()))
            name = "-".join([names[-1], *[str(names.count(names[-1]))] * (names.count(names[-1]) > 1)])
            try:
                source = page.text(figure)  # with an XML declaration before it, or not
                drawn = finish_svg(source[source.index("<svg") :], name, figure.get("data-alt", ""))
            except etree.XMLSyntaxError as error:
                raise PublishError(f"{page.name}: figure of cell '{cell}' is no SVG: {error}") from None
            figure[:] = []
            figure.text = page.carry(drawn)


def finish_svg(source: str, name: str, alt: str) -> str:
    """Return a drawing as it stands in a page.

    Args:
        source: what matplotlib wrote, from its <svg> on.
        name: prefix of the ids in it, unique on the page.
        alt: the alternative text; its first sentence becomes the title.
    """
    parser = etree.XMLParser(remove_blank_text=True, remove_comments=True, huge_tree=True)
    root = etree.fromstring(source.encode(), parser)
    for element in list(root.iter(f"{SVG}metadata", f"{SVG}style")):
        element.getparent().remove(element)
    used = set(USED.findall(source))
    for element in list(root.iter()):
        restyle(element)
        scope(element, name, used)
        if element.tag == f"{SVG}text":
            loosen(element)
    describe(root, name, alt)
    etree.cleanup_namespaces(root)
    return etree.tostring(root, encoding="unicode")


def restyle(element: etree._Element) -> None:
    """Give an element the page's colors and fonts, and its coordinates a bearable length."""
    for key in {"style", "fill", "stroke"} & set(element.keys()):
        value = FAMILY.sub("", element.get(key)).replace(": ", ":").replace("; ", ";")
        element.set(key, HEX.sub(lambda match: COLORS.get(match[0], match[0]), value))
    for key in {"d", "x", "y", "points"} & set(element.keys()):
        value = " ".join(element.get(key).split())
        fine = element.tag != f"{SVG}use" and len(value) < LONG
        element.set(key, DECIMAL.sub(partial(rounded, 2 if fine else 1), value))


def rounded(places: int, number: re.Match[str]) -> str:
    """Return a number to so many places at most."""
    return f"{float(number[0]):.{places}f}".rstrip("0").removesuffix(".")


def scope(element: etree._Element, name: str, used: set[str]) -> None:
    """Prefix an element's id, or drop it if nothing in the drawing refers to it; prefix its references."""
    if XLINK in element.attrib:
        element.set("href", "".join(element.attrib.pop(XLINK).split()))
    if (own := element.attrib.pop("id", None)) in used:
        element.set("id", f"{name}-{own}")
    if element.get("href", "").startswith("#"):
        element.set("href", f"#{name}-{element.get('href')[1:]}")
    for key, value in element.attrib.items():
        element.set(key, URL.sub(rf"url(#{name}-\1)", value))


def loosen(text: etree._Element) -> None:
    """Give a label its place by a group around it, so that a style sheet can scale it about that place."""
    x, y, moved = (text.attrib.pop(key, "") for key in ("x", "y", "transform"))
    moved = UNTURNED.sub("", moved)
    if place := f"{moved} translate({x} {y})".strip() if x and y else moved:
        group = etree.Element(f"{SVG}g", transform=place)
        text.getparent().replace(text, group)
        group.append(text)


def describe(root: etree._Element, name: str, alt: str) -> None:
    """Give the drawing its size, role, title and description."""
    box = root.get("viewBox")
    root.attrib.clear()
    width, height = box.split()[2:]
    size = {"width": f"{float(width):.0f}", "height": f"{float(height):.0f}"}
    lines = {"stroke-linejoin": "round", "stroke-linecap": "butt"}  # what matplotlib's own style sheet says
    root.attrib.update({"viewBox": box, **size, "role": "img", "fill": "currentColor", **lines})
    first, _, rest = alt.partition(". ")
    for place, (tag, words) in enumerate([("title", first.rstrip(".")), ("desc", rest)]):
        if words:
            element = etree.Element(f"{SVG}{tag}", id=f"{name}-{tag}")
            element.text = words
            root.insert(place, element)
            root.set("aria-labelledby" if tag == "title" else "aria-describedby", f"{name}-{tag}")
