"""Grades of answers as an online router is told them, checked before any of them counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import check_texts, shown, shown_kind
from shared_router.errors import InvalidInputError, UnknownNameError
from shared_router.routers.source_trust import SourceTrust

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Grades:
    """Grades of n answers.

    Attributes:
        strong: Whether it was the strong model's answer, shape (n,).
        scores: The grades, in [0, 1], shape (n,).
        sources: Who gave them, or None. Not in the repr.
    """

    strong: NDArray[np.bool_]
    scores: Floats
    sources: Sequence[str | None] = field(repr=False)

    @classmethod
    def of(
        cls,
        queries: Sequence[str],
        models: Sequence[str],
        scores: Sequence[float] | Floats,
        sources: Sequence[str | None] | None,
        *,
        strong: str,
        weak: str,
    ) -> Grades:
        """Check what `OnlineRouter.learn_many` was given.

        Raises:
            InvalidInputError: If the lengths differ, a grade is outside [0, 1], or a source is no name.
            UnknownNameError: If a model is neither of the two.
        """
        check_texts("queries", queries)
        sources = [None] * len(queries) if sources is None else sources
        if not len(queries) == len(models) == len(scores) == len(sources):
            raise InvalidInputError(
                f"there must be a model, a grade and a source for each question, got {len(queries)} "
                f"questions, {len(models)} models, {len(scores)} grades and {len(sources)} sources"
            )
        for model in models:
            if model not in (strong, weak):
                raise UnknownNameError(f"a graded model must be {strong!r} or {weak!r}, got {shown(model)}")
        for source in sources:
            if source is not None and not (isinstance(source, str) and source):
                raise InvalidInputError(f"a source must be a name or None, got {shown_kind(source)}")
        is_strong = np.array([model == strong for model in models], dtype=np.bool_)
        return cls(is_strong, _checked_scores(scores), sources)

    def weights(self, trust: SourceTrust, surprises: Floats, *, of_all: float) -> Floats:
        """Return what each grade counts, 0 or 1, shape (n,).

        Args:
            trust: What is known of sources; it remembers these grades.
            surprises: The grades less what was expected, shape (n,).
            of_all: How many grades count before these.
        """
        weights = np.ones(len(self.scores))
        rows = zip(self.sources, surprises.tolist(), self.strong.tolist(), strict=True)
        for place, (source, surprise, strong) in enumerate(rows):
            if source is not None:
                weights[place] = trust.weight(source, surprise, strong=strong, of_all=of_all + place)
        return weights


def _checked_scores(scores: Sequence[float] | Floats) -> Floats:
    rule = "a grade must be a number in [0, 1]"
    if any(isinstance(score, (bool, np.bool_, str, bytes)) for score in scores):
        raise InvalidInputError(f"{rule}, got a truth value or a text; give 1.0 for a good answer")
    try:
        checked = np.array([float(score) for score in scores], dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"{rule}, got something that is none") from error
    # written so that NaN, which compares with nothing, is refused too
    if not ((checked >= 0) & (checked <= 1)).all():
        wrong = checked[~((checked >= 0) & (checked <= 1))][0].item()
        raise InvalidInputError(f"{rule}, got {wrong!r}; divide by your scale's largest")
    return checked
