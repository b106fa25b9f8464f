"""What a page's SVG draws, as shapes that can be held against what Matplotlib asked its renderer to draw."""

from __future__ import annotations

import math
import re

import numpy as np
from fontTools.misc.transform import Transform
from fontTools.pens.recordingPen import RecordingPen
from fontTools.svgLib.path import parse_path

# Points. A page writes places in tenths, and a shape's place and its own points are rounded each on its own.
TENTH = 0.16
Shape = list  # ["text", its letters] or ["path", its points]


def shapes_of(svg) -> list[Shape]:
    """Return the shapes of an SVG element in the order in which they are painted."""
    known = {element.get("id"): element for element in svg.iter() if element.get("id")}
    found: list[Shape] = []

    def walk(element, matrix: Transform) -> None:
        tag = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
        if tag in {"defs", "clippath", "clipPath", "title", "desc", "metadata", "style", ""}:
            return
        matrix = matrix.transform(placed(element.get("transform", "")))
        if tag == "use":
            name = (element.get("href") or element.get("{http://www.w3.org/1999/xlink}href") or "#")[1:]
            name = name or element.get("xlink:href", "#")[1:]
            walk(known[name], matrix.translate(float(element.get("x", 0)), float(element.get("y", 0))))
        elif tag == "text":
            found.append(["text", letters(element)])
        elif tag in {"path", "circle"} and element.get("style", "").replace(" ", "") != "fill:none":
            if points := points_of(element):
                found.append(["path", [list(point) for point in matrix.transformPoints(points)]])
        else:
            for child in element:
                walk(child, matrix)

    walk(svg, Transform())
    return found


def placed(transform: str) -> Transform:
    """Return what a `transform` of translations, rotations and scales does."""
    whole = Transform()
    for kind, text in re.findall(r"(\w+)\(([^)]*)\)", transform):
        numbers = [float(one) for one in re.split(r"[\s,]+", text.strip())]
        if kind == "rotate":  # about a point only where it is a text's, whose place is not compared
            numbers = [math.radians(numbers[0])]
        whole = getattr(whole, kind)(*numbers)
    return whole


def points_of(element) -> list[tuple[float, float]]:
    if element.tag.endswith("circle"):
        x, y, r = (float(element.get(name)) for name in ("cx", "cy", "r"))
        return [(x - r, y - r), (x + r, y + r)]
    pen = RecordingPen()
    parse_path(element.get("d", ""), pen)
    return [point for _, points in pen.value for point in points]


def letters(text) -> str:
    """Return what a text shows, left to right; formulas are written letter by letter in another order."""
    spans = [part for part in text.iter() if part.get("x") and part.tag.endswith("tspan")]
    if not spans:
        return text.xpath("string()")
    placed = [(float(x), c) for part in spans for x, c in zip(part.get("x").split(), part.xpath("string()"))]
    return "".join(letter for _, letter in sorted(placed, key=lambda one: one[0]))


def differences(shown: list[Shape], wanted: list[Shape], tolerance: float) -> list[tuple[str, str]]:
    """Return (shown, wanted) for each shape that is not what Matplotlib asked for."""
    kinds = [" ".join(kind for kind, _ in side) for side in (shown, wanted)]
    texts = [[re.sub(r"\s", "", what) for kind, what in side if kind == "text"] for side in (shown, wanted)]
    found = [pair for pair in zip(*texts) if pair[0] != pair[1]]
    if kinds[0] != kinds[1]:
        counts = [f"{side.count('path')} paths, {side.count('text')} texts" for side in kinds]
        return [*found, (counts[0], counts[1])]
    for (kind, points), (_, others) in zip(shown, wanted):
        if kind == "path" and not alike(np.array(points), np.array(others), tolerance):
            found.append((f"a path at {np.round(points[0], 1)}", f"one at {np.round(others[0], 1)}"))
    return found


def alike(points: np.ndarray, others: np.ndarray, tolerance: float) -> bool:
    """Return whether two paths have the same points, or the same box where one is a circle and one arcs."""
    if len(points) != len(others):
        points, others = (np.array([side.min(axis=0), side.max(axis=0)]) for side in (points, others))
    return bool(np.abs(points - others).max(initial=0) <= tolerance)
