"""A cascade as a user describes it: its rules checked together, for both adapters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

from shared_router.choices import check_choice
from shared_router.errors import InvalidInputError
from shared_router.plans.cascade import DEFAULT_RISK, Cascade, OnScorerError, OnToolCalls
from shared_router.plans.deadline import check_seconds
from shared_router.plans.judging import SCORER_TIMEOUT_S, Judging
from shared_router.scorers.checked import CheckedScorer
from shared_router.scorers.protocol import Scorer

OnStream = Literal["buffer", "route"]
"""What a stream is: the accepted answer, or the router's choice alone."""


def made_cascade(
    scorer: Scorer | Callable[[str, str], float] | CheckedScorer,
    *,
    threshold: float = DEFAULT_RISK,
    on_scorer_error: OnScorerError = "strong",
    on_tool_calls: OnToolCalls = "score",
    on_stream: OnStream = "buffer",
    scorer_timeout: float | None = SCORER_TIMEOUT_S,
    deadline: float | None = None,
    has_router: bool = False,
) -> tuple[Cascade, Judging]:
    """Return the cascade that these rules make, and what asks its scorer.

    Args:
        scorer: As in `Cascade`, like what follows.
        threshold: The cost threshold of the weak answer, in [0, 1].
        on_scorer_error: Which answer is used where the scorer fails.
        on_tool_calls: Whether a weak answer that calls tools is scored or passes.
        on_stream: What a stream is.
        scorer_timeout: How long the scorer may take, in seconds, or None.
        deadline: How long all calls of a request may take together, in seconds, or None.
        has_router: Whether a router stands before the cascade.

    Raises:
        InvalidInputError: If one is outside its rule.
    """
    check_choice("on_stream", on_stream, get_args(OnStream))
    if on_stream == "route" and not has_router:
        raise InvalidInputError('on_stream="route" must come with a router, got none; give router=')
    check_seconds("deadline", deadline)
    cascade = Cascade(
        scorer, threshold=threshold, on_scorer_error=on_scorer_error, on_tool_calls=on_tool_calls
    )
    return cascade, Judging(cascade.scorer, timeout_s=scorer_timeout)
