"""Splits by prompt: the same question never stands on both sides, and where it stands never changes."""

import hashlib
import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import check_list, check_texts, check_whole, is_number, shown
from shared_router.errors import DataError, InvalidInputError
from shared_router.preferences.data import PreferenceData, check_preferences
from shared_router.text import prompt_key


def split_preferences(
    preferences: PreferenceData, *, validation_fraction: float, seed: int = 0
) -> tuple[PreferenceData, PreferenceData]:
    """Split battles into training and validation by a hash of each prompt.

    Where a prompt goes depends on it and the seed alone: equal prompts (see `prompt_key`) stay together,
    and neither more battles nor another order moves one to the other side.

    Args:
        preferences: The battles to split.
        validation_fraction: The expected share of the distinct prompts that go to validation, in (0, 1).
        seed: Another seed splits otherwise.

    Returns:
        The training and the validation battles, each in the order they had.

    Raises:
        InvalidInputError: If the fraction is outside its range.
        DataError: If a side would be empty.
    """
    check_preferences(preferences)
    if not (is_number(validation_fraction) and 0 < validation_fraction < 1):
        raise InvalidInputError(f"validation_fraction must be in (0, 1), got {shown(validation_fraction)}")
    key = _key(seed)
    held_out = [_place(query, key) < validation_fraction for query in preferences.queries]
    if all(held_out) or not any(held_out):
        raise DataError(
            f"both sides of a split must hold battles, and {len(preferences)} battles with "
            f"validation_fraction={validation_fraction!r} fill one; add battles or take another seed"
        )
    return (
        preferences.select(i for i, out in enumerate(held_out) if not out),
        preferences.select(i for i, out in enumerate(held_out) if out),
    )


def hold_out(queries: Sequence[str], fraction: float, *, seed: int = 0) -> NDArray[np.bool_]:
    """Choose rows for validation: an exact share of the distinct prompts, all rows of each.

    For a router that stops by a few prompts of its own training data, where a split by chance could draw
    none; `split_preferences` moves no prompt when others come.

    Args:
        queries: The rows' texts, n of them; equality is `prompt_key`'s.
        fraction: The share of the distinct prompts, in [0, 1); rounded up.
        seed: Another seed draws others.

    Returns:
        Which rows to hold out, shape (n,).

    Raises:
        InvalidInputError: If the fraction is outside its range.
        DataError: If nothing would be left to train on.
    """
    if not (is_number(fraction) and 0 <= fraction < 1):
        raise InvalidInputError(f"validation_fraction must be in [0, 1), got {shown(fraction)}")
    key = _key(seed)
    places = np.array([_place(query, key) for query in queries])
    distinct = np.unique(places)
    n_chosen = math.ceil(fraction * len(distinct))
    if n_chosen == len(distinct):
        raise DataError(
            f"validation needs prompts to train on beside it, got {len(distinct)} distinct; "
            "add battles or pass validation_fraction=0"
        )
    chosen: NDArray[np.bool_] = places < distinct[n_chosen]
    return chosen


def without_queries(preferences: PreferenceData, queries: Iterable[str]) -> PreferenceData:
    """Leave out the battles over given prompts, such as those of a benchmark to be evaluated on.

    Args:
        preferences: The battles.
        queries: The prompts to leave out; equality is `prompt_key`'s.

    Raises:
        InvalidInputError: If the prompts are no list of texts.
        DataError: If no battle is left.
    """
    check_preferences(preferences)
    check_list("queries", queries)
    check_texts("queries", texts := [*queries])
    left_out = {prompt_key(query) for query in texts}
    rows = [i for i, query in enumerate(preferences.queries) if prompt_key(query) not in left_out]
    if not rows:
        raise DataError(f"a battle must be left, and all {len(preferences)} are over prompts to leave out")
    return preferences.select(rows)


def _key(seed: int) -> bytes:
    check_whole("seed", seed, least=-(1 << 63), most=(1 << 63) - 1)
    return int(seed).to_bytes(8, "little", signed=True)


def _place(query: str, key: bytes) -> float:
    digest = hashlib.blake2b(prompt_key(query).encode(), digest_size=8, key=key).digest()
    return float(int.from_bytes(digest, "little") / 2**64)
