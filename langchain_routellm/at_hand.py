"""An answer that is there already, as a Runnable: whoever calls it gets it, and no run is opened for it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.runnables import Runnable, RunnableConfig
from typing_extensions import override

from shared_router import CapabilityError

if TYPE_CHECKING:
    from langchain_routellm.held_back import HeldBack


class AnswerAtHand(Runnable[Any, Any]):
    """Return one answer, whole, or as a stream of one piece.

    Args:
        output: The answer.
        held: What listeners have not heard of it yet; None where nobody listens.
        annotated: Returns an answer with the plan's decision on it.
    """

    def __init__(self, output: Any, held: HeldBack | None, annotated: Callable[[Any], Any]) -> None:
        self.output = output
        self.held = held
        self.annotated = annotated

    @override
    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        for _ in self.stream(input, config):
            pass
        return self.output

    @override
    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        async for _ in self.astream(input, config):
            pass
        return self.output

    @override
    def stream(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Iterator[Any]:
        if self.held is None:
            yield as_chunk(self.output)
            return
        self.held.begin(self.annotated, (config or {}).get("run_id"))
        try:
            yield as_chunk(self.output)
        finally:
            self.held.end()

    @override
    async def astream(
        self, input: Any, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[Any]:
        if self.held is None:
            yield as_chunk(self.output)
            return
        await self.held.abegin(self.annotated, (config or {}).get("run_id"))
        try:
            yield as_chunk(self.output)
        finally:
            await self.held.aend()

    @override
    def stream_events(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        from langchain_core.language_models._compat_bridge import message_to_events
        from langchain_core.language_models.chat_model_stream import ChatModelStream

        stream = ChatModelStream()
        for event in message_to_events(_message(self.invoke(input, config))):
            stream.dispatch(event)
        return stream

    @override
    async def astream_events(  # type: ignore[override]
        self, input: Any, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Any:
        from langchain_core.language_models._compat_bridge import message_to_events
        from langchain_core.language_models.chat_model_stream import AsyncChatModelStream

        stream = AsyncChatModelStream()
        for event in message_to_events(_message(await self.ainvoke(input, config))):
            stream.dispatch(event)
        return stream


def as_chunk(answer: Any) -> Any:
    """Return a message as a stream's only chunk; anything else, such as a parsed object, as it is."""
    if not isinstance(answer, AIMessage) or isinstance(answer, AIMessageChunk):
        return answer
    calls = [
        tool_call_chunk(
            name=call["name"], args=json.dumps(call["args"], ensure_ascii=False), id=call["id"], index=index
        )
        for index, call in enumerate(answer.tool_calls)
    ]
    calls += [
        tool_call_chunk(name=call["name"], args=call["args"], id=call["id"], index=len(calls) + index)
        for index, call in enumerate(answer.invalid_tool_calls)
    ]
    return AIMessageChunk(
        content=answer.content,
        additional_kwargs=answer.additional_kwargs,
        response_metadata=answer.response_metadata,
        id=answer.id,
        name=answer.name,
        usage_metadata=answer.usage_metadata,
        tool_call_chunks=calls,
        chunk_position="last",
    )


def _message(answer: Any) -> AIMessage:
    if isinstance(answer, AIMessage):
        return answer
    raise CapabilityError(
        f'version="v3" streams a message, got {type(answer).__name__}; stream structured output by stream()'
    )
