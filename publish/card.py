"""Card: the image of a shared link: likelihood and prior, and the posterior whose top is the MAP estimate."""

import io
import textwrap
from functools import lru_cache

PAPER, INK, QUIET, BLUE, ORANGE = "#fffdf9", "#1d1b18", "#514c44", "#0b62a8", "#c4440f"
PRIOR, LIKELIHOOD = (0.0, 1.25), (2.2, 0.8)  # mean, standard deviation


def draw_card(title: str, authors: list[str]) -> bytes:
    """Return a PNG of 1200 by 630 pixels, the same bytes each time."""
    return _draw(title, ", ".join(authors))


@lru_cache(maxsize=4)
def _draw(title: str, authors: str) -> bytes:
    import numpy as np
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 6.3), dpi=100, facecolor=PAPER, layout="none")
    axes = figure.add_axes([0.07, 0.10, 0.86, 0.42])
    axes.set_axis_off()
    axes.set_facecolor("none")
    theta = np.linspace(-3.2, 5.2, 600)

    def bell(mean: float, sd: float) -> np.ndarray:
        return np.exp(-0.5 * ((theta - mean) / sd) ** 2) / sd

    (prior_mean, prior_sd), (seen_mean, seen_sd) = PRIOR, LIKELIHOOD
    precision = prior_sd**-2 + seen_sd**-2  # of two Gaussians, multiplied
    top_at = (prior_mean * prior_sd**-2 + seen_mean * seen_sd**-2) / precision
    prior, likelihood, posterior = bell(*PRIOR), bell(*LIKELIHOOD), bell(top_at, precision**-0.5)
    axes.plot(theta, prior, color=BLUE, linewidth=3, linestyle="--")
    axes.plot(theta, likelihood, color=QUIET, linewidth=3, linestyle=":")
    axes.fill_between(theta, posterior, color=BLUE, alpha=0.12, linewidth=0)
    axes.plot(theta, posterior, color=BLUE, linewidth=4.5)
    top = float(posterior.max())
    dots = {"linestyle": (0, (0.1, 2)), "dash_capstyle": "round"}
    axes.plot([top_at, top_at], [0, top], color=ORANGE, linewidth=3, **dots)
    axes.plot([top_at], [top], "o", color=ORANGE, markersize=18)
    axes.axhline(0, color=INK, linewidth=1.5)
    words = {"family": "serif", "size": 19}
    axes.text(-1.75, 0.56, "prior", color=BLUE, ha="right", **words)
    axes.text(3.55, 0.55, "likelihood", color=QUIET, ha="left", **words)
    axes.text(top_at - 0.24, top, "MAP", color=ORANGE, ha="right", va="center", **words)
    lines = textwrap.wrap(title, 22)
    figure.text(
        0.07,
        0.93,
        "\n".join(lines),
        color=INK,
        family="serif",
        size=41,
        weight="bold",
        va="top",
        linespacing=1.1,
    )
    byline = f"Extended edition of a post by {authors}"
    figure.text(0.07, 0.6, byline, color=QUIET, family="serif", size=17, va="bottom")
    out = io.BytesIO()
    figure.savefig(out, format="png", facecolor=PAPER, metadata={"Software": None})
    return out.getvalue()
