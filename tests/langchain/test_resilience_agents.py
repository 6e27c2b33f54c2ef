"""Agents under `Resilience`: the middleware asks the other child, and then goes on with whom answered."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.tools import tool

from langchain_routellm import RouteLLMMiddleware
from shared_router import Resilience
from tests.langchain.fake_tool_models import ChatElm, ChatOak, ChatStone
from tests.langchain.listening import Listener, RateLimitError, reason_of
from tests.langchain.models import CountingRouter, decision_of

pytest.importorskip("langchain")
from langchain.agents import create_agent
from langchain.agents.middleware import ModelFallbackMiddleware

FALLBACK = "fallback:strong->weak:RateLimitError"


@tool
def lookup(word: str) -> str:
    """Look a word up."""
    return word


def agent(*behind: Any, **changes: Any) -> tuple[Any, RouteLLMMiddleware]:
    """Return an agent over elm, which is down, and oak, with middleware behind the routing one."""
    given = {
        "strong": ChatElm(error=RateLimitError("down")),
        "weak": ChatOak(),
        "router": CountingRouter(),
        "threshold": 0.5,
        "resilience": Resilience(failures=None),
    }
    routing = RouteLLMMiddleware(**{**given, **changes})
    return create_agent(ChatElm(), [lookup], middleware=[routing, *behind]), routing


def answers_of(messages: Any) -> list[Any]:
    """Return the models' messages."""
    return [message for message in messages["messages"] if message.type == "ai"]


@pytest.mark.parametrize("per", ["run", "step"])
async def test_a_step_that_fails_is_answered_by_the_other_child_which_then_goes_on(per: str) -> None:
    listener = Listener()
    built, routing = agent(per=per, observers=[listener])
    asked = {"messages": [("user", "hard: lookup sky")]}
    for result in (built.invoke(asked), await built.ainvoke(asked)):
        first, *others = answers_of(result)
        assert reason_of(first) == FALLBACK
        assert first.tool_calls
        assert [decision_of(message)["model"] for message in others] == ["weak"] * len(others)
    assert set(listener.outcomes) == {"answered"}
    failed = [asked for asked in listener.asked if ("strong", "RateLimitError") in asked]
    assert len(failed) == 2, "once a run: the loop goes on with who answered"


def test_fallbacks_of_middleware_behind_it_go_first() -> None:
    listener = Listener()
    built, routing = agent(ModelFallbackMiddleware(ChatElm(model="backup")), observers=[listener])
    (answer,) = answers_of(built.invoke({"messages": [("user", "hard: why?")]}))
    told = decision_of(answer)
    assert (told["model"], told["reason"]) == ("backup", "fallback:strong->backup:RateLimitError")
    assert [end.decision.model for end in listener.ends] == ["backup"]
    assert routing.children["weak"].calls == []


@pytest.mark.parametrize("resilience", [None, Resilience(failures=None)])
async def test_a_fallback_of_middleware_around_it_is_not_routed_away(resilience: Resilience | None) -> None:
    down = RateLimitError("down")
    strong, weak = ChatElm(error=down), ChatOak(error=down)
    routing = RouteLLMMiddleware(
        strong=strong, weak=weak, router=CountingRouter(), threshold=0.5, resilience=resilience
    )
    around: Any = ModelFallbackMiddleware(ChatStone(model="backup"))
    built: Any = create_agent(ChatElm(), middleware=[around, routing])
    asked = {"messages": [("user", "hard: why?")]}
    for result in (built.invoke(asked), await built.ainvoke(asked)):
        assert answers_of(result)[-1].text.startswith("backup says")
    calls = [len(strong.calls), len(weak.calls)]
    assert calls == ([2, 0] if resilience is None else [2, 2]), "once a request"


def test_where_both_are_down_the_first_error_is_raised() -> None:
    listener = Listener()
    built, _ = agent(weak=ChatOak(error=ConnectionError("down")), observers=[listener])
    with pytest.raises(RateLimitError) as raised:
        built.invoke({"messages": [("user", "hard: why?")]})
    assert isinstance(raised.value.__context__, ConnectionError)
    assert listener.outcomes == ["failed"]


def test_an_answer_that_was_withheld_moves_on_where_that_is_chosen() -> None:
    class Withholding(ChatElm):
        def _answer(self, *args: Any, **kwargs: Any) -> AIMessage:
            answer = super()._answer(*args, **kwargs)
            return answer.model_copy(update={"response_metadata": {"finish_reason": "content_filter"}})

    built, _ = agent(strong=Withholding(), resilience=Resilience(refusals=True))
    (answer,) = answers_of(built.invoke({"messages": [("user", "hard: why?")]}))
    assert reason_of(answer) == "fallback:strong->weak:WithheldAnswerError"
    built, _ = agent(
        strong=Withholding(),
        weak=ChatOak(error=ConnectionError("down")),
        resilience=Resilience(refusals=True),
    )
    (kept,) = answers_of(built.invoke({"messages": [("user", "hard: why?")]}))
    assert kept.response_metadata["finish_reason"] == "content_filter"


def test_a_conversation_whose_child_failed_goes_back_to_it_when_it_is_there() -> None:
    built, routing = agent(sticky="conversation")
    before = built.invoke({"messages": [("user", "hard: why?")]})["messages"]
    routing.children["strong"].error = None
    after = built.invoke({"messages": [*before, ("user", "hard: and how?")]})
    assert decision_of(answers_of(after)[-1])["model"] == "strong"


async def test_a_graphs_stream_holds_the_answer_of_one_child() -> None:
    built, _ = agent()
    read = [
        chunk.text
        async for chunk, _ in built.astream({"messages": [("user", "hard: why?")]}, stream_mode="messages")
    ]
    assert "".join(read) == "oak-1 says: hard: why?"


def test_without_rules_nothing_is_told() -> None:
    built, routing = agent(strong=ChatElm(), resilience=None)
    (answer,) = answers_of(built.invoke({"messages": [("user", "hard: why?")]}))
    assert routing.call_rules is None
    assert "decision_id" not in decision_of(answer)
