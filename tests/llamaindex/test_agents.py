"""What the router sees of an agent's run: the question it was given, once."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from llama_index.core.agent.workflow import (
    AgentWorkflow,
    BaseWorkflowAgent,
    CodeActAgent,
    FunctionAgent,
    ReActAgent,
)
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.tools import BaseTool, FunctionTool, QueryEngineTool
from llama_index.core.workflow import Context
from pydantic import BaseModel

from llamaindex_routellm import RoutedLLM
from llamaindex_routellm.spans import OpenSpans
from shared_router import RouterFallbackWarning
from shared_router.testing import FixedRouter
from tests.llamaindex.fakes import FakeChat, memory, routed_over_fakes
from tests.llamaindex.indexes import index_of_documents

pytestmark = [
    # workflows look at every attribute of an agent, pydantic's deprecated ones too
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:is_running called from within a step"),
    pytest.mark.filterwarnings("ignore:Skipping serialization of known unserializable key"),
]

EASY = "What is 2+2?"
LOOKED = {"name": "look", "kwargs": {"at": "it"}}
THOUGHTS = ['Thought: HARD\nAction: look\nAction Input: {"at": "it"}', "Thought: known\nAnswer: done"]


def look(at: str) -> str:
    """Look something up."""
    return f"HARD data of {at}"


TOOLS: list[BaseTool | Callable[..., Any]] = [FunctionTool.from_defaults(look)]


def caller(model: str, *calls: dict[str, Any]) -> FakeChat:
    return FakeChat(model=model, tool_calls=[dict(call) for call in calls or (LOOKED,)])


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize("state", [None, {"note": "HARD"}])
async def test_a_function_agents_steps_are_one_question(
    streaming: bool, state: dict[str, str] | None
) -> None:
    """The tool's output says HARD, and each model refuses the other's tool schemas."""
    routed, spy = routed_over_fakes(strong=caller("big"), weak=caller("small"))
    agent = FunctionAgent(tools=TOOLS, llm=routed, streaming=streaming, initial_state=state or {})
    with routed.capture() as decisions:
        assert str(await agent.run(user_msg=EASY, memory=memory())) == "small says so"
    assert spy.seen == [EASY]
    assert [decision.model for decision in decisions] == ["weak", "weak"]
    assert len(OpenSpans.watch()) == 0


@pytest.mark.parametrize("streaming", [True, False])
async def test_a_react_agents_steps_are_one_question(streaming: bool) -> None:
    """ReAct writes its observations, which say HARD, in the user's name."""
    routed, spy = routed_over_fakes(weak=FakeChat(model="small", answers=list(THOUGHTS)))
    agent = ReActAgent(tools=TOOLS, llm=routed, streaming=streaming)
    with routed.capture() as decisions:
        assert str(await agent.run(user_msg=EASY, memory=memory())) == "done"
    assert spy.seen == [EASY]
    assert [decision.model for decision in decisions] == ["weak", "weak"]


async def test_a_code_agents_steps_are_one_question() -> None:
    routed, spy = routed_over_fakes(
        weak=FakeChat(model="small", answers=["<execute>\nprint()\n</execute>", "done"])
    )
    agent = CodeActAgent(code_execute_fn=lambda code: "HARD output", llm=routed)
    assert str(await agent.run(user_msg=EASY, memory=memory())) == "done"
    assert spy.seen == [EASY]


async def test_a_workflow_of_agents_hands_off_on_one_question() -> None:
    handoff = {"name": "handoff", "kwargs": {"to_agent": "second", "reason": "HARD"}}
    routed, spy = routed_over_fakes(weak=caller("small", handoff, LOOKED))
    agents: list[BaseWorkflowAgent] = [
        FunctionAgent(name=name, description="HARD", tools=TOOLS, llm=routed) for name in ("first", "second")
    ]
    with routed.capture() as decisions:
        assert (
            str(await AgentWorkflow(agents=agents, root_agent="first").run(user_msg=EASY, memory=memory()))
            == "small says so"
        )
    assert spy.seen == [EASY]
    assert [decision.model for decision in decisions] == ["weak"] * 3


async def test_a_workflow_is_made_of_function_agents_if_one_model_calls_functions() -> None:
    routed, _ = routed_over_fakes(strong=caller("big"), weak=FakeChat(model="small", calls_functions=False))
    workflow = AgentWorkflow.from_tools_or_functions(TOOLS, llm=routed)
    assert isinstance(next(iter(workflow.agents.values())), FunctionAgent)


async def test_tool_calls_go_to_the_model_that_can_make_them() -> None:
    routed, spy = routed_over_fakes(strong=caller("big"), weak=FakeChat(model="small", calls_functions=False))
    with routed.capture() as decisions:
        assert (
            str(await FunctionAgent(tools=TOOLS, llm=routed).run(user_msg=EASY, memory=memory()))
            == "big says so"
        )
    assert spy.seen == []
    assert [decision.reason for decision in decisions] == ["capability:tools"] * 2


class Sum(BaseModel):
    """A sum."""

    n: int


async def test_an_agents_structured_answer_is_part_of_its_question() -> None:
    """It is asked for with the whole conversation, HARD tool output included, as one user message."""
    calls = [dict(LOOKED), None, {"name": "Sum", "kwargs": {"n": 4}}]
    routed, spy = routed_over_fakes(weak=FakeChat(model="small", tool_calls=calls))
    agent = FunctionAgent(tools=TOOLS, llm=routed, output_cls=Sum)
    output: Any = await agent.run(user_msg=EASY, memory=memory())
    assert output.structured_response == {"n": 4}
    assert spy.seen == [EASY]


async def test_a_question_that_a_tool_asks_an_index_has_a_decision_of_its_own() -> None:
    asked = {"name": "docs", "kwargs": {"input": "HARD sub-question"}}
    routed, spy = routed_over_fakes(weak=caller("small", asked))
    engine = index_of_documents().as_query_engine(llm=routed)
    tools: list[BaseTool | Callable[..., Any]] = [
        QueryEngineTool.from_defaults(engine, name="docs", description="docs")
    ]
    with routed.capture() as decisions:
        await FunctionAgent(tools=tools, llm=routed).run(user_msg=EASY, memory=memory())
    assert spy.seen == [EASY, "HARD sub-question"]
    assert [decision.model for decision in decisions] == ["weak", "strong", "weak"]


async def test_each_turn_with_an_agent_is_a_question() -> None:
    routed, spy = routed_over_fakes()
    agent = FunctionAgent(tools=TOOLS, llm=routed)
    context = Context(agent)
    assert str(await agent.run(user_msg="HARD: first", ctx=context)) == "big says so"
    assert str(await agent.run(user_msg=ChatMessage(content=EASY), ctx=context)) == "small says so"
    assert spy.seen == ["HARD: first", EASY]


async def test_an_agent_given_a_history_alone_is_asked_its_last_user_message() -> None:
    routed, spy = routed_over_fakes(weak=caller("small"))
    history = [ChatMessage(role="assistant", content="HARD"), ChatMessage(role="user", content=EASY)]
    await FunctionAgent(tools=TOOLS, llm=routed).run(chat_history=history, memory=memory())
    assert spy.seen == [EASY]


async def test_concurrent_runs_do_not_share_their_questions() -> None:
    routed, spy = routed_over_fakes()
    questions = [f"{'HARD' if i % 2 else 'easy'} {i}" for i in range(20)]
    runs = (
        FunctionAgent(tools=TOOLS, llm=routed).run(user_msg=question, memory=memory())
        for question in questions
    )
    answers = [str(answer) for answer in await asyncio.gather(*runs)]
    assert answers == ["big says so" if i % 2 else "small says so" for i in range(20)]
    assert sorted(spy.seen) == sorted(questions)


async def test_a_run_stays_on_its_model_when_the_router_fails_midway() -> None:
    """The first step falls back to strong; the router's 0.2 would send the second weak."""
    answers = iter([float("nan"), 0.2, 0.2])
    routed = RoutedLLM(
        strong=caller("big"), weak=caller("small"), router=FixedRouter(lambda query: next(answers))
    )
    agent = FunctionAgent(tools=TOOLS, llm=routed)
    with routed.capture() as decisions, pytest.warns(RouterFallbackWarning):
        assert str(await agent.run(user_msg=EASY, memory=memory())) == "big says so"
    assert [decision.reason for decision in decisions] == ["router_error:RouterOutputError", "sticky"]
    assert str(await agent.run(user_msg=EASY, memory=memory())) == "small says so"
