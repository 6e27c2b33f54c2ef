"""Taking a plan's steps: what an adapter gives is how a model is called, and nothing else differs.

A driver stops at the last call, whose answer is used whatever it is: an adapter makes that one as it makes
any other, streaming too. Under a deadline it is made here, because a plan must be able to go back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from shared_router.plans.deadline import Deadline
from shared_router.plans.judging import Judging
from shared_router.plans.protocol import Answer, Ask, Steps, Use

Settled = Use | Ask
"""What is left of a plan: the answer to use, or the one call whose answer is."""


def settled(
    steps: Steps, ask: Callable[[Ask], list[Answer]], *, judging: Judging, deadline: Deadline
) -> Settled:
    """Take a plan's steps until its answer is known, or is what one last call answers.

    Args:
        steps: The plan at work.
        ask: Calls a model, and returns what came of each call, errors too.
        judging: What asks the scorer.
        deadline: When the plan must have ended.
    """
    step = next(steps)
    while not isinstance(step, Use):
        if isinstance(step, Ask):
            if step.last and deadline.seconds is None:
                return step
            step = steps.send(ask(step))
        else:
            step = steps.send(judging.judge(step, deadline))
    return step


async def asettled(
    steps: Steps, ask: Callable[[Ask], Awaitable[list[Answer]]], *, judging: Judging, deadline: Deadline
) -> Settled:
    """Take a plan's steps like `settled`, without holding up the event loop.

    Args:
        steps: The plan at work.
        ask: Calls a model, and returns what came of each call, errors too.
        judging: What asks the scorer.
        deadline: When the plan must have ended.
    """
    step = next(steps)
    while not isinstance(step, Use):
        if isinstance(step, Ask):
            if step.last and deadline.seconds is None:
                return step
            step = steps.send(await ask(step))
        else:
            step = steps.send(await judging.ajudge(step, deadline))
    return step
