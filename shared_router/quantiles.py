"""What a router's win probabilities mean on some traffic: which share of it reaches a threshold, and back.

A win probability of 0.3 is high for one router and low for another, so a threshold says nothing until it is
known how many questions reach it.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared_router.choices import check_share
from shared_router.errors import ArtifactSchemaError, InvalidInputError

N_STEPS = 100


@dataclass(frozen=True, slots=True)
class ScoreQuantiles:
    """The quantiles of a router's win probabilities on some questions.

    Attributes:
        values: The quantiles at 0, 1/100, 2/100, ... 1; the first is the least score seen, the last the
            largest. Not in the repr.
        n_queries: How many questions were scored, >= 1.
        source: What questions they were, in a few words, such as `"held-out training queries"`.
    """

    values: tuple[float, ...] = field(repr=False)
    n_queries: int
    source: str

    @classmethod
    def of(cls, scores: Sequence[float], *, source: str) -> ScoreQuantiles:
        """Take the quantiles of some scores, between neighbours in proportion.

        Args:
            scores: Win probabilities, at least one, each in [0, 1].
            source: What questions they are of.

        Raises:
            InvalidInputError: If there is none, or one is no win probability.
        """
        ordered = sorted(float(score) for score in scores)
        if not ordered or not all(0 <= score <= 1 for score in ordered):
            raise InvalidInputError(
                f"quantiles need win probabilities in [0, 1], got {len(ordered)}, or others among them"
            )
        places = (step * (len(ordered) - 1) / N_STEPS for step in range(N_STEPS + 1))
        values = (_between(ordered, place) for place in places)
        return cls(tuple(values), len(ordered), source)

    @property
    def low(self) -> float:
        """The least score seen."""
        return self.values[0]

    @property
    def high(self) -> float:
        """The largest score seen."""
        return self.values[-1]

    def threshold(self, strong_fraction: float) -> float:
        """Return the threshold that sends this share of such questions strong.

        Args:
            strong_fraction: The share, in [0, 1]; 0 gives the threshold 1, and 1 gives 0.

        Raises:
            InvalidInputError: If it is no share.
        """
        check_strong_fraction(strong_fraction)
        if strong_fraction in (0, 1):
            return float(1 - strong_fraction)
        return _between(self.values, (1 - float(strong_fraction)) * N_STEPS)

    def strong_fraction(self, threshold: float) -> float:
        """Return the share of such questions whose score reaches a threshold."""
        above = bisect_left(self.values, threshold)
        if above == 0:
            return 1.0
        if above > N_STEPS:
            return 0.0
        below, upper = self.values[above - 1], self.values[above]
        return 1 - (above - 1 + (threshold - below) / (upper - below)) / N_STEPS

    def as_settings(self) -> dict[str, Any]:
        """Return plain JSON that `from_settings` reads."""
        return {"values": list(self.values), "n_queries": self.n_queries, "source": self.source}

    @classmethod
    def from_settings(cls, settings: object) -> ScoreQuantiles:
        """Read what `as_settings` wrote.

        Raises:
            ArtifactSchemaError: If it is no such thing.
        """
        if isinstance(settings, Mapping) and set(settings) == {"values", "n_queries", "source"}:
            values, n_queries, source = (settings[key] for key in ("values", "n_queries", "source"))
            if _are_quantiles(values) and type(n_queries) is int and n_queries > 0 and _is_label(source):
                return cls(tuple(float(value) for value in values), n_queries, source)
        raise ArtifactSchemaError(
            f"score_quantiles must be {N_STEPS + 1} rising numbers in [0, 1], with n_queries and source"
        )


def check_strong_fraction(strong_fraction: object) -> None:
    """Check a share of questions.

    Raises:
        InvalidInputError: If it is no number in [0, 1].
    """
    check_share("strong_fraction", strong_fraction)


def _between(ordered: Sequence[float], place: float) -> float:
    whole = min(math.floor(place), len(ordered) - 2) if len(ordered) > 1 else 0
    after = ordered[min(whole + 1, len(ordered) - 1)]
    return ordered[whole] + (after - ordered[whole]) * (place - whole)


def _are_quantiles(values: object) -> bool:
    return (
        isinstance(values, list)
        and len(values) == N_STEPS + 1
        and all(type(value) in (int, float) and 0 <= value <= 1 for value in values)
        and values == sorted(values)
    )


def _is_label(source: object) -> bool:
    return isinstance(source, str) and len(source) <= 500 and source.isprintable()
