"""A column of conversations, kept as JSON among a table's texts, so that it may be larger than memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

from shared_router.messages import AnyMessage, PlainMessage, plain_messages
from shared_router.records.texts import Texts

Conversation = Sequence[PlainMessage]


class ConversationColumn(Sequence["Conversation | None"]):
    """A column of conversations, of which some may be None.

    Args:
        texts: Each as JSON.
    """

    __slots__ = ("_texts",)

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    @classmethod
    def of(cls, conversations: Iterable[Sequence[AnyMessage] | None]) -> ConversationColumn:
        """Make a column of conversations.

        Raises:
            QueryError: If one is no list of messages.
            UnicodeEncodeError: If one holds a lone surrogate.
        """
        return cls(Texts.of(None if each is None else as_json(each) for each in conversations))

    def take(self, rows: NDArray[np.int64]) -> ConversationColumn:
        """Return the conversations at the given places, in the given order."""
        return ConversationColumn(self._texts.take(rows))

    def __len__(self) -> int:
        return len(self._texts)

    @overload
    def __getitem__(self, place: int) -> Conversation | None: ...

    @overload
    def __getitem__(self, place: slice) -> ConversationColumn: ...

    def __getitem__(self, place: int | slice) -> Conversation | None | ConversationColumn:
        if isinstance(place, slice):
            return ConversationColumn(self._texts[place])
        return _read(self._texts[place])

    def __iter__(self) -> Iterator[Conversation | None]:
        return map(_read, self._texts)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"ConversationColumn(n={len(self)})"  # never a text


def as_json(messages: Sequence[AnyMessage]) -> str:
    """Return a conversation as JSON text.

    Raises:
        QueryError: If it is no list of messages.
    """
    return json.dumps(plain_messages(messages), ensure_ascii=False)


def _read(text: str | None) -> Conversation | None:
    if text is None:
        return None
    found: Conversation = json.loads(text)
    return found
