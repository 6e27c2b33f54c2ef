"""The rows of a table of outcomes: which two models, their grades, and what their answers cost."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import InvalidInputError, UnknownNameError
from shared_router.records.outcomes import Outcomes

Floats = NDArray[np.float64]


def named_pair(outcomes: Outcomes, strong: str | None, weak: str | None) -> tuple[str, str]:
    """Return the strong and the weak model's names in a table.

    Args:
        outcomes: The table.
        strong: The name that was given; None takes `"strong"` where there is such a model, and else the
            better one by mean grade where two models alone share graded prompts.
        weak: Likewise.

    Raises:
        UnknownNameError: If a name is no model's.
        InvalidInputError: If one must be given, or both are one.
    """
    found = [given or side for given, side in ((strong, "strong"), (weak, "weak"))]
    if not set(found) <= set(outcomes.models) and (pair := _graded_pair(outcomes)) is not None:
        better, worse = pair
        if strong in (None, better) and weak in (None, worse):
            found = [better, worse]
    for side, given, name in (("strong", strong, found[0]), ("weak", weak, found[1])):
        if name not in outcomes.models:
            error = InvalidInputError if given is None else UnknownNameError
            got = "none" if given is None else repr(name)
            raise error(f"{side}= must name one of the data's models, {sorted(outcomes.models)}, got {got}")
    if found[0] == found[1]:
        raise InvalidInputError(f"strong and weak must be two models, got {found[0]!r} twice")
    return found[0], found[1]


def own_names(strong: str, weak: str) -> dict[str, str]:
    """Return two models' own names by `"strong"` and `"weak"`; a table that calls one just that names none.

    Args:
        strong: The strong model's name in a table.
        weak: The weak model's.
    """
    named = {"strong": strong, "weak": weak}
    return {side: name for side, name in named.items() if name not in named}


def _graded_pair(outcomes: Outcomes) -> tuple[str, str] | None:
    if len(outcomes.models) != 2 or not outcomes.can_compute.graded_pairs:
        return None
    better, worse, _ = outcomes.can_compute.graded_pairs[0]
    return better, worse


@dataclass(frozen=True, slots=True)
class PairDollars:
    """What both models' answers to n prompts cost, or would.

    Attributes:
        strong: Dollars of the strong answers, shape (n,).
        weak: Dollars of the weak answers.
        notes: How many are estimates, a sentence each.
    """

    strong: Floats = field(repr=False)
    weak: Floats = field(repr=False)
    notes: tuple[str, ...]


def pair_dollars(outcomes: Outcomes, strong: str, weak: str) -> PairDollars | None:
    """Return what both models' answers cost; what was not asked costs what that model's mean answer does.

    Args:
        outcomes: The table, priced.
        strong: The strong model's name.
        weak: The weak model's.

    Returns:
        The dollars, or None where one of the models has none at all.
    """
    columns, notes = [], []
    for name in (strong, weak):
        dollars = outcomes.dollars(name).copy()
        unknown = np.isnan(dollars)
        if unknown.all():
            return None
        if unknown.any():
            dollars[unknown] = dollars[~unknown].mean()
            notes.append(
                f"{int(unknown.sum()):,} of {len(dollars):,} prompts have no bill of {name}; each is taken "
                "to cost what its mean answer does."
            )
        columns.append(dollars)
    return PairDollars(columns[0], columns[1], tuple(notes))
