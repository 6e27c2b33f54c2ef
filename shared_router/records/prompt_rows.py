"""The rows of a table as they are gathered: one a prompt, found again by its key."""

from __future__ import annotations

import math
from array import array
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from shared_router.records.conversation_column import ConversationColumn, as_json
from shared_router.records.record import Record
from shared_router.records.texts import Texts, TextsBuilder

ABSENT = -1


class PromptRows:
    """Gathers what is known of each prompt; what comes first is kept."""

    def __init__(self) -> None:
        self.texts = TextsBuilder()
        self._row_of: dict[Hashable, int] = {}
        self._hashes: dict[int, int] = {}
        self._text = array("q")  # (rows,): which text is the row's prompt
        self._domains: dict[str, int] = {}
        self._domain = array("i")
        self._conversations = TextsBuilder()
        self._conversation = array("q")
        self._times = array("d")
        self._messages = TextsBuilder()
        self._message = array("q")

    def __len__(self) -> int:
        return len(self._text)

    def find(self, key: Hashable) -> int | None:
        """Return the row of a key, or None where there is none."""
        return self._row_of.get(key)

    def add(self, record: Record) -> int | None:
        """Add what a record says of its prompt.

        Returns:
            The prompt's row, a new one where its key is new; None where the key is another prompt's and the
            record must be of one prompt.

        Raises:
            UnicodeEncodeError: If the prompt holds a lone surrogate.
        """
        row = None if record.key is None else self._row_of.get(record.key)
        if row is None:
            row = self._new(record)
        elif record.prompt is not None:
            if self._text[row] == ABSENT:
                self._text[row] = self._append(record.prompt)
            if record.one_prompt and self._hashes.setdefault(row, hash(record.prompt)) != hash(record.prompt):
                return None
        if record.domain is not None and self._domain[row] == ABSENT:
            self._domain[row] = self._domains.setdefault(record.domain, len(self._domains))
        if record.conversation is not None and self._conversation[row] == ABSENT:
            self._conversations.append(record.conversation)
            self._conversation[row] = len(self._conversations) - 1
        if record.messages is not None and self._message[row] == ABSENT:
            self._messages.append(as_json(record.messages))
            self._message[row] = len(self._messages) - 1
        if record.time is not None and math.isnan(self._times[row]):
            self._times[row] = record.time
        return row

    def places(self) -> NDArray[np.int64]:
        """Return for each row which text is its prompt, or `ABSENT`."""
        return np.array(self._text, dtype=np.int64)

    def domains(self, rows: NDArray[np.int64]) -> Sequence[str | None] | None:
        """Return the domains of some rows, or None where no row has one."""
        if not self._domains:
            return None
        names: list[str | None] = [*self._domains, None]  # place -1 is the last
        return [names[place] for place in np.array(self._domain, dtype=np.int64)[rows].tolist()]

    def conversations(self, rows: NDArray[np.int64]) -> Texts | None:
        """Return the conversations of some rows, or None where no row has one."""
        if not len(self._conversations):
            return None
        self._conversations.append(None)  # place -1 is the last
        return self._conversations.finish().take(np.array(self._conversation, dtype=np.int64)[rows])

    def messages(self, rows: NDArray[np.int64]) -> ConversationColumn | None:
        """Return the conversations that some rows' prompts end, or None where no row has one."""
        if not len(self._messages):
            return None
        self._messages.append(None)  # place -1 is the last
        texts = self._messages.finish().take(np.array(self._message, dtype=np.int64)[rows])
        return ConversationColumn(texts)

    def times(self, rows: NDArray[np.int64]) -> NDArray[np.float64] | None:
        """Return when some rows were asked, or None where that is known of none."""
        times = np.array(self._times, dtype=np.float64)[rows]
        return None if np.isnan(times).all() else times

    def _new(self, record: Record) -> int:
        text = ABSENT if record.prompt is None else self._append(record.prompt)
        row = len(self._text)
        self._text.append(text)
        self._domain.append(ABSENT)
        self._conversation.append(ABSENT)
        self._times.append(math.nan)
        self._message.append(ABSENT)
        if record.key is not None:
            self._row_of[record.key] = row
            if record.one_prompt and record.prompt is not None:
                self._hashes[row] = hash(record.prompt)
        return row

    def _append(self, prompt: str) -> int:
        self.texts.append(prompt)
        return len(self.texts) - 1
