"""Preference data: which of two models' answers was preferred, query by query (paper, section 3.1)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from shared_router.errors import InvalidInputError

Winner = Literal["a", "b", "tie"]


@dataclass(frozen=True, slots=True)
class PreferenceData:
    """Battles: for each, a query, two models and who won.

    Attributes:
        queries: The texts that were asked, n of them, none blank. Not in the repr.
        model_a: The first model of each battle, n names.
        model_b: The second model of each battle, n names, each unlike the first.
        winners: `"a"`, `"b"` or `"tie"` for each battle, n of them.
        weights: How much each battle counts, n numbers > 0; None counts each once.

    Raises:
        InvalidInputError: If a column has another length, or a row breaks its rule; the message names
            the row.
    """

    queries: Sequence[str] = field(repr=False)
    model_a: Sequence[str] = field(repr=False)
    model_b: Sequence[str] = field(repr=False)
    winners: Sequence[Winner] = field(repr=False)
    weights: Sequence[float] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Check every row, so that a router's fit need not."""
        columns = {"model_a": self.model_a, "model_b": self.model_b, "winners": self.winners}
        if self.weights is not None:
            columns["weights"] = self.weights  # type: ignore[assignment]
        for name, column in columns.items():
            if len(column) != len(self.queries):
                raise InvalidInputError(
                    f"{name} must have one entry per query ({len(self)}), got {len(column)}"
                )
        for row in range(len(self)):
            self._check_row(row)

    def __len__(self) -> int:
        """Count the battles."""
        return len(self.queries)

    def _check_row(self, row: int) -> None:
        query, winner = self.queries[row], self.winners[row]
        if not isinstance(query, str) or not query.strip():
            raise InvalidInputError(
                f"row {row}: a query must be text that is not blank, got {type(query).__name__}"
            )
        if winner not in get_args(Winner):
            raise InvalidInputError(f'row {row}: a winner must be "a", "b" or "tie", got {winner!r}')
        if self.model_a[row] == self.model_b[row]:
            raise InvalidInputError(f"row {row}: a battle needs two models, got {self.model_a[row]!r} twice")
        if self.weights is not None and not (math.isfinite(self.weights[row]) and self.weights[row] > 0):
            raise InvalidInputError(f"row {row}: a weight must be finite and > 0, got {self.weights[row]!r}")

    @classmethod
    def from_correctness(
        cls,
        queries: Sequence[str],
        strong_scores: Sequence[float],
        weak_scores: Sequence[float],
        *,
        strong: str = "strong",
        weak: str = "weak",
    ) -> "PreferenceData":
        """Turn graded answers of one strong and one weak model into battles (paper, section 4.1).

        Args:
            queries: The texts that were asked, n of them.
            strong_scores: The strong model's grades, n numbers; higher is better.
            weak_scores: The weak model's grades, n numbers, on the same scale.
            strong: The strong model's name; it becomes `model_a`.
            weak: The weak model's name; it becomes `model_b`.

        Returns:
            One battle per query: the higher grade wins, equal grades tie.

        Raises:
            InvalidInputError: If the lengths differ or a grade is NaN.
        """
        if not len(queries) == len(strong_scores) == len(weak_scores):
            raise InvalidInputError(
                "queries, strong_scores and weak_scores must have one length, got "
                f"{len(queries)}, {len(strong_scores)} and {len(weak_scores)}"
            )
        for row, pair in enumerate(zip(strong_scores, weak_scores, strict=True)):
            if any(math.isnan(grade) for grade in pair):
                raise InvalidInputError(f"row {row}: a grade must be a number, got NaN")
        winners: list[Winner] = [
            "a" if high > low else "b" if high < low else "tie"
            for high, low in zip(strong_scores, weak_scores, strict=True)
        ]
        return cls(queries, [strong] * len(queries), [weak] * len(queries), winners)
