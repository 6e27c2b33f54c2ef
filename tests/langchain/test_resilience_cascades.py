"""Cascades under `Resilience`, budgets and observers: the plan's rules first, then what is left."""

import asyncio
from typing import Any

import pytest

from langchain_routellm import CascadedChatModel
from shared_router import Budget, Resilience, TokenPrices
from tests.langchain.fake_tool_models import ChatElm, ChatOak
from tests.langchain.listening import Listener, RateLimitError, reason_of
from tests.langchain.models import decision_of

PRICES = {"strong": TokenPrices(10.0, 10.0), "weak": TokenPrices(1.0, 1.0)}


def cascaded(score: float, **changes: Any) -> CascadedChatModel:
    """Return a cascade whose scorer gives every weak answer one score."""
    given = {"strong": ChatElm(), "weak": ChatOak(), "scorer": lambda question, answer: score}
    return CascadedChatModel(**{**given, "prices": PRICES, "resilience": Resilience(), **changes})


def contexts_of(error: BaseException) -> list[BaseException]:
    """Return the errors that an error says were raised before it."""
    found, each = [], error.__context__
    while each is not None:
        found.append(each)
        each = each.__context__
    return found


async def by_each(model: CascadedChatModel, text: str = "why?") -> list[Any]:
    """Return the answers of the ways to ask."""
    chunks = list(model.stream(text))
    achunks = [chunk async for chunk in model.astream(text)]
    return [
        model.invoke(text),
        await model.ainvoke(text),
        sum(chunks[1:], chunks[0]),
        sum(achunks[1:], achunks[0]),
        model.batch([text])[0],
    ]


@pytest.mark.parametrize(
    ("score", "model", "reason"), [(0.9, "weak", "score"), (0.1, "strong", "escalated:score")]
)
async def test_where_nothing_fails_a_cascade_is_what_it_was_and_is_told_once(
    score: float, model: str, reason: str
) -> None:
    listener = Listener()
    answers = await by_each(cascaded(score, observers=[listener]))
    bare = await by_each(cascaded(score, resilience=None))
    for answer, alone in zip(answers, bare, strict=True):
        told = {**decision_of(answer)}
        assert told.pop("decision_id") in listener.ended_ids
        assert told == decision_of(alone)
        assert (told["model"], told["reason"]) == (model, reason)
    assert set(listener.outcomes) == {"answered"}
    asked = [("weak", None)] if model == "weak" else [("weak", None), ("strong", None)]
    assert listener.asked == [asked] * 5
    assert [end.dollars for end in listener.ends] == [
        pytest.approx(decision_of(answer)["dollars"]) for answer in answers
    ]


async def test_a_strong_model_that_is_down_leaves_the_weak_answer_that_was_rejected() -> None:
    listener = Listener()
    model = cascaded(0.1, strong=ChatElm(error=RateLimitError("down")), observers=[listener])
    for answer in await by_each(model):
        told = decision_of(answer)
        assert answer.text == "oak-1 says: why?"
        assert (told["model"], told["reason"]) == ("weak", "fallback:strong->weak:RateLimitError")
    assert listener.asked[0] == [("weak", None), ("strong", "RateLimitError")]
    assert set(listener.outcomes) == {"answered"}


async def test_a_strong_model_that_is_left_alone_is_not_asked_where_there_is_an_answer() -> None:
    model = cascaded(0.1, strong=ChatElm(error=RateLimitError("down")), resilience=Resilience(failures=1))
    model.invoke("why?")
    answers = await by_each(model)
    assert {reason_of(answer) for answer in answers} == {"fallback:strong->weak:breaker"}
    assert len(model.strong.calls) == 1  # type: ignore[attr-defined]


async def test_a_weak_model_that_is_down_is_the_plans_business() -> None:
    listener = Listener()
    model = cascaded(0.9, weak=ChatOak(error=RateLimitError("down")), observers=[listener])
    for answer in await by_each(model):
        assert reason_of(answer) == "escalated:error:RateLimitError"
    assert listener.asked[0] == [("weak", "RateLimitError"), ("strong", None)]


async def test_a_weak_model_that_is_left_alone_is_passed_over() -> None:
    model = cascaded(0.9, weak=ChatOak(error=RateLimitError("down")), resilience=Resilience(failures=1))
    model.invoke("why?")
    for answer in await by_each(model):
        assert reason_of(answer) == "fallback:weak->strong:breaker"
    assert len(model.weak.calls) == 1  # type: ignore[attr-defined]


async def test_where_both_are_down_the_strong_ones_error_has_the_weak_ones_as_its_context() -> None:
    listener = Listener()
    error, first = ConnectionError("down"), RateLimitError("down")
    model = cascaded(0.9, weak=ChatOak(error=first), strong=ChatElm(error=error), observers=[listener])
    asks: list[Any] = [lambda: asyncio.to_thread(model.invoke, "why?"), lambda: model.ainvoke("why?")]
    for ask in asks:
        with pytest.raises(ConnectionError) as raised:
            await ask()
        assert raised.value is error
        assert first in contexts_of(error)
    assert listener.outcomes == ["failed", "failed"]


async def test_under_a_plans_deadline_the_weak_answer_is_left_too() -> None:
    model = cascaded(0.1, strong=ChatElm(error=RateLimitError("down")), deadline=30.0)
    answers = await by_each(model)
    assert {reason_of(answer) for answer in answers} == {"fallback:strong->weak:RateLimitError"}


async def test_a_budget_pays_for_every_call_of_a_cascade() -> None:
    """Each call of oak's and elm's says "... says: why?": 1 token in, 3 out; 4e-6 and 40e-6 dollars."""
    budget = Budget(1.0, max_output_tokens=100)
    model = cascaded(0.1, budget=budget)
    answers = await by_each(model)
    assert budget.used() == pytest.approx(5 * 44e-6)
    assert [decision_of(answer)["dollars"] for answer in answers] == [pytest.approx(44e-6)] * 5


async def test_where_no_budget_is_left_for_the_strong_model_the_weak_answer_is_used() -> None:
    """100 tokens of elm's may cost 1e-3 dollars, and of oak's a tenth of it."""
    model = cascaded(0.1, budget=Budget(0.0009, max_output_tokens=100))
    answer = model.invoke("why?")
    assert (decision_of(answer)["model"], reason_of(answer)) == ("weak", "budget:hard")


def test_a_cancelled_reader_has_ended_the_call_once() -> None:
    listener = Listener()
    chunks = cascaded(0.1, observers=[listener]).stream("why?")
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]
    assert listener.outcomes == ["cancelled"]
