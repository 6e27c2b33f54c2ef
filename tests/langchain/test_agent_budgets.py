"""An agent behind `RouteLLMMiddleware` under a budget: each step is held before it and settled after."""

from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.tools import tool

from langchain_routellm import RouteLLMMiddleware
from shared_router import (
    Budget,
    BudgetExceededError,
    InvalidInputError,
    Resilience,
    RouterWarning,
    TokenPrices,
)
from tests.langchain.fake_tool_models import ChatElm, ChatOak, ChatStone
from tests.langchain.listening import Listener, RateLimitError, reason_of
from tests.langchain.models import CountingRouter, decision_of
from tests.langchain.test_resilience_agents import answers_of, lookup

pytest.importorskip("langchain")
from langchain.agents import create_agent

PRICES = {"strong": TokenPrices(0.0, 1000.0), "weak": TokenPrices(0.0, 10.0)}
"""An answer of up to 100 tokens costs up to 0.1 dollars at the strong model and 0.001 at the weak one."""

ASKED: Any = {"messages": [("user", "hard: why?")]}
LOOKS: Any = {"messages": [("user", "hard: lookup sky")]}


def spending(budget: Budget, dollars: float) -> Any:
    """Return a tool that spends some of a budget."""

    @tool
    def lookup(word: str) -> str:
        """Look a word up."""
        budget.reserve(dollars).settle(dollars)
        return word

    return lookup


def agent(
    budget: Any, *, system_prompt: str | None = None, tools: Sequence[Any] = (lookup,), **changes: Any
) -> Any:
    """Return an agent over elm and oak, whose answers have at most 100 tokens."""
    given = {
        "strong": ChatElm(max_tokens=100),
        "weak": ChatOak(max_tokens=100),
        "router": CountingRouter(),
        "threshold": 0.5,
        "prices": PRICES,
        "budget": budget,
    }
    routing = RouteLLMMiddleware(**{**given, **changes})
    return create_agent(ChatElm(), tools, middleware=[routing], system_prompt=system_prompt)


@pytest.mark.parametrize("per", ["run", "step"])
async def test_a_step_is_settled_for_what_it_cost_and_its_answer_tells_it(per: str) -> None:
    """The answer "elm-1 says: hard: why?" has 4 words, 4 thousandths of a dollar."""
    budget = Budget(1.0)
    built = agent(budget, per=per)
    for result in (built.invoke(ASKED), await built.ainvoke(ASKED)):
        assert decision_of(answers_of(result)[-1])["dollars"] == pytest.approx(0.004)
    assert budget.used() == pytest.approx(0.008)


def test_prices_alone_have_answers_tell_their_dollars() -> None:
    (answer,) = answers_of(agent(None).invoke(ASKED))
    assert decision_of(answer)["dollars"] == pytest.approx(0.004)


def test_a_model_without_a_price_is_warned_of_once_it_answers() -> None:
    built = agent(None, prices={"weak": TokenPrices(0.0, 10.0)})
    with pytest.warns(RouterWarning, match="prices must name every model, got none for strong"):
        (answer,) = answers_of(built.invoke(ASKED))
    assert "dollars" not in decision_of(answer)


@pytest.mark.parametrize("per", ["run", "step"])
async def test_over_hard_the_weak_model_answers(per: str) -> None:
    """0.05 dollars have no room for the strong model's bound of 0.1."""
    built = agent(Budget(0.05), per=per)
    for result in (built.invoke(ASKED), await built.ainvoke(ASKED)):
        (answer,) = answers_of(result)
        assert (decision_of(answer)["model"], reason_of(answer)) == ("weak", "budget:hard")


@pytest.mark.parametrize("per", ["run", "step"])
async def test_over_hard_no_model_is_asked_where_that_is_chosen(per: str) -> None:
    built = agent(Budget(0.05, on_hard="raise"), per=per)
    with pytest.raises(BudgetExceededError):
        built.invoke(ASKED)
    with pytest.raises(BudgetExceededError):
        await built.ainvoke(ASKED)


@pytest.mark.parametrize("per", ["run", "step"])
def test_over_soft_the_threshold_rises(per: str) -> None:
    """Half is spent and soft is a tenth: the threshold is .95, above the question's .9."""
    budget = Budget(1.0, soft=0.1, soft_threshold=0.95)
    budget.reserve(0.5).settle(0.5)
    (answer,) = answers_of(agent(budget, per=per).invoke(ASKED))
    assert (decision_of(answer)["model"], reason_of(answer)) == ("weak", "budget:soft")


def test_a_runs_decision_stays_its_reason_while_the_threshold_rises() -> None:
    """The first step's tool spends what raises the second step's threshold, which is not decided anew."""
    budget = Budget(1.0, soft=0.5, soft_threshold=0.95)
    first, second = answers_of(agent(budget, tools=[spending(budget, 0.6)]).invoke(LOOKS))
    assert [decision_of(each)["model"] for each in (first, second)] == ["strong", "strong"]
    assert [reason_of(first), reason_of(second)] == ["score", "score"]


def test_a_budget_that_runs_out_in_a_run_sends_its_next_step_to_the_weak_model() -> None:
    """After the first step's tool 0.05 dollars are left, and the strong model's bound is 0.1."""
    budget = Budget(1.0, for_weak=0.0)
    first, second = answers_of(agent(budget, tools=[spending(budget, 0.95)]).invoke(LOOKS))
    assert decision_of(first)["model"] == "strong"
    assert (decision_of(second)["model"], reason_of(second)) == ("weak", "budget:hard")


@pytest.mark.parametrize("more", [{"system_prompt": "x" * 2000}, {}])
def test_a_steps_bound_counts_its_system_prompt(more: Any) -> None:
    """At 10 dollars a million tokens 2,000 bytes are .02 dollars; tools and words around are .011."""
    prices = {name: TokenPrices(10.0, 0.0) for name in ("strong", "weak")}
    built = agent(Budget(0.02, on_hard="raise"), prices=prices, **more)
    if more:
        with pytest.raises(BudgetExceededError):
            built.invoke(ASKED)
    else:
        assert answers_of(built.invoke(ASKED))


@pytest.mark.parametrize("per", ["run", "step"])
def test_each_step_of_a_run_is_its_tenants(per: str) -> None:
    budget = Budget(1.0, key="tenant")
    agent(budget, per=per).invoke(LOOKS, {"configurable": {"routellm_tenant": "ann"}})
    assert budget.used("ann") > 0
    assert budget.used() == 0


def test_a_step_that_moves_on_is_held_for_both_models() -> None:
    """The weak model's answer "oak-1 says: hard: why?" costs 4 hundred-thousandths, the error nothing."""
    budget, listener = Budget(1.0), Listener()
    down = ChatElm(max_tokens=100, error=RateLimitError("down"))
    built = agent(budget, strong=down, resilience=Resilience(), observers=[listener])
    (answer,) = answers_of(built.invoke(ASKED))
    assert decision_of(answer)["model"] == "weak"
    assert budget.used() == pytest.approx(0.00004)
    assert [end.dollars for end in listener.ends] == [pytest.approx(0.00004)]


def test_a_runs_later_step_moves_on_to_no_model_that_cannot_have_its_tools() -> None:
    """A run's own decision says nothing of who can serve it; its tools do."""
    stone = ChatStone(max_tokens=100)
    down = ChatElm(max_tokens=100, error=RateLimitError("down"))
    built = agent(None, strong=down, weak=stone, resilience=Resilience())
    with pytest.raises(RateLimitError):
        built.invoke(LOOKS)
    assert stone.calls == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"prices": None}, "prices must name every model"),
        ({"strong": ChatElm()}, "how long an answer may be"),
        ({"budget": 1.0}, "budget must be a Budget"),
    ],
)
def test_what_a_budget_must_know_is_asked_for_when_the_middleware_is_made(changes: Any, why: str) -> None:
    with pytest.raises(InvalidInputError, match=why):
        agent(changes.pop("budget", Budget(1.0)), **changes)
