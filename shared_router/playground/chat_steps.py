"""What happens to one question, step by step: both models beside each other, or a cascade."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from shared_router.decisions import RoutingDecision
from shared_router.errors import RouterError
from shared_router.plans.cascade import Cascade
from shared_router.plans.judging import Judging
from shared_router.plans.protocol import Answer, Ask, PlanRequest, Use
from shared_router.playground.asking import cost_note
from shared_router.records.collecting.journal import Reply
from shared_router.scorers.given_answer import GivenAnswer
from shared_router.scorers.protocol import Score

AskTier = Callable[[str, str], Reply]
"""`(tier, question) -> its answer`."""


@dataclass(frozen=True, slots=True)
class ChatStep:
    """One thing that happened.

    Attributes:
        title: What it was.
        said: What a model wrote; "" where none did. Not in the repr.
        note: What there is to know of it.
        place: Which of two columns it stands in, 0 or 1; None is the whole width.
        failed: Whether `note` is an error that ended it.
    """

    title: str
    said: str = field(default="", repr=False)
    note: str = ""
    place: int | None = None
    failed: bool = False


def both_answers(question: str, ask: AskTier, decision: RoutingDecision) -> Iterator[ChatStep]:
    """Yield the router's decision, then each model's answer.

    Args:
        question: What both are asked.
        ask: Asks a model.
        decision: Which of the two the router would ask.

    Raises:
        RouterError: What asking raises.
    """
    score = decision.win_probability
    rule = (
        decision.reason
        if score is None
        else f"win probability {score:.4f}, threshold {decision.threshold:.4f}"
    )
    yield ChatStep(f"The router would ask the {decision.model} model", note=rule)
    for place, tier in enumerate(("weak", "strong")):
        reply = ask(tier, question)
        chosen = ", which the router would ask" if tier == decision.model else ""
        yield ChatStep(f"The {tier} model{chosen}", reply.text, cost_note(reply), place)


def cascade_steps(question: str, ask: AskTier, cascade: Cascade) -> Iterator[ChatStep]:
    """Yield what a cascade does: which model it asks, what that answers, whether the answer will do.

    Args:
        question: What is asked.
        ask: Asks a model.
        cascade: Its rule.

    Raises:
        RouterError: What asking the strong model raises; where the weak one fails, the strong one is asked.
    """
    request = PlanRequest(question)
    judging = Judging(cascade.scorer)
    steps = cascade.steps(request)
    step = next(steps)
    while not isinstance(step, Use):
        if isinstance(step, Ask):
            answers = []
            for _ in range(step.n):
                answer = _answer(ask, step.model, question)
                answers.append(answer)
                yield _told(answer)
            step = steps.send(answers)
        else:
            outcome = judging.judge(step, request.deadline)
            yield _judged(outcome, cascade.threshold)
            step = steps.send(outcome)
    dollars = [call.dollars for call in step.calls if call.dollars is not None]
    asked = ", ".join(call.model for call in step.calls)
    total = f"; ${sum(dollars):.6f} in all" if dollars else ""
    yield ChatStep(
        f"Used: the {step.answer.model} model's answer", step.answer.given.text, f"asked: {asked}{total}"
    )


def _answer(ask: AskTier, tier: str, question: str) -> Answer:
    try:
        reply = ask(tier, question)
    except RouterError as error:  # the cascade's own rule says what becomes of it
        return Answer.failed(tier, error)
    return Answer(tier, GivenAnswer(reply.text), reply, reply.dollars)


def _told(answer: Answer) -> ChatStep:
    title = f"Ask the {answer.model} model"
    if answer.error is not None:
        return ChatStep(title, note=str(answer.error))
    return ChatStep(title, answer.given.text, cost_note(answer.output))


def _judged(outcome: Score | Exception, threshold: float) -> ChatStep:
    if isinstance(outcome, Exception):
        return ChatStep("Is it good enough?", note=f"the scorer failed: {type(outcome).__name__}")
    doubt = 1 - outcome.value
    verdict = "no, ask the strong model" if doubt >= threshold else "yes"
    sign = ">=" if doubt >= threshold else "<"
    why = f" ({outcome.reason})" if outcome.reason else ""
    return ChatStep(
        f"Is it good enough? {verdict}",
        note=f"1 - P(good enough) = {doubt:.2f} {sign} threshold {threshold:.2f}{why}",
    )
