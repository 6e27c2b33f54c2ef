"""What models answer inside a routed call: a text or an object alone says no tokens and no finish reason."""

from __future__ import annotations

from typing import Any

from llama_index.core.instrumentation.events.llm import (
    LLMChatEndEvent,
    LLMChatInProgressEvent,
    LLMCompletionEndEvent,
    LLMCompletionInProgressEvent,
)
from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.base import BaseEvent
from llama_index_instrumentation.event_handlers import BaseEventHandler

from llamaindex_routellm.spans import current_call

_PARTS = (LLMChatInProgressEvent, LLMCompletionInProgressEvent)
_ENDS = (LLMChatEndEvent, LLMCompletionEndEvent)

_ANSWERS = (*_PARTS, *_ENDS)

_KEPT = 3
"""Responses that a route keeps: why a stream ended may stand in the part before the one with its tokens."""


class EndedCalls(BaseEventHandler):
    """Keep the last of each model's answer with the route that it was asked on."""

    @classmethod
    def class_name(cls) -> str:
        """Name the handler."""
        return "RouteLLMEndedCalls"

    @classmethod
    def watch(cls) -> None:
        """Watch every call of the process from now on, once."""
        root = get_dispatcher()
        if not any(isinstance(handler, cls) for handler in root.event_handlers):
            root.add_event_handler(cls())

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        """Keep an answer, or a part of one."""
        del kwargs
        if not isinstance(event, _ANSWERS) or event.response is None:
            return
        call = current_call.get()
        if call is not None:
            call.responses.append(event.response)
            del call.responses[:-_KEPT]
