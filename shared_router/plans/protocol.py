"""The plan contract: what a plan asks for, what it is sent, and how it ends."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from shared_router.decisions import RoutingDecision
from shared_router.plans.deadline import Deadline
from shared_router.scorers.given_answer import GivenAnswer


@dataclass(frozen=True, slots=True)
class PlanCall:
    """One call that a plan made.

    Attributes:
        model: Who was asked.
        score: P(good enough) of its answer, in [0, 1], or what a ranker scored it; None where nothing did.
        dollars: What it cost; None where its price or its tokens are not known.
    """

    model: str
    score: float | None = None
    dollars: float | None = None

    def as_metadata(self) -> dict[str, str | float | None]:
        """Return the call as a response's metadata holds it."""
        return {"model": self.model, "score": self.score, "dollars": self.dollars}


@dataclass(frozen=True, slots=True)
class Ask:
    """A plan wants answers of a model, and is sent them as a list of `Answer`.

    Attributes:
        model: The model's name.
        n: How many answers, >= 1, each of a call of its own.
        settings: What the calls are given beside the request, such as `{"logprobs": True}`.
        last: Whether the answer is used whatever it is, so that a driver may stream it and need not come
            back.
        reason: Why this model is asked.
        calls: The calls made before.
    """

    model: str
    n: int = 1
    settings: Mapping[str, Any] = field(default_factory=dict)
    last: bool = False
    reason: str = ""
    calls: tuple[PlanCall, ...] = ()


@dataclass(frozen=True, slots=True)
class AskAll:
    """A plan wants an answer of each of several models at once, and is sent a list of `Answer`.

    Attributes:
        asks: The calls, each of one answer.
    """

    asks: tuple[Ask, ...]


@dataclass(frozen=True, slots=True)
class Fuse:
    """A plan wants one answer made of several, and is sent an `Answer`, failed where it could not be made.

    Attributes:
        question: The user's question. Not in the repr.
        answers: The answers, best first, each by its model's name.
        calls: The calls made before.
    """

    question: str = field(repr=False)
    answers: tuple[GivenAnswer, ...]
    calls: tuple[PlanCall, ...] = ()


@dataclass(frozen=True, slots=True)
class Judge:
    """A plan wants answers judged, and is sent what came of it or what the scorer raised.

    A cascade wants P(good enough) of one model's answers and is sent a `Score`; a blend wants several models'
    answers in order and is sent a `Ranking`.

    Attributes:
        question: The user's question. Not in the repr.
        answers: A cascade's are one model's; the first is the one that would be used.
    """

    question: str = field(repr=False)
    answers: tuple[GivenAnswer, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one call.

    Attributes:
        model: Who was asked.
        given: The answer as scorers read it.
        output: What the framework returned, untouched. Not in the repr.
        dollars: What the call cost; None where that is not known.
        valid_tool_calls: Where the answer calls tools, whether each call fits its tool's schema; None where
            it calls none.
        error: What the call raised in the place of an answer.
    """

    model: str
    given: GivenAnswer
    output: Any = field(default=None, repr=False)
    dollars: float | None = None
    valid_tool_calls: bool | None = None
    error: Exception | None = None

    @classmethod
    def failed(cls, model: str, error: Exception) -> Answer:
        """Return what stands for a call that raised."""
        return cls(model, GivenAnswer(""), error=error)


@dataclass(frozen=True, slots=True)
class Use:
    """The end of a plan: the answer to use.

    Attributes:
        answer: The answer.
        reason: Why the plan stopped here.
        calls: Every call made, in order.
    """

    answer: Answer
    reason: str
    calls: tuple[PlanCall, ...]


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What a plan must know of a request.

    Attributes:
        question: The user's question, or None where there is none. Not in the repr.
        decision: What a policy decided of it; None where none was asked.
        candidates: The models that can serve it; None means all.
        threshold: This request's own threshold, in [0, 1]; None takes the plan's.
        holds: What its question holds beside text, such as `{"images"}`, which not every scorer reads.
        deadline: When the whole plan must have ended; a blend, when its calls must have.
        in_words: Whether the answer is to be words, and not an object.
    """

    question: str | None = field(repr=False)
    decision: RoutingDecision | None = None
    candidates: Sequence[str] | None = None
    threshold: float | None = None
    holds: frozenset[str] = frozenset()
    deadline: Deadline = field(default_factory=Deadline)
    in_words: bool = True


Step = Ask | Judge | Use
Steps = Generator[Step, Any, None]
"""A plan at work: `Ask` is sent a list of `Answer`, `Judge` a `Score` or an exception; `Use` is the last."""


BlendStep = AskAll | Fuse | Step
BlendSteps = Generator[BlendStep, Any, None]
"""A blend at work: beside a plan's, `AskAll` is sent a list of `Answer`, `Fuse` an `Answer`."""


class Plan(Protocol):
    """Anything that decides what to ask next."""

    def steps(self, request: PlanRequest) -> Steps:
        """Begin the plan for one request."""
