"""How many pairs a ranker reads to order N different answers, by the way comparisons are added up.

Counted while a ranker of drawn logits ranks them, as PairRanker's encoder would be asked; one pass is one
pair of answers in one order. Who ranks one is never asked.

Run: python -m tests.benchmarks.blend_passes [--write]
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared_router.plans.comparing import Comparing
from shared_router.plans.ranking import Aggregation
from tests.benchmarks.measure import report_rows

SIZES = (2, 3, 5, 8, 11)
"""11 is LLM-Blender's number of models."""


class Drawn(Comparing):
    """Draw a logit for each pair."""

    name = "drawn"

    def __init__(self, aggregation: Aggregation) -> None:
        self.aggregation = aggregation
        self.rng = np.random.default_rng(0)

    def _logits(
        self, question: str, answers: Sequence[str], pairs: Sequence[tuple[int, int]]
    ) -> NDArray[np.float64]:
        del question, answers
        return self.rng.standard_normal(len(pairs))


def counted(aggregation: Aggregation, n: int) -> int:
    """Return the passes that ordering n answers took."""
    ranker = Drawn(aggregation)
    ranker.scores("q", [f"answer {at}" for at in range(n)])
    return ranker.passes_


def main() -> None:
    """Count, print, and with `--write` keep the table."""
    rows = [
        {
            "answers": str(n),
            "max_logits (full)": str(counted("max_logits", n)),
            "max_wins": str(counted("max_wins", n)),
            "bubble": str(counted("bubble", n)),
        }
        for n in SIZES
    ]
    report_rows("blend_passes", rows)


if __name__ == "__main__":
    main()
