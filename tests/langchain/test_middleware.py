"""Routing inside `create_agent`: one decision a run or a step, seen by the middleware behind it."""

import warnings
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, SummarizationMiddleware
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver

from langchain_routellm import RouteLLMMiddleware
from shared_router import InvalidInputError, MissingExtraError, RouterWarning, UnknownNameError
from tests.langchain.fake_tool_models import ChatElm, ChatOak, ChatStone
from tests.langchain.models import CountingRouter, decision_of, routed
from tests.langchain.recorder import Recorder
from tests.langchain.scenarios import TOOLS

HARD = {"messages": [HumanMessage("A hard question: what is the weather in Rome?")]}
EASY = {"messages": [HumanMessage("What is the weather in Rome?")]}


class Caching(AgentMiddleware):
    """Set prompt caching as a provider's middleware does: for its own models alone."""

    def wrap_model_call(self, request: Any, handler: Any) -> Any:
        if not isinstance(request.model, ChatElm):
            return handler(request)
        return handler(request.override(model_settings={"cache_control": "ephemeral"}))


def _middleware(**changes: Any) -> RouteLLMMiddleware:
    children = {"strong": ChatElm(), "weak": ChatOak()}
    return RouteLLMMiddleware(**{**children, "router": CountingRouter(), "threshold": 0.5, **changes})


def _agent(*middleware: Any, model: Any = None, **kwargs: Any) -> Any:
    return create_agent(model or ChatOak(model="unused"), tools=TOOLS, middleware=middleware, **kwargs)


def _decisions(state: Any) -> list[Any]:
    return [decision_of(message) for message in state["messages"] if message.type == "ai"]


async def test_a_run_is_decided_once_for_all_its_steps() -> None:
    router = CountingRouter()
    agent = _agent(_middleware(router=router))
    for state in (agent.invoke(HARD), await agent.ainvoke(HARD)):
        assert [message.type for message in state["messages"]] == ["human", "ai", "tool", "ai"]
        assert [decision["model"] for decision in _decisions(state)] == ["strong", "strong"]
        assert "routellm" not in state
    assert len(router.asked) == 2
    assert _decisions(agent.invoke(EASY))[0]["model"] == "weak"


async def test_a_step_is_decided_each_time_and_sticks_in_a_tool_loop() -> None:
    agent = _agent(_middleware(per="step"))
    for state in (agent.invoke(HARD), await agent.ainvoke(HARD)):
        assert [decision["reason"] for decision in _decisions(state)] == ["score", "sticky"]


def test_every_run_of_the_models_carries_the_decision() -> None:
    recorder = Recorder()
    _agent(_middleware()).invoke(HARD, {"callbacks": [recorder]})
    assert [metadata["routellm_model"] for metadata in recorder.metadata] == ["strong", "strong"]
    assert [metadata["ls_model_name"] for metadata in recorder.metadata] == ["elm-1", "elm-1"]


def test_run_time_keys_reach_the_middleware() -> None:
    state = _agent(_middleware()).invoke(HARD, {"configurable": {"routellm_route": "weak"}})
    assert {decision["reason"] for decision in _decisions(state)} == {"route"}
    with pytest.raises(UnknownNameError, match="a routellm key must be one of"):
        _agent(_middleware()).invoke(HARD, {"configurable": {"routellm_rout": "weak"}})


def test_caching_behind_the_middleware_sees_the_chosen_model() -> None:
    strong, weak = ChatElm(), ChatOak()
    agent = _agent(_middleware(strong=strong, weak=weak), Caching())
    agent.invoke(HARD)
    agent.invoke(EASY)
    assert [call.get("cache_control") for call in strong.calls] == ["ephemeral"] * 2
    assert [call.get("cache_control") for call in weak.calls] == [None] * 2


def test_caching_before_the_middleware_is_warned_about_once() -> None:
    agent = _agent(Caching(), _middleware(), model=ChatElm())
    with pytest.warns(RouterWarning, match="must stand before caching middleware") as caught:
        agent.invoke(HARD)
    assert len(caught) == 1


def test_a_checkpointer_keeps_the_decision_as_plain_values() -> None:
    agent = _agent(_middleware(), checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": "1"}}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        agent.invoke(HARD, thread)
        state = agent.invoke(EASY, thread)
    assert [decision["model"] for decision in _decisions(state)] == ["strong"] * 2 + ["weak"] * 2
    assert agent.get_state(thread).values["routellm"]["model"] == "weak"


@pytest.mark.parametrize("routing", ["model", "run", "step"])
def test_an_agent_survives_a_summary_put_into_its_tool_loop(routing: str) -> None:
    """After the tool's result the history is cut to a summary and the tool call; the summary says nothing
    hard, and the next step must stay with the model that called the tool."""
    summary = SummarizationMiddleware(model=ChatOak(), trigger=("messages", 3), keep=("messages", 2))
    if routing == "model":
        agent = _agent(summary, model=routed())
    else:
        agent = _agent(_middleware(per=routing), summary)
    state = agent.invoke(HARD)
    assert [message.type for message in state["messages"]] == ["human", "ai", "tool", "ai"]
    assert state["messages"][0].additional_kwargs["lc_source"] == "summarization"
    assert [decision["model"] for decision in _decisions(state)] == ["strong", "strong"]


def test_a_summary_by_share_of_the_window_works_over_a_routed_model() -> None:
    profile: Any = {"max_input_tokens": 1000}
    model = routed(strong=ChatElm(profile=profile), weak=ChatOak(profile=profile))
    summary = SummarizationMiddleware(model=model, trigger=("fraction", 0.01), keep=("messages", 1))
    state = _agent(summary, model=model).invoke(HARD)
    assert state["messages"][0].additional_kwargs["lc_source"] == "summarization"


@pytest.mark.parametrize("per", ["run", "step"])
async def test_what_a_tool_returns_may_need_another_model_in_the_middle_of_a_run(per: Any) -> None:
    @tool
    def weather_map(place: str) -> list[dict[str, Any]]:
        """Draw the weather."""
        return [{"type": "image", "base64": "AA", "mime_type": "image/png"}]

    blind: Any = {"image_inputs": False}
    routing = _middleware(per=per, weak=ChatOak(profile=blind))
    agent: Any = create_agent(ChatOak(model="unused"), tools=[weather_map], middleware=[routing])
    for state in (agent.invoke(EASY), await agent.ainvoke(EASY)):
        assert [(each["model"], each["reason"]) for each in _decisions(state)] == [
            ("weak", "score"),
            ("strong", "capability:images"),
        ]


@pytest.mark.parametrize("per", ["run", "step"])
def test_tools_go_to_the_model_that_can_be_bound_to_them(per: Any) -> None:
    agent = _agent(_middleware(per=per, weak=ChatStone()))
    decisions = _decisions(agent.invoke(EASY))
    assert {(each["model"], each["reason"]) for each in decisions} == {("strong", "capability:tools")}


def test_per_must_be_run_or_step() -> None:
    with pytest.raises(InvalidInputError, match="per must be one of"):
        _middleware(per="call")
    with pytest.raises(InvalidInputError, match="weak must be a chat model"):
        _middleware(weak=None)


def test_the_middleware_needs_an_extra_and_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys
    from importlib import import_module

    monkeypatch.delitem(sys.modules, "langchain_routellm.middleware")
    monkeypatch.setitem(sys.modules, "langchain.agents.middleware.types", None)
    with pytest.raises(MissingExtraError, match=r'pip install "routellm-adapters\[agents\]"'):
        import_module("langchain_routellm.middleware")
