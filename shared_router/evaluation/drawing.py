"""How pictures look: one palette whose colours are variables in HTML, so that dark pages stay legible."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared_router.errors import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, GRID, SURFACE = "#1f2733", "#66717f", "#e3e7ec", "#fffffe"
SERIES = ("#2257c5", "#d1580e", "#0b8a72", "#8a3fc0", "#b3263f", "#7a6a12")
"""One colour a router, told apart also by people who see red and green alike; reused from the start."""

VARIABLES = {
    INK: "--ink",
    MUTED: "--muted",
    GRID: "--grid",
    SURFACE: "--surface",
    **{color: f"--series-{place}" for place, color in enumerate(SERIES, 1)},
}
"""What each colour is called in the page's style."""

_STYLE: dict[str, Any] = {
    "font.size": 10,
    "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED,
    "axes.titlecolor": INK,
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 12,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "svg.fonttype": "none",
    "path.simplify": True,
}
_DOTS_PER_INCH = 160


@contextmanager
def house_style(*, salt: str = "routellm") -> Iterator[None]:
    """Draw and write pictures in the house's style.

    Args:
        salt: Sets an SVG's ids apart from those of another in the same page.

    Raises:
        MissingExtraError: If matplotlib is not installed.
    """
    try:
        import matplotlib
    except ModuleNotFoundError as error:
        raise MissingExtraError.of("matplotlib", "eval") from error
    style: Any = {**_STYLE, "svg.hashsalt": salt}
    with matplotlib.rc_context(style):
        yield


def canvas(width: float, height: float, *, rows: int = 1) -> tuple[Figure, list[Axes]]:
    """Return an empty picture, drawn on within `house_style`.

    Args:
        width: Inches.
        height: Inches.
        rows: How many axes, one above the other.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, list(figure.subplots(rows, 1, squeeze=False)[:, 0])


def save(figure: Figure, path: Path) -> None:
    """Write a picture as its suffix says: .png on a white ground, .svg on none."""
    _take_text_as_it_is(figure)
    with house_style():
        if path.suffix == ".svg":
            path.write_text(as_svg(figure, salt=path.stem, variables=False), "utf-8")
        else:
            figure.savefig(path, dpi=_DOTS_PER_INCH, facecolor="white", metadata={"Software": None})


def as_svg(figure: Figure, *, salt: str, variables: bool = True) -> str:
    """Return a picture as an SVG element for a page.

    Args:
        figure: The picture.
        salt: Sets its ids apart from another picture's in the same page.
        variables: Whether colours become the page's variables.
    """
    _take_text_as_it_is(figure)
    written = io.StringIO()
    with house_style(salt=salt):
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(written, format="svg", transparent=True, metadata=nothing)
    text = written.getvalue()
    text = text[text.index("<svg") :]
    linked = set(re.findall(r'(?:xlink:href="#|url\(#)([\w-]+)', text))
    text = re.sub(r' id="([^"]*)"', lambda found: found[0] if found[1] in linked else "", text)
    if not variables:
        return text
    text = re.sub(r"'DejaVu Sans'(?:, [^;\"]*)?", "system-ui, sans-serif", text)
    for color, name in VARIABLES.items():
        text = text.replace(color, f"var({name})")
    return text


def _take_text_as_it_is(figure: Figure) -> None:
    """Read no formula out of a dollar sign in a model's name."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        if isinstance(text, Text):
            text.set_parse_math(False)
