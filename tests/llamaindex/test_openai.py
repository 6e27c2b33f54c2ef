"""Real OpenAI children over a transport that no request leaves: what providers get to see."""

import json
import pickle
from collections.abc import Callable
from typing import Any

import openai
import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.prompts import PromptTemplate
from pydantic import BaseModel

from llamaindex_routellm import RoutedLLM, RoutedTokens
from shared_router import TokenUsage
from tests.llamaindex.fakes import memory
from tests.llamaindex.indexes import index_of_documents
from tests.llamaindex.providers import KEYS, OpenAIProvider, ToolCall, openai_child, routed_over_openai

EASY = "What is 2+2?"


class Sum(BaseModel):
    """A sum."""

    n: int


def test_each_question_of_an_index_goes_to_one_model_with_its_own_key() -> None:
    provider = OpenAIProvider()
    routed, spy = routed_over_openai(provider)
    engine = index_of_documents().as_query_engine(llm=routed)
    assert str(engine.query(EASY)) == "gpt-4o-mini says so"
    assert str(engine.query("HARD: why?")) == "gpt-4o says so"
    assert spy.seen == [EASY, "HARD: why?"]
    assert provider.keys == [KEYS["gpt-4o-mini"], KEYS["gpt-4o"]]


async def test_nothing_of_ours_is_sent() -> None:
    """The decision of a turn must not reach the provider with the next turn's history."""
    provider = OpenAIProvider()
    routed, _ = routed_over_openai(provider)
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
    bare = openai_child("gpt-4o", provider)
    bare.chat(history)
    assert provider.bodies[1] == provider.bodies[-1]


async def test_structured_output_keeps_openais_json_schema() -> None:
    provider = OpenAIProvider(*['{"n": 4}'] * 3)
    routed, spy = routed_over_openai(provider)
    template = PromptTemplate("HARD {context_str} {query_str}")
    filled: dict[str, Any] = {"context_str": "documents", "query_str": EASY}
    assert routed.structured_predict(Sum, template, **filled) == Sum(n=4)
    assert await routed.astructured_predict(Sum, template, **filled) == Sum(n=4)
    assert (
        str(index_of_documents().as_query_engine(llm=routed.as_structured_llm(Sum)).query(EASY)) == '{"n":4}'
    )
    assert [body["response_format"]["type"] for body in provider.bodies] == ["json_schema"] * 3
    assert spy.seen == [EASY]


@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")
@pytest.mark.parametrize("streaming", [True, False])
async def test_an_agents_tool_loop_stays_on_one_model(streaming: bool) -> None:
    def look(at: str) -> str:
        """Look something up."""
        return f"HARD data of {at}"

    provider = OpenAIProvider(ToolCall("look", {"at": "it"}))
    routed, spy = routed_over_openai(provider)
    agent = FunctionAgent(tools=[look], llm=routed, streaming=streaming)
    assert str(await agent.run(user_msg=EASY, memory=memory())) == "gpt-4o-mini says so"
    assert spy.seen == [EASY]
    assert [body["model"] for body in provider.bodies] == ["gpt-4o-mini"] * 2
    assert provider.bodies[1]["messages"][-1]["role"] == "tool"
    assert "routellm" not in json.dumps(provider.bodies)


async def test_the_tokens_that_openai_reports_are_counted() -> None:
    routed, _ = routed_over_openai(OpenAIProvider())
    with RoutedTokens() as tokens:
        routed.chat([ChatMessage(content="HARD")])
        await routed.acomplete(EASY)
        list(routed.stream_chat([ChatMessage(content=EASY)]))
    assert tokens.usage == {"strong": TokenUsage(1, 12, 3), "weak": TokenUsage(2, 24, 6)}


def test_what_openai_refuses_is_raised_untouched() -> None:
    routed, _ = routed_over_openai(OpenAIProvider(status=401))
    with pytest.raises(openai.AuthenticationError, match="the provider's own words"):
        routed.chat([ChatMessage(content=EASY)])


DUMPS: dict[str, Callable[[RoutedLLM], object]] = {
    "repr": repr,
    "str": str,
    "to_dict": RoutedLLM.to_dict,
    "json": RoutedLLM.json,
    "model_dump": RoutedLLM.model_dump,
    "pickle": pickle.dumps,
}


@pytest.mark.parametrize("dump", DUMPS.values(), ids=DUMPS)
def test_no_dump_holds_a_key_of_openais(dump: Callable[[RoutedLLM], object]) -> None:
    routed, _ = routed_over_openai(OpenAIProvider(), system_prompt="Be brief.")
    shown = str(dump(routed))
    assert not any(key in shown for key in KEYS.values())


def test_an_unpickled_llm_takes_its_keys_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    routed, _ = routed_over_openai(OpenAIProvider())
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-environment")
    again = pickle.loads(pickle.dumps(routed))
    assert again.strong.api_key == again.weak.api_key == "sk-of-the-environment"
    assert (again.strong.model, again.weak.max_retries) == ("gpt-4o", 0)
