"""LangChain's own integration suite over the real local model, asked over HTTP by its OpenAI client.

Skipped are tests of what the model or its server cannot do: it calls no tools, its server ignores
`tool_choice`, `response_format` and `stop` sequences beyond the end of a turn, and it reads text alone.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_openai import ChatOpenAI
from langchain_tests.integration_tests import ChatModelIntegrationTests
from pydantic import SecretStr

from langchain_routellm import CascadedChatModel, RoutedChatModel
from shared_router import TokenPrices
from shared_router.demo.server import LocalServer
from shared_router.testing import FixedRouter
from tests.answer_scorers import accepts

pytestmark = [
    pytest.mark.local_llm,
    pytest.mark.filterwarnings("ignore::shared_router.errors.IgnoredArgumentWarning"),
    pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning"),
]


@dataclass(frozen=True)
class Endpoint:
    """The server, and HTTP clients of the test's own: OpenAI's leave their sockets open."""

    server: LocalServer
    http_client: httpx.Client
    http_async_client: httpx.AsyncClient


@pytest.fixture
async def endpoint(local_llm: LocalServer) -> AsyncIterator[Endpoint]:
    with httpx.Client(timeout=120) as client:
        async with httpx.AsyncClient(timeout=120) as async_client:
            yield Endpoint(local_llm, client, async_client)


def child(endpoint: Endpoint, **settings: Any) -> ChatOpenAI:
    server = endpoint.server
    return ChatOpenAI(
        http_client=endpoint.http_client,
        http_async_client=endpoint.http_async_client,
        model=server.model,
        base_url=server.base_url,
        api_key=SecretStr("none-needed"),
        temperature=0,
        max_completion_tokens=16,
        stream_usage=True,
        **settings,
    )


def arguments(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "strong": child(endpoint, tags=["strong"]),
        "weak": child(endpoint, tags=["weak"]),
        "router": FixedRouter({"What is the capital of France?": 0.1}, otherwise=0.9),
        "threshold": 0.5,
    }


def routed(endpoint: Endpoint) -> RoutedChatModel:
    return RoutedChatModel(**arguments(endpoint))


class TestIntegrationOverTheLocalModel(ChatModelIntegrationTests):
    endpoint: Endpoint
    has_tool_calling = False
    has_tool_choice = False
    has_structured_output = False
    supports_model_override = False  # the server knows one name

    @pytest.fixture(autouse=True)
    def _over(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint

    @property
    def chat_model_class(self) -> type[RoutedChatModel]:
        return RoutedChatModel

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return arguments(self.endpoint)


def test_a_question_is_answered_by_the_model_it_is_routed_to(endpoint: Endpoint) -> None:
    prompt = ChatPromptTemplate.from_template("{question}")
    chain = prompt | routed(endpoint)
    easy = chain.invoke({"question": "What is the capital of France?"})
    assert "Paris" in easy.text
    assert easy.response_metadata["routellm"]["model"] == "weak"
    hard = chain.invoke({"question": "Prove it."})
    assert hard.response_metadata["routellm"]["model"] == "strong"


def test_a_stream_says_what_the_child_says_and_is_marked_once(endpoint: Endpoint) -> None:
    question = "What is the capital of France?"
    chunks: list[AIMessageChunk] = list(routed(endpoint).stream(question))
    assert "".join(chunk.text for chunk in chunks) == child(endpoint).invoke(question).text
    assert sum("routellm" in chunk.response_metadata for chunk in chunks) == 1


def test_tokens_are_those_of_the_bare_child(endpoint: Endpoint) -> None:
    question = "Say hello."
    answers: list[AIMessage] = [model.invoke(question) for model in (routed(endpoint), child(endpoint))]
    assert answers[0].usage_metadata == answers[1].usage_metadata
    assert answers[0].usage_metadata is not None


async def test_a_chain_answers_asynchronously(endpoint: Endpoint) -> None:
    chain = routed(endpoint) | StrOutputParser()
    assert "Paris" in await chain.ainvoke("What is the capital of France?")


async def test_a_cascade_bills_each_call_and_rejects_what_was_cut_short(endpoint: Endpoint) -> None:
    """An answer of 16 tokens to a question that wants many is cut short, and the server says so."""
    prices = {"strong": TokenPrices(10.0, 30.0), "weak": TokenPrices(1.0, 3.0)}
    children: dict[str, Any] = {"strong": child(endpoint), "weak": child(endpoint)}
    model = CascadedChatModel(**children, scorer=accepts, prices=prices)
    long = await model.ainvoke("Write a long story about a lighthouse.")
    told = long.response_metadata["routellm"]
    assert told["reason"] == "escalated:cut_short"
    weak, strong = told["calls"]
    assert strong["dollars"] == pytest.approx(10 * weak["dollars"])
    assert told["dollars"] == pytest.approx(weak["dollars"] + strong["dollars"])
    assert "".join(chunk.text for chunk in model.stream("What is 17 plus 25?"))
