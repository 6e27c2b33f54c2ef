"""Whether win probabilities come true before and after calibration: ECE of every router on real grades.

Of each set 3,000 prompts are drawn, or all where there are fewer: 1,000, or half, fit the maps, and the rest
judge them. The routers are those of `evaluation_sets`; intervals are the middle 95 % of 1,000 resamples.

Run: python -m tests.benchmarks.probabilities [--write]
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_router.calibration.probabilities import MapMethod, fit_map
from shared_router.evaluation.reliability import calibration_errors
from tests.benchmarks.evaluation_sets import routers, sets
from tests.benchmarks.measure import report_rows

SETS = ("MMLU", "GSM8K", "MMLU-Pro", "LLMRouter", "MT-Bench")
N_DRAWN, N_FIT, N_RESAMPLES = 3000, 1000, 1000
METHODS: tuple[MapMethod, ...] = ("platt", "isotonic")


def main() -> None:
    """Measure every router on every set."""
    if not os.environ.get("ROUTER_DATA_DIR"):
        raise SystemExit("skipped: ROUTER_DATA_DIR is not set; name the folder of routellm_mmlu.parquet")
    folder = Path(os.environ["ROUTER_DATA_DIR"])
    asked = routers(folder)
    rows: list[dict[str, Any]] = []
    for name, outcomes, strong, weak in sets(folder):
        if name not in SETS:
            continue
        wins = (outcomes.scores(strong) > outcomes.scores(weak)).astype(np.float64)
        drawn = np.random.default_rng(0).permutation(len(wins))[:N_DRAWN]
        wins, prompts = wins[drawn], [outcomes.prompts[row] for row in drawn.tolist()]
        n_fit = min(N_FIT, len(wins) // 2)
        for label, router in asked.items():
            scores = np.asarray(router.win_probability(prompts), dtype=np.float64)
            said = {"before": scores[n_fit:]}
            for method in METHODS:
                said[method] = fit_map(scores[:n_fit], wins[:n_fit], method=method)(scores[n_fit:])
            ece = {column: _ece(probabilities, wins[n_fit:]) for column, probabilities in said.items()}
            counts = {"rows that fit": f"{n_fit:,}", "rows that judge": f"{len(wins) - n_fit:,}"}
            rows.append({"set": name, "router": label, **counts, **ece})
            print(rows[-1], flush=True)
    report_rows("probabilities", rows)


def _ece(said: NDArray[np.float64], wins: NDArray[np.float64]) -> str:
    n = len(wins)
    value = calibration_errors(said, wins, np.ones((n, 1)))[0]
    rng = np.random.default_rng(0)
    resampled = [
        calibration_errors(
            said, wins, np.bincount(rng.integers(0, n, n), minlength=n)[:, None].astype(float)
        )[0]
        for _ in range(N_RESAMPLES)
    ]
    low, high = np.percentile(resampled, [2.5, 97.5])
    return f"{value:.3f} ({low:.3f} to {high:.3f})"


if __name__ == "__main__":
    main()
