"""Which model a conversation is with, known by its words.

An application may store of each message its role and its text and nothing else, and a client may write what
it likes beside them, so what stands on a message neither survives nor proves anything. Each turn after the
first is therefore remembered by a hash of what the model had said last and what the user then said, with
the model that the turn went to, and the next turn finds that in its history, also where a memory has cut
off the beginning.

Where the caller has a name for a conversation, it is known by that name alone, and the words do not matter.

A first turn has only its own words to be known by, so where those who began with the same words went to
different models, nobody's choice moves another: a caller may say where the first question's score leads
(`first_turn_model`). What was never asked, such as the examples in a prompt, is no earlier turn.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal, NamedTuple

from shared_router.choices import shown
from shared_router.errors import InvalidInputError
from shared_router.query import Message
from shared_router.stickiness import Sticky, StickyRule, rule_of

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


class Kept(NamedTuple):
    """Where a turn went.

    Attributes:
        model: The model's name.
        at: When, by `time.monotonic`.
    """

    model: str
    at: float


class Conversations:
    """Remember which model each conversation is with: hashes in this process, never words.

    It may be asked from several threads. A pickle or a deep copy remembers nothing.

    Args:
        size: How many turns to remember, the latest ones, >= 0; 0 remembers none.
        first_turn_model: Where a first question goes by its score, or None where that is not known; asked
            where those who began with the same words went to several models.
        clock: Tells the time in seconds.

    Raises:
        InvalidInputError: If `size` is not a number of turns.
    """

    def __init__(
        self,
        size: int,
        *,
        first_turn_model: Callable[[str], str | None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if type(size) is not int or size < 0:
            raise InvalidInputError(f"size must be a number of turns >= 0, got {shown(size)}")
        self.size = size
        self.first_turn_model = first_turn_model
        self._clock = clock
        self._kept: OrderedDict[bytes, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def model_of(
        self, turns: Sequence[Turn], *, sticky: Sticky = "conversation", name: str | None = None
    ) -> str | None:
        """Return the model that a request goes on with; see `last`."""
        kept = self.last(turns, sticky=sticky, name=name)
        return None if kept is None else kept.model

    def last(
        self, turns: Sequence[Turn], *, sticky: Sticky = "conversation", name: str | None = None
    ) -> Kept | None:
        """Return where the turn went that a request goes on with.

        Args:
            turns: The user's turns so far, the latest last.
            sticky: `"tool_loop"` for the turn whose tools have just answered, False for none, another for the
                latest turn of the conversation.
            name: The caller's name of the conversation, where it has one.

        Returns:
            The model and when; None for a new conversation and for one that nobody remembers.
        """
        rule = rule_of(sticky)
        if name is not None and rule not in ("tool_loop", False):
            with self._lock:
                return self._kept.get(_name_key(name))
        for turn in _earlier(turns, rule):
            with self._lock:
                kept = self._kept.get(turn.key)
            if kept is not None and kept.model == _SEVERAL and self.first_turn_model is not None:
                kept = Kept(self.first_turn_model(turn.user_text) or _SEVERAL, kept.at)
            if kept is not None and kept.model:
                return kept
        return None

    def keep(self, turns: Sequence[Turn], model: str, *, name: str | None = None) -> None:
        """Remember where a conversation's latest turn goes.

        Args:
            turns: The user's turns so far, the latest last.
            model: The model that answers.
            name: The caller's name of the conversation, where it has one.
        """
        first = len(turns) == 1
        if name is None and (not turns or (turns[-1].previous_answer is None and not first)):
            return  # two messages that nobody answered in between, which no later turn can tell apart
        key = turns[-1].key if name is None else _name_key(name)
        with self._lock:
            before = self._kept.get(key)
            if name is None and first and before is not None and before.model != model:
                model = _SEVERAL
            self._kept[key] = Kept(model, self._clock())
            self._kept.move_to_end(key)
            while len(self._kept) > self.size:
                self._kept.popitem(last=False)

    def release(self, turns: Sequence[Turn], *, name: str | None = None) -> None:
        """Forget a conversation whose model has failed, so that its next call is decided anew.

        Args:
            turns: The user's turns so far, the latest last.
            name: The caller's name of the conversation, where it has one.
        """
        keys = [turn.key for turn in turns[-2:]] if name is None else [_name_key(name)]
        with self._lock:
            for key in keys:
                self._kept.pop(key, None)

    def __len__(self) -> int:
        """Count the turns remembered."""
        return len(self._kept)

    def __reduce__(self) -> tuple[Callable[[], Conversations], tuple[()]]:
        """Pickle the settings alone: what is remembered is this process's."""
        clock, first = self._clock, self.first_turn_model
        return partial(Conversations, self.size, first_turn_model=first, clock=clock), ()


def _earlier(turns: Sequence[Turn], sticky: StickyRule | Literal[False]) -> list[Turn]:
    """Return the turns whose model a request may go on with, the likeliest first."""
    if sticky is False or not turns:
        return []
    latest, before = turns[-1], turns[-2:-1]
    if sticky == "tool_loop":
        return [latest] if latest.in_tool_loop else []
    # a turn that has begun goes before the last; a first one has begun where its tools have answered
    begun = latest.previous_answer is not None if before else latest.in_tool_loop
    return [*([latest] if begun else []), *before]


def _name_key(name: str) -> bytes:
    # another length than a turn's, so that no turn's words make a name
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=20).digest()


def _digest(text: str) -> bytes:
    words = " ".join(text.split())
    return hashlib.blake2b(words.encode("utf-8", "surrogatepass"), digest_size=16).digest()
