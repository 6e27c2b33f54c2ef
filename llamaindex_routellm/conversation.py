"""Which conversation a call goes on with, where a conversation keeps its model.

Nothing of ours may stand on a message, because messages are sent again. So a conversation is known by its
words: each turn after the first is remembered by a hash of what the model had said last and what the user
then said, with the model that the turn went to, and the next turn finds that in its history, also where a
memory has cut off the beginning. A first turn has only its own words to be known by, so where those who
began with the same words went to different models, a second turn goes where the first question's score
says, and nobody's choice moves another. What was never asked, such as the examples in a prompt, is no
earlier turn.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.prompts import ChatPromptTemplate

from llamaindex_routellm.memory import DecisionMemory
from llamaindex_routellm.query import LLMCall, Question, text_of_user

_AMBIGUOUS = ""
"""No model's name: first turns of these words went to several."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing that a user said.

    Attributes:
        user_text: The user's words. Not in the repr.
        previous_answer: What the model had said last before; None at the beginning. Not in the repr.
    """

    user_text: str = field(repr=False)
    previous_answer: str | None = field(repr=False)

    @property
    def key(self) -> bytes:
        """The turn's hash."""
        text = hashlib.blake2b(self.user_text.encode("utf-8", "surrogatepass"), digest_size=16)
        answer = (self.previous_answer or "").encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text.digest() + answer, digest_size=16).digest()


class Conversations:
    """Remember which model each conversation is with.

    Args:
        memory: Where the questions' scores are remembered; as many turns as questions are.
    """

    def __init__(self, memory: DecisionMemory) -> None:
        self._memory = memory
        self._models: OrderedDict[bytes, str] = OrderedDict()
        self._lock = threading.Lock()

    def model(self, turns: Sequence[Turn], *, continues: bool = False) -> str | None:
        """Return the model that a conversation is with; None for a new one and one that nobody remembers.

        Args:
            turns: The user's turns so far, the latest last.
            continues: Whether the latest has begun, and its tools have answered.
        """
        now, before = turns[-1:], turns[-2:-1]
        # a turn that has begun, such as a tool loop, goes before the last
        known = [turn for turn in now if (turn.previous_answer is not None if before else continues)]
        with self._lock:
            for turn in (*known, *before):
                if model := self._models.get(turn.key):
                    return model
        second_turn = before and before[0].previous_answer is None
        return self._memory.model_of(before[0].user_text) if second_turn else None

    def keep(self, turns: Sequence[Turn], model: str) -> None:
        """Remember where a conversation's latest turn goes."""
        first = len(turns) == 1
        if not turns or (turns[-1].previous_answer is None and not first):
            return
        key = turns[-1].key
        with self._lock:
            if first and self._models.get(key, model) != model:
                model = _AMBIGUOUS
            self._models[key] = model
            self._models.move_to_end(key)
            while len(self._models) > self._memory.size:
                self._models.popitem(last=False)

    def __len__(self) -> int:
        """Count the turns remembered."""
        return len(self._models)


def turns_of(call: LLMCall, question: Question) -> list[Turn]:
    """Return what a user has said so far in a call's conversation, the question that is asked now last."""
    if not isinstance(call.template, ChatPromptTemplate):
        return _turns(call.messages)
    history = list(call.template.message_templates)
    if history and history[-1].role == MessageRole.USER:  # where the template puts the question
        history.pop()
    return _turns([*history, ChatMessage(role=MessageRole.USER, content=question.text or "")])


def _turns(messages: Sequence[ChatMessage]) -> list[Turn]:
    turns, previous_answer = [], None
    for message in messages:
        if message.role == MessageRole.ASSISTANT:
            previous_answer = message.content or previous_answer
        elif (text := text_of_user(message)) is not None:
            turns.append(Turn(text, previous_answer))
    return turns
