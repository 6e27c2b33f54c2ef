"""An embedding that a few foreign words cannot move: the sum of a text's pieces that agree.

A sum over words, and a sentence encoder little less, follows whoever adds the strongest words: eight of them
before a question can make it look like any other. Here each piece of the text (`shared_router.pieces`) has
one vector of length 1 and so one vote, and the pieces that agree least with the others have none.

A text of up to three pieces has nobody to outvote a stranger, and words enough outvote the question.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import check_texts, is_number, shown
from shared_router.embedding.agreement import agreeing_direction, agreeing_directions
from shared_router.embedding.together import MAX_TOGETHER
from shared_router.errors import InvalidInputError
from shared_router.markup import without_markup
from shared_router.pieces import pieces_of
from shared_router.small_talk import without_small_talk
from shared_router.text import MAX_MARKS, MAX_QUERY_CHARS, clean

if TYPE_CHECKING:
    from shared_router.embedding.protocol import Embedder

TRIM = 0.15
MAX_CHARS = 2048
"""A longer text is read without its middle, for each piece costs time that an event loop may wait for."""

MAX_CHARS_BEYOND_ASCII = 1024

_FEW_TEXTS = 8
"""So many are embedded faster one by one."""

_SLOW = 3 * MAX_CHARS_BEYOND_ASCII
_MARGIN = 2 * MAX_MARKS


class TrimmedEmbedder:
    """Embed a text as the mean of the pieces that agree, without markup and small talk.

    Args:
        embedder: What embeds the pieces.
        trim: The share of the pieces that is left out, in [0, 0.5], rounded to whole pieces.

    Raises:
        InvalidInputError: If `trim` is outside its range.
    """

    def __init__(self, embedder: Embedder, *, trim: float = TRIM) -> None:
        if not (is_number(trim) and 0 <= trim <= 0.5):
            raise InvalidInputError(f"trim must be in [0, 0.5], got {shown(trim)}")
        self.embedder = embedder
        self.trim = trim

    @property
    def blocking(self) -> bool:
        """Whether a text can take longer than about a millisecond: where the pieces' embedder can."""
        return bool(getattr(self.embedder, "blocking", True))

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row per text.

        Args:
            texts: n texts; any string is one.

        Returns:
            Shape (n, dim), each row of length 1, or 0 for a text without a known word.

        Raises:
            InvalidInputError: If `texts` is no list of texts.
        """
        check_texts("texts", texts)
        return self.embed_bare([bare_question(text) for text in texts])

    def embed_bare(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return what `embed` does of texts that `bare_question` has returned."""
        if len(texts) == 1:  # as most are asked for
            (pieces,) = self._pieces(texts)
            return agreeing_direction(pieces, trim=self.trim)[np.newaxis]
        found = self._together(texts) if len(texts) > _FEW_TEXTS else {}
        alone = [i for i in range(len(texts)) if i not in found]
        for i, pieces in zip(alone, self._pieces([texts[i] for i in alone]), strict=True):
            found[i] = agreeing_direction(pieces, trim=self.trim)
        if not found:
            return self.embedder.embed([])
        return np.concatenate([found[i] for i in range(len(texts))]).reshape(len(texts), -1)

    def _together(self, texts: Sequence[str]) -> dict[int, NDArray[np.float32]]:
        """Return the rows of those texts that can be embedded together, by their places."""
        embedder: Any = self.embedder
        found: dict[int, NDArray[np.float32]] = {}
        if not hasattr(embedder, "sums_together"):
            return found
        plain = {i: read for i, text in enumerate(texts) if (read := embedder.plain(text)) is not None}
        for places in _groups(plain):
            sums = embedder.sums_together([plain[i] for i in places])
            found |= zip(places, agreeing_directions(sums.rows, sums.n_rows, trim=self.trim), strict=True)
            for i in sums.wide:
                del found[places[i]]
        return found

    def _pieces(self, texts: Sequence[str]) -> Iterable[NDArray[np.float32]]:
        """Return the rows of each text's pieces."""
        piece_sums = getattr(self.embedder, "piece_sums", None)
        if piece_sums is not None:  # all pieces of a text in one go
            return map(piece_sums, texts)
        cut = [pieces_of(text) or [""] for text in texts]
        # the text is clean, and so are its pieces
        embed = getattr(self.embedder, "embed_clean", self.embedder.embed)
        rows: NDArray[np.float32] = embed([piece for pieces in cut for piece in pieces])
        ends = list(accumulate(map(len, cut)))
        return [rows[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def bare_question(text: str) -> str:
    """Return the text as a trimmed embedder reads it: cleaned, without markup and small talk.

    Args:
        text: Any string.

    Returns:
        At most `MAX_CHARS` + 1 characters, `MAX_CHARS_BEYOND_ASCII` + 1 where not all are ASCII: a longer
        text keeps its two ends, joined by a line break.
    """
    slow = _SLOW <= len(text) <= MAX_QUERY_CHARS and not text.isascii()
    text = _cleaned_ends(text) if slow else clean(text)
    half = (MAX_CHARS if text.isascii() else MAX_CHARS_BEYOND_ASCII) // 2
    if len(text) > 2 * half:
        text = f"{text[:half]}\n{text[-half:]}"
    return without_small_talk(without_markup(text))


def _cleaned_ends(text: str) -> str:
    """Return a text cleaned, of a long one its ends alone: four letters can take a microsecond."""
    head, tail = clean(text[:MAX_CHARS_BEYOND_ASCII]), clean(text[-MAX_CHARS_BEYOND_ASCII:])
    # enough is left of both for what `bare_question` keeps, and for no mark at a cut to matter
    enough = min(len(head), len(tail)) >= MAX_CHARS_BEYOND_ASCII // 2 + _MARGIN
    return head + tail if enough and not (head + tail).isascii() else clean(text)


def _groups(texts: Mapping[int, str]) -> Iterator[list[int]]:
    """Put the places of texts together, as many as are read at once."""
    group: list[int] = []
    n_chars = 0
    for i, text in texts.items():
        group.append(i)
        n_chars += len(text)
        if n_chars > MAX_TOGETHER:
            yield group
            group, n_chars = [], 0
    if group:
        yield group
