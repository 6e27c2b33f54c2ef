"""The quantiles of a fine-tuned router's scores: on the queries that it held out of its training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from shared_router.quantiles import ScoreQuantiles

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from shared_router.training.recipe import FineTuning

MAX_SCORED = 300
"""A score takes tens of milliseconds; the median of so many is of 0.5 +- 0.03 of all."""


def unseen_quantiles(
    win_probability: Callable[[Sequence[str]], NDArray[np.float64]],
    queries: Sequence[str],
    recipe: FineTuning,
) -> ScoreQuantiles:
    """Score the distinct queries that the recipe holds out, or where it holds out none, those trained on.

    Args:
        win_probability: The fitted router's.
        queries: The rows' texts, at least one.
        recipe: How it was trained.
    """
    distinct = list(dict.fromkeys(queries))
    held_out = [query for query in distinct if recipe.holds_out(query)]
    scores = win_probability((held_out or distinct)[:MAX_SCORED])
    source = "held-out training queries" if held_out else "training queries"
    return ScoreQuantiles.of(scores.tolist(), source=source)
