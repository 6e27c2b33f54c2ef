"""Outcomes as predictors read them: a matrix of grades, with holes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import shown_kind
from shared_router.errors import DataError, InvalidInputError
from shared_router.records.given import check_given

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared_router.records.outcomes import Outcomes


@dataclass(frozen=True, slots=True)
class Grades:
    """Who was graded how on which prompt.

    Attributes:
        models: The models' names, m of them.
        scores: Grades in [0, 1], 0 where there is none, shape (n, m).
        graded: Whether there is one, shape (n, m).
    """

    models: tuple[str, ...]
    scores: NDArray[np.float64] = field(repr=False)
    graded: NDArray[np.bool_] = field(repr=False)

    @classmethod
    def of(cls, outcomes: Outcomes) -> Grades:
        """Read outcomes.

        Raises:
            DataError: If fewer than two models are in it, or one of them has no grade.
        """
        check_given(outcomes)
        if len(outcomes.models) < 2:
            raise DataError(f"outcomes must hold two or more models, got {list(outcomes.models)}")
        columns = [outcomes.scores(model) for model in outcomes.models]
        for model, column in zip(outcomes.models, columns, strict=True):
            _check_graded(model, column)
        scores = np.stack(columns, axis=1)
        graded = ~np.isnan(scores)
        return cls(outcomes.models, np.where(graded, scores, 0.0), graded)

    @staticmethod
    def of_model(outcomes: Outcomes, model: str) -> tuple[Sequence[str], NDArray[np.float64]]:
        """Return the prompts that a model is graded on, and its grades, shape (n,).

        Raises:
            UnknownNameError: If the outcomes hold no such model.
            DataError: If it has no grade.
        """
        check_given(outcomes)
        scores = outcomes.scores(model)
        _check_graded(model, scores)
        rows = np.flatnonzero(~np.isnan(scores))
        return [outcomes.prompts[row] for row in rows.tolist()], scores[rows]

    @property
    def means(self) -> NDArray[np.float64]:
        """Each model's mean grade, shape (m,)."""
        return np.asarray(self.scores.sum(axis=0) / self.graded.sum(axis=0), dtype=np.float64)


def checked_names(names: object) -> tuple[str, ...]:
    """Return models' names as a checkpoint lists them.

    Raises:
        InvalidInputError: If they are no list of names, each once.
    """
    found = names if isinstance(names, list) else []
    if not found or not all(isinstance(name, str) and name for name in found):
        raise InvalidInputError(f"models must be a list of names, got {shown_kind(names)}")
    if len(set(found)) != len(found):
        raise InvalidInputError("models must be named once each, got one twice")
    return tuple(found)


def _check_graded(model: str, scores: NDArray[np.float64]) -> None:
    if np.isnan(scores).all():
        raise DataError(f"each model must have a grade, and {model!r} has none; leave it out or grade it")
