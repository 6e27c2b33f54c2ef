"""Graded answers as pairs to learn from: what PairRanker's training reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared_router.choices import check_choice, check_texts, shown
from shared_router.errors import DataError, InvalidInputError
from shared_router.training.pair_losses import PairLoss, PairSampling, sampled_pairs

Qualities = Sequence[ArrayLike]
"""A question's answers' qualities, of each question: shape (n_answers,) or (n_answers, k)."""


@dataclass(frozen=True, slots=True)
class GradedPairs:
    """Pairs of answers and what they are worth.

    Attributes:
        questions: The questions. Not in the repr.
        candidates: Each question's answers. Not in the repr.
        pairs: (question, first answer, second answer), by place.
        qualities: Shape (n_pairs, 2, k), the first answers' first.
    """

    questions: Sequence[str] = field(repr=False)
    candidates: Sequence[Sequence[str]] = field(repr=False)
    pairs: Sequence[tuple[int, int, int]] = field(repr=False)
    qualities: NDArray[np.float32] = field(repr=False)

    @property
    def n_tasks(self) -> int:
        """How many kinds of quality there are."""
        return int(self.qualities.shape[2])


def graded_pairs(
    questions: Sequence[str],
    candidates: Sequence[Sequence[str]],
    qualities: Qualities,
    *,
    pairs: int,
    sampling: PairSampling,
    loss: PairLoss,
    seed: int,
) -> GradedPairs:
    """Return the pairs that teach something.

    Args:
        questions: n texts.
        candidates: Each question's answers; a question with fewer than two different ones teaches nothing.
        qualities: What each answer is worth.
        pairs: The most pairs of a question.
        sampling: How they are drawn.
        loss: What is trained with: of equals `"bradley_terry"` learns nothing, so that they are left out.
        seed: Fixes the pairs.

    Raises:
        DataError: If the lengths differ, a quality is not finite, or no pair is left.
        InvalidInputError: If an option is outside its rule.
    """
    if type(pairs) is not int or pairs < 1:
        raise InvalidInputError(f"pairs must be a whole number >= 1, got {shown(pairs)}")
    check_choice("sampling", sampling, ("all_pair", "top_bottom"))
    check_texts("questions", questions)
    if not len(questions) == len(candidates) == len(qualities):
        raise DataError(
            "questions, candidates and qualities must be as many, got "
            f"{len(questions)}, {len(candidates)} and {len(qualities)}"
        )
    rng = np.random.default_rng(seed)
    rows: list[tuple[int, int, int]] = []
    worth: list[NDArray[np.float64]] = []
    for row, (answers, grades) in enumerate(zip(candidates, qualities, strict=True)):
        check_texts("candidates", answers)
        values = _values(grades, len(answers), row)
        if worth and values.shape[1] != worth[0].shape[1]:
            raise DataError(f"qualities must be of as many kinds everywhere, got others in row {row}")
        for left, right in sampled_pairs(answers, values, sampling=sampling, most=pairs, rng=rng):
            both = values[[left, right]]
            if loss != "bradley_terry" or (both[0] != both[1]).any():
                rows.append((row, left, right))
                worth.append(both)
    if not any((both[0] != both[1]).any() for both in worth):
        raise DataError(
            "some answer must be better than another to its question, got none; give other grades"
        )
    return GradedPairs(questions, candidates, rows, np.stack(worth).astype(np.float32))


def _values(grades: ArrayLike, n: int, row: int) -> NDArray[np.float64]:
    """Return one question's qualities, shape (n, k)."""
    try:
        values = np.asarray(grades, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"qualities must be numbers, got others in row {row}") from error
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2 or values.shape[0] != n or values.shape[1] < 1:
        raise DataError(f"qualities must be one an answer ({n}), got shape {values.shape} in row {row}")
    if not np.isfinite(values).all():
        raise DataError(f"qualities must be finite, got others in row {row}")
    return values
