"""What a moving threshold has come to, and what decisions and time make of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from shared_router.calibration.goals import Goal
from shared_router.errors import ArtifactCorruptError

_MOST_SECONDS = 3600.0
_MAX_SCORES = 1000


@dataclass(frozen=True, slots=True)
class Moves:
    """Decisions since some state.

    Attributes:
        debit: What they took from the share, in steps.
        n: How many there were.
        n_strong: How many went strong.
        dollars: What they cost.
    """

    debit: float = 0.0
    n: int = 0
    n_strong: int = 0
    dollars: float = 0.0

    def __add__(self, other: Moves) -> Moves:
        return Moves(
            self.debit + other.debit,
            self.n + other.n,
            self.n_strong + other.n_strong,
            self.dollars + other.dollars,
        )


@dataclass(frozen=True, slots=True)
class HeldState:
    """What a moving threshold has come to, over all processes that share it.

    Attributes:
        share: The share of recent scores that it aims to send strong; at 0 and below none goes, at 1 and
            above all do.
        n: How many decisions it has seen.
        n_strong: How many of them went strong.
        dollars: What they cost, where that was said.
        at: When it was last changed, in seconds since 1970.
    """

    share: float
    n: int = 0
    n_strong: int = 0
    dollars: float = 0.0
    at: float = 0.0

    def after(self, moves: Moves, now: float, *, goal: Goal, step: float) -> HeldState:
        """Return what decisions and the time until now make of it.

        Args:
            moves: The decisions.
            now: The time. One before `at` counts as no time: where it is less than an hour before, it is
                another process's clock, or will be where it was, and `at` stays; else the clock jumped back,
                and `at` goes with it. One that is no number counts as no time either.
            goal: What is held.
            step: How far one step moves the share.
        """
        now = now if math.isfinite(now) else self.at
        seconds = min(max(now - self.at, 0.0), _MOST_SECONDS)
        at = self.at if 0 < self.at - now < _MOST_SECONDS else now
        share = self.share + step * (goal.credit(seconds) - moves.debit)
        return HeldState(
            min(max(share, -step), 1 + step),
            self.n + moves.n,
            self.n_strong + moves.n_strong,
            self.dollars + moves.dollars,
            at,
        )

    def as_json(self, scores: Sequence[float]) -> dict[str, object]:
        """Return what `held_state_of` reads, with the latest scores' quantiles."""
        return {**asdict(self), "scores": [*scores]}


def held_state_of(data: Mapping[str, object] | None) -> tuple[HeldState, list[float]] | None:
    """Return a state and its scores; None where there is none.

    Raises:
        ArtifactCorruptError: If it is something else.
    """
    if data is None:
        return None
    values, scores = {name: value for name, value in data.items() if name != "scores"}, data.get("scores")
    share, n, n_strong, dollars, at = (data.get(k) for k in ("share", "n", "n_strong", "dollars", "at"))
    if (
        len(values) == 5
        and all(_is_number(each) for each in (share, dollars, at))
        and -1 <= share <= 2  # type: ignore[operator]
        and type(n) is type(n_strong) is int
        and 0 <= n_strong <= n
        and isinstance(scores, list)
        and len(scores) <= _MAX_SCORES
        and all(_is_number(score) and 0 <= score <= 1 for score in scores)
    ):
        return HeldState(share, n, n_strong, dollars, at), scores  # type: ignore[arg-type]
    raise ArtifactCorruptError(
        "a threshold's state must hold share, n, n_strong, dollars, at and scores, and this file does not; "
        "remove it to begin anew"
    )


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]
