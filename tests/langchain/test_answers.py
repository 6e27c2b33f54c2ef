"""The bill is made out to the model that answered, and everybody who looks sees the same decision."""

from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ModelFallbackMiddleware
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.chat_history import InMemoryChatMessageHistory
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.runnables.history import RunnableWithMessageHistory

from langchain_routellm import RouteLLMMiddleware, SavingsCallback, savings
from shared_router import InvalidInputError, TokenPrices, TokenUsage
from tests.langchain.fake_tool_models import ChatElm, ChatOak, ChatStone
from tests.langchain.models import IN_ASYNC_NODES, CountingRouter, decision_of, routed
from tests.langchain.scenarios import TOOLS, Weather

PRICES = {"strong": TokenPrices(10, 30), "weak": TokenPrices(1, 3)}
DOWN = RuntimeError("503")


class Answers(BaseCallbackHandler):
    """Keep the decision on every message that callbacks see at the end of a call."""

    def __init__(self) -> None:
        self.decisions: list[Any] = []

    def on_llm_end(self, response: Any, **kwargs: Any) -> None:
        self.decisions += [decision_of(answers[0].message) for answers in response.generations]


def _down(**settings: Any) -> Any:
    """Return a model whose strong child is down and answers by its fallback."""
    backup = ChatStone(model="backup")
    return routed(strong=ChatElm(error=DOWN).with_fallbacks([backup]), **settings)


async def _by_every_entry_point(model: Any, config: Any) -> list[Any]:
    streamed = [decision_of(chunk) for chunk in model.stream("hard", config) if decision_of(chunk)]
    astreamed = [decision_of(chunk) async for chunk in model.astream("hard", config) if decision_of(chunk)]
    return [
        decision_of(model.invoke("hard", config)),
        decision_of(await model.ainvoke("hard", config)),
        decision_of(model.batch(["hard"], config)[0]),
        decision_of((await model.abatch(["hard"], config))[0]),
        decision_of(dict(model.batch_as_completed(["hard"], config))[0]),
        streamed[0],
        astreamed[0],
    ]


@pytest.mark.parametrize("callbacks", [None, [Answers()]])
async def test_an_answer_of_a_childs_fallback_is_named_by_its_model(callbacks: Any) -> None:
    for told in await _by_every_entry_point(_down(), {"callbacks": callbacks}):
        assert told["reason"] == "fallback:strong->backup:RuntimeError"
        assert (told["model"], told["fallback_for"]) == ("backup", "strong")


async def test_an_answer_of_the_first_model_is_the_childs_own() -> None:
    strong = ChatElm().with_fallbacks([ChatStone(model="backup")])
    for told in await _by_every_entry_point(routed(strong=strong), {}):
        assert (told["model"], "fallback_for" in told) == ("strong", False)


def test_a_fallback_to_the_other_child_is_named_and_priced_as_it() -> None:
    """ "oak-1 says: hard": 1 word sent and 3 answered, at 1 and 3 dollars a million: 10 millionths."""
    weak = ChatOak()
    model = routed(strong=ChatElm(error=DOWN).with_fallbacks([weak]), weak=weak, prices=PRICES)
    told = decision_of(model.invoke("hard"))
    assert (told["model"], told["fallback_for"]) == ("weak", "strong")
    assert told["dollars"] == pytest.approx(10e-6)


def test_a_fallback_is_priced_only_at_prices_of_its_own() -> None:
    """ "backup says: hard": 1 word sent and 3 answered, at 2 and 4 dollars a million: 14 millionths."""
    assert "dollars" not in decision_of(_down(prices=PRICES).invoke("hard"))
    priced = _down(prices={**PRICES, "backup": TokenPrices(2, 4)})
    assert decision_of(priced.invoke("hard"))["dollars"] == pytest.approx(14e-6)
    (told,) = [each for each in map(decision_of, priced.stream("hard")) if each and "dollars" in each]
    assert told["dollars"] == pytest.approx(14e-6)
    with pytest.raises(InvalidInputError, match="prices must be by model"):
        _down(prices={**PRICES, "bakcup": TokenPrices(2, 4)})


@pytest.mark.parametrize(
    "bind",
    [
        lambda model: model.bind_tools(TOOLS),
        lambda model: model.bind(seed=7),
        lambda model: model.with_structured_output(Weather, include_raw=True),
    ],
)
def test_what_is_bound_keeps_the_name_of_who_answered(bind: Any) -> None:
    model = routed(strong=ChatElm(error=DOWN).with_fallbacks([ChatOak(model="backup")]))
    answer = bind(model).invoke("hard weather 3")
    told = decision_of(answer["raw"] if isinstance(answer, dict) else answer)
    assert (told["model"], told["fallback_for"]) == ("backup", "strong")


@pytest.mark.parametrize("count", [lambda: SavingsCallback(PRICES), savings])
def test_savings_are_counted_for_the_model_that_answered(count: Any) -> None:
    counting = count()
    if isinstance(counting, SavingsCallback):
        _down().batch(["hard", "easy"], {"callbacks": [counting]})
        assert counting.usage == {"backup": TokenUsage(1, 1, 3), "weak": TokenUsage(1, 1, 3)}
        return
    with counting as counted:
        _down().batch(["hard", "easy"])
    assert counted.usage == {"backup": TokenUsage(1, 1, 3), "weak": TokenUsage(1, 1, 3)}


@pytest.mark.parametrize("per", ["run", "step"])
async def test_an_answer_that_a_middleware_got_elsewhere_is_named_by_its_model(per: Any) -> None:
    routing: Any = RouteLLMMiddleware(
        strong=ChatElm(error=DOWN), weak=ChatOak(), router=CountingRouter(), threshold=0.5, per=per
    )
    backup: Any = ModelFallbackMiddleware(ChatStone(model="backup"))
    agent: Any = create_agent(ChatOak(model="unused"), middleware=[routing, backup])
    asked: Any = {"messages": [HumanMessage("hard")]}
    counting = SavingsCallback()
    for state in (
        agent.invoke(asked, {"callbacks": [counting]}),
        await agent.ainvoke(asked, {"callbacks": [counting]}),
    ):
        told = decision_of(state["messages"][-1])
        assert (told["model"], told["fallback_for"]) == ("backup", "strong")
    heard = 2 if IN_ASYNC_NODES else 1
    assert counting.usage == {"backup": TokenUsage(heard, heard, 3 * heard)}
    easy = agent.invoke({"messages": [HumanMessage("easy")]})
    assert decision_of(easy["messages"][-1])["model"] == "weak"


def test_an_answer_without_a_price_of_its_own_is_missing_from_the_report() -> None:
    """The weak answer alone is billed: 1 word sent and 3 answered, at 1 and 3 dollars a million."""
    counting = SavingsCallback(PRICES)
    _down().batch(["hard", "easy"], {"callbacks": [counting]})
    assert counting.report().dollars == {"weak": pytest.approx(10e-6)}
    assert counting.unmetered_calls == 1
    priced = SavingsCallback({**PRICES, "backup": TokenPrices(2, 4)})
    _down().batch(["hard", "easy"], {"callbacks": [priced]})
    assert priced.report().dollars == {"backup": pytest.approx(14e-6), "weak": pytest.approx(10e-6)}
    assert priced.unmetered_calls == 0


async def test_each_conversation_of_generate_is_named_by_who_answered_it() -> None:
    class Picky(ChatElm):
        def _answer(self, messages: Any, stop: Any, **kwargs: Any) -> Any:
            if "very" in messages[-1].text:
                raise DOWN
            return super()._answer(messages, stop, **kwargs)

    model = routed(strong=Picky().with_fallbacks([ChatStone(model="backup")]))
    asked: Any = [[HumanMessage("very hard")], [HumanMessage("hard")], [HumanMessage("easy")]]
    for result in (model.generate(asked), await model.agenerate(asked)):
        answers: Any = [answer[0].message for answer in result.generations]  # type: ignore[union-attr]
        assert [decision_of(answer)["model"] for answer in answers] == ["backup", "strong", "weak"]


def test_a_model_without_a_name_is_named_by_its_class() -> None:
    backup = FakeListChatModel(responses=["so"])
    strong = ChatElm(error=DOWN).with_fallbacks([backup])
    assert decision_of(routed(strong=strong).invoke("hard"))["model"] == "FakeListChatModel"


@pytest.mark.parametrize("per", ["run", "step"])
def test_a_child_bound_to_another_model_is_itself(per: Any) -> None:
    strong: Any = ChatElm().bind(model="elm-2")
    routing: Any = RouteLLMMiddleware(
        strong=strong, weak=ChatOak(), router=CountingRouter(), threshold=0.5, per=per
    )
    agent: Any = create_agent(ChatOak(model="unused"), middleware=[routing])
    assert decision_of(agent.invoke({"messages": [("user", "hard")]})["messages"][-1])["model"] == "strong"
    again: Any = ChatElm().bind(model="elm-2").with_fallbacks([ChatStone()])
    assert decision_of(routed(strong=again).invoke("hard"))["model"] == "strong"


def test_an_answer_of_a_fallback_around_the_routed_model_is_counted_as_unmetered() -> None:
    counting = SavingsCallback(PRICES)
    model = routed(strong=ChatElm(error=DOWN)).with_fallbacks([ChatStone()])
    model.batch(["hard", "easy"], {"callbacks": [counting]})
    ChatStone().invoke("not routed", {"callbacks": [counting]})
    assert counting.usage == {"weak": TokenUsage(1, 1, 3)}
    assert counting.unmetered_calls == 1
    agent: Any = create_agent(
        routed(strong=ChatElm(error=DOWN)), middleware=[ModelFallbackMiddleware(ChatStone())]
    )
    agent.invoke({"messages": [HumanMessage("hard")]}, {"callbacks": [counting]})
    assert counting.unmetered_calls == 2


async def test_the_decision_is_on_the_message_that_callbacks_see() -> None:
    seen = Answers()
    told = await _by_every_entry_point(routed(prices=PRICES), {"callbacks": [seen]})
    assert len(seen.decisions) == 7
    assert seen.decisions[0] == told[0]
    assert {each["model"] for each in seen.decisions} == {"strong"}
    assert all("dollars" in each for each in seen.decisions)
    mine = Answers()
    routed(callbacks=[mine]).invoke("hard")
    routed(strong=ChatElm(callbacks=[mine])).invoke("hard")
    routed().generate([[HumanMessage("hard")], [HumanMessage("easy")]], callbacks=[mine])
    assert [each["model"] for each in mine.decisions] == ["strong", "strong", "strong", "weak"]


async def test_events_end_with_the_decision() -> None:
    events = [event async for event in routed().astream_events("hard", version="v2")]
    (end,) = [event for event in events if event["event"] == "on_chat_model_end"]
    assert decision_of(end["data"]["output"])["model"] == "strong"


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainDeprecationWarning")
def test_a_history_keeps_the_decision() -> None:
    kept = InMemoryChatMessageHistory()
    RunnableWithMessageHistory(routed(), lambda: kept).invoke("hard")
    assert decision_of(kept.messages[-1])["model"] == "strong"


def test_a_listener_sees_the_decision() -> None:
    seen: list[Any] = []
    model: Any = routed().with_listeners(on_end=lambda run: seen.append(run.outputs))
    model.invoke("hard")
    message = seen[0]["generations"][0][0]["message"]
    assert "'routellm': {'model': 'strong'" in str(message)


def test_an_answer_in_a_cache_has_no_decision() -> None:
    cache = InMemoryCache()
    strong = ChatElm(cache=cache)
    seen = Answers()
    for _ in range(2):
        routed(strong=strong).invoke("hard", {"callbacks": [seen]})
    assert [each["model"] for each in seen.decisions] == ["strong"] * 2
    ((generation,),) = cache._cache.values()
    assert decision_of(generation.message) is None  # type: ignore[attr-defined]


def test_a_child_that_no_run_shows_is_named_as_chosen() -> None:
    strong: Any = RunnableLambda(lambda _: ChatStone().invoke("x"))
    assert decision_of(routed(strong=strong).invoke("hard", {"callbacks": [Answers()]}))["model"] == "strong"
