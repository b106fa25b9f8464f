"""Every curve and mark that a reader sees stands where the snippet's arrays say.

The axes of each figure on a built page are inverted: coordinates of the page's SVG become numbers
again, through nothing but the axes' frame, limits and scales, and are held against the arrays that a
computed run of the snippet gave to matplotlib.
"""

from __future__ import annotations

import re

import lxml.html
import numpy as np
import pytest
from fontTools.pens.recordingPen import RecordingPen
from fontTools.svgLib.path import parse_path

# Points. Coordinates have one decimal, and matplotlib leaves out vertices within a ninth of a pixel.
NEAR = 0.2
SCALES = {"linear": (lambda v: v, lambda v: v), "log": (np.log10, lambda v: 10.0**v)}
NUMBER = r"(-?[\d.]+)"


class Axes:
    """One pair of axes of a figure: points of its SVG to numbers, and numbers to fractions of the frame."""

    def __init__(self, axes: dict, size: tuple[float, float]) -> None:
        left, bottom, right, top = axes["frame"]
        self.start = np.array([left, 1 - bottom]) * size
        self.span = np.array([right - left, bottom - top]) * size  # upward is negative in an SVG
        self.scales = [SCALES[name] for name in axes["scales"]]
        limits = np.array(axes["limits"]).reshape(2, 2)
        self.low, self.high = (np.array([s(v) for (s, _), v in zip(self.scales, end)]) for end in limits.T)

    def numbers(self, points: np.ndarray) -> np.ndarray:
        """Invert the axes: points (N, 2) of the SVG to the numbers that a reader takes from them."""
        scaled = self.low + (points - self.start) / self.span * (self.high - self.low)
        return np.stack([back(column) for (_, back), column in zip(self.scales, scaled.T)], axis=1)

    def apart(self, numbers: np.ndarray) -> np.ndarray:
        """Return numbers (N, 2) in units in which one is a point of the SVG, for distances."""
        scaled = np.stack([to(column) for (to, _), column in zip(self.scales, numbers.T)], axis=1)
        return (scaled - self.low) / (self.high - self.low) * self.span

    def within(self, numbers: np.ndarray) -> np.ndarray:
        """Return those of the numbers that lie in the frame, not at its very edge."""
        with np.errstate(divide="ignore", invalid="ignore"):
            part = self.apart(numbers) / self.span
        return numbers[((part > 0.005) & (part < 0.995)).all(axis=1)]


def curves(svg) -> list[list[np.ndarray]]:
    """Return the clipped paths of a figure, each as its pieces (N, 2)."""
    found = []
    for path in svg.xpath(".//path[@clip-path][@d][not(@transform)]"):
        pen = RecordingPen()
        parse_path(path.get("d"), pen)
        pieces: list[list[tuple[float, float]]] = []
        for command, points in pen.value:
            if command == "moveTo":
                pieces.append([])
            pieces[-1].extend(points)
        found.append([np.array(piece) for piece in pieces if piece])
    return found


def marks(svg) -> np.ndarray:
    """Return the places (N, 2) of marks."""
    places = [(float(use.get("x", 0)), float(use.get("y", 0))) for use in svg.xpath(".//use")]
    return np.array(places).reshape(-1, 2)


def farthest(points: np.ndarray, pieces: list[np.ndarray]) -> float:
    """Return how far the worst of the points lies from a line through the pieces."""
    best = np.full(len(points), np.inf)
    for piece in pieces:
        start, step = piece[:-1], np.diff(piece, axis=0)
        if not len(step):
            start, step = piece, np.zeros_like(piece)
        along = ((points[:, None] - start) * step).sum(-1) / np.maximum((step**2).sum(-1), 1e-12)
        foot = start + np.clip(along, 0, 1)[..., None] * step
        best = np.minimum(best, np.linalg.norm(points[:, None] - foot, axis=-1).min(axis=1))
    return best.max(initial=0)


def misplaced(svg, drawn: dict) -> tuple[list[str], int]:
    """Return what a figure does not show where its arrays say, and how many lines were compared."""
    size = tuple(map(float, svg.get("viewBox", svg.get("viewbox")).split()[2:]))
    faults, compared = [], 0
    for number, described in enumerate(drawn["axes"]):
        axes = Axes(described, size)
        for which, line in enumerate(described["lines"]):
            array = np.array([line["x"], line["y"]]).T
            array = array[np.isfinite(array).all(axis=1)]
            inside, where = axes.within(array), f"axes {number}, line {which}"
            if not len(inside):
                continue
            compared += 1
            if line["drawn"] and len(array) > 1:
                gaps = []
                for pieces in curves(svg):
                    shown = [axes.apart(axes.numbers(piece)) for piece in pieces]
                    there = axes.apart(axes.within(axes.numbers(np.concatenate(pieces))))
                    given = axes.apart(array[np.isfinite(axes.apart(array)).all(axis=1)])
                    gaps.append(max(farthest(axes.apart(inside), shown), farthest(there, [given])))
                if min(gaps, default=np.inf) > NEAR:
                    faults.append(f"{where}: the nearest curve is {min(gaps, default=np.inf):.2f} points off")
            if line["marked"]:
                there = axes.apart(axes.numbers(marks(svg)))
                gaps = np.linalg.norm(axes.apart(inside)[:, None] - there, axis=-1).min(axis=1)
                faults += [f"{where}: no mark at {inside[i]}" for i in np.flatnonzero(gaps > NEAR)]
    return faults, compared


def figures(site_dir, computed):
    """Yield (cell, SVG of a built page, what the computed run drew) of every figure of every page."""
    for page in sorted(site_dir.rglob("index.html")):
        document = lxml.html.fromstring(page.read_bytes(), parser=lxml.html.HTMLParser(encoding="utf-8"))
        seen: dict[str, int] = {}
        for element in document.xpath("//*[@data-cell][.//svg]"):
            cell = element.get("data-cell")
            snippet, name = cell.split("/")
            seen[cell] = seen.get(cell, -1) + 1
            drawn = computed(snippet).figures[name][seen[cell]]
            yield f"{page.parent.name}: {cell}", element.find(".//svg"), drawn


def test_every_figure_shows_its_arrays(site_dir, computed):
    faults, compared = [], 0
    for where, svg, drawn in figures(site_dir, computed):
        found, lines = misplaced(svg, drawn)
        faults += [f"{where}: {fault}" for fault in found]
        compared += lines
    assert not faults, "\n".join(faults)
    assert compared > 100


@pytest.mark.parametrize("part", ["curve", "mark"])
def test_a_curve_or_mark_in_another_place_would_be_found(part, site_dir, computed):
    """Half a point is less than the width of the line."""
    found = figures(site_dir, computed)
    svg, drawn = next(rest for where, *rest in found if where.endswith("weight_decay/figure_fits"))
    assert not misplaced(svg, drawn)[0]
    if part == "curve":
        for path in svg.xpath(".//path[@clip-path][@d]"):
            path.set(
                "d", re.sub(rf"M {NUMBER} {NUMBER}", lambda m: f"M {m[1]} {float(m[2]) + 0.5}", path.get("d"))
            )
    else:
        for mark in svg.xpath(".//g[@clip-path]//use"):
            mark.set("y", str(float(mark.get("y")) + 0.5))
    assert misplaced(svg, drawn)[0]
