"""How fast routers answer, the embedding not counted.

Similarity weighting stands beside what RouteLLM does for each query after its embedding call: cosines to
every battle in double precision, their norms anew, the design matrix, and a logistic regression over all
battles twice, as scikit-learn fits it with RouteLLM's settings. Left out of its time is its pandas work, a
tenth. Both get the same battles (64 models in ten tiers, none within a tier) and the same embeddings, and
take turns; a figure is the least of its rounds: by the clock with the machine's own number of threads, and
in CPU time with one thread, which a busy machine disturbs less. The largest difference is to that regression
run to a tolerance of 1e-12.
"""

import math
import time
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from shared_router import PreferenceData
from shared_router.preferences import Winner
from shared_router.routers.knn import KNNRouter
from shared_router.routers.matrix_factorization import MatrixFactorizationRouter
from shared_router.routers.similarity_weighted import SimilarityWeightedRouter
from tests.benchmarks.measure import print_table, report, take_turns

N_MODELS, N_TIERS, BATCH = 64, 10, 256
Vectors = NDArray[np.float32]


class VectorEmbedder:
    """Give the query "i" the vector i: what is measured is the router, not an encoder."""

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return shape (n, dim); a text that is no number gets the first vector."""
        return self._vectors[[int(text) if text.isdigit() else 0 for text in texts]]


class RegressionPerQuery:
    """RouteLLM's way: for each query a regression on one-hot tier differences, every battle twice."""

    def __init__(self, data: PreferenceData, tiers: dict[str, int], vectors: Vectors) -> None:
        self.sides = [np.tile([tiers[m] for m in side], 2) for side in (data.model_a, data.model_b)]
        won = np.array([{"a": 1.0, "b": 0.0, "tie": 0.5}[w] for w in data.winners])
        self.vectors = vectors.astype(np.float64)
        self.labels = np.concatenate([np.ceil(won), np.floor(won)])

    def similarities(self, query: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the cosine to every battle's query."""
        norms = np.linalg.norm(self.vectors, axis=1) * np.linalg.norm(query)
        cosines: NDArray[np.float64] = self.vectors @ query / norms
        return cosines

    def lead(self, similarities: NDArray[np.float64], tolerance: float = 1e-4) -> float:
        """Return the win probability of the best tier over the worst."""
        from sklearn.linear_model import LogisticRegression

        weights = 10 * 10 ** (similarities / similarities.max())
        rows = np.arange(len(self.labels))
        design = np.zeros((len(rows), N_TIERS))
        design[rows, self.sides[0]] = math.log(10)
        design[rows, self.sides[1]] = -math.log(10)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # penalty=None is deprecated, and what RouteLLM passes
            model = LogisticRegression(fit_intercept=False, penalty=None, tol=tolerance, max_iter=1000)
            model.fit(design, self.labels, sample_weight=np.tile(weights, 2))
        lead = (model.coef_[0][0] - model.coef_[0][-1]) * math.log(10)
        return float(1 / (1 + math.exp(-lead)))


def make_battles(n: int, seed: int = 0) -> PreferenceData:
    """Draw battles among 64 models, none between two models of one tier."""
    rng = np.random.default_rng(seed)
    strength = np.sort(rng.standard_normal(N_MODELS))[::-1]
    a = rng.integers(0, N_MODELS, n)
    b = (a + rng.integers(N_MODELS // N_TIERS + 1, N_MODELS - N_MODELS // N_TIERS, n)) % N_MODELS
    chance = 1 / (1 + np.exp(strength[b] - strength[a]))
    won = np.where(rng.random(n) < chance, "a", "b")
    winners: list[Winner] = np.where(rng.random(n) < 0.3, "tie", won).tolist()
    return PreferenceData(
        [str(i) for i in range(n)], [f"m{i:02d}" for i in a], [f"m{i:02d}" for i in b], winners
    )


def tier_pair(data: PreferenceData, vectors: Vectors) -> tuple[SimilarityWeightedRouter, PreferenceData]:
    """Fit the router on all battles, then on those across its own tiers alone, so that both see the same."""
    embedder = VectorEmbedder(vectors)
    router = SimilarityWeightedRouter(embedder, strong=0, weak=N_TIERS - 1, n_tiers=N_TIERS)
    router.fit(data, embeddings=vectors)
    tiers = dict(zip(router.models_ or (), router.tiers_.tolist(), strict=True))
    across = [i for i in range(len(data)) if tiers[data.model_a[i]] != tiers[data.model_b[i]]]

    def pick(column: Sequence[str]) -> list[str]:
        return [column[i] for i in across]

    renamed = PreferenceData(
        pick(data.queries),
        [f"tier {tiers[m]}" for m in pick(data.model_a)],
        [f"tier {tiers[m]}" for m in pick(data.model_b)],
        [data.winners[i] for i in across],
    )
    again = SimilarityWeightedRouter(embedder, strong="tier 0", weak=f"tier {N_TIERS - 1}", n_tiers=N_TIERS)
    return again.fit(renamed, embeddings=vectors[across]), renamed


def least_ms(
    calls: dict[str, Callable[[], object]], rounds: int, clock: Callable[[], float]
) -> dict[str, float]:
    """Let the calls take turns; return the least milliseconds of each."""
    least = dict.fromkeys(calls, math.inf)
    for _ in range(rounds):
        for name, call in calls.items():
            start = clock()
            call()
            least[name] = min(least[name], 1e3 * (clock() - start))
    return least


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
    calls: dict[str, Callable[[], object]] = {
        "published": lambda: published.lead(published.similarities(query)),
        "fit_only": lambda: published.lead(similarities),
        "one": lambda: router.win_probability(queries[:1]),
        "batch": lambda: router.win_probability(queries),
    }
    milliseconds = least_ms(calls, rounds, time.perf_counter)
    with import_module("threadpoolctl").threadpool_limits(1):
        milliseconds |= {f"{k}_cpu": v for k, v in least_ms(calls, rounds, time.process_time).items()}
    milliseconds["batch"] /= BATCH
    milliseconds["batch_cpu"] /= BATCH
    exact = [
        published.lead(published.similarities(vectors[int(q)].astype(np.float64)), tolerance=1e-12)
        for q in queries[:5]
    ]
    difference = float(np.abs(router.win_probability(queries[:5]) - exact).max())
    return {**milliseconds, "battles": len(data), "difference": difference}


def side_by_side(n: int, dim: int) -> dict[str, tuple[float, float]]:
    """Return for each router the median microseconds of one query, and of one of 256, on one thread."""
    rng = np.random.default_rng(2)
    vectors = rng.standard_normal((n, dim), dtype=np.float32)
    embedder, data = VectorEmbedder(vectors), make_battles(n)
    two = PreferenceData(data.queries, ["strong"] * n, ["weak"] * n, data.winners)
    queries = [str(i) for i in range(BATCH)]
    routers = {
        "similarity_weighted": SimilarityWeightedRouter(embedder, strong=0, weak=N_TIERS - 1).fit(
            data, embeddings=vectors
        ),
        "knn": KNNRouter(embedder).fit(two, embeddings=vectors),
        "matrix_factorization": MatrixFactorizationRouter(embedder, epochs=1).fit(two, embeddings=vectors),
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


def bert_p50_ms() -> float | None:
    """Return the median milliseconds of one short query, or None without that router's own benchmark."""
    if find_spec("tests.benchmarks.bert_speed") is None:
        print("bert: skipped, there is no tests.benchmarks.bert_speed here")
        return None
    return float(import_module("tests.benchmarks.bert_speed").measure_p50_ms())


def main() -> None:
    """Print both tables and the figures."""
    if find_spec("sklearn") is None:
        raise SystemExit("skipped: scikit-learn is not installed; install the extra test")
    sizes = [(1000, 256, 20), (10_000, 256, 20), (55_000, 256, 12), (55_000, 1536, 8)]
    results = {(n, dim): compare(n, dim, rounds) for n, dim, rounds in sizes}
    for kind, title in (("", "by the clock"), ("_cpu", "CPU time of one thread")):
        print(title)
        print_table(
            [
                {
                    "battles": int(r["battles"]),
                    "dim": dim,
                    "RouteLLM ms": r["published" + kind],
                    "its regression ms": r["fit_only" + kind],
                    "ours, one ms": r["one" + kind],
                    "ours, of 256 ms": r["batch" + kind],
                    "ratio, one": r["published" + kind] / r["one" + kind],
                    "ratio, of 256": r["published" + kind] / r["batch" + kind],
                    "difference": f"{r['difference']:.1e}",
                }
                for (_, dim), r in results.items()
            ]
        )
    others = side_by_side(10_000, 384)
    print_table(
        [{"router": k, "p50 us": v[0], "of 256 us": v[1], "a second": 1e6 / v[1]} for k, v in others.items()]
    )
    large, small = results[55_000, 1536], results[55_000, 256]
    figures: dict[str, float] = {}
    for kind in ("", "_cpu"):
        figures |= {
            f"sw_ratio_55k{kind}": large["published" + kind] / large["batch" + kind],
            f"sw_ratio_55k_single{kind}": large["published" + kind] / large["one" + kind],
            f"sw_ratio_55k_single_256d{kind}": small["published" + kind] / small["one" + kind],
        }
    figures |= {
        "sw_max_difference": max(r["difference"] for r in results.values()),
        "mf_p50_us": others["matrix_factorization"][0],
        "knn_p50_us": others["knn"][0],
        "sw_p50_us": others["similarity_weighted"][0],
    }
    bert = bert_p50_ms()
    report("routers_speed", figures if bert is None else {**figures, "bert_p50_ms": bert})


if __name__ == "__main__":
    main()
