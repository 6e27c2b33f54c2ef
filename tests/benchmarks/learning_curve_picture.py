"""The picture of learning curves: one small axes a set, grades across on a logarithmic scale, APGR upward."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from shared_router.evaluation.drawing import GRID, INK, MUTED, SERIES, house_style, save

Curves = Mapping[str, Mapping[str, Mapping[int, float]]]
"""The mean APGR by set, router and number of rows."""

_SHOWN = {
    "local": ("LocalRouter", SERIES[0], "-", 2.2),
    "suggested": ("LocalRouter, suggested rows", SERIES[2], "-", 1.6),
    "knn": ("kNN", SERIES[1], "-", 1.0),
    "sw": ("similarity weighting", SERIES[3], "-", 1.0),
    "mf": ("matrix factorization", SERIES[4], "-", 1.0),
    "shipped": ("shipped router", INK, "--", 1.2),
    "length": ("length", MUTED, ":", 1.4),
}
_ACROSS = 4


def draw_curves(curves: Curves, path: Path) -> None:
    """Write the picture.

    Args:
        curves: What was measured.
        path: A .png or .svg file.
    """
    with house_style():
        from matplotlib.figure import Figure

        down = -(-len(curves) // _ACROSS)
        figure = Figure(figsize=(11, 2.6 * down + 0.6), layout="constrained")
        axes = figure.subplots(down, _ACROSS, squeeze=False).ravel()
        for axis, (name, found) in zip(axes, curves.items(), strict=False):
            axis.axhline(0.5, color=GRID, linewidth=1.4)
            for router, (label, color, style, width) in _SHOWN.items():
                by_n = dict(found.get(router, {}))
                if not by_n:
                    continue
                sizes = sorted(by_n)
                values = [by_n[n] for n in sizes]
                if router in ("shipped", "length"):  # they learn nothing: one level, over all draws
                    values = [float(np.mean(values))] * len(values)
                axis.plot(sizes, values, color=color, linestyle=style, linewidth=width, label=label)
            axis.set_xscale("log")
            axis.set_xticks([30, 100, 500, 1500], ["30", "100", "500", "1,500"])
            axis.minorticks_off()
            axis.set_title(name, fontsize=10)
        for axis in axes[len(curves) :]:
            axis.set_axis_off()
        figure.supxlabel("graded prompts", color=MUTED, fontsize=10)
        figure.supylabel("APGR", color=MUTED, fontsize=10)
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    save(figure, path)
