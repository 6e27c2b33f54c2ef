"""Four prompts whose figures can be worked by hand, and random ones for comparisons."""

import numpy as np

from shared_router.evaluation.pair import Pair, pair_from_scores

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
