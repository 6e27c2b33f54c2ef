"""Steering for a block: another threshold or a model by name, for one routed LLM."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.tools import FunctionTool

from llamaindex_routellm import LLMCall, RoutedLLM
from shared_router import CapabilityError, InvalidInputError, RoutingPolicy, UnknownNameError
from shared_router.testing import FixedRouter
from tests.llamaindex.fakes import FakeChat, memory, routed_over_fakes
from tests.llamaindex.indexes import index_of_documents

EASY = "What is 2+2?"
QUESTION = [ChatMessage(content=EASY)]


def decision_of(routed: RoutedLLM) -> dict[str, Any]:
    decision: dict[str, Any] = routed.chat(QUESTION).additional_kwargs["routellm"]
    return decision


def test_a_blocks_threshold_is_compared_with_the_score_that_is_remembered() -> None:
    """0.1 < 0.5 goes weak and 0.1 >= 0.1 strong; the question is scored once for all three calls."""
    routed, spy = routed_over_fakes()
    assert decision_of(routed)["model"] == "weak"
    with routed.override(threshold=0.1):
        decision = decision_of(routed)
    assert (decision["model"], decision["threshold"], decision["reason"]) == ("strong", 0.1, "score")
    assert decision["win_probability"] == 0.1
    assert (decision_of(routed)["model"], decision_of(routed)["threshold"]) == ("weak", 0.5)
    assert spy.seen == [EASY]


def test_a_score_made_under_a_blocks_threshold_is_remembered_and_its_model_is_not() -> None:
    routed, spy = routed_over_fakes()
    with routed.override(threshold=0.1):
        assert decision_of(routed)["model"] == "strong"
    assert decision_of(routed)["model"] == "weak"
    assert spy.seen == [EASY]


def test_a_blocks_route_is_taken_whatever_the_router_says() -> None:
    routed, spy = routed_over_fakes()
    with routed.override(route="strong"):
        decision = decision_of(routed)
    assert (decision["model"], decision["reason"]) == ("strong", "route")
    assert "win_probability" not in decision
    assert decision_of(routed)["model"] == "weak"
    assert spy.seen == [EASY]


def test_an_inner_block_changes_what_it_says_and_keeps_the_rest() -> None:
    routed, _ = routed_over_fakes()
    with routed.override(threshold=0.05), routed.override(route="weak"):
        decision = decision_of(routed)
    assert (decision["model"], decision["threshold"]) == ("weak", 0.05)


def test_a_block_holds_for_its_own_llm_alone() -> None:
    routed, _ = routed_over_fakes()
    other, _ = routed_over_fakes()
    with routed.override(route="strong"):
        assert decision_of(other)["model"] == "weak"
        structured = routed.as_structured_llm(FakeChat)._route(LLMCall(messages=QUESTION))
    assert structured.metadata["model"] == "strong"


def test_a_block_holds_for_one_of_two_llms_that_share_a_policy() -> None:
    policy = RoutingPolicy(FixedRouter(0.1))
    routed, other = (
        RoutedLLM(strong=FakeChat(model="big"), weak=FakeChat(model="small"), policy=policy) for _ in range(2)
    )
    with routed.override(route="strong"), routed.capture() as decisions:
        assert [decision_of(llm)["model"] for llm in (routed, other)] == ["strong", "weak"]
    assert len(decisions) == 1


async def test_tasks_and_threads_of_a_block_are_steered() -> None:
    routed, _ = routed_over_fakes()
    with routed.override(route="strong"):
        task = asyncio.create_task(routed.achat(QUESTION))
        with ThreadPoolExecutor(1) as pool:
            in_thread = pool.submit(copy_context().run, routed.chat, QUESTION)
    assert (await task).additional_kwargs["routellm"]["model"] == "strong"
    assert in_thread.result().additional_kwargs["routellm"]["model"] == "strong"


@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")
async def test_engines_and_agents_are_steered_as_a_whole() -> None:
    routed, spy = routed_over_fakes(
        strong=FakeChat(model="big", tool_calls=[{"name": "look", "kwargs": {"at": "it"}}])
    )

    def look(at: str) -> str:
        """Look something up."""
        return at

    with routed.override(route="strong"), routed.capture() as decisions:
        agent = FunctionAgent(tools=[FunctionTool.from_defaults(look)], llm=routed)
        run = agent.run(user_msg=EASY, memory=memory())
        index_of_documents().as_query_engine(llm=routed).query(EASY)
    assert str(await run) == "big says so"
    assert {decision.reason for decision in decisions} == {"route"}
    assert spy.seen == []


@pytest.mark.parametrize("threshold", [-0.1, 1.5, float("nan"), "0.5"])
def test_a_blocks_threshold_must_be_a_share(threshold: Any) -> None:
    routed, spy = routed_over_fakes()
    with (
        pytest.raises(InvalidInputError, match=r"threshold must be a number in \[0, 1\]"),
        routed.override(threshold=threshold),
    ):
        pass
    assert spy.seen == []


def test_a_blocks_route_must_be_a_model() -> None:
    routed, _ = routed_over_fakes()
    with (
        pytest.raises(UnknownNameError, match=r"route must be one of \['strong', 'weak'\]"),
        routed.override(route="gpt-4o"),
    ):
        pass


def test_a_block_that_says_nothing_is_refused() -> None:
    routed, _ = routed_over_fakes()
    with pytest.raises(InvalidInputError, match="a threshold or a route, got neither"), routed.override():
        pass


def test_a_route_to_a_model_that_cannot_serve_the_call_is_refused() -> None:
    routed, _ = routed_over_fakes(weak=FakeChat(model="small", calls_functions=False))
    tool = FunctionTool.from_defaults(lambda at: at, name="look")
    with routed.override(route="weak"), pytest.raises(CapabilityError, match="weak cannot: tools"):
        routed.chat_with_tools([tool], user_msg=EASY)


def test_a_block_ends_with_an_error_too() -> None:
    routed, _ = routed_over_fakes()
    with pytest.raises(KeyError), routed.override(route="strong"):
        raise KeyError
    assert decision_of(routed)["model"] == "weak"
