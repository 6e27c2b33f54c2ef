"""Real OpenAI and Anthropic children over a transport that no request leaves: what providers get to see."""

import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import anthropic
import openai
import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.llms.function_calling import FunctionCallingLLM

from llamaindex_routellm import RoutedLLM, RoutedTokens
from shared_router import TokenUsage
from tests.llamaindex.fakes import SpyRouter, memory
from tests.llamaindex.indexes import index_of_documents
from tests.llamaindex.providers import (
    KEYS,
    LOOKED,
    AnthropicProvider,
    OpenAIProvider,
    Provider,
    anthropic_child,
    look,
    openai_child,
    routed_over_anthropic,
    routed_over_openai,
)

EASY = "What is 2+2?"


@dataclass(frozen=True)
class Kind:
    """A provider and its two models.

    Attributes:
        key_of: Where a child's client keeps its key.
        variable: The environment variable that it takes a key from.
        tool_result: What the answer of a tool is sent as, of the last message.
    """

    strong: str
    weak: str
    provider: type[Provider]
    routed: Callable[..., tuple[RoutedLLM, SpyRouter]]
    child: Callable[[str, Provider], FunctionCallingLLM]
    refusal: type[Exception]
    key_of: Callable[[Any], str]
    variable: str
    tool_result: Callable[[dict[str, Any]], object]


KINDS = {
    "openai": Kind(
        "gpt-4o",
        "gpt-4o-mini",
        OpenAIProvider,
        routed_over_openai,
        openai_child,
        openai.AuthenticationError,
        lambda llm: str(llm.api_key),
        "OPENAI_API_KEY",
        lambda message: (message["role"], message["tool_call_id"]) == ("tool", "call-1"),
    ),
    "anthropic": Kind(
        "claude-sonnet-4-5",
        "claude-haiku-4-5",
        AnthropicProvider,
        routed_over_anthropic,
        anthropic_child,
        anthropic.AuthenticationError,
        lambda llm: str(llm._client.api_key),
        "ANTHROPIC_API_KEY",
        lambda message: (
            [(part["type"], part["tool_use_id"]) for part in message["content"]]
            == [("tool_result", "toolu_1")]
        ),
    ),
}


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


def test_each_question_of_an_index_goes_to_one_model_with_its_own_key(kind: Kind) -> None:
    provider = kind.provider()
    routed, spy = kind.routed(provider)
    engine = index_of_documents().as_query_engine(llm=routed)
    assert str(engine.query(EASY)) == f"{kind.weak} says so"
    assert str(engine.query("HARD: why?")) == f"{kind.strong} says so"
    assert spy.seen == [EASY, "HARD: why?"]
    assert provider.keys == [KEYS[kind.weak], KEYS[kind.strong]]


async def test_each_method_reaches_the_chosen_model(kind: Kind) -> None:
    routed, _ = kind.routed(kind.provider())
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
    assert said == [f"{kind.weak} says so"] * 8


async def test_nothing_of_ours_is_sent(kind: Kind) -> None:
    """The decision of a turn must not reach the provider with the next turn's history."""
    provider = kind.provider()
    routed, _ = kind.routed(provider)
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
    bare = kind.child(kind.strong, provider)
    bare.chat(history)
    assert provider.bodies[1] == provider.bodies[-1]


@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")
@pytest.mark.parametrize("streaming", [True, False])
async def test_an_agents_tool_loop_stays_on_one_model(kind: Kind, streaming: bool) -> None:
    provider = kind.provider(LOOKED)
    routed, spy = kind.routed(provider)
    agent = FunctionAgent(tools=[look], llm=routed, streaming=streaming)
    assert str(await agent.run(user_msg=EASY, memory=memory())) == f"{kind.weak} says so"
    assert spy.seen == [EASY]
    assert [body["model"] for body in provider.bodies] == [kind.weak] * 2
    assert kind.tool_result(provider.bodies[1]["messages"][-1])
    assert "routellm" not in json.dumps(provider.bodies)


async def test_the_tokens_that_a_provider_reports_are_counted(kind: Kind) -> None:
    routed, _ = kind.routed(kind.provider())
    with RoutedTokens() as tokens:
        routed.chat([ChatMessage(content="HARD")])
        await routed.acomplete(EASY)
        list(routed.stream_chat([ChatMessage(content=EASY)]))
    assert tokens.usage == {"strong": TokenUsage(1, 12, 3), "weak": TokenUsage(2, 24, 6)}


def test_what_a_provider_refuses_is_raised_untouched(kind: Kind) -> None:
    routed, _ = kind.routed(kind.provider(status=401))
    with pytest.raises(kind.refusal, match="the provider's own words") as raised:
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
def test_no_dump_holds_a_key(kind: Kind, dump: Callable[[RoutedLLM], object]) -> None:
    routed, _ = kind.routed(kind.provider(), system_prompt="Be brief.")
    shown = str(dump(routed))
    assert not any(key in shown for key in KEYS.values())


def test_an_unpickled_llm_takes_its_keys_from_the_environment(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    routed, _ = kind.routed(kind.provider())
    monkeypatch.setenv(kind.variable, "sk-ant-of-the-environment")
    again = pickle.loads(pickle.dumps(routed))
    assert [kind.key_of(llm) for llm in (again.strong, again.weak)] == ["sk-ant-of-the-environment"] * 2
    assert (again.strong.model, again.weak.max_retries) == (kind.strong, 0)
