"""The features of texts: one row of numbers a text, the same whatever else is in the batch.

Counts are `log(1 + count)`, shares are of the text's characters or words, so that no text's length makes
the others small. Nothing is learned: the meaning of a column never changes with data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from shared_router.text import clean
from shared_router.text_features.characters import KIND, KINDS, Characters
from shared_router.text_features.structure import STRUCTURE, structure
from shared_router.text_features.vocabulary import GROUPS, words_of

_CHUNK_CHARS = 1 << 16
"""Characters laid out at once: a few megabytes of arrays."""

_SHARES = tuple(kind for kind in KINDS if kind not in ("other", "newline", "question", "exclamation"))
_FIRST_WORDS = {
    "first_asks": ("what", "which", "who_when_where", "why", "how", "is_it"),
    "first_orders": ("proof", "computing", "writing", "explaining", "listing", "rewriting", "comparing"),
    "first_supposes": ("condition",),
    "first_greets": ("politeness",),
}

FEATURE_NAMES: tuple[str, ...] = (
    "log_chars",
    *(f"{kind}_share" for kind in _SHARES),
    *STRUCTURE,
    "distinct_word_share",
    *(f"log_{group}_words" for group in GROUPS),
    *_FIRST_WORDS,
)
"""What each column of `text_features` is."""


def text_features(texts: Sequence[str]) -> NDArray[np.float64]:
    """Return what the form of each text says of it.

    Args:
        texts: n texts; any string is one. Each is cleaned and bounded first (`shared_router.clean`), and
            blanks around it are left out.

    Returns:
        Shape (n, `len(FEATURE_NAMES)`), finite, each >= 0. A row does not depend on the other texts.
    """
    parts = [_features(part) for part in _chunks([clean(text).strip() for text in texts])]
    return np.concatenate(parts) if parts else np.zeros((0, len(FEATURE_NAMES)))


def _chunks(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    start, n_chars = 0, 0
    for place, text in enumerate(texts):
        n_chars += len(text)
        if n_chars >= _CHUNK_CHARS:
            yield texts[start : place + 1]
            start, n_chars = place + 1, 0
    if start < len(texts):
        yield texts[start:]


def _features(texts: Sequence[str]) -> NDArray[np.float64]:
    characters = Characters.of(texts)
    by_kind = characters.by_kind()
    n_chars = by_kind.sum(axis=1)
    over = 1 / np.maximum(n_chars, 1.0)
    counts, distinct, first = _words(texts)
    columns = [
        np.log1p(n_chars)[:, None],
        by_kind[:, [KIND[kind] for kind in _SHARES]] * over[:, None],
        structure(characters, by_kind),
        distinct[:, None],
        np.log1p(counts),
        first,
    ]
    return np.concatenate(columns, axis=1)


def _words(texts: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return each text's words by group, the share that is no repetition, and what its first word does."""
    places: list[int] = []
    distinct, first = np.empty(len(texts)), np.zeros((len(texts), len(_FIRST_WORDS)))
    for row, text in enumerate(texts):
        groups, distinct[row], first_groups = words_of(text)
        places += [row * len(GROUPS) + group for group in groups]
        for group in first_groups:
            first[row, _FIRST_OF[group]] = 1.0
    counts = np.bincount(places, minlength=len(texts) * len(GROUPS))[: len(texts) * len(GROUPS)]
    return counts.reshape(len(texts), len(GROUPS)).astype(np.float64), distinct, first


_FIRST_OF = {
    place: [column for column, groups in enumerate(_FIRST_WORDS.values()) if group in groups]
    for place, group in enumerate(GROUPS)
}
