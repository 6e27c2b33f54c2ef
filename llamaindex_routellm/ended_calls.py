"""What models answer inside a routed call: a text or an object alone says no tokens and no finish reason."""

from __future__ import annotations

from typing import Any

from llama_index.core.instrumentation.events.llm import LLMChatEndEvent, LLMCompletionEndEvent
from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.base import BaseEvent
from llama_index_instrumentation.event_handlers import BaseEventHandler

from llamaindex_routellm.spans import current_call


class EndedCalls(BaseEventHandler):
    """Keep each model's answer with the route that it was asked on."""

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
        """Keep an answer."""
        del kwargs
        if isinstance(event, LLMChatEndEvent | LLMCompletionEndEvent) and event.response is not None:
            call = current_call.get()
            if call is not None:
                call.responses.append(event.response)
