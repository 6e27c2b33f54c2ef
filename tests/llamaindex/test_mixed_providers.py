"""An OpenAI and an Anthropic model under one: each is sent its own format, whichever is the strong one."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool

from llamaindex_routellm import RoutedLLM
from shared_router import Sticky
from tests.llamaindex.fakes import SpyRouter, memory
from tests.llamaindex.providers import (
    KEYS,
    LOOKED,
    OLD_ARGUMENT,
    AnthropicProvider,
    OpenAIProvider,
    Provider,
    Sum,
    ToolCall,
    anthropic_child,
    look,
    openai_child,
)

QUESTIONS = {"strong": "HARD: why?", "weak": "What is 2+2?"}


class Pair:
    """A routed LLM over one model of each provider, and the two providers behind it."""

    def __init__(self, strong: str, *answers: str | ToolCall, sticky: Sticky = "tool_loop") -> None:
        self.openai, self.anthropic = OpenAIProvider(*answers), AnthropicProvider(*answers)
        models: list[FunctionCallingLLM] = [
            openai_child("gpt-4o", self.openai),
            anthropic_child("claude-haiku-4-5", self.anthropic),
        ]
        strong_one, weak_one = models if strong == "openai" else models[::-1]
        self.spy = SpyRouter()
        self.routed = RoutedLLM(
            strong=strong_one, weak=weak_one, router=self.spy, threshold=0.5, sticky=sticky
        )
        self.behind = {"strong": self.openai, "weak": self.anthropic}
        if strong != "openai":
            self.behind = {"strong": self.anthropic, "weak": self.openai}


def _tools_of_openai(body: dict[str, Any]) -> str:
    return str(body["tools"][0]["function"]["name"])


def _tools_of_anthropic(body: dict[str, Any]) -> str:
    assert "input_schema" in body["tools"][0]
    return str(body["tools"][0]["name"])


TOOLS_OF: dict[type[Provider], Callable[[dict[str, Any]], str]] = {
    OpenAIProvider: _tools_of_openai,
    AnthropicProvider: _tools_of_anthropic,
}


@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")
@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize("strong", ["openai", "anthropic"])
@pytest.mark.parametrize("asked", ["strong", "weak"])
async def test_a_tool_loop_stays_with_its_provider_in_its_format(
    strong: str, asked: str, streaming: bool
) -> None:
    """The tool's output says HARD, and a loop is two requests to one provider."""
    pair = Pair(strong, LOOKED)
    agent = FunctionAgent(tools=[look], llm=pair.routed, streaming=streaming)
    await agent.run(user_msg=QUESTIONS[asked], memory=memory())
    provider = pair.behind[asked]
    other = pair.behind["weak" if asked == "strong" else "strong"]
    assert (len(provider.bodies), len(other.bodies)) == (2, 0)
    assert {TOOLS_OF[type(provider)](body) for body in provider.bodies} == {"look"}
    assert pair.spy.seen == [QUESTIONS[asked]]
    sent = json.dumps(provider.bodies)
    assert "routellm" not in sent
    assert not any(key in sent for key in KEYS.values())


@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")
@pytest.mark.parametrize("strong", ["openai", "anthropic"])
async def test_a_sticky_conversation_never_shows_one_provider_the_others_tool_calls(
    strong: str,
) -> None:
    pair = Pair(strong, LOOKED, sticky="conversation")
    agent = FunctionAgent(tools=[look], llm=pair.routed)
    remembered = memory()
    for question in ("weak", "strong", "weak"):
        await agent.run(user_msg=QUESTIONS[question], memory=remembered)
    assert (len(pair.behind["weak"].bodies), len(pair.behind["strong"].bodies)) == (4, 0)
    assert pair.spy.seen == [QUESTIONS["weak"]]


@pytest.mark.parametrize("strong", ["openai", "anthropic"])
def test_tool_calls_are_read_by_the_provider_that_wrote_them(strong: str) -> None:
    pair = Pair(strong, LOOKED)
    for question in QUESTIONS.values():
        response = pair.routed.chat_with_tools([FunctionTool.from_defaults(look)], user_msg=question)
        (call,) = pair.routed.get_tool_calls_from_response(response)
        assert (call.tool_name, call.tool_kwargs) == ("look", {"at": "it"})


@pytest.mark.filterwarnings(OLD_ARGUMENT)
@pytest.mark.parametrize("strong", ["openai", "anthropic"])
def test_each_provider_is_asked_for_objects_in_its_own_way(strong: str) -> None:
    pair = Pair(strong, '{"n": 4}')
    template = PromptTemplate("{query_str}")
    for question in QUESTIONS.values():
        assert pair.routed.structured_predict(Sum, template, query_str=question) == Sum(n=4)
    assert pair.openai.bodies[0]["response_format"]["type"] == "json_schema"
    assert pair.anthropic.bodies[0]["output_config"]["format"]["type"] == "json_schema"


@pytest.mark.parametrize("strong", ["openai", "anthropic"])
def test_a_conversation_may_change_providers_between_its_turns(strong: str) -> None:
    pair = Pair(strong)
    history = [ChatMessage(content=QUESTIONS["weak"])]
    history += [pair.routed.chat(history).message, ChatMessage(content=QUESTIONS["strong"])]
    pair.routed.chat(history)
    for provider in pair.behind.values():
        assert len(provider.bodies) == 1
        assert "routellm" not in json.dumps(provider.bodies)
