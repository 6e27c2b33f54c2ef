"""The picture of regret: one small axes a stream, requests across, regret upward; less is better."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared_router.evaluation.drawing import INK, MUTED, SERIES, house_style, save

_SHOWN = {
    "online, posterior sampling": (SERIES[0], "-", 2.2),
    "online, 2 % by lot": (SERIES[2], "-", 1.4),
    "Beta bandit as LiteLLM's": (SERIES[1], "-", 1.4),
    "shipped router, fixed": (INK, "--", 1.2),
    "random": (MUTED, ":", 1.4),
}
_ACROSS = 3


def draw_regret(curves: Mapping[str, Mapping[str, NDArray[np.float64]]], n: int, path: Path) -> None:
    """Write the picture.

    Args:
        curves: Cumulative regrets by stream and by who chooses, shape (seeds, points) each.
        n: How many requests a stream has.
        path: A .png or .svg file.
    """
    order = sorted(curves, key=lambda stream: "," in stream)  # those without a shift above
    with house_style():
        from matplotlib.figure import Figure

        down = -(-len(order) // _ACROSS)
        figure = Figure(figsize=(11, 2.9 * down + 0.6), layout="constrained")
        axes = figure.subplots(down, _ACROSS, squeeze=False).ravel()
        for axis, stream in zip(axes, order, strict=False):
            for name, (color, style, width) in _SHOWN.items():
                seeds = curves[stream][name]
                across = np.linspace(0, n, seeds.shape[1])
                axis.plot(
                    across, seeds.mean(axis=0), color=color, linestyle=style, linewidth=width, label=name
                )
                axis.fill_between(
                    across, seeds.min(axis=0), seeds.max(axis=0), color=color, alpha=0.15, linewidth=0
                )
            axis.set_title(stream, fontsize=9)
        for axis in axes[len(order) :]:
            axis.set_axis_off()
        figure.supxlabel("requests", color=MUTED, fontsize=10)
        figure.supylabel("regret, in grades", color=MUTED, fontsize=10)
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    save(figure, path)
