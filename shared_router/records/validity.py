"""What a table of outcomes must hold, and when two are equal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import DataError
from shared_router.records.measures import check_measures
from shared_router.records.scale import check_scores

if TYPE_CHECKING:
    from shared_router.records.outcomes import Outcomes

MAX_NAME_CHARS = 200


def check_outcomes(table: Outcomes) -> None:
    """Check every column of a table.

    Raises:
        DataError: If one breaks its rule; the message holds no prompt.
    """
    _check_names(table.models)
    _check_lengths(table)
    _check_order(table)
    check_scores(np.array([each for many in table.sample_scores or () for each in many], dtype=np.float64))
    check_measures(table.values)
    for place, prompt in enumerate(table.prompts):
        if not isinstance(prompt, str) or not prompt.strip():
            raise DataError(f"prompt {place} must be text that is not blank, got {type(prompt).__name__}")


def equal_outcomes(a: Outcomes, b: Outcomes) -> bool:
    """Say whether all columns of two tables are equal, NaN for NaN."""
    arrays: list[tuple[Any, Any]] = [
        (a.prompt_index, b.prompt_index),
        (a.model_index, b.model_index),
        (a.times, b.times),
        *((a.values[name], b.values[name]) for name in a.values if name in b.values),
    ]
    texts: list[tuple[Any, Any]] = [(a.prompts, b.prompts), (a.texts, b.texts), (a.samples, b.samples)]
    texts += [
        (a.sample_scores, b.sample_scores),
        (a.domains, b.domains),
        (a.conversations, b.conversations),
        (a.messages, b.messages),
    ]
    return (
        a.models == b.models
        and set(a.values) == set(b.values)
        and all(_equal_arrays(*pair) for pair in arrays)
        and all((x is None) == (y is None) and (x is None or list(x) == list(y or ())) for x, y in texts)
    )


def _check_names(models: tuple[str, ...]) -> None:
    for name in models:
        if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME_CHARS:
            raise DataError(
                f"a model's name must be text of 1 to {MAX_NAME_CHARS} characters that is not blank"
            )
    if len(set(models)) < len(models):
        raise DataError(f"no model may stand there twice, got {sorted(models)}")


def _check_lengths(table: Outcomes) -> None:
    n, n_answers = len(table), len(table.prompt_index)
    lengths = {
        "model_index": (table.model_index, n_answers),
        "texts": (table.texts, n_answers),
        "samples": (table.samples, n_answers),
        "sample_scores": (table.sample_scores, n_answers),
        "domains": (table.domains, n),
        "conversations": (table.conversations, n),
        "times": (table.times, n),
        "messages": (table.messages, n),
        **{str(name): (column, n_answers) for name, column in table.values.items()},
    }
    for name, (column, length) in lengths.items():
        if column is not None and len(column) != length:
            raise DataError(f"{name} must have {length} entries, got {len(column)}")


def _check_order(table: Outcomes) -> None:
    n, m = len(table), len(table.models)
    for name, index, size in (("prompt", table.prompt_index, n), ("model", table.model_index, m)):
        if len(index) and not (index.min() >= 0 and index.max() < size):
            raise DataError(f"{name}_index must be in [0, {size}), got {index.min()} to {index.max()}")
    if (np.diff(table.prompt_index * max(m, 1) + table.model_index) <= 0).any():
        raise DataError("answers must be sorted by prompt and model, with one of each model to a prompt")


def _equal_arrays(a: NDArray[Any] | None, b: NDArray[Any] | None) -> bool:
    if a is None or b is None:
        return a is b
    return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
