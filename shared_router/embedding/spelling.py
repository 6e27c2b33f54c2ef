"""How a BERT vocabulary spells words: with its longest pieces, from the left; remembered once done.

It follows WordPiece of the `tokenizers` library, to equal ids. A run of characters between white spaces is
first cut into words and punctuation marks, and remembered whole: it is what texts are made of, and a text
then costs one look-up a run.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

MAX_REMEMBERED = 100_000
"""How many words and other runs of characters are remembered."""

MAX_REMEMBERED_LETTERS = 32
"""Longer ones are cut and spelled each time, so that nobody fills the memory with theirs."""

_NO_ID = b"\xff"  # all bits set are -1
MOST_PADDED = 4
"""How many times the ids of a text's pieces may grow by being padded to the longest piece,"""

NARROW = 32
"""if that one has more than this."""

ID_BYTES = np.dtype(np.intp).itemsize
_ID = np.dtype(np.intp).char

# White space is what a cleaned and folded text has of it; in ASCII, BERT calls these marks punctuation.
WORD = re.compile(r"[^\t\n\r !-/:-@\[-`{-~]+|[!-/:-@\[-`{-~]")

MARKS = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


class Spelling(dict[str, bytes]):
    """The token ids of runs of characters without white space, as bytes of `intp`.

    It is safe with several threads.

    Args:
        vocabulary: The id of each word and each piece.
        unknown: The id of a word that cannot be spelled.
        prefix: What pieces inside a word begin with in the vocabulary.
        max_letters: Words of more are unknown.
        names: The ids of further words.
    """

    def __init__(
        self,
        vocabulary: Mapping[str, int],
        *,
        unknown: int,
        prefix: str,
        max_letters: int,
        names: Mapping[str, int],
    ) -> None:
        # others have punctuation, which is cut off, or are no words: `...`, `[MASK]`, `##ing`
        whole = {w: i for w, i in vocabulary.items() if w.isalnum() and len(w) <= max_letters}
        whole.update(names)
        ids = np.fromiter(whole.values(), np.intp, len(whole))
        super().__init__(zip(whole, ids_as_bytes(ids), strict=True))
        self.vocabulary = vocabulary
        self.unknown = np.array(unknown, dtype=np.intp).tobytes()
        self.prefix = prefix
        self.max_letters = max_letters

    def __missing__(self, run: str) -> bytes:
        if run.isalnum():
            ids = self._spelled(run)
        elif (mark := run[-1]) in MARKS and run[:-1] in self:  # as most new runs are: a known word, a comma
            ids = self[run[:-1]] + self[mark]
        else:
            parts = WORD.findall(run)
            ids = b"".join(map(self.__getitem__, parts)) if len(parts) > 1 else self._spelled(run)
        if len(self) < MAX_REMEMBERED and len(run) <= MAX_REMEMBERED_LETTERS:
            self[run] = ids
        return ids

    def _spelled(self, word: str) -> bytes:
        """Spell a word with the longest pieces from the left, or say that it is unknown."""
        n = len(word)
        if n > self.max_letters or not (word.isascii() or self._letters.issuperset(word)):
            return self.unknown
        longest_first, inner, longest = self._inner
        id_of = self.vocabulary.get
        start, end = 0, min(n, longest_first.get(word[:3], 2))
        found = array(_ID)
        while start < n:
            piece = id_of(word[start:end])
            while piece is None:
                end -= 1
                if end <= start:
                    return self.unknown
                piece = id_of(word[start:end])
            found.append(piece)
            id_of = inner.get
            start = end
            end = min(n, start + longest.get(word[start : start + 3], 2))
        return found.tobytes()

    @cached_property
    def _letters(self) -> set[str]:
        return set("".join(self.vocabulary))

    @cached_property
    def _inner(self) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
        """The lengths of first pieces, the pieces inside words, and their lengths."""
        vocabulary, prefix = self.vocabulary, self.prefix
        inner = {p[len(prefix) :]: i for p, i in vocabulary.items() if p.startswith(prefix)}
        inner.pop("", None)
        return longest_by_beginning(vocabulary), inner, longest_by_beginning(inner)


def ids_as_bytes(ids: NDArray[np.intp]) -> list[bytes]:
    """Return each id as the bytes of an `intp`."""
    as_bytes: list[bytes] = ids.view(f"V{ID_BYTES}").tolist()
    return as_bytes


def padded_ids(pieces: Sequence[bytes]) -> NDArray[np.intp] | None:
    """Return the ids of a text's pieces as one array.

    Args:
        pieces: The ids of each, as bytes.

    Returns:
        Shape (pieces, tokens of the longest), -1 behind a shorter one's; None where most of it would be such.
    """
    longest = max(map(len, pieces), default=0)
    if longest > NARROW * ID_BYTES and longest * len(pieces) > MOST_PADDED * sum(map(len, pieces)):
        return None
    padded = b"".join([piece.ljust(longest, _NO_ID) for piece in pieces])
    rows: NDArray[np.intp] = np.ndarray((len(pieces), longest // ID_BYTES), np.intp, padded)
    return rows


def longest_by_beginning(pieces: Iterable[str]) -> dict[str, int]:
    """Return the longest piece's length by its first three letters, where that is more than two."""
    longest: dict[str, int] = {}
    for piece in pieces:
        beginning = piece[:3]
        if len(piece) > longest.get(beginning, 2):
            longest[beginning] = len(piece)
    return longest
