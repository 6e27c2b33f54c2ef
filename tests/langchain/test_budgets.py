"""A routed model under a budget: the bound is held before a call, what it cost is settled after."""

from __future__ import annotations

import asyncio
import copy
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from langchain_routellm import RoutedChatModel
from shared_router import (
    Budget,
    BudgetExceededError,
    BudgetStoreError,
    InvalidInputError,
    Resilience,
    RouterError,
    TokenPrices,
    tenant_scope,
)
from tests.langchain.fake_tool_models import ChatElm, ChatOak
from tests.langchain.listening import RateLimitError
from tests.langchain.models import decision_of, routed
from tests.resilience.budgets.counting_store import CountingStore

PRICES = {"strong": TokenPrices(0.0, 1000.0), "weak": TokenPrices(0.0, 10.0)}
"""An answer of up to 100 tokens costs up to 0.1 dollars at the strong model and 0.001 at the weak one."""


def budgeted(budget: Any, **changes: Any) -> RoutedChatModel:
    """Return a routed model under a budget, whose answers have at most 100 tokens."""
    given = {"strong": ChatElm(max_tokens=100), "weak": ChatOak(max_tokens=100), "prices": PRICES}
    return routed(**{**given, "budget": budget, **changes})


ASKING: list[Any] = [
    lambda model: model.invoke("hard: why?"),
    lambda model: sum(list(model.stream("hard: why?"))[1:], list(model.stream("hard: why?"))[0]),
    lambda model: asyncio.run(model.ainvoke("hard: why?")),
    lambda model: model.batch(["hard: why?"])[0],
    lambda model: asyncio.run(model.abatch(["hard: why?"]))[0],
]


@pytest.mark.parametrize("ask", [ASKING[0], *ASKING[2:]])
def test_a_call_is_settled_for_what_it_cost(ask: Any) -> None:
    """The answer "elm-1 says: hard: why?" has 4 words, 4 thousandths of a dollar; a tenth was held."""
    budget = Budget(1.0)
    answer = ask(budgeted(budget))
    assert decision_of(answer)["dollars"] == pytest.approx(0.004)
    assert budget.used() == pytest.approx(0.004)


def test_a_stream_holds_its_bound_until_it_has_ended() -> None:
    budget = Budget(1.0)
    chunks = budgeted(budget).stream("hard: why?")
    next(chunks)
    assert budget.used() == pytest.approx(0.1)
    list(chunks)
    assert budget.used() == pytest.approx(0.004)


def test_a_stream_that_its_reader_leaves_counts_in_full() -> None:
    budget = Budget(1.0)
    chunks = budgeted(budget).stream("hard: why?")
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]
    assert budget.used() == pytest.approx(0.1)


async def test_a_call_that_is_cancelled_is_settled() -> None:
    budget = Budget(1.0)
    model = budgeted(budget, strong=Slow(max_tokens=100))
    task = asyncio.create_task(model.ainvoke("hard: why?"))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert budget.used() == pytest.approx(0.1)


class Slow(ChatElm):
    """A model that nobody waits for."""

    async def _agenerate(self, *args: Any, **kwargs: Any) -> Any:
        await asyncio.sleep(60)
        return await super()._agenerate(*args, **kwargs)


def test_a_call_that_the_provider_refused_costs_nothing() -> None:
    budget = Budget(1.0)
    model = budgeted(budget, strong=ChatElm(max_tokens=100, error=RateLimitError("no")))
    with pytest.raises(RateLimitError):
        model.invoke("hard: why?")
    assert budget.used() == 0


def test_a_fallback_is_held_and_settled_at_its_own_price() -> None:
    budget = Budget(1.0)
    strong = ChatElm(max_tokens=100, error=RateLimitError("no"))
    answer = budgeted(budget, strong=strong, resilience=Resilience()).invoke("hard: why?")
    assert decision_of(answer)["reason"].startswith("fallback:strong->weak")
    assert budget.used() == pytest.approx(decision_of(answer)["dollars"]) == pytest.approx(0.00004)


def test_over_soft_the_threshold_rises_and_the_decision_says_so() -> None:
    """The hard question's score is 0.9, and the threshold over soft 0.95."""
    budget = Budget(1.0, soft=0.5, soft_threshold=0.95)
    model = budgeted(budget)
    assert decision_of(model.invoke("hard: why?"))["reason"] == "score"
    budget.reserve(0.5)
    decision = decision_of(model.invoke("hard: why?"))
    assert (decision["model"], decision["reason"], decision["threshold"]) == ("weak", "budget:soft", 0.95)


@pytest.mark.parametrize("ask", ASKING)
def test_over_hard_every_entry_point_asks_the_weak_model_alone(ask: Any) -> None:
    budget = Budget(1.0)
    budget.reserve(0.85)
    decision = decision_of(ask(budgeted(budget)))
    assert (decision["model"], decision["reason"]) == ("weak", "budget:hard")


@pytest.mark.parametrize("ask", ASKING)
def test_a_budget_that_raises_asks_nobody(ask: Any) -> None:
    budget = Budget(1.0, on_hard="raise")
    budget.reserve(0.95)
    strong = ChatElm(max_tokens=100)
    with pytest.raises(BudgetExceededError):
        ask(budgeted(budget, strong=strong))
    assert strong.calls == []


def test_a_batch_stays_within_what_is_left_call_by_call() -> None:
    """0.15 dollars are the strong model's still: one bound of 0.1, and then what 4 thousandths each leave."""
    budget = Budget(1.0)
    budget.reserve(0.75)
    answers = budgeted(budget).batch([f"hard: why {i}?" for i in range(40)])
    reasons = [decision_of(answer)["reason"] for answer in answers]
    assert set(reasons) == {"score", "budget:hard"}
    assert budget.used() <= 0.9


def test_a_pin_gives_way_to_the_budget() -> None:
    budget = Budget(1.0)
    budget.reserve(0.85)
    answer = budgeted(budget).invoke("why?", {"configurable": {"routellm_route": "strong"}})
    assert decision_of(answer)["reason"] == "budget:hard"


def test_each_tenant_has_its_own_by_config_and_by_block() -> None:
    budget = Budget(1.0, key="tenant")
    model = budgeted(budget)
    budget.reserve(0.85, "ann")
    ann = model.invoke("hard: why?", {"configurable": {"routellm_tenant": "ann"}})
    bob = model.invoke("hard: why?", {"configurable": {"routellm_tenant": "bob"}})
    with tenant_scope("ann"):
        in_block = model.invoke("hard: why?")
    assert [decision_of(each)["model"] for each in (ann, bob, in_block)] == ["weak", "strong", "weak"]


def test_a_requests_own_max_tokens_bound_it() -> None:
    """A request of at most 10 tokens costs at most 0.01 dollars, which is left where 0.1 is not."""
    budget = Budget(1.0)
    budget.reserve(0.85)
    answer = budgeted(budget).invoke("hard: why?", max_tokens=10)
    assert decision_of(answer)["model"] == "strong"


def test_64_threads_never_pass_a_budget() -> None:
    """Each strong answer costs 4 thousandths and holds a tenth; 2,000 of them would cost 8 dollars."""
    budget = Budget(1.0)
    model = budgeted(budget)

    def ask(_: int) -> float:
        try:
            dollars = float(decision_of(model.invoke("hard: why?"))["dollars"])
        except BudgetExceededError:
            return 0.0
        assert budget.used() <= 1.0
        return dollars

    with ThreadPoolExecutor(64) as pool:
        spent = sum(pool.map(ask, range(2000)))
    assert spent <= 1.0
    assert spent == pytest.approx(budget.used())


def test_copies_and_bound_models_share_one_budget() -> None:
    budget = Budget(1.0)
    model = budgeted(budget)
    for each in (model, copy.deepcopy(model), model.model_copy(), model.bind(stop=["x"])):
        each.invoke("hard: why?")
    assert budget.used() == pytest.approx(4 * 0.004)


def test_a_store_that_is_away_refuses_or_counts_alone() -> None:
    store = CountingStore()
    store.is_away = True
    with pytest.raises(BudgetStoreError) as error:
        budgeted(Budget(1.0, store=store)).invoke("why?")
    assert isinstance(error.value, RouterError)
    model = budgeted(Budget(1.0, store=store, on_store_error="open"))
    assert decision_of(model.invoke("hard: why?"))["model"] == "strong"


def test_a_budget_that_cannot_be_kept_is_refused_at_construction() -> None:
    with pytest.raises(InvalidInputError, match="prices must name every model"):
        budgeted(Budget(1.0), prices=None)
    with pytest.raises(InvalidInputError, match=r"no max_tokens .* \['strong'\]"):
        budgeted(Budget(1.0), strong=ChatElm())
    with pytest.raises(InvalidInputError, match="budget must be a Budget"):
        budgeted(1.0)
    budgeted(Budget(1.0, max_output_tokens=100), strong=ChatElm())


def test_a_model_that_is_changed_later_is_refused_alike() -> None:
    model = budgeted(Budget(1.0))
    with pytest.raises(InvalidInputError, match="no max_tokens"):
        model.strong = ChatElm()


@pytest.mark.parametrize(
    ("arguments", "held"),
    [
        ({}, 0.1),
        ({"max_tokens": 200}, 0.2),
        ({"max_tokens": 200.0}, 0.2),
        ({"max_tokens": -1}, 0.1),  # some providers' word for no limit: what the model itself has then
        ({"extra_body": {"max_tokens": 300}}, 0.3),
        ({"options": {"num_predict": 300}}, 0.3),
        ({"n": 3}, 0.3),
        ({"extra_body": {"n": 3}}, 0.3),
    ],
)
def test_a_request_is_held_for_all_that_it_lets_an_answer_cost(
    arguments: dict[str, Any], held: float
) -> None:
    """The strong model's tokens cost a thousandth of a dollar, and its answers have at most 100."""
    budget = Budget(10.0)
    chunks = budgeted(budget).stream("hard: why?", **arguments)
    next(chunks)
    assert budget.used() == pytest.approx(held)
    chunks.close()  # type: ignore[attr-defined]


def test_a_limit_that_is_bound_to_one_model_bounds_no_answer_of_the_other() -> None:
    """The weak model's 1,000 tokens cost 0.01 dollars; the strong one's 10 tokens are not its bound."""
    budget = Budget(10.0)
    children = {"strong": ChatElm().bind(max_tokens=10), "weak": ChatOak(max_tokens=1000)}
    chunks = budgeted(budget, **children).stream("easy: why?")
    next(chunks)
    assert budget.used() == pytest.approx(0.01)
    chunks.close()  # type: ignore[attr-defined]


class ChatElmOfThree(ChatElm):
    """A model that answers three times, by its own settings."""

    n: int = 3


def test_a_model_that_gives_several_answers_is_held_for_all_of_them() -> None:
    budget = Budget(10.0)
    chunks = budgeted(budget, strong=ChatElmOfThree(max_tokens=100)).stream("hard: why?")
    next(chunks)
    assert budget.used() == pytest.approx(0.3)
    chunks.close()  # type: ignore[attr-defined]
