"""The features of texts: one row of numbers a text, the same whatever else is asked with it.

Counts are `log(1 + count)`, shares are of the text's characters or words, so that no text's length makes
the others small. Nothing is learned: the meaning of a column never changes with data.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared_router.text import clean
from shared_router.text_features.characters import KIND, KINDS, count_kinds
from shared_router.text_features.structure import COUNTS, SHARES, structure
from shared_router.text_features.vocabulary import GROUPS, words_of

_KIND_SHARES = tuple(kind for kind in KINDS if kind not in ("other", "newline", "question", "exclamation"))
_PLACES = tuple(KIND[kind] for kind in _KIND_SHARES)
_FIRST_WORDS = {
    "first_asks": ("what", "which", "who_when_where", "why", "how", "is_it"),
    "first_orders": ("proof", "computing", "writing", "explaining", "listing", "rewriting", "comparing"),
    "first_supposes": ("condition",),
    "first_greets": ("politeness",),
}

FEATURE_NAMES: tuple[str, ...] = (
    "log_chars",
    *(f"log_{name}" for name in COUNTS),
    *(f"log_{group}_words" for group in GROUPS),
    *(f"{kind}_share" for kind in _KIND_SHARES),
    *SHARES,
    "distinct_word_share",
    *_FIRST_WORDS,
)
"""What each column of `text_features` is."""

_N_COUNTS = 1 + len(COUNTS) + len(GROUPS)


def text_features(texts: Sequence[str]) -> NDArray[np.float64]:
    """Return what the form of each text says of it.

    Args:
        texts: n texts; any string is one. Each is cleaned and bounded first (`shared_router.clean`), and
            blanks around it are left out.

    Returns:
        Shape (n, `len(FEATURE_NAMES)`), finite, each >= 0. A row does not depend on the other texts.
    """
    rows = np.array([_features(clean(text).strip()) for text in texts], dtype=np.float64)
    rows = rows.reshape(len(texts), len(FEATURE_NAMES))
    counts = rows[:, :_N_COUNTS]
    np.log1p(counts, out=counts)
    return rows


def _features(text: str) -> list[float]:
    """Return a text's row, counts as they are."""
    n_chars = len(text)
    over = 1 / max(n_chars, 1)
    kinds, capitals = count_kinds(text)
    counts, shares = structure(text, kinds, capitals)
    groups, distinct, first = words_of(text)
    by_group = [0] * len(GROUPS)
    for group in groups:
        by_group[group] += 1
    starts = [0.0] * len(_FIRST_WORDS)
    for group in first:
        for column in _FIRST_OF[group]:
            starts[column] = 1.0
    by_kind = [kinds[place] * over for place in _PLACES]
    return [n_chars, *counts, *by_group, *by_kind, *shares, distinct, *starts]


_FIRST_OF = {
    place: [column for column, groups in enumerate(_FIRST_WORDS.values()) if group in groups]
    for place, group in enumerate(GROUPS)
}
