"""The trade-off that a threshold is one point of, as a table for the terminal and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shared_router.errors import InvalidInputError, MissingExtraError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from shared_router.calibration.choice import ThresholdChoice

_CHOSEN = "<- chosen"
_SUFFIXES = (".png", ".svg")


def table(points: Sequence[ThresholdChoice], choice: ThresholdChoice) -> list[str]:
    """Return the trade-off's lines, the choice among them where its share puts it.

    Args:
        points: The trade-off, from no strong answer to all.
        choice: What was chosen.
    """
    rows = sorted([*points, choice], key=lambda point: (point.strong_fraction, point is choice))
    rows = [row for row in rows if row is choice or row.strong_fraction != choice.strong_fraction]
    columns = {
        "strong_fraction": [f"{row.strong_fraction:.3f}" for row in rows],
        "threshold": [f"{row.threshold:.4g}" for row in rows],
        "dollars per 1,000": [_cell(row.dollars, ",.4g") for row in rows],
        "mean grade": [_cell(row.quality, ".4g") for row in rows],
        "PGR": [_cell(row.pgr, ".2f") for row in rows],
    }
    shown = {name: cells for name, cells in columns.items() if any(cells)}
    widths = {name: max(len(name), *(len(cell) for cell in cells)) for name, cells in shown.items()}
    lines = ["  ".join(name.rjust(widths[name]) for name in shown)]
    for place, row in enumerate(rows):
        cells = "  ".join(shown[name][place].rjust(widths[name]) for name in shown)
        lines.append(f"{cells}  {_CHOSEN}" if row is choice else cells)
    return lines


def _cell(value: float | None, form: str) -> str:
    return "" if value is None else f"{value:{form}}"


def picture_of(given: str | None, *, beside: str) -> Path:
    """Return the picture's file: the one given, or one named as the policy's beside it.

    Raises:
        InvalidInputError: If it is no .png or .svg.
    """
    path = Path(beside).with_suffix(".png") if given is None else Path(given)
    if path.suffix not in _SUFFIXES:
        raise InvalidInputError(f"--picture must end in one of {list(_SUFFIXES)}, got {path.suffix!r}")
    return path


def draw(points: Sequence[ThresholdChoice], choice: ThresholdChoice, path: Path, *, must: bool) -> str:
    """Draw the trade-off and the point that was chosen; return where, or why not.

    Args:
        points: The trade-off, from no strong answer to all.
        choice: What was chosen.
        path: The picture's file.
        must: Whether to raise where it cannot be drawn.

    Raises:
        MissingExtraError: If it must be and matplotlib is not installed.
    """
    try:
        _draw(points, choice, path)
    except MissingExtraError as error:
        if must:
            raise
        return f"none; {error}"
    return str(path)


def _draw(points: Sequence[ThresholdChoice], choice: ThresholdChoice, path: Path) -> None:
    from shared_router.evaluation.drawing import canvas, house_style, save

    figures = [name for name in ("quality", "dollars") if getattr(choice, name) is not None] or ["threshold"]
    titles = {
        "quality": "Mean grade",
        "dollars": "Dollars for 1,000 requests",
        "threshold": "Threshold, in win probability",
    }
    with house_style():
        figure, axes = canvas(7.2, 0.6 + 3.0 * len(figures), rows=len(figures))
        for one, name in zip(axes, figures, strict=True):
            _curve(one, points, choice, name)
            one.set_title(f"{titles[name]} over the share of strong answers")
            one.set_xlabel("share of requests sent to the strong model")
        save(figure, path)


def _curve(axes: Axes, points: Sequence[ThresholdChoice], choice: ThresholdChoice, name: str) -> None:
    from shared_router.evaluation.drawing import INK, SERIES, SURFACE

    shares = [point.strong_fraction for point in points]
    axes.plot(shares, [getattr(point, name) for point in points], color=SERIES[0], linewidth=2.2)
    bands = [point.intervals.get(name) for point in points]
    known = [(share, band) for share, band in zip(shares, bands, strict=True) if band is not None]
    if known:
        axes.fill_between(
            [share for share, _ in known],
            [band.low for _, band in known],
            [band.high for _, band in known],
            color=SERIES[0],
            alpha=0.13,
            linewidth=0,
        )
    place = choice.strong_fraction, getattr(choice, name)
    axes.plot(*place, "o", color=SERIES[1], markersize=9, zorder=7)
    axes.plot(*place, "o", color=SURFACE, markersize=3.4, zorder=8)
    axes.annotate(
        f"threshold {choice.threshold:.4g}",
        place,
        xytext=(9, -14),
        textcoords="offset points",
        color=INK,
        fontweight="bold",
    )
    axes.margins(x=0.03)
