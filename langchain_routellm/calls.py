"""One call on its way: what was asked, then which child answers it and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.runnables import Runnable, RunnableConfig

from langchain_routellm.answers import watched
from langchain_routellm.memory import NO_THREAD, Thread
from langchain_routellm.metadata import DecisionMetadata, run_metadata
from langchain_routellm.reasoning import without_others_reasoning
from shared_router import Bill, RoutingDecision, RoutingRequest


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is not decided yet.

    Attributes:
        input: The untouched input.
        config: The run's config, complete.
        kwargs: What the child is called with.
        models: The children by name, with the caller's tools or schema bound where there are any.
        request: What the policy must know.
        bill: What the children cost.
        thread: What the conversation goes on with.
        messages: The conversation in the input, oldest first, where there is one.
        children: The children of a chat model; None where what is called is no chat model.
        strips: Whether signed reasoning is kept from passing between them.
    """

    input: Any
    config: RunnableConfig
    kwargs: dict[str, Any]
    models: Mapping[str, Runnable[Any, Any]]
    request: RoutingRequest
    bill: Bill
    thread: Thread = NO_THREAD
    messages: Sequence[BaseMessage] = ()
    children: Mapping[str, Runnable[Any, Any]] | None = None
    strips: bool = False

    def to(self, decision: RoutingDecision) -> RoutedCall:
        """Send the call where the decision says, and tell its run why."""
        about = decision.as_metadata()
        config: RunnableConfig = {
            **self.config,
            "metadata": {**(self.config.get("metadata") or {}), **run_metadata(about)},
        }
        self.bill.expect(decision.model)
        self.thread.keep(decision.model)
        decision_metadata = DecisionMetadata(about, self.bill, self.thread)
        if self.children is not None:
            config = watched(config, decision_metadata, self.children)
        model_input = self._input_for(decision.model)
        return RoutedCall(self.models[decision.model], model_input, config, self.kwargs, decision_metadata)

    def _input_for(self, model: str) -> Any:
        if self.children is None or not self.strips:
            return self.input
        sent = without_others_reasoning(self.messages, model, self.children)
        return self.input if sent is None else sent


@dataclass(frozen=True, slots=True)
class RoutedCall:
    """A call that goes to `model`, and what writes the decision on its answer."""

    model: Runnable[Any, Any]
    input: Any
    config: RunnableConfig
    kwargs: dict[str, Any]
    decision_metadata: DecisionMetadata

    def in_its_turn(self) -> RoutedCall:
        """Return this call: a batch decided it before its turn came."""
        return self


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
