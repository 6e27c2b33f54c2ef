"""What a scorer learns from: one model's answers, and what each was worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import InvalidInputError
from shared_router.records.given import check_given
from shared_router.scorers.given_answer import GivenAnswer
from shared_router.scorers.unusable import why_unusable

if TYPE_CHECKING:
    from shared_router.records.outcomes import Outcomes

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GradedAnswers:
    """n answers that a scorer may be shown.

    Attributes:
        questions: n texts. Not in the repr, nor are the answers.
        answers: n texts.
        lost: What using the answer loses, shape (n,): the strong model's grade less its own, in [-1, 1], or
            one less its own grade.
        good: Whether it is good enough, shape (n,), 0 or 1; the grade where no strong model is named.
        rows: The place of each prompt in the outcomes, shape (n,).
        unusable: The places of graded answers that no scorer is shown: empty ones and refusals.
    """

    questions: list[str]
    answers: list[str]
    lost: Floats
    good: Floats
    rows: NDArray[np.int64]
    unusable: NDArray[np.int64]

    def __repr__(self) -> str:
        """Show how many there are."""
        return f"GradedAnswers(n={len(self.questions)})"


def graded_answers(outcomes: Outcomes, *, model: str, strong: str | None) -> GradedAnswers:
    """Return a model's answers that have a text and the grades that are needed.

    An answer that no scorer is shown (empty, or a refusal) is left out.

    Args:
        outcomes: Prompts, answers and grades.
        model: Whose answers.
        strong: The model that is asked where they will not do, or None.

    Raises:
        UnknownNameError: If there is no such model.
        InvalidInputError: If they are one model.
    """
    check_given(outcomes)
    if strong == model:
        raise InvalidInputError(f"strong must be another model than model, got {strong!r} twice")
    own, texts = outcomes.scores(model), outcomes.answers(model)
    best = np.ones(len(own)) if strong is None else outcomes.scores(strong)
    known = [row for row, text in enumerate(texts) if text is not None and not np.isnan(own[row] - best[row])]
    rows = [row for row in known if not why_unusable(GivenAnswer(texts[row] or ""))]
    places = np.array(rows, dtype=np.int64)
    unusable = np.setdiff1d(np.array(known, dtype=np.int64), places)
    lost = best[places] - own[places]
    good = own[places] if strong is None else (lost <= 0).astype(np.float64)
    chosen = [texts[row] or "" for row in rows]
    return GradedAnswers([outcomes.prompts[row] for row in rows], chosen, lost, good, places, unusable)
