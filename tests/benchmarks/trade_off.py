"""How much of the strong model's gain the shipped router keeps, by the share of prompts sent strong.

Four sets of `shared_router.pretrained.build.sets`, two on which it ranks prompts better than chance and two
on which it hardly does, so that the README's picture shows both. PGR is 0 where all prompts go weak and 1
where all go strong; a coin lies on the diagonal. Bands are 95 % bootstrap intervals over prompts. The
table is the same curve at the default threshold and at two shares.

Run: ROUTER_DATA_DIR=... python -m tests.benchmarks.trade_off [--write]
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shared_router import load_router
from shared_router.evaluation.drawing import INK, MUTED, SERIES, house_style
from shared_router.evaluation.metrics import gap_curve
from shared_router.pretrained.build.corpus import load_corpus
from shared_router.pretrained.build.sets import load_sets
from shared_router.registry import DEFAULT_ROUTER, recommended_threshold
from tests.benchmarks.measure import FIGURES, report_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from shared_router.pretrained.build.evaluate import Benchmark

SHOWN = {
    "MMLU": "GPT-4 or Mixtral 8x7B",
    "LLMRouter, 14 tasks": "Nemotron 51B or Mistral 7B",
    "GSM8K": "GPT-4 or Mixtral 8x7B",
    "MMLU-Pro 70B/8B": "Llama 3.1 70B or 8B",
}
SHARES = np.linspace(0, 1, 41)
RESAMPLES = 300

Floats = NDArray[np.float64]


def main() -> None:
    """Print the table; with `--write` also keep it, and draw the picture."""
    folder = os.environ.get("ROUTER_DATA_DIR")
    if not folder:
        print("skipped: ROUTER_DATA_DIR is not set; name the folder of the benchmarks")
        return
    sets = {each.name: each for each in load_sets(Path(folder), load_corpus(Path(folder)))}
    shown = [sets[name] for name in SHOWN]
    scores = [load_router(DEFAULT_ROUTER).win_probability(each.prompts) for each in shown]
    report_rows("trade_off", [_row(*pair) for pair in zip(shown, scores, strict=True)])
    if "--write" in sys.argv:
        _draw(shown, scores)


def gain_kept(scores: Floats, strong: Floats, weak: Floats, shares: Floats = SHARES) -> Floats:
    """Return the share of the strong model's whole gain that is kept when the highest scores go strong.

    Args:
        scores: Win probabilities, of shape (n_prompts,).
        strong: The strong model's grades, of shape (n_prompts,).
        weak: The weak model's grades, of shape (n_prompts,).
        shares: Shares of the prompts sent strong, in [0, 1]; between two prompts it is read off a line.

    Returns:
        PGR at each share, of the shape of `shares`.
    """
    sent, kept = gap_curve(scores, strong, weak)
    return np.interp(shares, sent, kept)


def _row(benchmark: Benchmark, scores: Floats) -> dict[str, str]:
    strong, weak = benchmark.strong, benchmark.weak
    share = float((scores >= recommended_threshold(DEFAULT_ROUTER, otherwise=0.5)).mean())
    at = np.array([share, 0.25, 0.5])
    low, high = _interval(scores, benchmark, at)
    kept = gain_kept(scores, strong, weak, at)
    cells = [f"{kept[k]:.2f} ({low[k]:.2f} to {high[k]:.2f})" for k in range(3)]
    return {
        "prompts of": benchmark.name,
        "models": SHOWN[benchmark.name],
        "weak alone": f"{weak.mean():.3f}",
        "strong alone": f"{strong.mean():.3f}",
        "routed": f"{weak.mean() + kept[0] * (strong - weak).mean():.3f}",
        "sent strong": f"{share:.2f}",
        "gain kept (95 %)": cells[0],
        "at a quarter": cells[1],
        "at half": cells[2],
    }


def _interval(scores: Floats, benchmark: Benchmark, shares: Floats) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(0)
    drawn = np.array(
        [
            gain_kept(scores[rows], benchmark.strong[rows], benchmark.weak[rows], shares)
            for rows in rng.integers(0, len(scores), (RESAMPLES, len(scores)))
        ]
    )
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    return low, high


def _draw(shown: list[Benchmark], scores: list[Floats]) -> None:
    from matplotlib.figure import Figure

    with house_style():
        figure = Figure(figsize=(7.2, 5.6), layout="constrained")
        panels = figure.subplots(2, 2, sharex=True, sharey=True)
        for axes, benchmark, scored in zip(panels.flat, shown, scores, strict=True):
            _panel(axes, benchmark, scored)
        figure.supxlabel("share of prompts sent to the strong model", color=MUTED, fontsize=9)
        figure.supylabel("share of its gain that is kept (PGR)", color=MUTED, fontsize=9)
        figure.savefig(FIGURES / "trade_off.png", dpi=110, metadata={"Software": None})


def _panel(axes: Axes, benchmark: Benchmark, scores: Floats) -> None:
    low, high = _interval(scores, benchmark, SHARES)
    kept = gain_kept(scores, benchmark.strong, benchmark.weak)
    axes.fill_between(SHARES, low, high, color=SERIES[0], alpha=0.15, linewidth=0)
    axes.plot(SHARES, SHARES, color=INK, linewidth=1, linestyle=(0, (6, 3)))
    axes.plot(SHARES, kept, color=SERIES[0], linewidth=2)
    axes.text(0.98, 0.04, "dashed: a coin", transform=axes.transAxes, ha="right", color=MUTED, fontsize=8)
    axes.set_title(f"{benchmark.name}\n{SHOWN[benchmark.name]}", loc="left", fontsize=9)
    axes.set_xlim(0, 1)
    axes.set_ylim(-0.05, 1.1)


if __name__ == "__main__":
    main()
