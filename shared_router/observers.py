"""What watches calls: told of each decision as it falls, and of how its call has ended.

An adapter tells; a decision log, telemetry or a shadow sample listens. None of them can change an answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

from shared_router.costs.savings import TokenUsage
from shared_router.decisions import RoutingDecision, RoutingRequest

Outcome = Literal["answered", "failed", "cancelled"]


@dataclass(frozen=True, slots=True, eq=False)
class WatchedCall:
    """One call, from its decision on.

    Attributes:
        decision_id: Its name in logs and feedback: 32 hexadecimal digits.
        decision: Where it was sent, and why.
        request: What the policy was asked.
        began: When the policy was asked, in seconds since the epoch.
        decided_s: How long the policy took, in seconds.
        conversation: The caller's name of the conversation, where it has one.
        tenant: Whose call it is, where somebody has said.
    """

    decision_id: str
    decision: RoutingDecision
    request: RoutingRequest
    began: float
    decided_s: float
    conversation: str | None = None
    tenant: str | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One model that was asked.

    Attributes:
        model: Its name.
        error: The class of its error; None where it answered.
        seconds: How long it took, until its answer was whole or it failed.
    """

    model: str
    error: str | None
    seconds: float


@dataclass(frozen=True, slots=True)
class CallEnd:
    """How a call ended.

    Attributes:
        outcome: Whether a model answered, the last one failed, or the caller gave up waiting.
        attempts: The models that were asked, in order.
        decision: The decision as the answer tells it: with the model that answered, and why.
        usage: The tokens of the answer, where the model told them.
        dollars: What the call cost, by the model that answered, where prices are known.
        seconds: From the decision to the end.
        first_content_s: From the decision to a stream's first content; None where nothing streamed.
        provider_model: The model's own id as its provider told it, such as `"gpt-4o-2024-08-06"`.
        fingerprint: What the provider tells of its build, such as `"fp_44709d6fcb"`.
        answer: The answer's text, where an observer asked for it. Not in the repr.
        dollars_saved: How much more the best model would have cost for the same tokens; negative where it
            would have cost less, None where prices or tokens are not known.
    """

    outcome: Outcome
    attempts: tuple[Attempt, ...]
    decision: RoutingDecision
    usage: TokenUsage | None = None
    dollars: float | None = None
    seconds: float = 0.0
    first_content_s: float | None = None
    provider_model: str | None = None
    fingerprint: str | None = None
    answer: str | None = field(default=None, repr=False)
    dollars_saved: float | None = None


class Observer(Protocol):
    """What is told of calls, in the caller's own thread or task, and so must be quick.

    Attributes:
        wants_answers: Whether it must be told the answers' text.
    """

    wants_answers: bool

    def decided(self, call: WatchedCall) -> None:
        """Hear of a decision, before any model is asked."""

    def ended(self, call: WatchedCall, end: CallEnd) -> None:
        """Hear how a call that was decided has ended; once for each."""
