"""LangChain's streams of typed events (`version="v3"`), made of a stream of chunks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

from langchain_core.language_models._compat_bridge import achunks_to_events, chunks_to_events
from langchain_core.language_models.chat_model_stream import AsyncChatModelStream, ChatModelStream
from langchain_core.outputs import ChatGenerationChunk

from langchain_routellm.at_hand import as_chunk
from langchain_routellm.metadata import METADATA_KEY


def stream_of(chunks: Iterator[Any]) -> ChatModelStream:
    """Return the events of a stream of messages, read as they are asked for."""
    stream = ChatModelStream()
    told: dict[str, Any] = {}
    events = chunks_to_events(_generation(chunk, told) for chunk in chunks)

    def pump() -> bool:
        try:
            stream.dispatch(next(events))
        except StopIteration:
            return False
        # the reader of the stream is told of it
        except BaseException as error:  # noqa: BLE001
            stream.fail(error)
            return False
        return True

    stream.bind_pump(pump)
    return stream


def astream_of(chunks: AsyncIterator[Any]) -> AsyncChatModelStream:
    """Return the events of an asynchronous stream of messages."""
    stream = AsyncChatModelStream()
    told: dict[str, Any] = {}

    async def generations() -> AsyncIterator[ChatGenerationChunk]:
        async for chunk in chunks:
            yield _generation(chunk, told)

    async def produce() -> None:
        try:
            async for event in achunks_to_events(generations()):
                stream.dispatch(event)
        except BaseException as error:
            stream.fail(error)
            if not isinstance(error, Exception):  # cancelled
                raise

    async def start() -> None:
        if stream._producer_task is None:
            stream._producer_task = asyncio.get_running_loop().create_task(produce())

    stream.set_start(start)
    return stream


def _generation(chunk: Any, told: dict[str, Any]) -> ChatGenerationChunk:
    """Return a chunk as a generation, with all that was told of the decision so far."""
    message = as_chunk(chunk)
    decision = message.response_metadata.get(METADATA_KEY)
    if decision:
        told.update(decision)
        metadata = {**message.response_metadata, METADATA_KEY: dict(told)}
        message = message.model_copy(update={"response_metadata": metadata})
    return ChatGenerationChunk(message=message)
