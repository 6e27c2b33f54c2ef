import asyncio
import time
from typing import Any

import pytest

from shared_router import Answer, Ask, Cascade, Deadline, Judging, PlanRequest, Use, asettled, settled
from tests.plans.scripted import QUESTION, answer, scoring


def _ask(step: Ask) -> list[Answer]:
    return [answer(step.model) for _ in range(step.n)]


async def _aask(step: Ask) -> list[Answer]:
    await asyncio.sleep(0)
    return _ask(step)


async def _both(cascade: Cascade, deadline: Deadline) -> Any:
    judging, request = Judging(cascade.scorer), PlanRequest(QUESTION, deadline=deadline)
    here = settled(cascade.steps(request), _ask, judging=judging, deadline=deadline)
    there = await asettled(cascade.steps(request), _aask, judging=judging, deadline=deadline)
    assert here == there
    return here


async def test_a_driver_stops_at_the_call_whose_answer_is_used_whatever_it_is() -> None:
    found = await _both(Cascade(scoring(0.1)), Deadline())
    assert isinstance(found, Ask)
    assert (found.model, found.last, [call.model for call in found.calls]) == ("strong", True, ["weak"])


async def test_a_weak_answer_that_will_do_ends_the_plan() -> None:
    found = await _both(Cascade(scoring(0.9)), Deadline())
    assert isinstance(found, Use)
    assert found.answer.model == "weak"


async def test_under_a_deadline_the_last_call_is_made_too() -> None:
    found = await _both(Cascade(scoring(0.1)), Deadline(60.0))
    assert isinstance(found, Use)
    assert found.answer.model == "strong"


@pytest.mark.parametrize("score", [0.1, 0.9])
async def test_a_scorer_in_a_thread_does_not_hold_up_the_event_loop(score: float) -> None:
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            beats += 1
            await asyncio.sleep(0.001)

    def slow(question: str, answer: str) -> float:
        time.sleep(0.05)
        return score

    cascade = Cascade(slow)
    beating = asyncio.create_task(beat())
    await asettled(
        cascade.steps(PlanRequest(QUESTION)), _aask, judging=Judging(cascade.scorer), deadline=Deadline()
    )
    beating.cancel()
    assert beats > 3
