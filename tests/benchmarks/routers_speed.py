"""How fast routers answer, the embedding not counted.

Similarity weighting stands beside what RouteLLM does for each query after its embedding call: cosines to
every battle in double precision, their norms anew, the design matrix, and a logistic regression over all
battles twice, as scikit-learn fits it with RouteLLM's settings. Left out of its time is its pandas work, a
tenth. Both get the same battles (64 models in ten tiers, none within a tier) and the same embeddings, and
take turns; a figure is the least of its rounds: by the clock with the machine's own number of threads, and
in CPU time with one thread, which a busy machine disturbs less. The largest difference is to that regression
run to a tolerance of 1e-12. Prompts rounded to fewer bits take their turns in the same rounds.

Then all routers side by side on one thread: those that read embeddings with 10,000 battles of 384 dimensions,
the fine-tuned ones with their encoder, as `bert_speed` times them. Last, those of which RouteLLM publishes
weights beside RouteLLM's way with the same weights (`published_ways`).
"""

import copy
import math
import os
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from shared_router import PreferenceData
from shared_router.embedding.vectors import Storage, keep_vectors
from shared_router.routers.knn import KNNRouter
from shared_router.routers.matrix_factorization import MatrixFactorizationRouter
from shared_router.routers.similarity_weighted import SimilarityWeightedRouter
from shared_router.training.factors import FactorTraining
from tests.benchmarks.bert_speed import measure_bert, measure_causal_lm
from tests.benchmarks.measure import print_table, report, take_turns
from tests.benchmarks.published_ways import measure_published_ways
from tests.benchmarks.regression_per_query import (
    N_TIERS,
    RegressionPerQuery,
    VectorEmbedder,
    make_battles,
    tier_pair,
)

BATCH = 256
_PAUSE_S = 0.1
ROUNDED: tuple[Storage, ...] = ("int12", "int8")
SUFFIXES = ("", *(f"_{storage}" for storage in ROUNDED))


def least_ms(
    calls: dict[str, Callable[[], object]], rounds: int, clock: Callable[[], float]
) -> dict[str, float]:
    """Let the calls take turns; return the least milliseconds of each.

    Each is timed after one of its own, as a server answers one query after another: a linear algebra
    library's threads go on spinning after the call before, on the processors that this one would use, and
    memory that was not asked for in a while comes slowly.
    """
    least = dict.fromkeys(calls, math.inf)
    for _ in range(rounds):
        for name, call in calls.items():
            time.sleep(_PAUSE_S)
            call()
            start = clock()
            call()
            least[name] = min(least[name], 1e3 * (clock() - start))
    return least


def least_times(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return each call's least milliseconds by the clock, and as `_cpu` in CPU time with one thread."""
    milliseconds = least_ms(calls, rounds, time.perf_counter)
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    with import_module("threadpoolctl").threadpool_limits(1):
        milliseconds |= {f"{k}_cpu": v for k, v in least_ms(calls, rounds, time.process_time).items()}
    del os.environ["OMP_NUM_THREADS"]
    if before is not None:
        os.environ["OMP_NUM_THREADS"] = before
    batches = [name for name in milliseconds if name.startswith("batch")]
    return milliseconds | {name: milliseconds[name] / BATCH for name in batches}


def rounded(router: SimilarityWeightedRouter, storage: Storage) -> SimilarityWeightedRouter:
    """Return the router as if it had been fitted with that storage."""
    other = copy.copy(router)
    other.vectors_ = keep_vectors(router.embeddings_, storage)
    return other


def compare(n: int, dim: int, rounds: int) -> dict[str, float]:
    """Time one query, and 256 at once, against the regression; return milliseconds and differences."""
    rng = np.random.default_rng(1)
    vectors = rng.standard_normal((max(n, BATCH), dim), dtype=np.float32)
    router, data = tier_pair(make_battles(n), vectors[:n])
    kept = vectors[[int(query) for query in data.queries]]
    tiers = {f"tier {t}": t for t in range(N_TIERS)}
    published = RegressionPerQuery(data, tiers, kept)
    queries = [str(i) for i in rng.integers(0, len(vectors), BATCH)]
    query = vectors[int(queries[0])].astype(np.float64)
    similarities = published.similarities(query)
    routers = {"": router} | {f"_{storage}": rounded(router, storage) for storage in ROUNDED}
    calls: dict[str, Callable[[], object]] = {
        "published": lambda: published.lead(published.similarities(query)),
        "fit_only": lambda: published.lead(similarities),
    }
    for suffix, each in routers.items():
        calls[f"one{suffix}"] = lambda each=each: each.win_probability(queries[:1])  # type: ignore[misc]
        calls[f"batch{suffix}"] = lambda each=each: each.win_probability(queries)  # type: ignore[misc]
    exact = [
        published.lead(published.similarities(vectors[int(q)].astype(np.float64)), tolerance=1e-12)
        for q in queries[:5]
    ]
    differences = {
        f"difference{suffix}": float(np.abs(each.win_probability(queries[:5]) - exact).max())
        for suffix, each in routers.items()
    }
    return {**least_times(calls, rounds), "battles": len(data), **differences}


def side_by_side(n: int, dim: int) -> dict[str, tuple[float, float]]:
    """Return for each router the median microseconds of one query, and of one of 256, on one thread."""
    rng = np.random.default_rng(2)
    vectors = rng.standard_normal((n, dim), dtype=np.float32)
    embedder, data = VectorEmbedder(vectors), make_battles(n)
    two = PreferenceData(data.queries, ["strong"] * n, ["weak"] * n, data.winners)
    queries = [str(i) for i in range(BATCH)]
    routers = {
        "sw": SimilarityWeightedRouter.published(embedder, strong=0, weak=N_TIERS - 1).fit(
            data, embeddings=vectors
        ),
        "knn": KNNRouter.published(embedder).fit(two, embeddings=vectors),
        "mf": MatrixFactorizationRouter(embedder, recipe=FactorTraining(epochs=1)).fit(
            two, embeddings=vectors
        ),
    }
    found = {}
    for name, router in routers.items():
        calls: dict[str, Callable[[], object]] = {
            "one": lambda router=router: router.win_probability(queries[:1]),  # type: ignore[misc]
            "batch": lambda router=router: router.win_probability(queries),  # type: ignore[misc]
        }
        with import_module("threadpoolctl").threadpool_limits(1):
            timings = take_turns(calls, rounds=30, warm_up=2)
        found[name] = (timings["one"].p50, timings["batch"].p50 / BATCH)
    return found


def table_rows(dim: int, found: dict[str, float], kind: str) -> list[dict[str, Any]]:
    """Return a row of the table for each storage."""
    published = found["published" + kind]
    return [
        {
            "battles": int(found["battles"]),
            "dim": dim,
            "storage": suffix[1:] or "float32",
            "RouteLLM ms": published,
            "its regression ms": found["fit_only" + kind],
            "ours, one ms": found[f"one{suffix}{kind}"],
            "ours, of 256 ms": found[f"batch{suffix}{kind}"],
            "ratio, one": published / found[f"one{suffix}{kind}"],
            "ratio, of 256": published / found[f"batch{suffix}{kind}"],
            "difference": f"{found['difference' + suffix]:.1e}",
        }
        for suffix in SUFFIXES
    ]


def ratios(large: dict[str, float], small: dict[str, float]) -> dict[str, float]:
    """Return how many times faster than the regression, for 1,536 and for 256 dimensions."""
    figures: dict[str, float] = {}
    for kind in ("", "_cpu"):
        for suffix in SUFFIXES:
            tail = suffix + kind
            figures |= {
                f"sw_ratio_55k{tail}": large["published" + kind] / large[f"batch{tail}"],
                f"sw_ratio_55k_single{tail}": large["published" + kind] / large[f"one{tail}"],
                f"sw_ratio_55k_single_256d{tail}": small["published" + kind] / small[f"one{tail}"],
            }
    return figures


def main() -> None:
    """Print both tables and the figures."""
    if find_spec("sklearn") is None:
        raise SystemExit("skipped: scikit-learn is not installed; install the extra test")
    sizes = [(1000, 256, 20), (10_000, 256, 20), (55_000, 256, 12), (55_000, 1536, 8)]
    results = {(n, dim): compare(n, dim, rounds) for n, dim, rounds in sizes}
    for kind, title in (("", "by the clock"), ("_cpu", "CPU time of one thread")):
        print(title)
        print_table([row for key, found in results.items() for row in table_rows(key[1], found, kind)])
    figures = ratios(results[55_000, 1536], results[55_000, 256])
    others = side_by_side(10_000, 384)
    for name, (p50, of_batch) in others.items():
        figures |= {f"{name}_p50_us": p50, f"{name}_batch_per_s": 1e6 / of_batch}
    fine_tuned = measure_bert() | measure_causal_lm()
    for name in ("bert", "causal_lm"):
        p50, per_second = fine_tuned[f"{name}_p50_ms"], fine_tuned[f"{name}_batch_per_s"]
        others[name] = (1e3 * p50, 1e6 / per_second)
        figures |= {f"{name}_p50_ms": p50, f"{name}_batch_per_s": per_second}
    print_table(
        [
            {"router": k, "p50 us": v[0], "of a batch us": v[1], "a second": 1e6 / v[1]}
            for k, v in others.items()
        ]
    )
    for suffix in SUFFIXES:
        differences = {key: found[f"difference{suffix}"] for key, found in results.items()}
        figures[f"sw_max_difference{suffix}"] = max(differences.values())
        figures[f"sw_55k_difference{suffix}"] = max(v for (n, _), v in differences.items() if n == 55_000)
    report("routers_speed", figures | measure_published_ways())


if __name__ == "__main__":
    main()
