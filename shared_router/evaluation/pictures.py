"""A report's pictures: quality over cost, APGR beside baselines, share by domain, reliability, scores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shared_router.evaluation.cells import cost_factor, cost_unit, label
from shared_router.evaluation.drawing import GRID, INK, MUTED, SERIES, SURFACE, canvas, house_style
from shared_router.evaluation.hull import hull
from shared_router.evaluation.report import EvaluationReport, RouterFigures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH = 7.2


class Picture(NamedTuple):
    """A picture.

    Attributes:
        name: What its file is called, without a suffix.
        shows: What it shows, in words, for whoever cannot see it.
        figure: The picture.
    """

    name: str
    shows: str
    figure: Figure


_MOST_DOMAINS = 24
_MOST_ROUTERS = 6
_MOST_BANDS = 2


def pictures(report: EvaluationReport) -> list[Picture]:
    """Draw a report's pictures.

    Raises:
        MissingExtraError: If matplotlib is not installed.
    """
    with house_style():
        return list(_pictures(report, report.measured[:_MOST_ROUTERS]))


def _pictures(report: EvaluationReport, routers: tuple[RouterFigures, ...]) -> Iterator[Picture]:
    yield Picture("quality_cost", "Quality over cost at every threshold", _quality_cost(report, routers))
    if report.pgr_defined:
        yield Picture("apgr", "APGR of routers and baselines with 95 % intervals", _apgr(report))
    if any(found.domains for found in routers):
        yield Picture("domains", "Strong fraction by domain", _domains(routers))
    told = [found for found in routers if found.reliability]
    if told:
        yield Picture("reliability", "Reliability of the win probabilities", _reliability(told, routers))
        yield Picture("scores", "Win probabilities and the threshold", _scores(told, routers))


def _color(found: RouterFigures, routers: tuple[RouterFigures, ...]) -> str:
    return SERIES[routers.index(found) % len(SERIES)]


def _quality_cost(report: EvaluationReport, routers: tuple[RouterFigures, ...]) -> Figure:
    figure, (axes,) = canvas(_WIDTH, 4.6)
    factor = cost_factor(report)
    for name, dashes in (("oracle", (1, 1.5)), ("knn", (4, 2)), ("length", (1.5, 2.5))):
        curve = report.routers[name].curve if name in report.routers else None
        if curve is not None:
            cost = np.array(curve.cost) * factor
            axes.plot(cost, curve.quality, color=MUTED, linewidth=1.1, dashes=dashes, label=label(name))
    ends_x = [(report.weak.cost.value or 0.0) * factor, (report.strong.cost.value or 0.0) * factor]
    ends_y = [report.weak.quality.value or 0.0, report.strong.quality.value or 0.0]
    axes.plot(ends_x, ends_y, color=INK, linewidth=1, linestyle=(0, (6, 3)), label="random mix (Zero router)")
    for place, found in enumerate(routers):
        # bands on bands show none of them
        banded = len(routers) <= _MOST_BANDS or place == 0
        _router_curve(axes, found, _color(found, routers), factor, banded=banded)
    axes.plot(ends_x, ends_y, "o", color=INK, markersize=6, markeredgecolor=SURFACE, zorder=6)
    for x, y, name, side in zip(ends_x, ends_y, (report.weak.name, report.strong.name), (1, -1), strict=True):
        _name_point(axes, x, y, name, side)
    axes.set_title("Quality over cost")
    axes.set_xlabel(f"mean cost, {cost_unit(report)}")
    axes.set_ylabel("mean quality")
    axes.margins(x=0.03)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower left", ncols=3, labelcolor=INK)
    return figure


def _router_curve(axes: Axes, found: RouterFigures, color: str, factor: float, *, banded: bool) -> None:
    curve = found.curve
    if curve is None:
        return
    cost = np.array(curve.cost) * factor
    axes.plot(cost, curve.quality, color=color, linewidth=2.2, label=found.name, zorder=4)
    if banded:
        axes.fill_between(cost, curve.quality_low, curve.quality_high, color=color, alpha=0.13, linewidth=0)
        corners, heights = hull(cost, np.array(curve.quality))
        axes.plot(corners, heights, color=color, linewidth=0.9, linestyle=(0, (2, 1.5)), zorder=3)
    point = found["cost"].value, found["quality"].value
    if point[0] is not None and point[1] is not None:
        axes.plot(point[0] * factor, point[1], "o", color=color, markersize=9, zorder=7)
        axes.plot(point[0] * factor, point[1], "o", color=SURFACE, markersize=3.4, zorder=8)


def _name_point(axes: Axes, x: float, y: float, name: str, side: int) -> None:
    axes.annotate(
        _short(name.rsplit("/", 1)[-1]),  # a hub's path before the name says who published it
        (x, y),
        xytext=(9 * side, -12 if side > 0 else 7),
        textcoords="offset points",
        ha="left" if side > 0 else "right",
        color=INK,
        fontsize=9.5,
        fontweight="bold",
    )


def _apgr(report: EvaluationReport) -> Figure:
    routers = report.measured
    found = [one for one in report.routers.values() if one["apgr"].value is not None and one.name != "oracle"]
    found.sort(key=lambda one: one["apgr"].value or 0.0)
    figure, (axes,) = canvas(_WIDTH, 1.5 + 0.3 * len(found))
    axes.axvline(0.5, color=INK, linewidth=1, linestyle=(0, (6, 3)))
    for place, one in enumerate(found):
        color = MUTED if one.baseline else _color(one, routers)
        value, interval = one["apgr"].value or 0.0, one["apgr"].interval
        if interval is not None:
            axes.plot(interval, [place, place], color=color, linewidth=2.2, solid_capstyle="round")
        axes.plot(value, place, "o", color=color, markersize=7, markeredgecolor=SURFACE)
        axes.annotate(
            f"{value:.3f}",
            (value, place),
            xytext=(0, 6),
            textcoords="offset points",
            ha="center",
            fontsize=8.5,
            bbox={"facecolor": SURFACE, "edgecolor": "none", "pad": 0.8},
        )
    axes.set_yticks(range(len(found)), [_short(label(one.name)) for one in found], color=INK)
    axes.set_ylim(-0.6, len(found) - 0.25)
    axes.grid(False, axis="y")
    axes.set_title("How much of the gap is recovered, over all thresholds")
    axes.set_xlabel("APGR with its 95 % interval; a coin is at 0.5 (dashed)")
    return figure


def _domains(routers: tuple[RouterFigures, ...]) -> Figure:
    names = [part.domain for part in routers[0].domains[:_MOST_DOMAINS]]
    figure, (axes,) = canvas(_WIDTH, 1.6 + 0.27 * len(names))
    shares = {found.name: {part.domain: part for part in found.domains} for found in routers}
    first = shares[routers[0].name]
    order = sorted(names, key=lambda name: first[name].strong_fraction)
    for found in routers:
        values = [shares[found.name][name].strong_fraction for name in order]
        places = range(len(order))
        if len(routers) == 1:
            axes.hlines(places, 0, values, color=GRID, linewidth=3)
        axes.plot(values, places, "o", color=_color(found, routers), markersize=7, label=found.name)
    axes.set_yticks(range(len(order)), [f"{_short(name)}  ({first[name].n:,})" for name in order], color=INK)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.7, len(order) - 0.3)
    axes.set_title("What goes to the strong model, by domain")
    more = len(routers[0].domains) - len(names)
    axes.set_xlabel(
        f"strong fraction at the threshold{f'; {more} smaller domains not shown' if more else ''}"
    )
    if len(routers) > 1:
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower left", ncols=3, labelcolor=INK)
    return figure


def _reliability(told: list[RouterFigures], routers: tuple[RouterFigures, ...]) -> Figure:
    figure, (axes,) = canvas(_WIDTH, 4.4)
    top = max(max(part.said, part.seen) for found in told for part in found.reliability)
    limit = min(1.0, 1.1 * top) or 1.0
    axes.plot([0, limit], [0, limit], color=INK, linewidth=1, linestyle=(0, (6, 3)), label="comes true")
    for found in told:
        said = [part.said for part in found.reliability]
        seen = [part.seen for part in found.reliability]
        ece = found["ece"].value
        shown = found.name if ece is None else f"{found.name} (ECE {ece:.3f})"
        axes.plot(said, seen, "o-", color=_color(found, routers), linewidth=1.6, markersize=6, label=shown)
    axes.set_title("Do win probabilities come true?")
    axes.set_xlabel("mean win probability of a tenth of the prompts")
    axes.set_ylabel("how often the strong answer was better")
    axes.set_xlim(0, limit)
    axes.set_ylim(0, limit)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower left", ncols=3, labelcolor=INK)
    return figure


def _scores(told: list[RouterFigures], routers: tuple[RouterFigures, ...]) -> Figure:
    figure, rows = canvas(_WIDTH, 1.0 + 1.55 * len(told), rows=len(told))
    for axes, found in zip(rows, told, strict=True):
        edges = np.linspace(0, 1, len(found.histogram) + 1)
        width = edges[1]
        axes.bar(edges[:-1], found.histogram, width=0.88 * width, align="edge", color=_color(found, routers))
        if found.threshold is not None:
            axes.axvline(found.threshold, color=INK, linewidth=1.4)
            axes.annotate(
                f"threshold {found.threshold:.3g}: strong from here on",
                (found.threshold, 1),
                xycoords=("data", "axes fraction"),
                xytext=(5, -10),
                textcoords="offset points",
                fontsize=8.5,
            )
        axes.set_xlim(0, 1)
        axes.set_ylabel("prompts")
        axes.set_title(_short(found.name))
        axes.grid(False, axis="x")
    rows[-1].set_xlabel("win probability")
    return figure


def _short(name: str, *, longest: int = 34) -> str:
    return name if len(name) <= longest else name[: longest - 1] + "…"
