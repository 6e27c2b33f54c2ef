"""Which model a conversation is with, known by its words.

An application may store of each message its role and its text and nothing else, and a client may write what
it likes beside them, so what stands on a message neither survives nor proves anything. Each turn after the
first is therefore remembered by a hash of what the model had said last and what the user then said, with
the model that the turn went to, and the next turn finds that in its history, also where a memory has cut
off the beginning.

A first turn has only its own words to be known by, so where those who began with the same words went to
different models, nobody's choice moves another: a caller may say where the first question's score leads
(`first_turn_model`). What was never asked, such as the examples in a prompt, is no earlier turn.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from shared_router.decisions import Sticky
from shared_router.errors import InvalidInputError
from shared_router.query import Message

_SEVERAL = ""
"""No model's name: first turns of these words went to several."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing that a user said.

    Attributes:
        user_text: The user's words; "" for an image alone. Not in the repr.
        previous_answer: What the model had said last before; None at the beginning. Not in the repr.
        in_tool_loop: Whether a tool's result is what has to be answered now.
    """

    user_text: str = field(repr=False)
    previous_answer: str | None = field(repr=False)
    in_tool_loop: bool = False

    @property
    def key(self) -> bytes:
        """The turn's hash, the same however its texts are padded and broken into lines."""
        words = _digest(self.user_text) + _digest(self.previous_answer or "")
        return hashlib.blake2b(words, digest_size=16).digest()


def turns_of(messages: Sequence[Message]) -> list[Turn]:
    """Return what a user has said so far, the latest last.

    Args:
        messages: The conversation, oldest first.

    Returns:
        A turn for each message of the user's own. One without text that follows a tool's result, such as a
        screenshot, goes on with the tool loop and is no turn.
    """
    turns: list[Turn] = []
    previous_answer: str | None = None
    in_tool_loop = False
    for message in messages:
        if message.role == "assistant":
            previous_answer = message.text or previous_answer
            in_tool_loop = False
        elif message.role == "user" and not message.synthetic and (message.text.strip() or not in_tool_loop):
            turns.append(Turn(message.text, previous_answer))
            in_tool_loop = False
        elif message.role != "system" and turns:
            in_tool_loop = True
    return [*turns[:-1], replace(turns[-1], in_tool_loop=True)] if in_tool_loop else turns


class Conversations:
    """Remember which model each conversation is with: hashes in this process, never words.

    It may be asked from several threads. A pickle or a deep copy remembers nothing.

    Args:
        size: How many turns to remember, the latest ones, >= 0; 0 remembers none.
        first_turn_model: Where a first question goes by its score, or None where that is not known; asked
            where those who began with the same words went to several models.

    Raises:
        InvalidInputError: If `size` is not a number of turns.
    """

    def __init__(self, size: int, *, first_turn_model: Callable[[str], str | None] | None = None) -> None:
        if type(size) is not int or size < 0:
            raise InvalidInputError(f"size must be a number of turns >= 0, got {size!r}")
        self.size = size
        self.first_turn_model = first_turn_model
        self._models: OrderedDict[bytes, str] = OrderedDict()
        self._lock = threading.Lock()

    def model_of(self, turns: Sequence[Turn], *, sticky: Sticky = "conversation") -> str | None:
        """Return the model that a request goes on with.

        Args:
            turns: The user's turns so far, the latest last.
            sticky: `"conversation"` for the model that the conversation is with, `"tool_loop"` for the one
                whose tools have just answered, False for none.

        Returns:
            The model's name; None for a new conversation and for one that nobody remembers.
        """
        for turn in _earlier(turns, sticky):
            with self._lock:
                model = self._models.get(turn.key)
            if model == _SEVERAL and self.first_turn_model is not None:
                model = self.first_turn_model(turn.user_text)
            if model:
                return model
        return None

    def keep(self, turns: Sequence[Turn], model: str) -> None:
        """Remember where a conversation's latest turn goes.

        Args:
            turns: The user's turns so far, the latest last.
            model: The model that answers.
        """
        first = len(turns) == 1
        if not turns or (turns[-1].previous_answer is None and not first):
            return  # two messages that nobody answered in between, which no later turn can tell apart
        key = turns[-1].key
        with self._lock:
            if first and self._models.get(key, model) != model:
                model = _SEVERAL
            self._models[key] = model
            self._models.move_to_end(key)
            while len(self._models) > self.size:
                self._models.popitem(last=False)

    def __len__(self) -> int:
        """Count the turns remembered."""
        return len(self._models)

    def __reduce__(self) -> tuple[Callable[[], Conversations], tuple[()]]:
        """Pickle the settings alone: what is remembered is this process's."""
        return partial(Conversations, self.size, first_turn_model=self.first_turn_model), ()


def _earlier(turns: Sequence[Turn], sticky: Sticky) -> list[Turn]:
    """Return the turns whose model a request may go on with, the likeliest first."""
    if sticky is False or not turns:
        return []
    latest, before = turns[-1], turns[-2:-1]
    if sticky == "tool_loop":
        return [latest] if latest.in_tool_loop else []
    # a turn that has begun goes before the last; a first one has begun where its tools have answered
    begun = latest.previous_answer is not None if before else latest.in_tool_loop
    return [*([latest] if begun else []), *before]


def _digest(text: str) -> bytes:
    words = " ".join(text.split())
    return hashlib.blake2b(words.encode("utf-8", "surrogatepass"), digest_size=16).digest()
