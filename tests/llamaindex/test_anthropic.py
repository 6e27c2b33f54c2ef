"""Real Anthropic children over a transport that no request leaves: what the provider gets to see."""

import json
import pickle
from collections.abc import Callable
from typing import Any

import anthropic
import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel

from llamaindex_routellm import RoutedLLM, RoutedTokens
from shared_router import TokenUsage
from tests.llamaindex.fakes import memory
from tests.llamaindex.indexes import index_of_documents
from tests.llamaindex.providers import (
    KEYS,
    OLD_ARGUMENT,
    AnthropicProvider,
    ToolCall,
    anthropic_child,
    routed_over_anthropic,
)

EASY = "What is 2+2?"
LOOKED = ToolCall("look", {"at": "it"})


def look(at: str) -> str:
    """Look something up."""
    return f"HARD data of {at}"


class Sum(BaseModel):
    """A sum."""

    n: int


def test_each_question_of_an_index_goes_to_one_model_with_its_own_key() -> None:
    provider = AnthropicProvider()
    routed, spy = routed_over_anthropic(provider)
    engine = index_of_documents().as_query_engine(llm=routed)
    assert str(engine.query(EASY)) == "claude-haiku-4-5 says so"
    assert str(engine.query("HARD: why?")) == "claude-sonnet-4-5 says so"
    assert spy.seen == [EASY, "HARD: why?"]
    assert provider.keys == [KEYS["claude-haiku-4-5"], KEYS["claude-sonnet-4-5"]]


async def test_each_method_reaches_the_chosen_model() -> None:
    routed, _ = routed_over_anthropic(AnthropicProvider())
    question = [ChatMessage(content=EASY)]
    said = [
        routed.chat(question).message.content,
        (await routed.achat(question)).message.content,
        "".join(chunk.delta or "" for chunk in routed.stream_chat(question)),
        "".join([chunk.delta or "" async for chunk in await routed.astream_chat(question)]),
        routed.complete(EASY).text,
        (await routed.acomplete(EASY)).text,
        "".join(chunk.delta or "" for chunk in routed.stream_complete(EASY)),
        "".join([chunk.delta or "" async for chunk in await routed.astream_complete(EASY)]),
    ]
    assert said == ["claude-haiku-4-5 says so"] * 8


async def test_nothing_of_ours_is_sent() -> None:
    """The decision of a turn must not reach the provider with the next turn's history."""
    provider = AnthropicProvider()
    routed, _ = routed_over_anthropic(provider)
    first = routed.chat([ChatMessage(content=EASY)])
    history = [ChatMessage(content=EASY), first.message, ChatMessage(content="HARD: and why?")]
    routed.chat(history)
    await routed.achat(history)
    list(routed.stream_chat(history))
    routed.complete(EASY)
    sent = json.dumps(provider.bodies)
    assert "routellm" not in sent
    assert "win_probability" not in sent
    assert not any(key in sent for key in KEYS.values())
    bare = anthropic_child("claude-sonnet-4-5", provider)
    bare.chat(history)
    assert provider.bodies[1] == provider.bodies[-1]


@pytest.mark.filterwarnings(OLD_ARGUMENT)
async def test_structured_output_keeps_anthropics_json_schema() -> None:
    provider = AnthropicProvider(*['{"n": 4}'] * 2)
    routed, spy = routed_over_anthropic(provider)
    template = PromptTemplate("HARD {context_str} {query_str}")
    filled: dict[str, Any] = {"context_str": "documents", "query_str": EASY}
    assert routed.structured_predict(Sum, template, **filled) == Sum(n=4)
    assert await routed.astructured_predict(Sum, template, **filled) == Sum(n=4)
    for body in provider.bodies:
        assert "n" in json.dumps(body["output_config"]["format"]["schema"])
    assert spy.seen == [EASY]


def test_a_tool_is_called_in_anthropics_format() -> None:
    provider = AnthropicProvider(LOOKED)
    routed, spy = routed_over_anthropic(provider)
    answer = routed.predict_and_call([FunctionTool.from_defaults(look)], user_msg=EASY)
    assert str(answer) == "HARD data of it"
    assert provider.bodies[0]["tools"][0]["input_schema"]["required"] == ["at"]
    assert spy.seen == [EASY]


@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")
@pytest.mark.parametrize("streaming", [True, False])
async def test_an_agents_tool_loop_stays_on_one_model(streaming: bool) -> None:
    provider = AnthropicProvider(LOOKED)
    routed, spy = routed_over_anthropic(provider)
    agent = FunctionAgent(tools=[look], llm=routed, streaming=streaming)
    assert str(await agent.run(user_msg=EASY, memory=memory())) == "claude-haiku-4-5 says so"
    assert spy.seen == [EASY]
    assert [body["model"] for body in provider.bodies] == ["claude-haiku-4-5"] * 2
    result = provider.bodies[1]["messages"][-1]["content"][0]
    assert (result["type"], result["tool_use_id"]) == ("tool_result", "toolu_1")
    assert "routellm" not in json.dumps(provider.bodies)


async def test_the_tokens_that_anthropic_reports_are_counted() -> None:
    routed, _ = routed_over_anthropic(AnthropicProvider())
    with RoutedTokens() as tokens:
        routed.chat([ChatMessage(content="HARD")])
        await routed.acomplete(EASY)
        list(routed.stream_chat([ChatMessage(content=EASY)]))
    assert tokens.usage == {"strong": TokenUsage(1, 12, 3), "weak": TokenUsage(2, 24, 6)}


def test_what_anthropic_refuses_is_raised_untouched() -> None:
    routed, _ = routed_over_anthropic(AnthropicProvider(status=401))
    with pytest.raises(anthropic.AuthenticationError, match="the provider's own words") as raised:
        routed.chat([ChatMessage(content=EASY)])
    assert not any(key in str(raised.value) for key in KEYS.values())


DUMPS: dict[str, Callable[[RoutedLLM], object]] = {
    "repr": repr,
    "str": str,
    "to_dict": RoutedLLM.to_dict,
    "json": RoutedLLM.json,
    "model_dump": RoutedLLM.model_dump,
    "pickle": pickle.dumps,
}


@pytest.mark.parametrize("dump", DUMPS.values(), ids=DUMPS)
def test_no_dump_holds_a_key_of_anthropics(dump: Callable[[RoutedLLM], object]) -> None:
    routed, _ = routed_over_anthropic(AnthropicProvider(), system_prompt="Be brief.")
    shown = str(dump(routed))
    assert not any(key in shown for key in KEYS.values())


def test_an_unpickled_llm_takes_its_keys_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    routed, _ = routed_over_anthropic(AnthropicProvider())
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-of-the-environment")
    again = pickle.loads(pickle.dumps(routed))
    assert again.strong._client.api_key == again.weak._client.api_key == "sk-ant-of-the-environment"
    assert (again.strong.model, again.weak.max_retries) == ("claude-sonnet-4-5", 0)
