"""Figures: an SVG from matplotlib becomes part of the page and follows its theme.

In: `<div class="output figure" data-cell="x/y" data-alt="…"><svg …></svg></div>`.
Out: the same div; the SVG has the page's colors instead of its own, text that
style sheets can scale, a title and a description, and ids of its own.

Black becomes `currentColor`; each color of matplotlibrc becomes a variable that
the style sheet sets for light, dark and paper. Any other color stops the build.
"""

import html
import re
import xml.etree.ElementTree as ET
from itertools import groupby

from mkdocs.exceptions import PluginError

SERIES = ["0b62a8", "c4440f", "00755a", "8b3f96", "9a6700", "5f6670"]
COLORS = {f"#{color}": f"var(--series-{k})" for k, color in enumerate(SERIES)} | {
    "#000000": "currentColor",
    "#808080": "var(--figure-grey)",
    "#ffffff": "var(--paper)",
}
FIGURE = re.compile(
    r'<div (?=[^>]*\bclass="(?:output figure|figure output)")(?P<attributes>[^>]*)>\s*'
    r"(?P<svg>(?:<\?xml.*?)?<svg\b.*?</svg>)",
    re.DOTALL,
)
NUMBER = re.compile(r"-?\d+\.\d+")
STEP = re.compile(r"([MLz]) ?(?:(-?[\d.]+) (-?[\d.]+) ?)?")  # of paths of straight lines
CIRCLE = re.compile(r"M 0 (\d[\d.]*)\s+(?:C [-\d. ]+\s+){8}z\s*$")
SHAPES = {"circle", "path"}
HREF = "{http://www.w3.org/1999/xlink}href"


def finish_figures(page_html: str, page: str) -> str:
    """Finish every figure of one page's HTML.

    Raises:
        PluginError: naming page and cell whose figure has a color without a dark variant.
    """
    seen: dict[str, int] = {}

    def finish(match: re.Match[str]) -> str:
        attributes = re.sub(r'\s*\b(class|markdown)="[^"]*"', "", match["attributes"])
        cell = attribute(attributes, "data-cell") or "figure"
        seen[cell] = seen.get(cell, 0) + 1
        name = re.sub(r"[^a-z0-9]+", "-", cell.lower()) + (f"-{seen[cell]}" if seen[cell] > 1 else "")
        try:
            svg = finish_svg(match["svg"], f"svg-{name}", attribute(attributes, "data-alt"))
        except ValueError as error:
            raise PluginError(f"{page}: figure of cell '{cell}': {error}") from None
        return f'<div class="output figure" data-search-exclude="true" {attributes.strip()}>{svg}'

    page_html = FIGURE.sub(finish, page_html)
    if "<svg xmlns:xlink" in page_html:
        raise PluginError(f'{page}: a figure stands outside of `<div class="output figure" data-cell=…>`')
    return page_html


def attribute(attributes: str, name: str) -> str:
    """Return the value of one attribute of a tag, unescaped, or an empty string."""
    match = re.search(rf"\b{name}=(\"[^\"]*\"|'[^']*')", attributes)
    return html.unescape(match[1][1:-1]) if match else ""


def finish_svg(source: str, name: str, alt: str) -> str:
    """Return the SVG as it stands in a page.

    Args:
        source: what matplotlib wrote.
        name: prefix of the ids in it, unique on the page.
        alt: the alternative text; its first sentence becomes the title.

    Raises:
        ValueError: the SVG has a color that the theme does not know.
    """
    root = ET.fromstring(re.sub(r"^.*?(?=<svg\b)", "", source, flags=re.DOTALL))
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    remove(root, {"metadata", "style"})
    expand_uses(root)
    remove(root, {"defs"}, only_if_empty=True)
    for text in list(root.iter("text")):
        loosen_text(text)
    for element in root.iter():
        restyle(element, name)
    flatten(root)
    share_styles(root)
    describe(root, name, alt)
    return ET.tostring(root, encoding="unicode", short_empty_elements=True)


def remove(root: ET.Element, tags: set[str], *, only_if_empty: bool = False) -> None:
    """Remove elements by tag, and the white space between elements."""
    for parent in list(root.iter()):
        parent.tail = None if parent.tag != "tspan" else parent.tail
        if parent.tag not in ("text", "tspan"):
            parent.text = None
        for child in list(parent):
            if child.tag in tags and not (only_if_empty and len(child)):
                parent.remove(child)


def expand_uses(root: ET.Element) -> None:
    """Replace each <use> by what it refers to, moved to its place."""
    shapes = {element.get("id"): element for element in root.iter("path") if element.get("id")}
    used = set()
    for parent in list(root.iter()):
        for index, child in enumerate(list(parent)):
            if child.tag != "use":
                continue
            target = child.get(HREF, child.get("href", "")).lstrip("#")
            used.add(target)
            parent[index] = moved(shapes[target], child)
    for parent in list(root.iter()):
        for child in list(parent):
            if parent.tag == "defs" and child.get("id") in used:
                parent.remove(child)


def moved(shape: ET.Element, use: ET.Element) -> ET.Element:
    """Return the shape at the place and in the style of its use."""
    x, y = float(use.get("x", 0)), float(use.get("y", 0))
    style = "; ".join(filter(None, [shape.get("style"), use.get("style")]))
    circle = CIRCLE.match(shape.get("d"))
    if circle:
        return ET.Element("circle", {"cx": tenths(x), "cy": tenths(y), "r": circle[1], "style": style})
    place = {"transform": f"translate({tenths(x)} {tenths(y)})"} if x or y else {}
    return ET.Element("path", {"d": shape.get("d"), "style": style} | place)


def loosen_text(text: ET.Element) -> None:
    """Let the text's place be its group's, so that a style sheet can scale the text around it."""
    content, children, style = text.text, list(text), text.get("style", "")
    transform = text.get("transform", "")
    x, y = text.get("x"), text.get("y")
    if x is not None and y is not None:
        angle = re.match(r"rotate\((-?[\d.]+)", transform)
        turn = f" rotate({angle[1]})" if angle and float(angle[1]) else ""
        transform = f"translate({x} {y}){turn}"
    text.clear()
    text.tag = "g"
    text.set("transform", transform)
    inner = ET.SubElement(text, "text", {"style": style} if style else {})
    inner.text = content
    inner.extend(children)


def restyle(element: ET.Element, name: str) -> None:
    """Replace colors, shorten numbers, drop fonts; keep only the ids that clips go by, with their prefix."""
    for key, value in list(element.attrib.items()):
        if key == "id":
            value = f"{name}-{value}" if element.tag == "clipPath" else ""
        elif key == "style":
            value = theme_style(value)
        elif key in ("d", "x", "y", "transform", "points"):
            value = NUMBER.sub(lambda match: tenths(float(match[0])), value)
            value = re.sub(r"\s+", " ", value).strip()
            value = in_steps(value) if key == "d" else value
        element.set(key, re.sub(r"url\(#", f"url(#{name}-", value))
        if not value:
            del element.attrib[key]


def tenths(number: float) -> str:
    """Return a length to a tenth of a point, an eighteenth of a curve's width."""
    return f"{round(number, 1) + 0.0:g}"


def in_steps(path: str) -> str:
    """Return a path of straight lines with each point told from the one before; other paths as they are."""
    if STEP.sub("", path):
        return path
    steps, start, here = "", (0.0, 0.0), (0.0, 0.0)
    for command, *point in STEP.findall(path):
        there = start if command == "z" else tuple(map(float, point))
        if command == "L":
            steps += "l" + " ".join(tenths(b - a) for a, b in zip(here, there))
        else:
            steps, start = steps + command + " ".join(filter(None, point)), there
        here = there
    return steps


def flatten(parent: ET.Element) -> None:
    """Drop shapes that paint nothing, and groups that only group."""
    kept: list[ET.Element] = []
    for child in list(parent):
        flatten(child)
        if child.tag == "g" and not child.attrib:
            kept.extend(child)
        elif child.tag != "path" or child.get("style") != "fill:none":
            kept.append(child)
    parent[:] = kept


def share_styles(parent: ET.Element) -> None:
    """Write the style that three or more shapes in a row have in common once, on a group around them."""
    rows = groupby(list(parent), key=lambda child: (child.tag in SHAPES, child.get("style")))
    parent[:] = []
    for (_, style), row in rows:
        row = list(row)
        if len(row) < 3 or row[0].tag not in SHAPES or not style:
            parent.extend(row)
            for child in row:
                share_styles(child)
            continue
        group = ET.SubElement(parent, "g", {"style": style})
        for shape in row:
            del shape.attrib["style"]
            group.append(shape)


def theme_style(style: str) -> str:
    """Return a style with the theme's colors and without fonts."""
    kept: dict[str, str] = {}
    for declaration in filter(str.strip, style.split(";")):
        prop, _, value = (part.strip() for part in declaration.partition(":"))
        if prop == "font":
            raise ValueError(f"the style '{style}' uses the short form of `font`")
        if prop == "font-family":
            continue
        if value.startswith("#"):
            if value.lower() not in COLORS:
                known = ", ".join(COLORS)
                raise ValueError(f"color {value} has no dark variant; use C0 to C5, black or 0.5 ({known})")
            value = COLORS[value.lower()]
        kept[prop] = value
    return ";".join(f"{prop}:{value}" for prop, value in kept.items())


def describe(root: ET.Element, name: str, alt: str) -> None:
    """Give the figure its size, role, title and description."""
    width, height = (float(part) for part in root.get("viewBox").split()[2:])
    first, _, rest = alt.partition(". ")
    title = ET.Element("title", {"id": f"{name}-title"})
    title.text = first.rstrip(".")
    names = {"aria-labelledby": f"{name}-title"}
    if rest:
        desc = ET.Element("desc", {"id": f"{name}-desc"})
        desc.text = rest
        root.insert(0, desc)
        names["aria-describedby"] = f"{name}-desc"
    root.insert(0, title)
    box = root.get("viewBox")
    root.attrib.clear()
    size = {"viewBox": box, "width": f"{width:.0f}", "height": f"{height:.0f}"}
    root.attrib.update({"role": "img", **size, **names, "fill": "currentColor"})
