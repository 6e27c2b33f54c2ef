"""The decision on the answer: flat scalars in `response_metadata["routellm"]`, without prompt text.

It is written on a copy, because a cache may hold the message, and stands on one chunk of a stream,
because merging chunks joins equal texts and cannot merge two numbers.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, Protocol

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import UsageMetadata, add_usage
from langchain_core.outputs import ChatGeneration

from langchain_routellm.prices import token_usage
from shared_router import Bill

METADATA_KEY = "routellm"
"""The key of the decision in a message's response metadata."""


def run_metadata(decision: Mapping[str, str | float]) -> dict[str, str | float]:
    """Return the decision for a run's metadata: flat keys, because tracers filter by them."""
    return {f"{METADATA_KEY}_{key}": value for key, value in decision.items()}


NO_BILL = Bill(None, ())


class RemembersToolCalls(Protocol):
    """What remembers which model asked for tools."""

    def keep_tool_calls(self, calls: Sequence[Mapping[str, Any]], model: str) -> None:
        """Remember which tools the model asked for."""

    def release(self) -> None:
        """Forget where the conversation went."""


class DecisionMetadata:
    """Write the decision on what one call answers, whole or chunk by chunk.

    Args:
        decision: The decision as metadata.
        bill: What the models cost, for the answer's dollars.
        thread: What remembers the tools that the answer asks for.

    Attributes:
        answered_by: The model that answered, where it is known; the chosen one's fallback may have.
        message: Its message, where the call is watched.
        error: The class of the first error of a model that was asked, where the call is watched.
        was_heard: Whether somebody who listens has heard some of the answer.
    """

    __slots__ = (
        "_started",
        "_usage",
        "answered_by",
        "bill",
        "decision",
        "error",
        "message",
        "thread",
        "was_heard",
    )

    def __init__(
        self,
        decision: Mapping[str, str | float],
        bill: Bill = NO_BILL,
        thread: RemembersToolCalls | None = None,
    ) -> None:
        self.decision = decision
        self.bill = bill
        self.thread = thread
        self.answered_by: str | None = None
        self.message: AIMessage | None = None
        self.error: str | None = None
        self.was_heard = False
        self._started = False
        self._usage: UsageMetadata | None = None

    def add_to(self, output: Any) -> Any:
        """Return a whole answer with the decision on it.

        A parsed object holds no message and is returned as it is; with `include_raw=True` a dict holds
        both.
        """
        if isinstance(output, AIMessage):
            self._remember(output.tool_calls)
            return _with_decision(output, self._whole(output.usage_metadata))
        if isinstance(output, ChatGeneration):
            return output.model_copy(update={"message": self.add_to(output.message)})
        if isinstance(output, dict) and isinstance(output.get("raw"), AIMessage):
            return {**output, "raw": self.add_to(output["raw"])}
        return output

    def add_to_stream(self, chunks: Iterator[Any]) -> Iterator[Any]:
        """Pass chunks on: the first one with the decision, the last one with the dollars."""
        try:
            for chunk in chunks:
                yield self.add_to_chunk(chunk)
        except Exception:
            self.release()
            raise
        finally:
            # a reader that stops early must stop the child too, now and not at garbage collection
            if hasattr(chunks, "close"):
                chunks.close()

    async def add_to_async_stream(self, chunks: AsyncIterator[Any]) -> AsyncGenerator[Any, None]:
        """Pass chunks on like `add_to_stream`."""
        try:
            async for chunk in chunks:
                yield self.add_to_chunk(chunk)
        except Exception:
            self.release()
            raise
        finally:
            if hasattr(chunks, "aclose"):
                await chunks.aclose()

    def add_to_chunk(self, chunk: Any) -> Any:
        """Return a stream's next chunk, with what it tells of the decision."""
        asked = getattr(chunk, "tool_call_chunks", None)
        if asked:
            # a call's first piece alone says what is called
            self._remember([call for call in asked if call.get("id")])
        if self._started and not self.bill.prices:
            return chunk
        if not isinstance(chunk, AIMessageChunk):  # of a child that cannot stream, or of a parser
            self._started = True
            return self.add_to(chunk)
        is_first, self._started = not self._started, True
        is_last = False
        if self.bill.prices:
            if chunk.usage_metadata is not None:  # add_usage makes a count of no tokens of two that are none
                self._usage = add_usage(self._usage, chunk.usage_metadata)
            # a usage can be spread over chunks, so the bill is made when all have come
            is_last = chunk.chunk_position == "last"
        if is_first and is_last:
            return _with_decision(chunk, self._whole(self._usage))
        decision = self._first() if is_first else self._last(self._usage) if is_last else {}
        return _with_decision(chunk, decision) if decision else chunk

    def _whole(self, usage: UsageMetadata | None) -> dict[str, Any]:
        """Return the decision for an answer that comes whole."""
        return {**self.told, **self._dollars(usage)}

    def _first(self) -> dict[str, Any]:
        """Return what a stream's first chunk tells."""
        return self.told

    def _last(self, usage: UsageMetadata | None) -> dict[str, Any]:
        """Return what a stream's last chunk adds."""
        return self._dollars(usage)

    def release(self) -> None:
        """Forget the conversation's model, which has failed."""
        if self.thread is not None:
            self.thread.release()

    def _remember(self, calls: Sequence[Mapping[str, Any]]) -> None:
        if calls and self.thread is not None:
            self.thread.keep_tool_calls(calls, str(self.decision["model"]))

    def _dollars(self, usage: UsageMetadata | None) -> dict[str, float]:
        if not self.bill.prices or usage is None:
            return {}
        dollars = self.bill.dollars(str(self.told["model"]), token_usage(usage))
        return {} if dollars is None else {"dollars": dollars}

    def total(self, usage: UsageMetadata | None) -> float | None:
        """Return what all calls behind the answer cost; None where the answer's own is all."""
        del usage
        return None

    @property
    def told(self) -> dict[str, str | float]:
        """Return the decision as the answer tells it: by the model that answered."""
        if self.answered_by is None or self.answered_by == self.decision["model"]:
            return dict(self.decision)
        chosen = str(self.decision["model"])
        told = {**self.decision, "model": self.answered_by, "fallback_for": chosen}
        if self.error is not None:
            told["reason"] = f"fallback:{chosen}->{self.answered_by}:{self.error}"
        return told


def _with_decision(message: AIMessage, decision: Mapping[str, Any]) -> AIMessage:
    return message.model_copy(
        update={"response_metadata": {**message.response_metadata, METADATA_KEY: decision}}
    )
