from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, MessageRole, ToolCallBlock
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.tools import BaseTool, FunctionTool

from llamaindex_routellm import RoutedLLM
from shared_router import CapabilityError, InvalidInputError
from shared_router.testing import FixedRouter
from tests.llamaindex.fakes import FakeChat, FakeCompletion, routed_over_fakes


def look(at: str) -> str:
    """Look something up."""
    return f"found {at}"


TOOLS: list[BaseTool] = [FunctionTool.from_defaults(look)]
CALL = {"name": "look", "kwargs": {"at": "it"}}
SELECTED = [ToolSelection(tool_id="call-0", tool_name="look", tool_kwargs={"at": "it"})]


def callers() -> dict[str, Any]:
    return {
        tier: FakeChat(model=model, tool_calls=[dict(CALL) for _ in range(4)])
        for tier, model in {"strong": "big", "weak": "small"}.items()
    }


@pytest.mark.parametrize(("question", "tier"), [("HARD", "strong"), ("easy", "weak")])
async def test_each_model_gets_tools_in_its_own_format_and_reads_its_own_calls(
    question: str, tier: str
) -> None:
    """Each fake refuses the other's schemas and the other's calls."""
    routed, _ = routed_over_fakes(**callers())
    responses = [
        routed.chat_with_tools(TOOLS, user_msg=question),
        await routed.achat_with_tools(TOOLS, user_msg=question),
        list(routed.stream_chat_with_tools(TOOLS, user_msg=question))[-1],
        [chunk async for chunk in await routed.astream_chat_with_tools(TOOLS, user_msg=question)][-1],
    ]
    for response in responses:
        assert response.additional_kwargs["routellm"]["model"] == tier
        assert routed.get_tool_calls_from_response(response) == SELECTED


async def test_tools_are_called_by_the_chosen_model() -> None:
    routed, spy = routed_over_fakes(**callers())
    assert str(routed.predict_and_call(TOOLS, user_msg="easy")) == "found it"
    assert str(await routed.apredict_and_call(TOOLS, ChatMessage(content="easy"))) == "found it"
    assert spy.seen == ["easy"]


def test_a_stream_of_tool_calls_is_routed_when_it_is_asked_for() -> None:
    routed, spy = routed_over_fakes(**callers())
    routed.stream_chat_with_tools(TOOLS, user_msg="easy")
    assert spy.seen == ["easy"]


def test_the_last_message_of_a_history_is_the_question_where_none_is_given() -> None:
    routed, spy = routed_over_fakes(**callers())
    history = [ChatMessage(role="system", content="HARD"), ChatMessage(role="user", content="easy")]
    routed.chat_with_tools(TOOLS, chat_history=history)
    assert spy.seen == ["easy"]


def test_positional_arguments_reach_the_model_in_their_places() -> None:
    """The fourth is `verbose`."""
    routed, _ = routed_over_fakes(**callers())
    response = routed.chat_with_tools(TOOLS, "easy", None, True, allow_parallel_tool_calls=True)
    assert routed.get_tool_calls_from_response(response) == SELECTED


TOOL_HISTORIES = {
    "a tool's result": ChatMessage(role=MessageRole.TOOL, content="found"),
    "a function's result": ChatMessage(role=MessageRole.FUNCTION, content="found"),
    "a call in keywords": ChatMessage(role="assistant", additional_kwargs={"tool_calls": [{}]}),
    "a call in a block": ChatMessage(
        role="assistant", blocks=[ToolCallBlock(tool_name="look", tool_kwargs={})]
    ),
}


@pytest.mark.parametrize("message", TOOL_HISTORIES.values(), ids=TOOL_HISTORIES)
def test_a_conversation_with_tool_messages_goes_to_the_model_that_reads_them(message: ChatMessage) -> None:
    routed, _ = routed_over_fakes(weak=FakeChat(model="small", calls_functions=False))
    decision = routed.chat([ChatMessage(content="easy"), message]).additional_kwargs["routellm"]
    assert (decision["model"], decision["reason"]) == ("strong", "capability:tools")


def test_the_weak_model_gets_the_tools_where_only_it_calls_them() -> None:
    routed, _ = routed_over_fakes(strong=FakeCompletion(), weak=callers()["weak"])
    response = routed.chat_with_tools(TOOLS, user_msg="HARD")
    assert response.additional_kwargs["routellm"]["reason"] == "capability:tools"
    assert routed.get_tool_calls_from_response(response) == SELECTED


def test_tools_without_a_model_that_calls_them_are_refused() -> None:
    routed, _ = routed_over_fakes(strong=FakeCompletion(), weak=FakeCompletion())
    with pytest.raises(CapabilityError, match="tools need a FunctionCallingLLM, and FakeCompletion is none"):
        routed.chat_with_tools(TOOLS, user_msg="easy")


def test_a_response_of_unknown_origin_is_read_by_a_model_that_calls_functions() -> None:
    written = {"tool_calls": [{"by": "small", **CALL}]}
    response = ChatResponse(message=ChatMessage(role="assistant", additional_kwargs=written))
    routed, _ = routed_over_fakes(strong=FakeCompletion())
    assert routed.get_tool_calls_from_response(response) == SELECTED


def test_no_request_is_prepared_before_a_model_is_chosen() -> None:
    routed, _ = routed_over_fakes()
    with pytest.raises(InvalidInputError, match="must be asked through chat_with_tools"):
        routed._prepare_chat_with_tools(TOOLS)


def test_a_manual_tool_loop_stays_on_its_model_when_the_router_fails_midway() -> None:
    """The first call falls back to strong; 0.2 would send the second, which has a tool's result, weak."""
    answers = iter([float("nan"), 0.2])
    routed = RoutedLLM(**callers(), router=FixedRouter(lambda query: next(answers)))
    asked = [ChatMessage(content="easy")]
    with pytest.warns(UserWarning, match="router fixed failed"):
        first = routed.chat_with_tools(TOOLS, chat_history=asked)
    asked += [first.message, ChatMessage(role=MessageRole.TOOL, content="found")]
    second = routed.chat_with_tools(TOOLS, chat_history=asked)
    assert second.additional_kwargs["routellm"]["reason"] == "sticky"
    assert second.additional_kwargs["routellm"]["model"] == "strong"
