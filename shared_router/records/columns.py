"""A table of outcomes from columns by model, as a person writes them down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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
    sample_scores: Mapping[str, Sequence[Sequence[float]]],
    domains: Sequence[str | None] | None,
    conversations: Sequence[str | None] | None,
    times: Sequence[float] | NDArray[np.float64] | None,
) -> Outcomes:
    """Make outcomes of columns by model; see `Outcomes.from_columns`."""
    n = len(prompts)
    columns: list[Mapping[str, Sequence[object]]] = [*measures.values(), answers, samples, sample_scores]  # type: ignore[list-item]
    models = tuple(dict.fromkeys(model for column in columns for model in column))
    for column in columns:
        for model, entries in column.items():
            if len(entries) != n:
                raise DataError(
                    f"a column of {model!r} must have one entry per prompt ({n}), got {len(entries)}"
                )
    measures = _with_means(measures, sample_scores)
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
        sample_scores=[_several(sample_scores.get(model), row) for row, model in cells]
        if any(len(many) > 1 for column in sample_scores.values() for many in column)
        else None,
        domains=None if domains is None else list(domains),
        conversations=None if conversations is None else list(conversations),
        times=None if times is None else np.array(times, dtype=np.float64),
        messages=None
        if all(isinstance(prompt, str) for prompt in prompts)
        else ConversationColumn.of(None if isinstance(prompt, str) else prompt for prompt in prompts),
    )


def _with_means(
    measures: Mapping[Measure, ByModel], sample_scores: Mapping[str, Sequence[Sequence[float]]]
) -> Mapping[Measure, ByModel]:
    """Return the measures with the mean, the number and the variance of grades that stand one by one."""
    merged: dict[Measure, dict[str, Any]] = {name: dict(by_model) for name, by_model in measures.items()}
    for model, column in sample_scores.items():
        if model in merged.get("score", {}):
            raise DataError(f"grades of {model!r} must be given once, got its scores and its sample_scores")
        try:
            grades = [np.asarray(many, dtype=np.float64) for many in column]
        except (TypeError, ValueError) as error:
            raise DataError(f"sample_scores of {model!r} must be lists of numbers") from error
        if any(each.ndim != 1 for each in grades):
            raise DataError(f"sample_scores of {model!r} must be lists of numbers")
        merged.setdefault("score", {})[model] = [each.mean() if len(each) else None for each in grades]
        if any(len(each) > 1 for each in grades):
            several = [each if len(each) > 1 else None for each in grades]
            merged.setdefault("grades", {})[model] = [None if each is None else len(each) for each in several]
            merged.setdefault("score_variance", {})[model] = [
                None if each is None else np.var(each, ddof=1) for each in several
            ]
    return merged


def _several(column: Sequence[Sequence[float]] | None, row: int) -> tuple[float, ...]:
    return () if column is None or len(column[row]) < 2 else tuple(float(each) for each in column[row])


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
