"""How far the threshold of `routellm learn` is from sending the share strong that it was chosen for.

A router is learned from graded pairs of real benchmarks, and its threshold chosen on the pairs it learned
from, on requests that it did not see by routers of three folds, or on other requests of the log, of which
there are 1,000 or what is left. Then 2,000 fresh prompts are scored. A threshold for three shares each.

Run: python -m tests.benchmarks.learned_thresholds (reads ROUTER_DATA_DIR)
"""

import argparse
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_router.evaluation.benchmarks import Benchmark, read_benchmarks
from shared_router.feedback.logged_feedback import LoggedFeedback
from shared_router.feedback.weighted_battles import weighted_battles
from shared_router.routers.local import LocalRouter
from tests.benchmarks.measure import report_rows

SHARES = (0.1, 0.3, 0.5)
WAYS = ("the graded requests, seen", "three folds of them, unseen", "other requests of the log, unseen")
_FOLDS = 3
_OTHERS = 1000
_FRESH = 2000


def missed(benchmark: Benchmark, n: int, seed: int) -> dict[str, list[float]]:
    """Return how much more than each share goes strong, by how the threshold was chosen."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(benchmark.judged.prompts))
    left = len(order) - n
    others, fresh = order[n : n + min(_OTHERS, left // 2)], order[n + min(_OTHERS, left // 2) :][:_FRESH]
    rows = _graded(benchmark, order[:n], rng)
    router = _fitted(rows, seed)
    folds, in_folds = rng.permutation(n) % _FOLDS, np.empty(n)
    for fold in range(_FOLDS):
        asked = np.flatnonzero(folds == fold)
        told = _fitted(rows.some(np.flatnonzero(folds != fold)), seed)
        in_folds[asked] = told.win_probability([rows.prompts[row] for row in asked.tolist()])
    scores = (router.win_probability(rows.prompts), in_folds, _scores(router, benchmark, others))
    new = _scores(router, benchmark, fresh)
    return {
        way: [float((new >= np.quantile(of, 1 - share)).mean()) - share for share in SHARES]
        for way, of in zip(WAYS, scores, strict=True)
    }


def _graded(benchmark: Benchmark, places: NDArray[np.intp], rng: np.random.Generator) -> LoggedFeedback:
    judged, n = benchmark.judged, len(places)
    strong, weak = (judged.scores(model)[places] for model in (benchmark.strong, benchmark.weak))
    by_strong = rng.random(n) < 0.5
    return LoggedFeedback(
        prompts=[judged.prompts[place] for place in places.tolist()],
        strong=by_strong,
        score=np.where(by_strong, strong, weak),
        other_score=np.where(by_strong, weak, strong),
        propensity=np.ones(n),
        routed_strong=by_strong,
        win_probability=np.full(n, 0.5),
        weights=np.ones(n),
    )


def _fitted(rows: LoggedFeedback, seed: int) -> LocalRouter:
    return LocalRouter(seed=seed).fit(weighted_battles(rows, seed=seed), progress=False)


def _scores(router: LocalRouter, benchmark: Benchmark, places: NDArray[np.intp]) -> NDArray[np.float64]:
    return router.win_probability([benchmark.judged.prompts[place] for place in places.tolist()])


def main() -> None:
    """Learn at three sizes, several times each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--sizes", type=int, nargs="+", default=[150, 400, 1000])
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for benchmark in read_benchmarks(Path(os.environ["ROUTER_DATA_DIR"])):
        for n in arguments.sizes:
            if len(benchmark.judged.prompts) < n + 600:
                continue
            drawn = [missed(benchmark, n, seed) for seed in range(arguments.seeds)]
            for way in WAYS:
                off = np.concatenate([each[way] for each in drawn])
                rows.append(
                    {
                        "benchmark": benchmark.name,
                        "graded": n,
                        "threshold chosen on": way,
                        "more go strong, mean": float(off.mean()),
                        "off by, mean": float(np.abs(off).mean()),
                        "off by, worst": float(np.abs(off).max()),
                    }
                )
    report_rows("learned_thresholds", rows)


if __name__ == "__main__":
    main()
