"""A real model behind a real HTTP server, through LlamaIndex's own client."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from llama_index.core import Document, VectorStoreIndex
from llama_index.core.agent.workflow import FunctionAgent, ReActAgent
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.node_parser import SentenceSplitter
from llama_index.llms.openai_like import OpenAILike

from llamaindex_routellm import CascadedLLM, RoutedLLM, RoutedTokens
from shared_router import TokenPrices
from tests.answer_scorers import accepts
from tests.llamaindex.cascaded import told
from tests.llamaindex.fakes import SpyRouter, memory
from tests.llamaindex.indexes import StaticEmbedding, WordEmbedding

if TYPE_CHECKING:
    from shared_router.demo.server import LocalServer

pytestmark = pytest.mark.local_llm

EASY = "Who owns a cat?"
TEXTS = ["Lena owns a cat named Moss.", "HARD rule: the museum closes at six.", "Tom has a dog."]


@pytest.fixture
def index() -> VectorStoreIndex:
    documents = [Document(text=text) for text in TEXTS]
    return VectorStoreIndex.from_documents(documents, embed_model=WordEmbedding(), transformations=[])


def routed_over(server: LocalServer, **settings: Any) -> tuple[RoutedLLM, SpyRouter]:
    def model(temperature: float) -> OpenAILike:
        return OpenAILike(
            model=server.model,
            api_base=server.base_url,
            api_key="any",
            is_chat_model=True,
            context_window=2048,
            temperature=temperature,
            **{"max_tokens": 6, **settings},
        )

    spy = SpyRouter()
    return RoutedLLM(strong=model(0.0), weak=model(0.1), router=spy, threshold=0.5), spy


async def test_an_index_is_asked_in_every_way(index: VectorStoreIndex, local_llm: LocalServer) -> None:
    """Two weak questions and one strong, of at most 6 tokens each; a prompt holds the documents."""
    with httpx.Client() as client, RoutedTokens() as tokens:
        async with httpx.AsyncClient() as async_client:
            llm, spy = routed_over(local_llm, http_client=client, async_http_client=async_client)
            engine = index.as_query_engine(llm=llm)
            assert str(engine.query(EASY)).strip()
            assert str(await engine.aquery("HARD: when does the museum close?")).strip()
        answer: Any = index.as_query_engine(llm=llm, streaming=True).query(EASY)
        assert "".join(answer.response_gen).strip()
    assert spy.seen == [EASY, "HARD: when does the museum close?"]
    assert {model: usage.calls for model, usage in tokens.usage.items()} == {"weak": 2, "strong": 1}
    assert tokens.usage["strong"].input_tokens > 50
    assert 1 <= tokens.usage["strong"].output_tokens <= 6


def test_a_chat_goes_turn_by_turn(index: VectorStoreIndex, local_llm: LocalServer) -> None:
    mode: Any = "condense_plus_context"
    with httpx.Client() as client:
        llm, spy = routed_over(local_llm, http_client=client)
        memory = ChatMemoryBuffer.from_defaults(token_limit=1000)
        chat = index.as_chat_engine(chat_mode=mode, llm=llm, memory=memory)
        with llm.capture() as decisions:
            assert str(chat.chat(EASY)).strip()
            assert "".join(chat.stream_chat("HARD: and why?").response_gen).strip()
    assert spy.seen == [EASY, "HARD: and why?"]
    assert [decision.model for decision in decisions] == ["weak", "strong", "strong"]


def test_real_documents_are_found_by_real_embeddings(local_llm: LocalServer) -> None:
    """The package's own documentation, cut into passages and embedded by the shipped embedder."""
    text = (Path(__file__).parents[2] / "docs" / "llamaindex.md").read_text()
    splitter = SentenceSplitter(chunk_size=200, chunk_overlap=0)
    index = VectorStoreIndex.from_documents(
        [Document(text=text)], embed_model=StaticEmbedding(), transformations=[splitter]
    )
    with httpx.Client() as client:
        llm, spy = routed_over(local_llm, http_client=client)
        answer: Any = index.as_query_engine(llm=llm, similarity_top_k=2).query("How do agents call tools?")
    assert str(answer).strip()
    assert spy.seen == ["How do agents call tools?"]
    assert any("tool" in node.text for node in answer.source_nodes)


def look(at: str) -> str:
    """Look up who owns an animal."""
    return f"HARD: Lena owns {at}"


@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")
@pytest.mark.filterwarnings("ignore:is_running called from within a step")
@pytest.mark.parametrize("kind", [ReActAgent, FunctionAgent])
async def test_an_agents_run_is_one_question(
    kind: type[ReActAgent | FunctionAgent], local_llm: LocalServer
) -> None:
    """A model this small is told of the tool and answers without it; loops of tools are tested elsewhere."""
    async with httpx.AsyncClient() as client:
        functions = kind is FunctionAgent
        llm, spy = routed_over(
            local_llm, async_http_client=client, max_tokens=40, is_function_calling_model=functions
        )
        agent = kind(tools=[look], llm=llm, streaming=False)
        with llm.capture() as decisions:
            assert str(await agent.run(user_msg=f"HARD: {EASY}", memory=memory(), max_iterations=3)).strip()
    assert spy.seen == [f"HARD: {EASY}"]
    assert {decision.model for decision in decisions} == {"strong"}


def test_a_cascade_bills_each_call_and_rejects_what_was_cut_short(local_llm: LocalServer) -> None:
    """An answer of 6 tokens to a question that wants many is cut short, and the server says so."""
    prices = {"strong": TokenPrices(10.0, 30.0), "weak": TokenPrices(1.0, 3.0)}
    with httpx.Client() as client:
        routed, _ = routed_over(local_llm, http_client=client)
        llm = CascadedLLM(strong=routed.strong, weak=routed.weak, scorer=accepts, prices=prices)
        response = llm.complete("Write a long story about a lighthouse.")
        assert told(response)["reason"] == "escalated:cut_short"
        weak, strong = told(response)["calls"]
        assert 0 < weak["dollars"] < strong["dollars"]
        parts = list(llm.stream_complete("Write a long story about a lighthouse."))
    assert told(parts[-1])["reason"] == "escalated:cut_short"
