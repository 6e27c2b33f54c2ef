"""How many grades drawn by chance a hundred suggested ones are worth, on the sets of `learning_curve`.

Each draw parts a set anew into a pool of up to 3,000 prompts and up to 1,500 to judge on. A `LocalRouter`
learns from 100 prompts that are suggested out of the pool, from 100 drawn by chance, and from 200; figures
are mean exact APGRs. The criterion's settings were chosen on other pairs of models (of MMLU, GSM8K and
LLMRouter) and other draws, that it takes the best of four with other draws of these pairs in view too.

Run: python -m tests.benchmarks.suggestions [--draws 12] [--sets MMLU,GSM8K] [--write]
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_router.routers.local import LocalRouter
from shared_router.routers.local_rows import graded_rows
from shared_router.suggesting import AMONG, choose_rows, describe
from tests.benchmarks.learning_curve import GradedSet
from tests.benchmarks.learning_curve_sets import graded_sets
from tests.benchmarks.measure import report_rows

K = 100
POOL, JUDGED = 3000, 1500
FIRST_SEED = 1000
"""No draw that anything was chosen on."""

Rows = NDArray[np.intp]


def one_draw(graded: GradedSet, seed: int) -> list[float]:
    """Return the APGR after 100 suggested grades, and after 100 and 200 drawn by chance."""
    mixed = np.random.default_rng(seed).permutation(len(graded.outcomes))
    n_judged = min(JUDGED, len(mixed) // 2)
    judged, pool = mixed[:n_judged], mixed[n_judged : n_judged + POOL]
    picked = pool[_suggested(graded, pool, seed)]
    return [_apgr(graded, rows, judged, seed) for rows in (picked, pool[:K], pool[: 2 * K])]


def _suggested(graded: GradedSet, pool: Rows, seed: int) -> NDArray[np.int64]:
    """Return what `suggest` picks, from what was read before: places in the pool."""
    reading = graded.reading.part(pool)
    shipped = 1 / (1 + np.exp(-reading.scores[:, 0]))
    rows = describe(reading.vectors, reading.features, shipped, seed=seed)
    return choose_rows(rows, min(K, len(pool)), among=AMONG, seed=seed)


def _apgr(graded: GradedSet, learned: Rows, judged: Rows, seed: int) -> float:
    router = LocalRouter(seed=seed)
    rows = graded_rows(graded.outcomes.select(learned), strong="strong", weak="weak", ties="weak")
    router._learn(rows, graded.reading.part(learned))
    if router.head_ is None:
        raise RuntimeError("a fitted router must have a head")
    return graded.apgr(router.head_.win_probability(graded.reading.part(judged)), judged)


def main() -> None:
    """Measure every set, and keep the table for the docs."""
    if not os.environ.get("ROUTER_DATA_DIR"):
        raise SystemExit("skipped: ROUTER_DATA_DIR is not set; name the folder of routellm_mmlu.parquet")
    draws, chosen = int(_option("--draws", "12")), _option("--sets", "").split(",")
    table: list[dict[str, Any]] = []
    for name, outcomes, strong, weak in graded_sets(Path(os.environ["ROUTER_DATA_DIR"])):
        if chosen != [""] and name not in chosen:
            continue
        graded = GradedSet.of(name, outcomes, strong, weak)
        found = np.array([one_draw(graded, FIRST_SEED + draw) for draw in range(draws)])
        table.append({"set": name, "prompts": f"{len(graded.outcomes):,}", **_cells(found)})
        print(table[-1], flush=True)
    report_rows("suggestions", table)


def _cells(found: NDArray[np.float64]) -> dict[str, str]:
    suggested, hundred, two_hundred = found.T
    return {
        "suggested 100": f"{suggested.mean():.3f}",
        "by chance 100": f"{hundred.mean():.3f}",
        "by chance 200": f"{two_hundred.mean():.3f}",
        "over 100": _difference(suggested - hundred),
        "over 200": _difference(suggested - two_hundred),
    }


def _difference(values: NDArray[np.float64]) -> str:
    return f"{values.mean():+.3f} ± {values.std() / len(values) ** 0.5:.3f}"


def _option(name: str, otherwise: str) -> str:
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else otherwise


if __name__ == "__main__":
    main()
