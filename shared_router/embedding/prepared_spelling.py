"""What a process need not find out about a vocabulary: how its commonest unknown words are spelled.

Spelling a word at its first sight takes as long as looking up twenty, and making the table that it takes, of
how long a piece of each beginning can be, a tenth of a process's first score. Both come with the vocabulary
and are read in milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shared_router.embedding.spelling import ID_BYTES
from shared_router.errors import InvalidInputError

if TYPE_CHECKING:
    from typing_extensions import Self

TENSORS = {
    "common_words": np.uint8,
    "common_ids": np.uint32,
    "common_counts": np.uint32,
    "beginnings": np.uint8,
    "longest": np.uint8,
}
"""What a checkpoint has of it."""


@dataclass(frozen=True)
class PreparedSpelling:
    """Words and their token ids, and the table that spells others.

    Attributes:
        words: Those of one id first, then those of two, and so on.
        ids: Their ids, one word's behind the other's.
        counts: How many words have one id, two, and so on.
        longest: How many letters the longest piece of a beginning has, each >= 2; see `longest_pieces`.

    Raises:
        InvalidInputError: If they do not fit each other.
    """

    words: Sequence[str]
    ids: NDArray[np.uint32]
    counts: NDArray[np.uint32]
    longest: Mapping[str, int]

    def __post_init__(self) -> None:
        """Check that every word has its ids, and that no beginning would be spelled for ever."""
        sizes = np.arange(1, len(self.counts) + 1)
        if self.counts.sum() != len(self.words) or (sizes * self.counts).sum() != len(self.ids):
            raise InvalidInputError("common words must each have the ids that their counts say")
        if min(self.longest.values(), default=2) < 2:
            raise InvalidInputError("the longest piece of a beginning must have two letters or more")

    @classmethod
    def of(cls, words: Sequence[str], ids_of: Callable[[str], bytes], longest: Mapping[str, int]) -> Self:
        """Spell words.

        Args:
            words: Folded, without marks and white space.
            ids_of: What gives a word its ids, as bytes of `intp`; one that it gives none is left out.
            longest: As above.
        """
        spelled = sorted(((word, ids_of(word)) for word in words), key=lambda each: len(each[1]))
        kept = [(word, ids) for word, ids in spelled if ids]
        ids = np.frombuffer(b"".join([ids for _, ids in kept]), dtype=np.intp)
        counts = np.bincount([len(ids) // ID_BYTES for _, ids in kept])[1:]
        return cls([word for word, _ in kept], ids.astype(np.uint32), counts.astype(np.uint32), longest)

    @classmethod
    def restore(cls, tensors: Mapping[str, NDArray[Any]]) -> Self:
        """Return what `tensors` described."""
        beginnings = _lines(tensors["beginnings"])
        if len(beginnings) != len(tensors["longest"]):
            raise InvalidInputError("each beginning must have the length of its longest piece")
        longest = dict(zip(beginnings, tensors["longest"].tolist(), strict=True))
        words = _lines(tensors["common_words"])
        return cls(words, tensors["common_ids"], tensors["common_counts"], longest)

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return what makes this again."""
        return {
            "common_words": _text(self.words),
            "common_ids": self.ids,
            "common_counts": self.counts,
            "beginnings": _text([*self.longest]),
            "longest": np.array([*self.longest.values()], dtype=np.uint8),
        }

    def by_word(self) -> dict[str, bytes]:
        """Return each word's ids, as bytes of `intp`."""
        found: dict[str, bytes] = {}
        ids = self.ids.astype(np.intp)
        word = position = 0
        for size, n in enumerate(self.counts.tolist(), start=1):
            if n:
                end = position + size * n
                of_size: list[bytes] = ids[position:end].view(f"V{size * ID_BYTES}").tolist()
                found.update(zip(self.words[word : word + n], of_size, strict=True))
                word, position = word + n, end
        return found


def _text(lines: Sequence[str]) -> NDArray[np.uint8]:
    return np.frombuffer("\n".join(lines).encode(), dtype=np.uint8)


def _lines(text: NDArray[np.uint8]) -> list[str]:
    decoded = text.tobytes().decode()
    return decoded.split("\n") if decoded else []
