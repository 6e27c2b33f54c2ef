"""What a conversation goes on with: the model that began it, known by its words and its tool calls.

Nothing that stands on a message is trusted: an application may store role and text alone, and a client may
write what it likes. So this process remembers, in hashes, which model asked for which tools and, where whole
conversations are kept, which model each turn went to: by the conversation's name where the config has one,
such as LangGraph's `thread_id`, else by its words. Where nobody remembers a conversation that was routed once
(a decision stands on an answer), for example after a restart, it goes where its first question leads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from langchain_routellm.metadata import METADATA_KEY
from langchain_routellm.turns import role_of, text_of, turns
from langchain_routellm.wrappers import is_synthetic
from shared_router import (
    Conversations,
    Kept,
    Message,
    RoutingDecision,
    RoutingRequest,
    Sticky,
    TokenPrices,
    Turn,
    leaning,
    rule_of,
    settings_of,
    turns_of,
)

SIZE = 10_000
"""Turns, and tool calls, that are remembered: the latest ones."""

_LONG = 16_384
"""Characters of which a longer text keeps its two ends, to bound what a turn costs."""


class Memory:
    """Remember which model answered what, for one routed model."""

    def __init__(self) -> None:
        self._by_words = Conversations(SIZE)
        self._by_tool_calls = Conversations(SIZE)
        self._new_thread = Thread(self)

    def thread(
        self,
        messages: Sequence[BaseMessage],
        sticky: Sticky,
        *,
        by_words: bool = False,
        name: str | None = None,
    ) -> Thread:
        """Find out what a request goes on with.

        Args:
            messages: The conversation, oldest first.
            sticky: How the conversation is kept.
            by_words: Whether a tool loop is to be known by its words too, where nobody sees the answers
                and so their tool calls.
            name: The caller's name of the conversation, where it has one.
        """
        if sticky is False:
            return NO_THREAD
        # a rule's name was checked where it was given
        rule = sticky if isinstance(sticky, str) else rule_of(sticky)
        asked = _open_tool_calls(messages)
        if asked is None and rule == "tool_loop" and not by_words:
            return self._new_thread
        asker = None if asked is None else self._asker_of(asked)
        if rule == "tool_loop" and not by_words:
            return Thread(self, None if asker is None else asker.model)
        user_turns = turns_of([_short(message) for message in turns(messages, with_answers=True)])
        kept = self._by_words.last(user_turns, sticky=sticky, name=name) if asker is None else asker
        thread = Thread(self, None if kept is None else kept.model, user_turns, name=name)
        if rule == "upward" or (rule == "priced" and asker is None):
            return replace(thread, model=None, kept=kept)  # which a score may leave
        lost = kept is None and any(decided_model(message) is not None for message in messages)
        first = user_turns[0].user_text if lost and user_turns and rule == "conversation" else None
        return replace(thread, first_question=first)

    def keep_turn(self, user_turns: Sequence[Turn], model: str, name: str | None) -> None:
        """Remember where a conversation's latest turn goes."""
        self._by_words.keep(user_turns, model, name=name)

    def release_turn(self, user_turns: Sequence[Turn], name: str | None) -> None:
        """Forget where a conversation's latest turn went."""
        self._by_words.release(user_turns, name=name)

    def keep_tool_calls(self, calls: Sequence[Mapping[str, Any]], model: str) -> None:
        """Remember which model asked for tools."""
        for call in calls:
            self._by_tool_calls.keep(_tool_turn(call), model)

    def _asker_of(self, calls: Sequence[Mapping[str, Any]]) -> Kept | None:
        asked = (self._by_tool_calls.last(_tool_turn(call), sticky="tool_loop") for call in calls)
        return next((kept for kept in asked if kept is not None), None)


@dataclass(frozen=True, slots=True)
class Thread:
    """What a request goes on with, and what its answer is remembered by.

    Attributes:
        memory: Where it is remembered; None nowhere.
        model: The model to stick to, or None.
        user_turns: The user's turns, where turns are remembered.
        first_question: What leads a conversation that nobody remembers, or None. Not in the repr.
        kept: Where the conversation's latest turn went, where a score may leave that model.
        name: The caller's name of the conversation, where it has one.
    """

    memory: Memory | None
    model: str | None = None
    user_turns: Sequence[Turn] = ()
    first_question: str | None = field(default=None, repr=False)
    kept: Kept | None = None
    name: str | None = None

    def keep(self, model: str) -> None:
        """Remember where this turn goes."""
        if self.memory is not None and self.user_turns:
            self.memory.keep_turn(self.user_turns, model, self.name)

    def keep_answered(self, decision: RoutingDecision) -> None:
        """Remember where this turn went; one that went elsewhere because a model failed, nowhere."""
        if decision.reason.startswith("fallback:"):
            self.release()
        else:
            self.keep(decision.model)

    def release(self) -> None:
        """Forget where this conversation went: its model has failed."""
        if self.memory is not None and self.user_turns:
            self.memory.release_turn(self.user_turns, self.name)

    def keep_tool_calls(self, calls: Sequence[Mapping[str, Any]], model: str) -> None:
        """Remember which tools the model asked for."""
        if self.memory is not None and calls:
            self.memory.keep_tool_calls(calls, model)

    def leaning(
        self,
        request: RoutingRequest,
        sticky: Sticky,
        messages: Sequence[BaseMessage],
        *,
        models: Sequence[str],
        prices: Mapping[str, TokenPrices],
    ) -> RoutingRequest:
        """Return a request that leans to this conversation's model; see `shared_router.leaning`."""
        if self.kept is None:
            return request
        settings, sizes = settings_of(sticky), partial(prompt_sizes, messages)
        return leaning(request, self.kept, settings, models=models, prices=prices, sizes=sizes)


NO_THREAD = Thread(None)


def decided_model(message: BaseMessage) -> str | None:
    """Return the model that a message says it is by: a hint, which a client may have written."""
    decision = message.response_metadata.get(METADATA_KEY)
    model = decision.get("model") if isinstance(decision, Mapping) else None
    return model if isinstance(model, str) and isinstance(message, AIMessage) else None


def prompt_sizes(messages: Sequence[BaseMessage]) -> tuple[int, int]:
    """Return the characters of a prompt, and those before its last answer, which a model has read before."""
    whole = before = 0
    for message in messages:
        if isinstance(message, AIMessage):
            before = whole
        whole += len(text_of(message.content))
    return whole, before


def _open_tool_calls(messages: Sequence[BaseMessage]) -> Sequence[Mapping[str, Any]] | None:
    """Return the tool calls that a conversation goes on with, or None where the user has spoken since."""
    for message in reversed(messages):
        if isinstance(message, AIMessage):
            return message.tool_calls or None
        if isinstance(message, ToolMessage):
            continue
        # a user's picture in a tool loop, such as a screenshot, is a result of its tools
        if role_of(message) == "user" and not is_synthetic(message) and text_of(message.content).strip():
            return None
    return None


def _tool_turn(call: Mapping[str, Any]) -> list[Turn]:
    """Return a tool call as a turn to be known again by: where two models made the same call, by neither."""
    return [Turn(f"{call.get('name')} {call.get('id')}", None, in_tool_loop=True)]


def _short(message: Message) -> Message:
    text = message.text
    if len(text) <= _LONG:
        return message
    return replace(message, text=text[: _LONG // 2] + text[-_LONG // 2 :])
