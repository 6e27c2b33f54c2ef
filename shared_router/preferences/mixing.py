"""Mixing sets of battles, as the paper's section 4.1 adds judged and graded battles to human ones."""

from collections.abc import Sequence

from shared_router.choices import check_list
from shared_router.errors import InvalidInputError
from shared_router.preferences.data import PreferenceData, check_preferences
from shared_router.preferences.rows import weight_fault


def mix_preferences(sets: Sequence[tuple[PreferenceData, float]]) -> PreferenceData:
    """Put sets of battles together, each with a weight of its own.

    Args:
        sets: Battles and how much each of them counts, a number > 0 that multiplies the battles' own
            weights: at 2 a set teaches as if each of its battles stood there twice.

    Returns:
        All battles, set after set.

    Raises:
        InvalidInputError: If there is no set, or a weight is not finite and > 0.
    """
    check_list("sets", sets)
    if not all(isinstance(pair, (tuple, list)) and len(pair) == 2 for pair in sets):
        raise InvalidInputError("a mix must be of pairs, battles and their weight, got something else")
    if not sets:
        raise InvalidInputError("a mix must have at least one set of battles, got 0")
    for data, weight in sets:
        check_preferences(data)
        if wrong := weight_fault("a set's weight", weight):
            raise InvalidInputError(wrong)
    return PreferenceData(
        [query for data, _ in sets for query in data.queries],
        [name for data, _ in sets for name in data.model_a],
        [name for data, _ in sets for name in data.model_b],
        [winner for data, _ in sets for winner in data.winners],
        [weight * own for data, weight in sets for own in _weights(data)],
    )


def _weights(data: PreferenceData) -> Sequence[float]:
    return [1.0] * len(data) if data.weights is None else data.weights
