"""Calls as columns, from a decision log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from shared_router.costs.prices import TokenPrices
from shared_router.errors import DataError
from shared_router.proof.comparing import JUDGE
from shared_router.proof.routed_calls import RoutedCalls
from shared_router.telemetry import Feedback, LoggedDecision, ShadowAnswer


@dataclass(frozen=True, slots=True)
class LoggedCalls:
    """The answered calls of a log.

    Attributes:
        calls: Their columns.
        rows: The decisions that they are, in order.
        left_out: How many decisions are not among them, by the reason.
    """

    calls: RoutedCalls
    rows: tuple[LoggedDecision, ...] = field(repr=False)
    left_out: Mapping[str, int] = field(default_factory=dict)


def logged_calls(
    rows: Sequence[LoggedDecision],
    *,
    strong: str = "strong",
    prices: Mapping[str, TokenPrices] | None = None,
    since: float | None = None,
    until: float | None = None,
) -> LoggedCalls:
    """Return the calls of a period that a model answered as the policy decided.

    A call that failed, or that a fallback answered because the decided model could not, is no routing.

    Args:
        rows: The decisions, as `read_log` gives them.
        strong: The strong model's name; every other model is a weaker one.
        prices: What models' tokens cost, for lines without dollars.
        since: Only calls from then on, in seconds since the epoch.
        until: Only calls before then.

    Raises:
        DataError: If no call is left, or none is by a model that can be compared with the strong one.
    """
    left_out: Counter[str] = Counter()
    kept = []
    for row in rows:
        if (since is not None and row.time < since) or (until is not None and row.time >= until):
            left_out["outside the period"] += 1
        elif row.outcome != "answered":
            left_out[f"a call that {'failed' if row.outcome == 'failed' else 'was cancelled'}"] += 1
        elif row.reason.startswith("fallback:"):
            left_out["answered by a fallback"] += 1
        else:
            kept.append(row)
    if not kept:
        raise DataError(
            f"a log must hold answered calls, got none of {len(rows)} decisions: {dict(left_out)}"
        )
    models = {row.model for row in kept}
    if strong not in models and not any(_shadow(row, strong) for row in kept):
        raise DataError(
            f"the strong model must be one of {sorted(models)}, got {strong!r}; say --strong NAME, or "
            "where it answered none, have a share of the calls shadowed: Shadow(share=0.02)"
        )
    return LoggedCalls(_columns(kept, strong, prices or {}), tuple(kept), dict(left_out))


def _columns(rows: Sequence[LoggedDecision], strong: str, prices: Mapping[str, TokenPrices]) -> RoutedCalls:
    shadows = [_shadow(row, strong) for row in rows]
    graded = [
        (None, None) if shadow is None or shadow.score is None else (_own_grade(row.feedback), shadow.score)
        for row, shadow in zip(rows, shadows, strict=True)
    ]
    return RoutedCalls.of(
        np.array([row.model == strong for row in rows]),
        _numbers([_dollars(row, row.dollars, prices) for row in rows]),
        times=_numbers([row.time for row in rows]),
        other_dollars=_numbers([None if s is None else _dollars(s, s.dollars, prices) for s in shadows]),
        share=_numbers([None if s is None else s.share for s in shadows]),
        score=_numbers([own for own, _ in graded]),
        other_score=_numbers([other for _, other in graded]),
        feedback=_numbers([_mean([f.score for f in row.feedback if f.source != JUDGE]) for row in rows]),
        # what a budget or a plan moved on had to be: its line tells the chance of the model it came from
        propensity=_numbers([row.propensity if row.model == row.routed else 1.0 for row in rows]),
        in_vain=np.array([row.model == strong and _asked_in_vain(row, strong) for row in rows]),
    )


def _asked_in_vain(row: LoggedDecision, strong: str) -> bool:
    return any(each.model != strong and each.error is None for each in row.attempts)


def _shadow(row: LoggedDecision, strong: str) -> ShadowAnswer | None:
    """Return what the model on the other side made of a request."""
    return next((each for each in row.shadows if (each.model == strong) != (row.model == strong)), None)


def _own_grade(feedback: Sequence[Feedback]) -> float | None:
    """Return the answer's grade by whoever graded the shadow, else by anybody."""
    judged = [each.score for each in feedback if each.source == JUDGE]
    return judged[0] if judged else _mean([each.score for each in feedback])


def _mean(scores: Sequence[float]) -> float | None:
    return float(np.mean(scores)) if scores else None


def _dollars(
    answer: LoggedDecision | ShadowAnswer, told: float | None, prices: Mapping[str, TokenPrices]
) -> float | None:
    price = prices.get(answer.model)
    if told is not None or price is None or answer.input_tokens is None or answer.output_tokens is None:
        return told
    return price.dollars(
        input_tokens=answer.input_tokens,
        output_tokens=answer.output_tokens,
        cached_input_tokens=getattr(answer, "cached_input_tokens", None) or 0,
    )


def _numbers(values: Sequence[float | None]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
