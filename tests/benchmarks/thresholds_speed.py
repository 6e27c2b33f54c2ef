"""How long choosing a threshold takes on 100,000 scores, in seconds of the processor; each may take one.

Run: python -m tests.benchmarks.thresholds_speed [--write]
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from shared_router.calibration import for_budget, for_quality, for_strong_fraction
from tests.benchmarks.measure import report

N = 100_000


def main() -> None:
    """Time every way of choosing once, after a small warm-up."""
    rng = np.random.default_rng(0)
    scores = rng.random(N)
    weak = np.where(rng.random(N) < 0.3 * scores, 0.0, 1.0)
    graded: dict[str, Any] = {"scores": scores, "strong_scores": np.ones(N), "weak_scores": weak}
    halves: dict[str, Any] = {**graded, "weak_scores": np.where(weak == 0, 0.5 * rng.random(N), 1.0)}
    dollars: dict[str, Any] = {"strong_dollars": rng.random(N) / 100, "weak_dollars": rng.random(N) / 1000}
    calls: dict[str, Callable[[], object]] = {
        "for_strong_fraction": lambda: for_strong_fraction(scores=scores, strong_fraction=0.3),
        "for_strong_fraction, one score": lambda: for_strong_fraction(
            scores=np.full(N, 0.5), strong_fraction=0.3
        ),
        "for_budget": lambda: for_budget(scores=scores, **dollars, dollars_per_1k=3.0),
        "max_drop": lambda: for_quality(**graded, max_drop=0.02),
        "max_drop, graded": lambda: for_quality(**halves, max_drop=0.02),
        "min_pgr": lambda: for_quality(**graded, min_pgr=0.9),
        "max_regret": lambda: for_quality(**graded, max_regret=0.05),
    }
    for_strong_fraction(scores=scores[:100], strong_fraction=0.3)
    figures = {}
    for name, call in calls.items():
        started = time.process_time()
        call()
        figures[name] = time.process_time() - started
    report("thresholds_speed", figures)


if __name__ == "__main__":
    main()
