"""Hybrid-LLM's t*: the time of its search, equal to the naive one, and the curve of J(t) as a picture.

10,000 prompts, ten answers of each model, 100 points of t: sorted, O(N log N) a point. Beside it the sum over
all pairs of prompts as the paper writes it, O(N^2) a point, on 500 prompts for both, and the largest distance
of the two curves and of the two t*. The curves that are drawn are of mot_cascade's sets; they need
ROUTER_DATA_DIR and are left out without it.

Run: [ROUTER_DATA_DIR=...] python -m tests.benchmarks.hybrid_speed [--write]
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from shared_router.evaluation.drawing import MUTED, SERIES, house_style, save
from shared_router.evaluation.pair import Floats
from shared_router.labels.hybrid import best_t, spread_curve
from tests.benchmarks.hybrid_data import SETS, sampled_set
from tests.benchmarks.hybrid_quality import qualities_of
from tests.benchmarks.measure import FIGURES, report

N_PROMPTS, N_ANSWERS, N_POINTS, N_NAIVE = 10_000, 10, 100, 500
ROUNDS = 5


def main() -> None:
    """Time, compare and draw."""
    strong, weak = answers(N_PROMPTS)
    grid = np.linspace(0.0, float((strong.max(axis=1) - weak.min(axis=1)).max()), N_POINTS)
    few = strong[:N_NAIVE], weak[:N_NAIVE]
    start = time.perf_counter()
    naive = np.array([naive_spread(*few, t) for t in grid])
    naive_s = time.perf_counter() - start
    curve = spread_curve(*few, grid)
    graded = np.rint(4 * few[0]) / 8, np.rint(4 * few[1]) / 8
    report(
        "hybrid_speed",
        {
            "100 points of t, 10,000 prompts, 10 x 10 answers, seconds": seconds(strong, weak, grid),
            "t* with its grid, 10,000 prompts, seconds": seconds_of_t(strong, weak),
            "100 points of t, 500 prompts, seconds": seconds(*few, grid),
            "the sum over all pairs, 500 prompts, seconds": naive_s,
            "largest difference of the two curves": float(np.abs(curve - naive).max()),
            "J at t* less the naive search's best, grades in eighths": gap_to_naive(*graded),
        },
    )
    if os.environ.get("ROUTER_DATA_DIR") and "--write" in sys.argv:
        draw(FIGURES / "hybrid_spread.png")


def answers(n: int) -> tuple[Floats, Floats]:
    """Return qualities of a strong and a weak model that is far behind, shape (n, N_ANSWERS) each."""
    rng = np.random.default_rng(0)
    hardness = rng.normal(0, 1, (n, 1))
    strong = 1.5 - 0.3 * hardness + rng.normal(0, 0.5, (n, N_ANSWERS))
    return strong, -hardness + rng.normal(0, 0.5, (n, N_ANSWERS))


def seconds(strong: Floats, weak: Floats, grid: Floats) -> float:
    """Return the least time that a curve takes."""
    return least(lambda: spread_curve(strong, weak, grid))


def seconds_of_t(strong: Floats, weak: Floats) -> float:
    """Return the least time that the search takes."""
    return least(lambda: best_t(strong, weak))


def least(call: Callable[[], object]) -> float:
    """Return the least time of some rounds, in seconds."""
    spent = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        call()
        spent.append(time.perf_counter() - start)
    return min(spent)


def naive_spread(strong: Floats, weak: Floats, t: float) -> float:
    """Return (1 / n^2) sum_ij |y_i - y_j|, with y = 1 - Pr[q(weak) >= q(strong) - t]."""
    labels = 1 - (weak[:, None, :] >= strong[:, :, None] - t).mean(axis=(1, 2))
    return float(np.abs(labels[:, None] - labels[None, :]).mean())


def gap_to_naive(strong: Floats, weak: Floats) -> float:
    """Return J at t* less the largest that the naive sum finds between any two eighths."""
    top = float((strong.max(axis=1) - weak.min(axis=1)).max())
    between = np.arange(1 / 16, top, 1 / 8)
    naive = max(naive_spread(strong, weak, t) for t in [0.0, *between])
    return naive_spread(strong, weak, best_t(strong, weak)) - naive


def draw(path: Path) -> None:
    """Draw J(t) of each set, with closeness for quality."""
    with house_style():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7, 3.4), layout="constrained")
        axes = figure.subplots()
        for name, color in zip(SETS, SERIES, strict=False):
            made = qualities_of(sampled_set(name), "closeness", 0)
            grid = np.linspace(0.0, 1.0, 401)[:-1]
            axes.plot(grid, spread_curve(made.strong, made.weak, grid), color=color, label=name)
            t = best_t(made.strong, made.weak)
            axes.plot([t], spread_curve(made.strong, made.weak, np.array([t])), "o", color=color)
        axes.set_xlabel("t, in units of closeness (the point is t*)", color=MUTED)
        axes.set_ylabel("J(t), mean difference of two labels", color=MUTED)
        axes.set_ylim(bottom=0.0)
        figure.legend(loc="outside right upper")
    save(figure, path)


if __name__ == "__main__":
    main()
