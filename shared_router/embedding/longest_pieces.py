"""How a vocabulary of many languages spells words: with its longest pieces, from the left; remembered.

The vocabulary is a unigram model's (SentencePiece): a piece that begins a word begins with `▁`. SentencePiece
takes the likeliest cut of all; the longest pieces from the left take a fifth of the time, and routers rank
nearly the same by them. Texts are folded (NFKC, lower case), marks are cut off, and an unknown letter has no
id: it says nothing, and the others still do.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from shared_router.embedding.prepared_spelling import PreparedSpelling
from shared_router.embedding.spelling import (
    MARKS,
    MAX_REMEMBERED,
    MAX_REMEMBERED_LETTERS,
    WORD,
    ids_as_bytes,
    padded_ids,
)
from shared_router.embedding.together import TogetherIds, ids_together
from shared_router.pieces import is_plain, words_of_pieces

WORD_START = "▁"
MAX_LETTERS = 64
"""A longer run of letters without a space, such as a key or an address, is spelled at its two ends."""


_BEGINNING, _FEWEST = 5, 3
"""How many letters tell how long a piece of more can be, and how many do of others; a piece of fewer is found
by itself. An English word is a few long pieces and a Chinese one a letter or two each, and either is looked
up in vain less often so."""


class LongestPieces:
    """The token ids of texts.

    It is safe with several threads.

    Args:
        pieces: The pieces' texts, folded; an id is a place among them.
        prepared: What need not be found out of them.

    Attributes:
        distinct: Whether no piece is there twice, and none is empty.
    """

    def __init__(self, pieces: Sequence[str], prepared: PreparedSpelling | None = None) -> None:
        self._remembered = PieceSpelling(pieces, prepared)
        self.distinct = self._remembered.distinct
        self.min_id = 0
        self.max_id = len(pieces) - 1

    def ids(self, text: str) -> NDArray[np.intp]:
        """Return the token ids of a cleaned text, shape (tokens,)."""
        words = chain.from_iterable(words_of_pieces(folded(text)))
        return np.frombuffer(b"".join(map(self._remembered.__getitem__, words)), dtype=np.intp)

    def ids_of_pieces(self, text: str) -> NDArray[np.intp] | None:
        """Return what `ids` does of each piece of a text, of the text in one go.

        Args:
            text: A cleaned text, or a part of one, to be cut by `shared_router.pieces`.

        Returns:
            Shape (pieces, tokens of the longest), -1 behind a shorter one's; None where a piece must be
            asked for alone, since it is much longer than the others.
        """
        id_of = self._remembered.__getitem__
        ids = [b"".join(map(id_of, words)) for words in words_of_pieces(folded(text))]
        return padded_ids(ids)

    def plain(self, text: str) -> str | None:
        """Return a text, folded, if `ids_together` can spell it, else None."""
        if not (text.isascii() or is_plain(text)):  # as most beyond ASCII: folding takes ten times as long
            return None
        text = folded(text)
        return text if is_plain(text) else None

    def ids_together(self, texts: Sequence[str]) -> TogetherIds:
        """Return what `ids_of_pieces` does of many texts that `plain` has returned."""
        return ids_together(texts, self._remembered.__getitem__)


class PieceSpelling(dict[str, bytes]):
    """The token ids of runs of characters without white space, as bytes of `intp`.

    A run is cut into words and marks first, so that `end` and `end,` hold one word.

    Args:
        pieces: As in `LongestPieces`, like `prepared` and `distinct`.
        prepared: See `pieces`.
    """

    def __init__(self, pieces: Sequence[str], prepared: PreparedSpelling | None = None) -> None:
        super().__init__({} if prepared is None else prepared.by_word())
        self._prepared = prepared
        self._ids = dict(zip(pieces, ids_as_bytes(np.arange(len(pieces), dtype=np.intp)), strict=True))
        self.distinct = len(self._ids) == len(pieces) and "" not in self._ids
        self._ids.pop(WORD_START, None)  # alone it says nothing

    def __missing__(self, run: str) -> bytes:
        if run.isalnum():
            ids = self._spelled(run)
        elif (mark := run[-1]) in MARKS and ((word := run[:-1]) in self or word.isalnum()):  # as most are
            ids = self[word] + self[mark]
        else:
            parts = WORD.findall(run)
            ids = b"".join(map(self.__getitem__, parts)) if len(parts) > 1 else self._of_no_word(run)
        if len(self) < MAX_REMEMBERED and len(run) <= MAX_REMEMBERED_LETTERS:
            self[run] = ids
        return ids

    def _of_no_word(self, run: str) -> bytes:
        """Spell a mark, or letters with foreign marks between them."""
        return self._ids.get(run) or self._spelled(run)

    def _spelled(self, word: str) -> bytes:
        """Spell a word with the longest pieces from the left."""
        id_of, longest_of = self._ids.get, self.longest.get
        rest = f"{WORD_START}{word}"
        if len(rest) > MAX_LETTERS:
            rest = rest[: MAX_LETTERS // 2] + rest[-MAX_LETTERS // 2 :]
        ids = b""
        # what is left is one piece more often than not: a whole word, or its ending
        while (found := id_of(rest)) is None and rest:
            if (longest := longest_of(rest[:_FEWEST])) is None:  # as of most Chinese
                end = _FEWEST - 1
            else:
                end = longest_of(rest[:_BEGINNING]) or longest
            while (found := id_of(rest[:end])) is None and end > 1:
                end -= 1
            if found is not None:
                ids += found
            rest = rest[end:]
        return ids + found if found else ids

    @cached_property
    def longest(self) -> Mapping[str, int]:
        """The longest piece's length by its first letters; by few of them only of those without more."""
        if self._prepared is not None:
            return self._prepared.longest
        by_length: list[list[str]] = [[] for _ in range(max(map(len, self._ids), default=0) + 1)]
        for piece in self._ids:
            by_length[len(piece)].append(piece)
        long: dict[str, int] = {}
        short: dict[str, int] = {}
        for length in range(_FEWEST, len(by_length)):  # the last of a beginning stays, and so the longest
            table, letters = (long, _BEGINNING) if length > _BEGINNING else (short, _FEWEST)
            table |= dict.fromkeys([piece[:letters] for piece in by_length[length]], length)
        return dict.fromkeys([beginning[:_FEWEST] for beginning in long], _FEWEST - 1) | short | long


def folded(text: str) -> str:
    """Return a text as the vocabulary writes it: compatible forms as one, in lower case."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).lower()
