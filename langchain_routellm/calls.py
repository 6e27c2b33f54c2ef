"""One call on its way: what was asked, then which child answers it and why."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.runnables import Runnable, RunnableConfig

from langchain_routellm.answers import watched
from langchain_routellm.binding import Binding
from langchain_routellm.memory import NO_THREAD, Thread
from langchain_routellm.metadata import DecisionMetadata, run_metadata
from langchain_routellm.reasoning import without_others_reasoning
from shared_router import AskedCall, Bill, CallRules, RoutingDecision, RoutingRequest


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
        binding: What the caller bound, or None.
        threshold: The call's own threshold where it is a cascade's, and so not for the policy.
        rules: What the call is made under beside the policy; None where there are no such rules.
        asked: The call as it began under those rules.
        decided_s: How long its decision took, in seconds; None until it is decided.
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
    binding: Binding | None = None
    threshold: float | None = None
    rules: CallRules | None = None
    asked: AskedCall | None = None
    decided_s: float | None = None

    @property
    def is_parsed(self) -> bool:
        """Whether an object answers, which says neither its tokens nor why it ended; its message does."""
        return self.binding is not None and self.binding.need == "structured_output"

    def begun(self, asked: AskedCall) -> Call:
        """Return the call as it began under its rules; `replace` would take twice as long."""
        return Call(
            self.input,
            self.config,
            self.kwargs,
            self.models,
            asked.request,
            self.bill,
            self.thread,
            self.messages,
            self.children,
            self.strips,
            self.binding,
            self.threshold,
            self.rules,
            asked,
            self.decided_s,
        )

    def to(self, decision: RoutingDecision) -> RoutedCall:
        """Send the call where the decision says, and tell its run why."""
        self.thread.keep(decision.model)
        return self.sent(DecisionMetadata(decision.as_metadata(), self.bill, self.thread))

    def sent(
        self, decision_metadata: DecisionMetadata, *, is_watched: bool = False, **about: str | float
    ) -> RoutedCall:
        """Send the call to the model of a decision, which its run's metadata tells.

        Args:
            decision_metadata: What writes the decision on the answer.
            is_watched: Whether who answers must be known even where no callback listens.
            **about: What the run's metadata says beside the decision.
        """
        decision = decision_metadata.decision
        model = str(decision["model"])
        metadata = {**(self.config.get("metadata") or {}), **run_metadata({**decision, **about})}
        config: RunnableConfig = {**self.config, "metadata": metadata}
        self.bill.expect(model)
        if self.children is not None:
            config = watched(config, decision_metadata, self.children, always=is_watched)
        return RoutedCall(self.models[model], self.input_for(model), config, self.kwargs, decision_metadata)

    def input_for(self, model: str) -> Any:
        """Return the input as a model may be sent it: the same, but for what another one signed."""
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


@dataclass(frozen=True, slots=True)
class DecidedCall:
    """A call that a batch decided before its turn has come."""

    call: Call
    decision: RoutingDecision

    def in_its_turn(self) -> DecidedCall:
        """Return this call."""
        return self


@dataclass(frozen=True, slots=True)
class RefusedCall:
    """A call of a batch that cannot be made; it fails in its turn, and the others are made."""

    error: Exception

    def in_its_turn(self) -> DecidedCall:
        """Raise the error."""
        raise self.error


def decided(
    calls: Sequence[Call | RefusedCall], outcomes: Sequence[RoutingDecision | Exception]
) -> list[DecidedCall | RefusedCall]:
    """Return each call with its outcome.

    Args:
        calls: n calls, m of them not refused yet.
        outcomes: m outcomes, in the order of those calls.
    """
    following = iter(outcomes)
    turns: list[DecidedCall | RefusedCall] = []
    for call in calls:
        if isinstance(call, RefusedCall):
            turns.append(call)
            continue
        outcome = next(following)
        if isinstance(outcome, Exception):
            turns.append(RefusedCall(outcome))
            continue
        if call.asked is not None:  # its turn may come much later
            call = replace(call, decided_s=time.perf_counter() - call.asked.began)
        turns.append(DecidedCall(call, outcome))
    return turns
