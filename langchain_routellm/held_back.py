"""What a reader would see of an answer that may yet be rejected, kept until that is known.

LangGraph's messages mode and `astream_events` hear of every model's run and pass on what they hear, as it is
written or when it ends. While a cascade judges an answer, such listeners hear nothing; once it is accepted
they hear all of it, and nothing of one that is rejected. Tracers and counters always hear: the call was made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler, BaseCallbackManager
from langchain_core.callbacks.manager import ahandle_event, handle_event
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, LLMResult
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import var_child_runnable_config

from langchain_routellm.at_hand import as_chunk

_EVENTS = {
    "on_chat_model_start": "ignore_chat_model",
    "on_llm_start": "ignore_llm",
    "on_llm_new_token": "ignore_llm",
    "on_llm_end": "ignore_llm",
    "on_llm_error": "ignore_llm",
    "on_chain_start": "ignore_chain",
    "on_chain_end": "ignore_chain",
    "on_chain_error": "ignore_chain",
    "on_tool_start": "ignore_agent",
    "on_tool_end": "ignore_agent",
    "on_tool_error": "ignore_agent",
    "on_retry": "ignore_retry",
    "on_custom_event": "ignore_custom_event",
}
"""What is kept, and the attribute by which a listener says that it does not want it."""

Event = tuple[str, tuple[Any, ...], dict[str, Any]]


class HeldBack(BaseCallbackHandler):
    """Hear in the place of those who pass on what they hear.

    Args:
        listeners: Those.
    """

    run_inline = True

    def __init__(self, listeners: Sequence[BaseCallbackHandler]) -> None:
        self.listeners = list(listeners)
        self._events: list[Event] = []

    def __getattribute__(self, name: str) -> Any:
        """Keep an event, whichever it is."""
        if name not in _EVENTS:
            return super().__getattribute__(name)

        def keep(*args: Any, **kwargs: Any) -> None:
            self._events.append((name, args, kwargs))

        return keep

    def begin(self, annotated: Callable[[Any], Any], run_id: UUID | None) -> None:
        """Let the listeners hear everything but the end, with the plan's decision on the answer.

        Args:
            annotated: Returns an answer with the decision on it.
            run_id: The id that the caller gave for the call, by which listeners know it; None for none.
        """
        self._events = self._heard(annotated, run_id)
        for event in self._events[:-1]:
            self._tell(event)

    def end(self) -> None:
        """Let them hear the end."""
        for event in self._events[-1:]:
            self._tell(event)

    async def abegin(self, annotated: Callable[[Any], Any], run_id: UUID | None) -> None:
        """Let the listeners hear everything but the end, as `begin` does."""
        self._events = self._heard(annotated, run_id)
        for event in self._events[:-1]:
            await self._atell(event)

    async def aend(self) -> None:
        """Let them hear the end."""
        for event in self._events[-1:]:
            await self._atell(event)

    def _tell(self, event: Event) -> None:
        name, args, kwargs = event
        handle_event(self.listeners, name, _EVENTS[name], *args, **kwargs)

    async def _atell(self, event: Event) -> None:
        name, args, kwargs = event
        await ahandle_event(self.listeners, name, _EVENTS[name], *args, **kwargs)

    def _heard(self, annotated: Callable[[Any], Any], run_id: UUID | None) -> list[Event]:
        """Return the events as a stream's: an answer is one token before it ends."""
        heard: list[Event] = []
        ours = self._events[0][2].get("run_id") if self._events and run_id is not None else None
        for name, args, given in self._events:
            ids = {key: run_id for key in ("run_id", "parent_run_id") if ours and given.get(key) == ours}
            kwargs = {**given, **ids}
            if name == "on_llm_end" and args and isinstance(args[0], LLMResult):
                result = _annotated(args[0], annotated)
                heard += [_token(message, kwargs) for message in _messages(result)]
                heard.append((name, (result, *args[1:]), kwargs))
            else:
                heard.append((name, args, kwargs))
        return heard


@contextmanager
def outside_any_run() -> Iterator[None]:
    """Have a call know no callbacks but its config's: a binding would add those of the run around it."""
    token = var_child_runnable_config.set(None)
    try:
        yield
    finally:
        var_child_runnable_config.reset(token)


def held_back(config: RunnableConfig) -> tuple[RunnableConfig, HeldBack | None]:
    """Return a call's config in which nobody hears of the answer who would pass it on, and what keeps it.

    Args:
        config: The call's config, complete.
    """
    callbacks = config.get("callbacks")
    handlers = callbacks.handlers if isinstance(callbacks, BaseCallbackManager) else callbacks or []
    # how LangChain itself knows them: what `astream_events` and LangGraph listen by can tap a stream
    listeners = [each for each in handlers if hasattr(each, "tap_output_iter")]
    if not listeners:
        return config, None
    held = HeldBack(listeners)

    def instead(handlers: Sequence[BaseCallbackHandler]) -> list[BaseCallbackHandler]:
        others = [each for each in handlers if each not in listeners]
        return others if len(others) == len(handlers) else [*others, held]

    if not isinstance(callbacks, BaseCallbackManager):
        return {**config, "callbacks": instead(handlers)}, held
    manager = callbacks.copy()
    manager.handlers = instead(callbacks.handlers)
    manager.inheritable_handlers = instead(callbacks.inheritable_handlers)
    return {**config, "callbacks": manager}, held


def _annotated(result: LLMResult, annotated: Callable[[Any], Any]) -> LLMResult:
    generations = [[annotated(each) for each in answers] for answers in result.generations]
    return result.model_copy(update={"generations": generations})


def _messages(result: LLMResult) -> list[AIMessage]:
    found = [
        each.message for answers in result.generations for each in answers if isinstance(each, ChatGeneration)
    ]
    return [message for message in found if isinstance(message, AIMessage)]


def _token(message: AIMessage, kwargs: dict[str, Any]) -> Event:
    chunk = ChatGenerationChunk(message=as_chunk(message))
    run: dict[str, Any] = {
        name: kwargs[name] for name in ("run_id", "parent_run_id", "tags") if name in kwargs
    }
    return "on_llm_new_token", (chunk.text,), {**run, "chunk": chunk}
