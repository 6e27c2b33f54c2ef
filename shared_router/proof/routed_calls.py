"""Calls as they were routed, as columns: what the estimates of `proven_savings` are made from."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import DataError

Floats = NDArray[np.float64]

_SHARES = ("propensity", "share")
_SCORES = ("score", "other_score", "feedback")
_DOLLARS = ("dollars", "other_dollars")


@dataclass(frozen=True, slots=True, eq=False)
class RoutedCalls:
    """n answered calls; NaN is what is not known.

    A call's shadow is what the other model made of the same request: the weak one where the strong one
    answered, the strong one where the weak one did. Which calls have one must be left to chance.

    Attributes:
        strong: Whether the strong model answered, shape (n,).
        dollars: What each call cost, >= 0.
        in_vain: Whether a weaker model was asked first and its answer not used, as by a cascade.
        times: When each was asked, in seconds since the epoch.
        other_dollars: What its shadow cost.
        share: The probability that this call was drawn to have a shadow, in (0, 1]; it is read where
            there is one, and shadows without it are taken to be alike.
        score: The answer's grade, in [0, 1], by whoever graded the shadow.
        other_score: The shadow's grade.
        feedback: What users said of the answer, in [0, 1].
        propensity: The probability that the model that answered was chosen, in (0, 1]; 1 leaves no chance
            of the other one.

    Raises:
        DataError: If a column has another length, or a value outside its rule.
    """

    strong: NDArray[np.bool_] = field(repr=False)
    dollars: Floats = field(repr=False)
    times: Floats = field(repr=False)
    other_dollars: Floats = field(repr=False)
    share: Floats = field(repr=False)
    score: Floats = field(repr=False)
    other_score: Floats = field(repr=False)
    feedback: Floats = field(repr=False)
    propensity: Floats = field(repr=False)
    in_vain: NDArray[np.bool_] = field(repr=False)

    def __post_init__(self) -> None:
        """Check every column once."""
        for column in fields(self):
            values = getattr(self, column.name)
            if values.shape != self.strong.shape or values.ndim != 1:
                raise DataError(
                    f"a column must have one value a call ({len(self)}), and {column.name} has not"
                )
            _check_column(column.name, values[~np.isnan(values)] if values.dtype.kind == "f" else values[:0])

    def __len__(self) -> int:
        """Count the calls."""
        return len(self.strong)

    @classmethod
    def of(
        cls,
        strong: NDArray[np.bool_],
        dollars: Floats,
        *,
        times: Floats | None = None,
        other_dollars: Floats | None = None,
        share: Floats | float | None = None,
        score: Floats | None = None,
        other_score: Floats | None = None,
        feedback: Floats | None = None,
        propensity: Floats | float | None = None,
        in_vain: NDArray[np.bool_] | None = None,
    ) -> RoutedCalls:
        """Make calls of the columns that are known; see the class for what each is.

        Args:
            strong: Shape (n,), as all columns.
            dollars: None of them may be missing.
            times: None takes the calls as one after another, a second apart.
            other_dollars: None is not known, as below.
            share: One number is every call's.
            score: The answers' grades.
            other_score: The shadows' grades.
            feedback: What users said.
            propensity: One number is every call's; None is 1.
            in_vain: None is nowhere.
        """
        n = len(strong)
        unknown = np.full(n, np.nan)

        def column(values: Floats | float | None, otherwise: Floats = unknown) -> Floats:
            if values is None:
                return otherwise
            given = np.asarray(values, dtype=np.float64)
            return np.full(n, float(given)) if given.ndim == 0 else given

        return cls(
            strong=np.asarray(strong, dtype=np.bool_),
            dollars=column(dollars),
            times=column(times, np.arange(n, dtype=np.float64)),
            other_dollars=column(other_dollars),
            share=column(share),
            score=column(score),
            other_score=column(other_score),
            feedback=column(feedback),
            propensity=column(propensity, np.ones(n)),
            in_vain=np.zeros(n, dtype=np.bool_) if in_vain is None else np.asarray(in_vain, dtype=np.bool_),
        )

    def some(self, rows: NDArray[np.bool_]) -> RoutedCalls:
        """Return some of the calls, by a mask of shape (n,)."""
        return RoutedCalls(*(getattr(self, column.name)[rows] for column in fields(self)))

    @property
    def compared(self) -> NDArray[np.bool_]:
        """Which calls have grades of both models' answers, shape (n,)."""
        both: NDArray[np.bool_] = ~np.isnan(self.score) & ~np.isnan(self.other_score)
        return both

    def weights(self, rows: NDArray[np.bool_]) -> Floats | None:
        """Return what each of some shadows stands for, one over its share; None where all are alike.

        Args:
            rows: Which calls, shape (n,).
        """
        shares = self.share[rows]
        if not len(shares) or np.isnan(shares).any() or np.ptp(shares) == 0:
            return None
        weights: Floats = 1 / shares
        return weights


def _check_column(name: str, known: Floats) -> None:
    if not len(known):
        return
    low, high = float(known.min()), float(known.max())
    if name in _SHARES and not 0 < low <= high <= 1:
        raise DataError(
            f"a {name} must be a probability in (0, 1], got {low:g} to {high:g}: what had no chance to be "
            "chosen tells nothing of what would have come of it"
        )
    if name in _SCORES and not 0 <= low <= high <= 1:
        raise DataError(f"a {name} must be in [0, 1], got {low:g} to {high:g}; map it to that scale")
    if name in _DOLLARS and not 0 <= low <= high < np.inf:
        raise DataError(f"{name} must be >= 0 and finite, got {low:g} to {high:g}")
