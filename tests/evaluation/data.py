"""Four prompts whose figures can be worked by hand, and random ones for comparisons."""

from functools import cache

import numpy as np

from shared_router.evaluation.evaluate import evaluate
from shared_router.evaluation.pair import Pair, pair_from_scores
from shared_router.evaluation.report import EvaluationReport
from shared_router.records.outcomes import Outcomes

BEST = np.array([0.9, 0.2, 0.8, 0.1])
WORST = np.array([0.1, 0.8, 0.2, 0.9])


def four_prompts(
    *, strong_dollars: list[float] | None = None, weak_dollars: list[float] | None = None
) -> Pair:
    """Return four prompts; the first and third need the strong model: weak 1/4, strong 3/4."""
    return pair_from_scores(
        ["a", "b", "c", "d"],
        [1, 1, 1, 0],
        [0, 1, 0, 0],
        strong_dollars=strong_dollars,
        weak_dollars=weak_dollars,
    )


def random_pair(n: int, seed: int, *, domains: bool = False) -> Pair:
    """Return n prompts of random grades, the strong model right on about 7 of 10, the weak on 4."""
    rng = np.random.default_rng(seed)
    strong = (rng.random(n) < 0.7).astype(np.float64)
    weak = (rng.random(n) < 0.4).astype(np.float64)
    names = [f"domain {i % 3}" for i in range(n)] if domains else None
    return pair_from_scores([f"question number {i}" for i in range(n)], strong, weak, domains=names)


HOSTILE = "<script>alert('$x$')</script> & \"quoted\" | `code`"
"""A name that must not become markup, formula or code in any form of a report."""


@cache
def hostile_report() -> EvaluationReport:
    """Return a small report in which every name and prompt is hostile."""
    n = 60
    rng = np.random.default_rng(0)
    weak = (rng.random(n) < 0.5).astype(np.float64)
    dollars = {f"strong {HOSTILE}": np.full(n, 0.01), f"weak {HOSTILE}": np.full(n, 0.001)}
    outcomes = Outcomes.from_columns(
        [f"secret prompt {i} {HOSTILE}" for i in range(n)],
        {f"strong {HOSTILE}": np.ones(n), f"weak {HOSTILE}": weak},
        domains=[f"domain {i % 2} {HOSTILE}" for i in range(n)],
        measures={"dollars": dollars},
    )
    return evaluate(
        {f"router {HOSTILE}": rng.random(n), "other": rng.random(n)},
        outcomes,
        strong=f"strong {HOSTILE}",
        weak=f"weak {HOSTILE}",
        threshold=0.5,
        n_resamples=50,
    )
