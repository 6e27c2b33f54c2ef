"""What others learn of a decision: the metadata on a response, an event, a `with` block's list."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from llama_index.core.llms import LLM
from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.base import BaseEvent
from llama_index_instrumentation.event_handlers import NullEventHandler

from llamaindex_routellm.ended_calls import EndedCalls
from llamaindex_routellm.memory import DecisionMemory
from llamaindex_routellm.query import Question
from shared_router import RoutingDecision

DECISION_KEY = "routellm"
"""Where a response's `additional_kwargs` and an event's tags hold the decision."""

_NO_LISTENERS: tuple[type, ...] = (NullEventHandler, EndedCalls)
_dispatcher = get_dispatcher(__name__)
_captures: ContextVar[tuple[tuple[DecisionMemory, list[RoutingDecision]], ...]] = ContextVar(
    "routellm_captures", default=()
)


class RoutingDecisionEvent(BaseEvent):
    """A call was routed. It holds no prompt text.

    Attributes:
        decision: Where the call goes, and why.
        source: Where the question was found; see `llamaindex_routellm.query.Question`.
        model_name: What the chosen model calls itself.
    """

    decision: RoutingDecision
    source: str
    model_name: str

    @classmethod
    def class_name(cls) -> str:
        """Name the event."""
        return "RoutingDecisionEvent"


@contextmanager
def capture(memory: DecisionMemory) -> Iterator[list[RoutingDecision]]:
    """Collect one LLM's decisions, known by its memory, in a block and in the tasks and threads it starts."""
    decisions: list[RoutingDecision] = []
    token = _captures.set((*_captures.get(), (memory, decisions)))
    try:
        yield decisions
    finally:
        _captures.reset(token)


def publish(
    decision: RoutingDecision,
    question: Question,
    llm: LLM,
    memory: DecisionMemory,
    *,
    instead_of: RoutingDecision | None = None,
) -> None:
    """Add a decision to the lists of the blocks around, and fire its event where somebody listens.

    Args:
        decision: Where a call goes, and why.
        question: The question in it.
        llm: The model.
        memory: What the routed LLM is known by.
        instead_of: What was published of the same call before; the lists then hold this in its place.
    """
    for capturing, decisions in _captures.get():
        if capturing is memory:
            at = next((n for n in reversed(range(len(decisions))) if decisions[n] is instead_of), None)
            if at is None:
                decisions.append(decision)
            else:
                decisions[at] = decision
    if _has_listeners():
        name = llm.metadata.model_name
        event = RoutingDecisionEvent(decision=decision, source=question.source, model_name=name)
        _dispatcher.event(event)


def _has_listeners() -> bool:
    """Tell whether anybody listens to our events: making one takes longer than the decision."""
    dispatcher = _dispatcher
    while all(isinstance(handler, _NO_LISTENERS) for handler in dispatcher.event_handlers):
        if not dispatcher.propagate:
            return False
        dispatcher = dispatcher.parent
    return True
