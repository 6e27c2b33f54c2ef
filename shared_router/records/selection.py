"""Some of the prompts and models of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import DataError, InvalidInputError, UnknownNameError
from shared_router.records.conversation_column import ConversationColumn
from shared_router.records.texts import Texts

if TYPE_CHECKING:
    from shared_router.records.outcomes import Outcomes

T = TypeVar("T")


def select(outcomes: Outcomes, rows: NDArray[np.int64], models: tuple[str, ...]) -> Outcomes:
    """Return the prompts at the given places with the given models; see `Outcomes.select`."""
    from shared_router.records.outcomes import Outcomes

    if not len(rows):
        raise DataError("a selection must hold at least one prompt, got none")
    unknown = sorted(set(models) - set(outcomes.models))
    if unknown:
        raise UnknownNameError(f"a model must be one of {sorted(outcomes.models)}, got {unknown}")
    answers, prompt_index = _answers_of(outcomes.prompt_index, rows, len(outcomes))
    new_place = np.array([models.index(name) if name in models else -1 for name in outcomes.models])
    model_index = new_place[outcomes.model_index[answers]] if len(answers) else answers
    kept = np.flatnonzero(model_index >= 0)
    kept = kept[np.lexsort((model_index[kept], prompt_index[kept]))]
    answers, prompt_index, model_index = answers[kept], prompt_index[kept], model_index[kept]
    return Outcomes(
        prompts=_take(outcomes.prompts, rows),
        models=models,
        prompt_index=prompt_index,
        model_index=model_index,
        values={name: column[answers] for name, column in outcomes.values.items()},
        texts=None if outcomes.texts is None else _take(outcomes.texts, answers),
        samples=_where_any(outcomes.samples, answers),
        sample_scores=_where_any(outcomes.sample_scores, answers),
        domains=None if outcomes.domains is None else _take(outcomes.domains, rows),
        conversations=None if outcomes.conversations is None else _take(outcomes.conversations, rows),
        times=None if outcomes.times is None else outcomes.times[rows],
        messages=None if outcomes.messages is None else _take(outcomes.messages, rows),
    )


def graded_by_both(outcomes: Outcomes, strong: str, weak: str) -> NDArray[np.int64]:
    """Return the places of prompts on which both models have a grade; see `Outcomes.pair`."""
    if strong == weak:
        raise InvalidInputError(f"strong and weak must be two models, got {strong!r} twice")
    both = np.flatnonzero(~np.isnan(outcomes.scores(strong)) & ~np.isnan(outcomes.scores(weak)))
    if not len(both):
        raise DataError(f"a prompt must be graded for {strong!r} and {weak!r}, and none is for both")
    return both


def _answers_of(
    prompt_index: NDArray[np.int64], rows: NDArray[np.int64], n: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the answers to the given prompts, and for each the new place of its prompt."""
    if rows.min() < -n or rows.max() >= n:
        raise DataError(f"places must be in [0, {n}), got {rows.min()} to {rows.max()}")
    rows = np.where(rows < 0, rows + n, rows)
    starts = np.searchsorted(prompt_index, rows, side="left")
    counts = np.searchsorted(prompt_index, rows, side="right") - starts
    new_rows = np.repeat(np.arange(len(rows)), counts)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(starts, counts) + within, new_rows


def _take(column: Sequence[T], places: NDArray[np.int64]) -> Sequence[T]:
    if isinstance(column, (Texts, ConversationColumn)):
        return column.take(places)  # type: ignore[return-value]
    return [column[place] for place in places.tolist()]


def _where_any(
    column: Sequence[tuple[T, ...]] | None, places: NDArray[np.int64]
) -> Sequence[tuple[T, ...]] | None:
    """Return a column at some places; None, as in a table that was read, where no place has anything."""
    taken = () if column is None else _take(column, places)
    return taken if any(taken) else None
