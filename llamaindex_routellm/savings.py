"""Tokens of every routed call by model, counted from LlamaIndex's own events."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from llama_index.core.base.llms.types import ChatResponse, CompletionResponse
from llama_index.core.instrumentation.events.llm import (
    LLMChatEndEvent,
    LLMChatStartEvent,
    LLMCompletionEndEvent,
    LLMCompletionStartEvent,
)
from llama_index.core.utilities.token_counting import TokenCounter
from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.base import BaseEvent
from llama_index_instrumentation.event_handlers import BaseEventHandler
from pydantic import PrivateAttr
from typing_extensions import Self

from llamaindex_routellm.metadata import DECISION_KEY
from llamaindex_routellm.route import Route
from llamaindex_routellm.spans import OpenSpans, current_call
from llamaindex_routellm.tokens import reported_tokens
from shared_router import RejectedCalls, Savings, TokenPrices, TokenUsage, savings_of

MAX_OPEN_CALLS = 10_000
"""Streams that nobody reads to their end fire no end event; the oldest are forgotten."""


class RoutedTokens(BaseEventHandler):
    """Count the tokens that each model, `"strong"` and `"weak"`, read and wrote.

    Used as a context manager it counts every routed call of the process that is made in the block; to
    count for good, add it to the root dispatcher. Tokens are those that providers report, and LlamaIndex's
    estimate where one reports none. Where LlamaIndex makes one LLM's call through another (structured
    LLMs, chats with completion models), only the call that reached the model counts.
    """

    _calls: OrderedDict[str, tuple[str, Any, str | None]] = PrivateAttr(default_factory=OrderedDict)
    _usage: dict[str, TokenUsage] = PrivateAttr(default_factory=dict)
    _rejected: RejectedCalls = PrivateAttr(default_factory=RejectedCalls)
    _lock: Any = PrivateAttr(default_factory=threading.Lock)
    _open_spans: OpenSpans = PrivateAttr(default_factory=OpenSpans.watch)

    @classmethod
    def class_name(cls) -> str:
        """Name the handler."""
        return "RoutedTokens"

    @property
    def usage(self) -> dict[str, TokenUsage]:
        """Tokens by model, `"strong"` and `"weak"`, of the calls that have ended."""
        with self._lock:
            return dict(self._usage)

    def savings(self, prices: Mapping[str, TokenPrices], *, answer_length_ratio: float = 1.0) -> Savings:
        """Return the bill and what routing saved.

        Args:
            prices: The prices of each model, `"strong"` among them.
            answer_length_ratio: How many tokens the strong model writes where the weak one writes one, > 0.

        Raises:
            InvalidInputError: If a price is missing or the ratio is no positive number.
        """
        return savings_of(
            self.usage,
            prices,
            answer_length_ratio=answer_length_ratio,
            rejected=self._rejected.usage,
        )

    def __enter__(self) -> Self:
        get_dispatcher().add_event_handler(self)
        return self

    def __exit__(self, *error: object) -> None:
        get_dispatcher().event_handlers.remove(self)

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        """Count a call when it ends, for the model that its start was tagged with."""
        del kwargs
        if isinstance(event, LLMChatStartEvent | LLMCompletionStartEvent):
            self._start(event)
        elif isinstance(event, LLMChatEndEvent | LLMCompletionEndEvent):
            with self._lock:
                call = self._calls.pop(event.span_id or "", None)
            if call is not None and event.response is not None:
                (model, llm, plan), route = call, current_call.get()
                model = route.answered_by(event.response, llm) if isinstance(route, Route) else model
                counted = _tokens_of(event, event.response)
                with self._lock:
                    self._usage[model] = self._usage.get(model, TokenUsage()) + counted
                    self._rejected.add(plan, model, counted)

    def _start(self, event: LLMChatStartEvent | LLMCompletionStartEvent) -> None:
        decision = event.tags.get(DECISION_KEY)
        if decision is None or event.span_id is None:
            return
        if self._open_spans.is_structured(event.span_id):
            return  # the LLM inside is the one that calls a model, for a stream after this call has returned
        with self._lock:
            for around in self._open_spans.around(event.span_id):
                self._calls.pop(around, None)
            llm = self._open_spans.instance_of(event.span_id)
            self._calls[event.span_id] = decision["model"], llm, decision.get("plan")
            if len(self._calls) > MAX_OPEN_CALLS:
                self._calls.popitem(last=False)


def _tokens_of(
    event: LLMChatEndEvent | LLMCompletionEndEvent, response: ChatResponse | CompletionResponse
) -> TokenUsage:
    reported = reported_tokens(response)
    if reported is not None:
        return reported
    counter = TokenCounter()
    if isinstance(event, LLMChatEndEvent):
        read = counter.estimate_tokens_in_messages(event.messages)
    else:
        read = counter.get_string_tokens(event.prompt)
    written = response.text if isinstance(response, CompletionResponse) else response.message.content
    return TokenUsage(1, read, counter.get_string_tokens(written or ""))
