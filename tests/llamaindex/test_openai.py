"""Real OpenAI children over a transport that no request leaves: what providers get to see."""

import json
import pickle
from collections.abc import Callable
from typing import Any

import httpx
import openai
import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.prompts import PromptTemplate
from llama_index.llms.openai import OpenAI
from pydantic import BaseModel

from llamaindex_routellm import RoutedLLM, RoutedTokens
from shared_router import TokenUsage
from tests.llamaindex.fakes import SpyRouter, memory
from tests.llamaindex.indexes import index_of_documents

EASY = "What is 2+2?"
KEYS = {"gpt-4o": "sk-strong-0123456789", "gpt-4o-mini": "sk-weak-0123456789"}
USAGE = {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}


class Provider:
    """Answer every request with a text, or with what it is told, and keep the bodies and the keys."""

    def __init__(self, *messages: dict[str, Any], status: int = 200) -> None:
        self.messages = list(messages)
        self.status = status
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        self.bodies.append(body)
        self.keys.append(request.headers["authorization"].removeprefix("Bearer "))
        if self.status != 200:
            return httpx.Response(self.status, json={"error": {"message": "the provider's own words"}})
        message = {"role": "assistant", "content": f"{body['model']} says so"}
        message = self.messages.pop(0) if self.messages else message
        choice = {"index": 0, "finish_reason": "stop"}
        head = {"id": "1", "created": 1, "model": body["model"], "usage": USAGE}
        if not body.get("stream"):
            choices = [{**choice, "message": message}]
            return httpx.Response(200, json={**head, "object": "chat.completion", "choices": choices})
        deltas = [{**choice, "delta": message}]
        chunk = json.dumps({**head, "object": "chat.completion.chunk", "choices": deltas})
        events = {"content-type": "text/event-stream"}
        return httpx.Response(200, content=f"data: {chunk}\n\ndata: [DONE]\n\n", headers=events)


def child(model: str, provider: Provider) -> OpenAI:
    transport = httpx.MockTransport(provider)
    return OpenAI(
        model=model,
        api_key=KEYS[model],
        max_retries=0,
        http_client=httpx.Client(transport=transport),
        async_http_client=httpx.AsyncClient(transport=transport),
    )


def routed_over(provider: Provider, **kwargs: Any) -> tuple[RoutedLLM, SpyRouter]:
    spy = SpyRouter()
    strong, weak = child("gpt-4o", provider), child("gpt-4o-mini", provider)
    return RoutedLLM(strong=strong, weak=weak, router=spy, threshold=0.5, **kwargs), spy


class Sum(BaseModel):
    """A sum."""

    n: int


def test_each_question_of_an_index_goes_to_one_model_with_its_own_key() -> None:
    provider = Provider()
    routed, spy = routed_over(provider)
    engine = index_of_documents().as_query_engine(llm=routed)
    assert str(engine.query(EASY)) == "gpt-4o-mini says so"
    assert str(engine.query("HARD: why?")) == "gpt-4o says so"
    assert spy.seen == [EASY, "HARD: why?"]
    assert provider.keys == [KEYS["gpt-4o-mini"], KEYS["gpt-4o"]]


async def test_nothing_of_ours_is_sent() -> None:
    """The decision of a turn must not reach the provider with the next turn's history."""
    provider = Provider()
    routed, _ = routed_over(provider)
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
    bare = child("gpt-4o", provider)
    bare.chat(history)
    assert provider.bodies[1] == provider.bodies[-1]


async def test_structured_output_keeps_openais_json_schema() -> None:
    answer = {"role": "assistant", "content": '{"n": 4}'}
    provider = Provider(answer, answer, answer)
    routed, spy = routed_over(provider)
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

    called = {"index": 0, "id": "call-1", "type": "function"}
    call = {**called, "function": {"name": "look", "arguments": '{"at": "it"}'}}
    provider = Provider({"role": "assistant", "content": None, "tool_calls": [call]})
    routed, spy = routed_over(provider)
    agent = FunctionAgent(tools=[look], llm=routed, streaming=streaming)
    assert str(await agent.run(user_msg=EASY, memory=memory())) == "gpt-4o-mini says so"
    assert spy.seen == [EASY]
    assert [body["model"] for body in provider.bodies] == ["gpt-4o-mini"] * 2
    assert provider.bodies[1]["messages"][-1]["role"] == "tool"
    assert "routellm" not in json.dumps(provider.bodies)


async def test_the_tokens_that_openai_reports_are_counted() -> None:
    routed, _ = routed_over(Provider())
    with RoutedTokens() as tokens:
        routed.chat([ChatMessage(content="HARD")])
        await routed.acomplete(EASY)
        list(routed.stream_chat([ChatMessage(content=EASY)]))
    assert tokens.usage == {"strong": TokenUsage(1, 12, 3), "weak": TokenUsage(2, 24, 6)}


def test_what_openai_refuses_is_raised_untouched() -> None:
    routed, _ = routed_over(Provider(status=401))
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
    routed, _ = routed_over(Provider(), system_prompt="Be brief.")
    shown = str(dump(routed))
    assert not any(key in shown for key in KEYS.values())


def test_an_unpickled_llm_takes_its_keys_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    routed, _ = routed_over(Provider())
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-environment")
    again = pickle.loads(pickle.dumps(routed))
    assert again.strong.api_key == again.weak.api_key == "sk-of-the-environment"
    assert (again.strong.model, again.weak.max_retries) == ("gpt-4o", 0)
