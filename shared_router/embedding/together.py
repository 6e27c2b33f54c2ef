"""The token ids of the pieces of many texts, found together: a few passes over all their characters.

A text alone costs a call of Python a clause and a piece; together they cost one call of numpy for all. What
is found is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from shared_router.embedding.spelling import ID_BYTES, MOST_PADDED, NARROW
from shared_router.pieces import ends_of_pieces

MAX_TOGETHER = 65_536
"""How many characters are read at once: what a processor's cache holds, with all that is made of them."""

_GROUP_IDS = 2048
"""How many ids' vectors are held at once: what the cache nearest to a processor holds."""


@dataclass(frozen=True, slots=True)
class TogetherIds:
    """The ids of n texts' pieces, -1 behind those of a piece that is shorter than its text's longest.

    Attributes:
        ids: Text after text and piece after piece, shape (sum of `n_pieces` times `widths`,).
        n_pieces: How many pieces each text has, >= 1.
        widths: How many ids each piece of a text has with its padding.
        wide: The texts of which most would be padding: each is to be asked for alone.
    """

    ids: NDArray[np.intp]
    n_pieces: list[int]
    widths: list[int]
    wide: list[int]


@dataclass(frozen=True, slots=True)
class TogetherSums:
    """The weighted sums of n texts' pieces.

    Attributes:
        rows: One a piece, text after text, shape (sum of `n_rows`, dim).
        n_rows: How many each text has.
        wide: As in `TogetherIds`; alone, such a text's rows may be rounded in another way.
    """

    rows: NDArray[np.float32]
    n_rows: list[int]
    wide: list[int]


def ids_together(texts: Sequence[str], ids_of: Callable[[str], bytes]) -> TogetherIds:
    """Return the ids of texts of which `shared_router.pieces.is_plain` is true, each as alone.

    Args:
        texts: At least one, folded.
        ids_of: What gives a run of characters its ids, as bytes of `intp`.
    """
    piece_ends, text_ends = ends_of_pieces(texts)
    found = [*map(ids_of, chain.from_iterable(map(str.split, texts)))]
    ids = np.frombuffer(b"".join(found), np.intp)
    ends = np.cumsum(np.fromiter(map(len, found), np.intp, len(found)))[piece_ends - 1] // ID_BYTES
    lengths = np.diff(ends, prepend=0)
    first = np.append(0, text_ends[:-1])
    widths, n_pieces = np.maximum.reduceat(lengths, first), text_ends - first
    of_piece = np.repeat(widths, n_pieces)
    moved = np.cumsum(of_piece) - of_piece - (ends - lengths)  # how far each piece's ids move
    padded = np.full(of_piece.sum(), -1)
    padded[np.arange(len(ids)) + np.repeat(moved, lengths)] = ids
    wide = (widths > NARROW) & (widths * n_pieces > MOST_PADDED * np.add.reduceat(lengths, first))
    return TogetherIds(padded, n_pieces.tolist(), widths.tolist(), np.flatnonzero(wide).tolist())


def weighted_sums(
    found: TogetherIds, token_vectors: NDArray[np.int8], padded_weights: NDArray[np.float32]
) -> TogetherSums:
    """Return the weighted sum of each piece's token vectors.

    Args:
        found: The pieces' ids.
        token_vectors: A vector an id, shape (vocabulary, dim).
        padded_weights: A weight an id, and 0 for -1, shape (vocabulary + 1,).
    """
    sums = np.empty((sum(found.n_pieces), token_vectors.shape[1]), dtype=np.float32)
    row = position = 0
    for group in _groups(found):
        n_ids = sum([n * width for n, width in group])
        ids = found.ids[position : position + n_ids]
        position += n_ids
        vectors, weights = token_vectors.take(ids, axis=0).astype(np.float32), padded_weights.take(ids)
        end = 0
        for n, width in group:  # a product a text, as of one alone: they agree to the bit
            begin, end = end, end + n * width
            of_text = weights[begin:end].reshape(n, 1, width), vectors[begin:end].reshape(n, width, -1)
            np.matmul(*of_text, out=sums[row : row + n, np.newaxis])
            row += n
    return TogetherSums(sums, found.n_pieces, found.wide)


def _groups(found: TogetherIds) -> Iterator[list[tuple[int, int]]]:
    """Put texts' sizes together, so that a group's vectors stay in a processor's cache."""
    group: list[tuple[int, int]] = []
    n_ids = 0
    for size in zip(found.n_pieces, found.widths, strict=True):
        group.append(size)
        n_ids += size[0] * size[1]
        if n_ids >= _GROUP_IDS:
            yield group
            group, n_ids = [], 0
    if group:
        yield group
