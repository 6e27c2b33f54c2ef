"""A routed LLM under a budget: the bound is held before a call, what it cost is settled after."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ChatResponse

from llamaindex_routellm import RoutedLLM
from shared_router import (
    Budget,
    BudgetExceededError,
    BudgetStoreError,
    InvalidInputError,
    Resilience,
    TokenPrices,
    tenant_scope,
)
from tests.llamaindex.fakes import FakeChat, SpyRouter, models
from tests.resilience.budgets.counting_store import CountingStore

PRICES = {"strong": TokenPrices(0.0, 1000.0), "weak": TokenPrices(0.0, 10.0)}
"""An answer of up to 100 tokens costs up to 0.1 dollars at the strong model and 0.001 at the weak one."""

HARD = [ChatMessage(content="HARD: why?")]


class Telling(FakeChat):
    """A model that tells its tokens, 10 in each answer, and can be down."""

    max_tokens: int | None = 100
    is_down: bool = False

    def _answer(self, messages: Sequence[ChatMessage], kwargs: dict[str, Any]) -> ChatResponse:
        if self.is_down:
            raise ConnectionError("down")
        answer = super()._answer(messages, kwargs)
        answer.raw = {"usage": {"prompt_tokens": 5, "completion_tokens": 10}}
        return answer

    def _chunks(self, answer: ChatResponse) -> list[ChatResponse]:
        chunks = super()._chunks(answer)
        chunks[-1].raw = answer.raw
        return chunks


def budgeted(budget: Any, **changes: Any) -> RoutedLLM:
    """Return a routed LLM under a budget, whose answers have at most 100 tokens."""
    children = {"strong": Telling(model="strong"), "weak": Telling(model="weak")}
    given = {**children, "router": SpyRouter(), "threshold": 0.5, "prices": PRICES, "budget": budget}
    return RoutedLLM(**models(**{**given, **changes}))


ASKING: dict[str, Any] = {
    "chat": lambda llm: llm.chat(HARD),
    "complete": lambda llm: llm.complete("HARD: why?"),
    "stream_chat": lambda llm: list(llm.stream_chat(HARD))[-1],
    "stream_complete": lambda llm: list(llm.stream_complete("HARD: why?"))[-1],
    "achat": lambda llm: asyncio.run(llm.achat(HARD)),
    "astream_chat": lambda llm: asyncio.run(_last(llm)),
}


async def _last(llm: RoutedLLM) -> Any:
    return [part async for part in await llm.astream_chat(HARD)][-1]


def _decision(response: Any) -> dict[str, Any]:
    return dict(response.additional_kwargs["routellm"])


@pytest.mark.parametrize("way", ASKING)
def test_a_call_is_settled_for_what_it_cost(way: str) -> None:
    """Ten tokens of the hundred that were held: 0.01 dollars."""
    budget = Budget(1.0)
    assert _decision(ASKING[way](budgeted(budget)))["model"] == "strong"
    assert budget.used() == pytest.approx(0.01)


def test_a_stream_holds_its_bound_and_one_that_is_left_counts_in_full() -> None:
    budget = Budget(1.0)
    parts = budgeted(budget).stream_chat(HARD)
    next(parts)
    assert budget.used() == pytest.approx(0.1)
    parts.close()
    assert budget.used() == pytest.approx(0.1)


def test_a_call_that_failed_costs_nothing_and_a_fallback_its_own_price() -> None:
    budget = Budget(1.0)
    strong = Telling(model="strong", is_down=True)
    with pytest.raises(ConnectionError):
        budgeted(budget, strong=strong).chat(HARD)
    assert budget.used() == 0
    answer = budgeted(budget, strong=strong, resilience=Resilience()).chat(HARD)
    assert _decision(answer)["reason"] == "fallback:strong->weak:ConnectionError"
    assert budget.used() == pytest.approx(0.0001)


def test_over_soft_the_threshold_rises_and_the_decision_says_so() -> None:
    budget = Budget(1.0, soft=0.5, soft_threshold=0.95)
    llm = budgeted(budget)
    assert _decision(llm.chat(HARD))["reason"] == "score"
    budget.reserve(0.5)
    decision = _decision(llm.chat(HARD))
    assert (decision["model"], decision["reason"], decision["threshold"]) == ("weak", "budget:soft", 0.95)


@pytest.mark.parametrize("way", ASKING)
def test_over_hard_every_method_asks_the_weak_model_alone(way: str) -> None:
    budget = Budget(1.0)
    budget.reserve(0.85)
    strong = Telling(model="strong")
    ASKING[way](budgeted(budget, strong=strong))
    assert strong.prompts == []


@pytest.mark.parametrize("way", ASKING)
def test_a_budget_that_raises_asks_nobody(way: str) -> None:
    budget = Budget(1.0, on_hard="raise")
    budget.reserve(0.95)
    strong, weak = Telling(model="strong"), Telling(model="weak")
    with pytest.raises(BudgetExceededError):
        ASKING[way](budgeted(budget, strong=strong, weak=weak))
    assert strong.prompts == weak.prompts == []


def test_each_tenant_has_its_own() -> None:
    budget = Budget(1.0, key="tenant")
    budget.reserve(0.85, "ann")
    llm = budgeted(budget)
    with tenant_scope("ann"):
        assert _decision(llm.chat(HARD))["reason"] == "budget:hard"
    with tenant_scope("bob"):
        assert _decision(llm.chat(HARD))["reason"] == "score"


def test_a_requests_own_max_tokens_bound_it() -> None:
    """A model's own limit of 100 stays the bound where a request asks for less: some send it all the same."""
    budget = Budget(1.0)
    budget.reserve(0.85)
    assert _decision(budgeted(budget).chat(HARD, max_tokens=10))["reason"] == "budget:hard"
    small = {name: Telling(model=name, max_tokens=10) for name in ("strong", "weak")}
    assert _decision(budgeted(budget, **small).chat(HARD))["reason"] == "score"


def test_64_threads_never_pass_a_budget() -> None:
    """Each strong answer costs a cent and holds a tenth of a dollar; 500 of them would cost 5 dollars."""
    budget = Budget(1.0)
    llm = budgeted(budget)

    def ask(_: int) -> float:
        try:
            decision = _decision(llm.chat(HARD))
        except BudgetExceededError:
            return 0.0
        assert budget.used() <= 1.0
        return float(decision["dollars"])

    with ThreadPoolExecutor(64) as pool:
        spent = sum(pool.map(ask, range(500)))
    assert spent <= 1.0
    assert spent == pytest.approx(budget.used())


def test_a_copy_shares_its_budget() -> None:
    budget = Budget(1.0)
    llm = budgeted(budget)
    for each in (llm, copy.deepcopy(llm), llm.model_copy()):
        each.chat(HARD)
    assert budget.used() == pytest.approx(0.03)


def test_a_store_that_is_away_refuses_or_counts_alone() -> None:
    store = CountingStore()
    store.is_away = True
    with pytest.raises(BudgetStoreError):
        budgeted(Budget(1.0, store=store)).chat(HARD)
    llm = budgeted(Budget(1.0, store=store, on_store_error="open"))
    assert _decision(llm.chat(HARD))["model"] == "strong"


def test_a_budget_that_cannot_be_kept_is_refused_at_construction() -> None:
    with pytest.raises(InvalidInputError, match="prices must name every model"):
        budgeted(Budget(1.0), prices=None)
    with pytest.raises(InvalidInputError, match=r"no max_tokens .* \['strong'\]"):
        budgeted(Budget(1.0), strong=Telling(model="strong", max_tokens=None))
    with pytest.raises(InvalidInputError, match="budget must be a Budget"):
        budgeted(1.0)
    budgeted(Budget(1.0, max_output_tokens=100), strong=Telling(model="strong", max_tokens=None))
