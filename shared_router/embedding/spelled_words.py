"""Words that are spelled before a process begins: the commonest that are no piece of a vocabulary.

Spelling a word at its first sight takes as long as looking up twenty; a table of the commonest ones comes
with the vocabulary, and is read in a millisecond.
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

TENSORS = {"common_words": np.uint8, "common_ids": np.uint32, "common_counts": np.uint32}
"""What a checkpoint has of them."""


@dataclass(frozen=True, slots=True)
class SpelledWords:
    """Words and their token ids.

    Attributes:
        words: Those of one id first, then those of two, and so on.
        ids: Their ids, one word's behind the other's.
        counts: How many words have one id, two, and so on.

    Raises:
        InvalidInputError: If the three do not fit each other.
    """

    words: Sequence[str]
    ids: NDArray[np.uint32]
    counts: NDArray[np.uint32]

    def __post_init__(self) -> None:
        """Check that every word has its ids."""
        sizes = np.arange(1, len(self.counts) + 1)
        if self.counts.sum() != len(self.words) or (sizes * self.counts).sum() != len(self.ids):
            raise InvalidInputError("spelled words must each have the ids that their counts say")

    @classmethod
    def of(cls, words: Sequence[str], ids_of: Callable[[str], bytes]) -> Self:
        """Spell words.

        Args:
            words: Folded, without marks and white space.
            ids_of: What gives a word its ids, as bytes of `intp`; one that it gives none is left out.
        """
        spelled = sorted(((word, ids_of(word)) for word in words), key=lambda each: len(each[1]))
        kept = [(word, ids) for word, ids in spelled if ids]
        ids = np.frombuffer(b"".join([ids for _, ids in kept]), dtype=np.intp)
        counts = np.bincount([len(ids) // ID_BYTES for _, ids in kept])[1:]
        return cls([word for word, _ in kept], ids.astype(np.uint32), counts.astype(np.uint32))

    @classmethod
    def restore(cls, tensors: Mapping[str, NDArray[Any]]) -> Self:
        """Return what `tensors` described."""
        text = tensors["common_words"].tobytes().decode()
        return cls(text.split("\n") if text else [], tensors["common_ids"], tensors["common_counts"])

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return what makes these again."""
        text = np.frombuffer("\n".join(self.words).encode(), dtype=np.uint8)
        return {"common_words": text, "common_ids": self.ids, "common_counts": self.counts}

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
