"""One call on its way: what was asked, then which child answers it, then how its answer is marked."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration
from langchain_core.runnables import Runnable, RunnableConfig

from shared_router import RoutingDecision, RoutingRequest

MARK = "routellm"
"""The key of the decision in a message's response metadata."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is not decided yet.

    Attributes:
        input: The untouched input.
        config: The run's config, complete.
        kwargs: What the child is called with.
        models: The children by name, with the caller's tools or schema bound where there are any.
        request: What the policy must know.
    """

    input: Any
    config: RunnableConfig
    kwargs: dict[str, Any]
    models: Mapping[str, Runnable[Any, Any]]
    request: RoutingRequest

    def to(self, decision: RoutingDecision) -> RoutedCall:
        """Send the call where the decision says, and tell its run why."""
        mark = decision.as_metadata()
        run = {
            f"{MARK}_{key}": value for key, value in mark.items()
        }  # flat, so that tracers can filter by it
        config: RunnableConfig = {**self.config, "metadata": {**(self.config.get("metadata") or {}), **run}}
        return RoutedCall(self.models[decision.model], self.input, config, self.kwargs, mark)


@dataclass(frozen=True, slots=True)
class RoutedCall:
    """A call that goes to `model`, and the decision as metadata."""

    model: Runnable[Any, Any]
    input: Any
    config: RunnableConfig
    kwargs: dict[str, Any]
    decision: dict[str, str | float]

    def in_its_turn(self) -> RoutedCall:
        """Return this call: a batch decided it before its turn came."""
        return self

    def mark(self, output: Any) -> Any:
        """Return the output with the decision in its response metadata."""
        return marked(output, self.decision)

    def mark_first(self, chunks: Iterator[Any]) -> Iterator[Any]:
        """Pass chunks on, the first one marked: merging two marks would join their texts."""
        try:
            for chunk in chunks:
                yield self.mark(chunk)
                break
            yield from chunks
        finally:
            # a reader that stops early must stop the child too, now and not at garbage collection
            if hasattr(chunks, "close"):
                chunks.close()

    async def amark_first(self, chunks: AsyncIterator[Any]) -> AsyncGenerator[Any, None]:
        """Pass chunks on like `mark_first`."""
        try:
            async for chunk in chunks:
                yield self.mark(chunk)
                break
            async for chunk in chunks:
                yield chunk
        finally:
            if hasattr(chunks, "aclose"):
                await chunks.aclose()


@dataclass(frozen=True, slots=True)
class RefusedCall:
    """A call of a batch that cannot be made; it fails in its turn, and the others are made."""

    error: Exception

    def in_its_turn(self) -> RoutedCall:
        """Raise the error."""
        raise self.error


def decided(
    calls: Sequence[Call | RefusedCall], outcomes: Sequence[RoutingDecision | Exception]
) -> list[RoutedCall | RefusedCall]:
    """Send each call where its outcome says.

    Args:
        calls: n calls, m of them not refused yet.
        outcomes: m outcomes, in the order of those calls.
    """
    following = iter(outcomes)
    routed: list[RoutedCall | RefusedCall] = []
    for call in calls:
        if isinstance(call, RefusedCall):
            routed.append(call)
            continue
        outcome = next(following)
        routed.append(RefusedCall(outcome) if isinstance(outcome, Exception) else call.to(outcome))
    return routed


def marked(output: Any, decision: Mapping[str, str | float]) -> Any:
    """Return a copy of what a child answered, with the decision in its message's response metadata.

    A copy, because a cache may hold the message. A parsed object holds no message and is returned as it
    is; with `include_raw=True` a dict holds both.
    """
    if isinstance(output, AIMessage):
        metadata = {**output.response_metadata, MARK: dict(decision)}
        return output.model_copy(update={"response_metadata": metadata})
    if isinstance(output, ChatGeneration):
        return output.model_copy(update={"message": marked(output.message, decision)})
    if isinstance(output, dict) and isinstance(output.get("raw"), AIMessage):
        return {**output, "raw": marked(output["raw"], decision)}
    return output
