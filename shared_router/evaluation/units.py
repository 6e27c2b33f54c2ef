"""What is routed and graded as one: a prompt, or a whole conversation or agent run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import shown
from shared_router.errors import DataError, InvalidInputError, UnknownNameError
from shared_router.evaluation.pair import Floats, Pair, Rows

if TYPE_CHECKING:
    from shared_router.messages import PlainMessage
    from shared_router.records.outcomes import Outcomes

Unit = Literal["prompt", "conversation"]


@dataclass(frozen=True, slots=True)
class Units:
    """Outcomes as units that are routed whole.

    Attributes:
        pair: One row a unit.
        rows: The prompt of the outcomes that each unit is routed by, shape (n,): its first.
        n_left_out: How many units lacked a grade of either model.
        messages: The conversation that each prompt ends, or None; None where there is none at all.
    """

    pair: Pair
    rows: Rows = field(repr=False)
    n_left_out: int
    messages: Sequence[Sequence[PlainMessage] | None] | None = field(default=None, repr=False)


def units_of(outcomes: Outcomes, *, strong: str, weak: str, unit: Unit = "prompt") -> Units:
    """Take the outcomes of two models as units.

    A conversation is routed by its first prompt, as a program that keeps a conversation's model does. Its
    score is the mean over its graded prompts, its cost the sum over all. Costs are dollars where both models'
    are known for every unit, else strong calls.

    Args:
        outcomes: Prompts with grades.
        strong: The strong model's name.
        weak: The weak model's name.
        unit: What is routed.

    Raises:
        UnknownNameError: If there is no such model or unit.
        InvalidInputError: If strong and weak are one model, or there are no conversations to route.
        DataError: If no unit has grades of both.
    """
    if unit not in get_args(Unit):
        raise UnknownNameError(f"a unit must be one of {list(get_args(Unit))}, got {shown(unit)}")
    if strong == weak:
        raise InvalidInputError(f"strong and weak must be two models, got {strong!r} twice")
    conversations = _conversations(outcomes)
    if unit == "conversation" and outcomes.conversations is None:
        raise InvalidInputError("the unit conversation needs outcomes with conversation ids, got none")
    of_row = conversations if unit == "conversation" else np.arange(len(outcomes))
    scores = {model: _means(outcomes.scores(model), of_row) for model in (strong, weak)}
    graded = np.isfinite(scores[strong]) & np.isfinite(scores[weak])
    if not graded.any():
        raise DataError(
            f"a {unit} must be graded for {strong!r} and {weak!r}, and none is for both; "
            "grade a sample of answers of both"
        )
    first = _first_rows(outcomes, of_row)[graded]
    costs, in_dollars = _costs(outcomes, (strong, weak), of_row, graded)
    pair = Pair(
        [outcomes.prompts[row] for row in first],
        scores[strong][graded],
        scores[weak][graded],
        *costs,
        in_dollars,
        np.unique(conversations[first], return_inverse=True)[1].astype(np.int64),
        _domains(outcomes, first),
    )
    said = None if outcomes.messages is None else [outcomes.messages[row] for row in first.tolist()]
    return Units(pair, first, int((~graded).sum()), said)


def _conversations(outcomes: Outcomes) -> Rows:
    """Return the conversation of each prompt, a number; one of its own where it is in none."""
    if outcomes.conversations is None:
        return np.arange(len(outcomes))
    numbers: dict[object, int] = {}
    keys = [(row,) if name is None else name for row, name in enumerate(outcomes.conversations)]
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)


def _means(values: Floats, of_row: Rows) -> Floats:
    known = np.isfinite(values)
    sizes = np.bincount(of_row[known], minlength=of_row.max() + 1)
    sums = np.bincount(of_row[known], weights=values[known], minlength=of_row.max() + 1)
    means: Floats = np.where(sizes > 0, sums / np.maximum(sizes, 1), np.nan)
    return means


def _first_rows(outcomes: Outcomes, of_row: Rows) -> Rows:
    """Return each unit's first prompt: the earliest, where times are known, else the first in the file."""
    times = np.zeros(len(outcomes)) if outcomes.times is None else np.nan_to_num(outcomes.times, nan=np.inf)
    order = np.lexsort((np.arange(len(outcomes)), times, of_row))
    starts = np.append(True, np.diff(of_row[order]) != 0)
    first: Rows = order[starts]
    return first


def _costs(
    outcomes: Outcomes, models: tuple[str, str], of_row: Rows, graded: NDArray[np.bool_]
) -> tuple[tuple[Floats, Floats], bool]:
    n_units = of_row.max() + 1

    def summed(values: Floats) -> Floats:
        sums = np.bincount(of_row, weights=values, minlength=n_units)
        return sums[graded].astype(np.float64)

    strong, weak = (summed(outcomes.dollars(model)) for model in models)
    if np.isfinite(strong).all() and np.isfinite(weak).all():
        return (strong, weak), True
    calls = summed(np.ones(len(of_row)))
    return (calls, np.zeros(len(calls))), False


def _domains(outcomes: Outcomes, rows: Rows) -> list[str] | None:
    if outcomes.domains is None:
        return None
    names = [outcomes.domains[row] for row in rows]
    return None if all(name is None for name in names) else [name or "(none)" for name in names]
