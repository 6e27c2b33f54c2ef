"""Rows that hold a conversation are scored by it, where the router reads conversations."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from shared_router import Outcomes, Router, evaluate
from shared_router.testing import FixedRouter

TALKS = [
    [("user", f"question {i}?"), *[("assistant", "so"), ("user", "Now do it.")] * (i % 2)] for i in range(40)
]
"""Every second one goes on after an answer."""


class LongTalk(Router):
    name: ClassVar[str] = "long_talk"

    def win_probability(self, queries: Sequence[str]) -> NDArray[np.float64]:
        return np.zeros(len(queries))

    def win_probability_of(self, messages: Any) -> float:
        return float(len(messages) > 1)


def test_a_router_that_reads_conversations_is_judged_by_its_scores_of_them() -> None:
    """The strong model is better on just the long ones: an order that sends them first reaches APGR 1."""
    strong = np.array([i % 2 for i in range(40)], dtype=np.float64)
    outcomes = Outcomes.from_columns(TALKS, {"strong": strong, "weak": np.zeros(40)})
    routers = {"reads": LongTalk(), "does_not": FixedRouter(0.5)}
    report = evaluate(routers, outcomes, strong="strong", weak="weak", n_resamples=20, progress=False)
    perfect = evaluate(
        strong.tolist(), outcomes, strong="strong", weak="weak", n_resamples=20, progress=False
    )
    assert report["reads"]["apgr"].value == perfect.measured[0]["apgr"].value
    assert report["reads"]["apgr"].value != report["does_not"]["apgr"].value
