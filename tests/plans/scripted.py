"""A plan, walked by hand: each model's answers as a list, each call noted."""

from collections.abc import Callable, Mapping
from typing import Any

from shared_router import (
    Answer,
    Ask,
    Cascade,
    GivenAnswer,
    Judge,
    Judging,
    ListCascade,
    PlanRequest,
    RoutingDecision,
    Use,
)

QUESTION = "What is 2 + 2?"


def answer(model: str, text: str = "4", *, finish_reason: str | None = None, **other: Any) -> Answer:
    """Return a model's answer."""
    return Answer(model, GivenAnswer(text, finish_reason=finish_reason), output=f"{model}: {text}", **other)


def decided(model: str, reason: str = "score", win_probability: float | None = 0.2) -> RoutingDecision:
    """Return a policy's decision."""
    return RoutingDecision(model, win_probability, 0.5, "fixed", reason)


def walk(
    cascade: Cascade | ListCascade, answers: Mapping[str, list[Answer]], request: PlanRequest | None = None
) -> tuple[Use, list[Ask]]:
    """Take a plan's steps, asking nobody: return its end and what it asked."""
    judging, asked = Judging(cascade.scorer), []
    waiting = {model: list(each) for model, each in answers.items()}
    begun = request or PlanRequest(QUESTION)
    steps = cascade.steps(begun)
    step = next(steps)
    while not isinstance(step, Use):
        if isinstance(step, Ask):
            asked.append(step)
            step = steps.send([waiting[step.model].pop(0) for _ in range(step.n)])
        else:
            assert isinstance(step, Judge)
            step = steps.send(judging.judge(step, begun.deadline))
    return step, asked


def scoring(value: float) -> Callable[[str, str], float]:
    """Return a scorer that says one thing of every answer."""

    def scorer(question: str, answer: str) -> float:
        del question, answer
        return value

    return scorer
