"""A table of outcomes from columns by model, as a person writes them down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import DataError
from shared_router.messages import AnyMessage, question_of
from shared_router.records.conversation_column import ConversationColumn
from shared_router.records.measures import Measure
from shared_router.records.outcomes import ByModel, Outcomes


def outcomes_of_columns(
    prompts: Sequence[str | Sequence[AnyMessage]],
    measures: Mapping[Measure, ByModel],
    *,
    answers: Mapping[str, Sequence[str | None]],
    samples: Mapping[str, Sequence[Sequence[str]]],
    domains: Sequence[str | None] | None,
    conversations: Sequence[str | None] | None,
    times: Sequence[float] | NDArray[np.float64] | None,
) -> Outcomes:
    """Make outcomes of columns by model; see `Outcomes.from_columns`."""
    n = len(prompts)
    columns: list[Mapping[str, Sequence[object]]] = [*measures.values(), answers, samples]  # type: ignore[list-item]
    models = tuple(dict.fromkeys(model for column in columns for model in column))
    for column in columns:
        for model, entries in column.items():
            if len(entries) != n:
                raise DataError(
                    f"a column of {model!r} must have one entry per prompt ({n}), got {len(entries)}"
                )
    dense = {name: _matrix(name, by_model, models, n) for name, by_model in measures.items()}
    present = np.zeros((n, len(models)), dtype=np.bool_)
    for matrix in dense.values():
        present |= ~np.isnan(matrix)
    for place, model in enumerate(models):
        present[:, place] |= np.array(
            [text is not None for text in answers.get(model, [None] * n)], dtype=np.bool_
        )
        present[:, place] |= np.array(
            [len(texts) > 0 for texts in samples.get(model, [()] * n)], dtype=np.bool_
        )
    rows, places = (index.astype(np.int64) for index in np.nonzero(present))
    cells = [(int(row), models[place]) for row, place in zip(rows, places, strict=True)]
    return Outcomes(
        prompts=[_text(prompt, row) for row, prompt in enumerate(prompts)],
        models=models,
        prompt_index=rows,
        model_index=places,
        values={name: matrix[rows, places] for name, matrix in dense.items() if not np.isnan(matrix).all()},
        texts=[answers[model][row] if model in answers else None for row, model in cells]
        if answers
        else None,
        samples=[tuple(samples[model][row]) if model in samples else () for row, model in cells]
        if samples
        else None,
        domains=None if domains is None else list(domains),
        conversations=None if conversations is None else list(conversations),
        times=None if times is None else np.array(times, dtype=np.float64),
        messages=None
        if all(isinstance(prompt, str) for prompt in prompts)
        else ConversationColumn.of(None if isinstance(prompt, str) else prompt for prompt in prompts),
    )


def _text(prompt: str | Sequence[AnyMessage], row: int) -> str:
    if not isinstance(prompt, (list, tuple)):
        return prompt  # type: ignore[return-value] # whatever it is, the table's own check says so
    question = question_of(prompt)
    if question is None or not question.strip():
        raise DataError(f"prompt {row}: a conversation must hold a question of its user's")
    return question


def _matrix(name: str, by_model: ByModel, models: tuple[str, ...], n: int) -> NDArray[np.float64]:
    matrix = np.full((n, len(models)), np.nan)
    for place, model in enumerate(models):
        if model in by_model:
            try:
                matrix[:, place] = np.asarray(by_model[model], dtype=np.float64)
            except (TypeError, ValueError) as error:
                raise DataError(f"{name} of {model!r} must be numbers or None") from error
    return matrix
