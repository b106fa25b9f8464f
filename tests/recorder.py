"""What the second road's kernel runs before a notebook: keeps what each cell drew, and the last `values`.

Executed by an IPython startup file. It closes the project off, so that the notebook finds only what it writes
itself, and after each cell lets Matplotlib draw every open figure as SVG while it notes what Matplotlib asked
for: each path, marker and text, in points. The notebook's own code is untouched.
"""

import io
import json
import os
import sys

from IPython import get_ipython

sys.meta_path[:] = [one for one in sys.meta_path if "editable" not in getattr(one, "__module__", "")]
cells: list[list[dict]] = []  # of each executed cell, its figures


def record_cell() -> None:
    cells.append([])
    if "matplotlib.pyplot" in sys.modules:
        plt = sys.modules["matplotlib.pyplot"]
        for number in plt.get_fignums():
            cells[-1].append(record_figure(plt.figure(number)))
        plt.close("all")
    values = get_ipython().user_ns.get("values")
    found = {"figures": cells, "values": values if isinstance(values, dict) else {}}
    with open(os.environ["RECORD"], "w", encoding="utf-8") as file:
        json.dump(found, file, default=repr)


def record_figure(figure) -> dict:
    """Return a figure's SVG, alternative text, its axes' lines, and what Matplotlib asked to be drawn."""
    from matplotlib.backends import backend_svg

    plain = backend_svg.RendererSVG
    backend_svg.RendererSVG = renderer_that_notes(plain)
    try:
        text, shapes = io.StringIO(), []
        backend_svg.RendererSVG.shapes = shapes
        figure.savefig(text, format="svg", metadata=dict.fromkeys(["Date", "Creator", "Format", "Type"]))
    finally:
        backend_svg.RendererSVG = plain
    lines = [[one for one in axes.lines if one.get_transform() == axes.transData] for axes in figure.axes]
    lines = [[line.get_xydata().T.tolist() for line in some] for some in lines]
    return {"svg": text.getvalue(), "alt": figure.get_label(), "lines": lines, "shapes": shapes}


def renderer_that_notes(renderer: type) -> type:
    """Return a subclass whose `shapes` gets ["text", its letters] and ["path", its points] for each shape."""

    class Noting(renderer):
        def note(self, gc, fill, path, transform, cut=False, at=(0.0, 0.0)) -> None:
            if not gc.get_linewidth() and (fill is None or len(fill) == 4 and not fill[3]):
                return  # it paints nothing
            clip, simplify = (0, 0, self.width, self.height) if cut else None, cut and path.should_simplify
            clean = path.cleaned(transform, clip=clip, simplify=simplify, curves=True)
            points = clean.vertices[(clean.codes != path.CLOSEPOLY) & (clean.codes != path.STOP)]
            if len(points):
                flipped = [[float(x + at[0]), float(self.height - y - at[1])] for x, y in points]
                self.shapes.append(["path", flipped])

        def draw_path(self, gc, path, transform, rgbFace=None):
            self.note(gc, rgbFace, path, transform, cut=rgbFace is None and gc.get_hatch() is None)
            super().draw_path(gc, path, transform, rgbFace)

        def draw_markers(self, gc, marker_path, marker_trans, path, trans, rgbFace=None):
            for x, y in trans.transform(path.vertices):
                if 0 <= x <= self.width and 0 <= y <= self.height:
                    self.note(gc, rgbFace, marker_path, marker_trans, at=(x, y))
            super().draw_markers(gc, marker_path, marker_trans, path, trans, rgbFace)

        def draw_path_collection(self, gc, master, paths, transforms, *rest, **named):
            before = len(self.shapes)
            super().draw_path_collection(gc, master, paths, transforms, *rest, **named)
            if len(self.shapes) == before:  # else it drew them one by one
                whole = list(self._iter_collection_raw_paths(master, paths, transforms))
                for x, y, (path, transform), style, fill in self._iter_collection(gc, whole, *rest, **named):
                    self.note(style, fill, path, transform, at=(x, y))

        def draw_text(self, gc, x, y, s, prop, angle, ismath=False, mtext=None):
            letters = s
            if ismath:
                glyphs = self._text2path.mathtext_parser.parse(s, 72, prop).glyphs
                letters = "".join(chr(glyph[2]) for glyph in sorted(glyphs, key=lambda glyph: glyph[-2]))
            self.shapes.append(["text", letters])
            super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)

    return Noting


get_ipython().events.register("post_execute", record_cell)
