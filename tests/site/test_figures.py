"""A figure in a page is the figure that matplotlib drew, in the page's colors.

The browser draws both, the page's with the colors of matplotlibrc.
"""

import io
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from lxml import etree
from PIL import Image, ImageChops

from publish.figures import COLORS, finish_figures, finish_svg

PLAIN = "body{margin:9px;background:white} svg{display:block} svg text{font-family:DejaVu Sans}"


def lines(axes):
    axes.plot([-1, 0, 2], [-1.0, 0.5, 1.0], "o-", color="#0b62a8", label="a & b < c")
    axes.fill_between([0, 1], [0, 1], color="#c4440f", alpha=0.2, hatch="//")
    axes.set(xlabel="θ, negative log-likelihood", ylabel="turned", xticks=[-1, -0.5, 0])
    axes.annotate("along", (0.5, 0.2), rotation=30)
    axes.annotate("anchored", (1.2, -0.5), rotation=60, rotation_mode="anchor", style="italic", weight="bold")
    axes.legend()


def logs(axes):
    axes.loglog([1e-3, 1e-1, 1e2], [1e-4, 1, 1e4], "x--", color="black")
    axes.set_title(r"$\lambda^{-1}$ and $\sqrt{x}$", color="#808080")
    axes.tick_params(axis="x", rotation=45)


def images(axes):
    axes.imshow(np.arange(12).reshape(3, 4) ** 2, cmap="viridis")
    axes.scatter([0, 1, 2], [0, 1, 2], c=["red", "#123456", "white"], rasterized=True)
    axes.scatter([2, 1, 0], [0, 1, 2], s=[20, 80, 200], edgecolors="#00755a", facecolors="none")


def meshes(axes):
    axes.pcolormesh(np.arange(6).reshape(2, 3))
    axes.contour(np.arange(9).reshape(3, 3), colors="#8b3f96", linestyles=":")
    axes.tick_params(axis="both", rotation=90, length=12)  # long, so that lost marks are many points


@pytest.fixture(params=[lines, logs, images, meshes], ids=lambda draw: draw.__name__)
def svg(request):
    """What matplotlib wrote of a figure."""
    with plt.rc_context({"svg.fonttype": "none", "svg.hashsalt": "x", "font.family": "DejaVu Sans"}):
        figure, axes = plt.subplots(figsize=(4, 3))
        request.param(axes)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None})
        plt.close(figure)
    return out.getvalue()[out.getvalue().index("<svg") :]


def shot(browser, body: str) -> Image.Image:
    page = browser.new_page(viewport={"width": 420, "height": 320})
    page.set_content(f"<!doctype html><style>{PLAIN}</style>{body}")
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    page.close()
    return picture


def test_the_browser_draws_the_pages_figure_as_matplotlibs(svg, browser):
    back = "".join(f"{name[4:-1]}:{color};" for color, name in COLORS.items() if name.startswith("var"))
    sized = re.sub(r'(width|height)="([\d.]+)pt"', r'\1="\2"', svg)
    drawn = shot(browser, sized)
    ours = shot(browser, f'<div style="color:#000;{back}">{finish_svg(svg, "x", "A. B.")}</div>')
    assert drawn.getcolors(1) is None  # not one color: something is drawn
    differing = np.asarray(ImageChops.difference(drawn, ours)).max(axis=2) > 48
    assert differing.mean() < 0.001, f"{differing.sum()} points differ"


def test_every_label_is_there_as_it_was_written(svg):
    tight = etree.XMLParser(remove_blank_text=True)
    said, written = (
        sorted("".join(text.itertext()) for text in etree.fromstring(source, tight).iter("{*}text"))
        for source in (finish_svg(svg, "x", "A."), svg)
    )
    assert said == written and written


def test_every_color_of_the_theme_follows_it_and_no_other_changes(svg):
    finished = finish_svg(svg, "x", "A.")
    assert not [color for color in COLORS if color in finished]
    others = {color for color in re.findall("#[0-9a-f]{6}", svg) if color not in COLORS}
    assert others <= set(re.findall("#[0-9a-f]{6}", finished))


def test_ids_are_the_figures_own_and_all_references_hold(svg, page_of):
    attributes = 'data-cell="ridge/paths" data-alt="Two lines. One rises."'
    figure = f'<div class="output figure" {attributes}>{svg}</div>'
    page = page_of(figure * 2)
    finish_figures(page)
    text = page.html()
    ids = re.findall(r'\bid="([^"]*)"', text)
    assert len(ids) == len(set(ids))
    used = re.findall(r'(?:url\(|href=")#([^")]*)', text)
    used += re.findall(r'aria-(?:labelled|described)by="([^"]*)"', text)
    assert set(used) == set(ids) and all(name.startswith("svg-ridge-paths") for name in ids)


def test_a_figure_says_what_it_shows(svg):
    root = etree.fromstring(finish_svg(svg, "x", "Two lines. One rises. One falls."))
    assert root.get("role") == "img" and root.get("width") == "288" and root.get("height") == "216"
    assert [root[0].text, root[1].text] == ["Two lines", "One rises. One falls."]
    assert root.get("aria-labelledby") == root[0].get("id")
    assert root.get("aria-describedby") == root[1].get("id")
