"""Which text is routed: the user's question in what a model is given.

It is looked for in this order:

1. what the caller says: `route_on`, a function of the user's own;
2. the variable that holds it (`query_keys`), in a chain's input or in the template before a model;
3. the last words that the user wrote, never a tool's output, a system text or what middleware writes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from langchain_core.messages import BaseMessage
from langchain_core.prompt_values import PromptValue
from langchain_core.runnables import RunnableConfig

from langchain_routellm.prices import Prices
from langchain_routellm.templates import filled_in, variable
from langchain_routellm.turns import text_of, turns
from langchain_routellm.wrappers import is_frameworks_own_call
from shared_router import InvalidInputError, Message, check_sticky, query_of

Strip = Callable[[str], str]
RouteOn = Literal["last_human"] | Callable[[Any], str | None]

_log = logging.getLogger(__name__)


def check_routing(
    route_on: object,
    sticky: object,
    query_keys: object = None,
    strip: object = None,
    *,
    prices: Prices | None = None,
) -> None:
    """Check how questions are found and conversations kept, by which prices where they are weighed.

    Raises:
        InvalidInputError: If one of them is no such rule.
    """
    if not callable(route_on) and not (isinstance(route_on, str) and route_on == "last_human"):
        raise InvalidInputError(
            'route_on must be "last_human" or a function from messages to text, got a '
            f"{type(route_on).__name__} that is neither"
        )
    names = isinstance(query_keys, list | tuple) and all(isinstance(key, str) for key in query_keys)
    if query_keys is not None and not names:
        raise InvalidInputError(
            f'query_keys must be names of variables, such as ["question"], got {type(query_keys).__name__}'
        )
    if strip is not None and not callable(strip):
        raise InvalidInputError(f"strip must be a function from text to text, got {type(strip).__name__}")
    check_sticky(sticky, prices=prices)


@dataclass(frozen=True, slots=True)
class QuestionFinder:
    """Find the question of a request.

    Attributes:
        route_on: `"last_human"`, or a function of the user's own.
        query_keys: The variables that hold a question, best first; None looks for none.
        strip: Takes a user's text and returns what the user wrote of it, or None.
        follow_ups: Whether "why?" is routed on with the question that it follows.
    """

    route_on: RouteOn = "last_human"
    query_keys: Sequence[str] | None = None
    strip: Strip | None = None
    follow_ups: bool = True

    def in_messages(
        self, messages: Sequence[BaseMessage], config: RunnableConfig, given: Any = None
    ) -> str | None:
        """Return the text to route on in a conversation, or None where there is none.

        Args:
            messages: The conversation, oldest first.
            config: The run's config.
            given: The model's untouched input.

        Raises:
            InvalidInputError: If `route_on` returns something other than text or None.
        """
        if self.route_on != "last_human":
            return _checked(self.route_on(messages))
        if self.query_keys is not None:
            asked = _asked(variable(filled_in(config), self.query_keys))
            if asked is not None:
                return self._question([*_before_the_last_user(turns(messages)), *asked])
        elif isinstance(given, PromptValue):
            _log.debug("a template is routed on with the question in it; query_keys=[...] names its variable")
        if not messages or is_frameworks_own_call(config.get("metadata")):
            return None
        return self._question(turns(messages))

    def in_value(
        self, value: Any, messages: Sequence[BaseMessage] | None, config: RunnableConfig
    ) -> str | None:
        """Return the text to route on in a chain's input, or None where there is none.

        Args:
            value: The input.
            messages: The conversation in it, or None where it holds none.
            config: The run's config.

        Raises:
            InvalidInputError: If the input is no conversation and nothing says where its question is.
        """
        if self.route_on != "last_human":
            return _checked(self.route_on(value))
        if self.query_keys is not None:
            asked = _asked(variable(value, self.query_keys))
            if asked is not None:
                return self._question([*turns(messages or ()), *asked])
        if messages is None:
            raise InvalidInputError(
                'the input must be a text, messages or a state with "messages", got '
                f'{type(value).__name__}; give route_on=itemgetter("question") or query_keys=["question"]'
            )
        return self.in_messages(messages, config)

    def conversation(
        self, messages: Sequence[BaseMessage], config: RunnableConfig, value: Any = None
    ) -> list[Message]:
        """Return the conversation that ends with the question, with what the models have answered.

        Args:
            messages: The conversation, oldest first.
            config: The run's config.
            value: A chain's input, where the question may stand in one of its variables.
        """
        read = turns(messages, with_answers=True)
        if self.query_keys is None:
            return read
        if (asked := _asked(variable(value, self.query_keys))) is not None:
            return [*read, *asked]
        asked = _asked(variable(filled_in(config), self.query_keys))
        return read if asked is None else [*_before_the_last_user(read), *asked]

    def _question(self, conversation: Sequence[Message]) -> str | None:
        return query_of(conversation, follow_ups=self.follow_ups, strip=self.strip)


def _asked(value: Any) -> list[Message] | None:
    """Return the turns in a variable: a text's or a message's one, a history's; None where it holds none."""
    if isinstance(value, BaseMessage):
        value = text_of(value.content)
    if isinstance(value, str):
        return [Message("user", value)]
    if isinstance(value, list) and value and all(isinstance(each, BaseMessage) for each in value):
        return turns(value)
    return None


def _before_the_last_user(conversation: list[Message]) -> list[Message]:
    """Return what stands before the turn that a template puts the question in."""
    for position in range(len(conversation) - 1, -1, -1):
        if conversation[position].role == "user":
            return conversation[:position]
    return []


def _checked(question: object) -> str | None:
    if question is not None and not isinstance(question, str):
        raise InvalidInputError(f"route_on must return a string or None, got {type(question).__name__}")
    return question
