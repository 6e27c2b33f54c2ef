"""Who is asked in the soak: ChatOpenAI and OpenAILike as they come, and routed with everything on."""

import httpx
from langchain_core.language_models import BaseChatModel
from langchain_openai import ChatOpenAI
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.llms import LLM
from llama_index.llms.openai_like import OpenAILike

from langchain_routellm import RoutedChatModel
from llamaindex_routellm import RoutedLLM
from shared_router import Budget, DecisionLog, Resilience, TokenPrices
from shared_router.testing import FixedRouter
from tests.benchmarks.soak_requests import MODELS, TIMEOUT_S, Ask, SoakRequest

PRICES = {"strong": TokenPrices(10.0, 10.0), "weak": TokenPrices(1.0, 1.0)}
"""Dollars a million tokens; the fault server's answers have 8."""

MAX_OUTPUT_TOKENS = 16
"""How many tokens an answer may have, which a budget holds until it is known how many it has."""


def soak_budget(dollars: float) -> Budget:
    """Return a budget that counts a word as a token, as the fault server bills it."""
    return Budget(
        dollars, per="day", max_output_tokens=MAX_OUTPUT_TOKENS, count_tokens=lambda text: len(text.split())
    )


def chat_openai(url: str, model: str) -> ChatOpenAI:
    """Return LangChain's client, with its own retries: two."""
    # a pool of the client's default size would make 200 calls wait for 100 connections
    pool = httpx.AsyncClient(limits=httpx.Limits(max_connections=None), timeout=TIMEOUT_S)
    return ChatOpenAI(
        model=model,
        base_url=url,
        api_key="none",  # type: ignore[arg-type]
        timeout=TIMEOUT_S,
        stream_usage=True,
        http_async_client=pool,
    )


def openai_like(url: str, model: str) -> OpenAILike:
    """Return LlamaIndex's client, with its own retries: up to twelve calls."""
    return OpenAILike(
        model=model,
        api_base=url,
        api_key="none",
        is_chat_model=True,
        timeout=TIMEOUT_S,
        async_http_client=httpx.AsyncClient(limits=httpx.Limits(max_connections=None), timeout=TIMEOUT_S),
        additional_kwargs={"stream_options": {"include_usage": True}},
    )


def bare_langchain(url: str) -> Ask:
    """Ask the child that a request is meant for."""
    children = {name: chat_openai(url, name) for name in MODELS}
    return lambda request: ask_langchain(children[request.model], request)


def bare_llamaindex(url: str) -> Ask:
    """Ask the child that a request is meant for."""
    children = {name: openai_like(url, name) for name in MODELS}
    return lambda request: ask_llamaindex(children[request.model], request)


def routed_langchain(url: str, *, budget: Budget, log: DecisionLog) -> Ask:
    """Ask a routed chat model over the same children."""
    model = RoutedChatModel(
        strong=chat_openai(url, "strong"),
        weak=chat_openai(url, "weak"),
        router=by_words(),
        threshold=0.5,
        prices=PRICES,
        resilience=Resilience(),
        budget=budget,
        observers=[log],
    )
    return lambda request: ask_langchain(model, request)


def routed_llamaindex(url: str, *, budget: Budget, log: DecisionLog) -> Ask:
    """Ask a routed LLM over the same children."""
    llm = RoutedLLM(
        strong=openai_like(url, "strong"),
        weak=openai_like(url, "weak"),
        router=by_words(),
        threshold=0.5,
        prices=PRICES,
        resilience=Resilience(),
        budget=budget,
        observers=[log],
    )
    return lambda request: ask_llamaindex(llm, request)


def by_words() -> FixedRouter:
    """Return a router that sends each request to the model that it is meant for."""
    return FixedRouter(lambda query: 0.9 if "HARD" in query else 0.1)


async def ask_langchain(model: BaseChatModel, request: SoakRequest) -> str:
    """Return the text of an answer, read as it comes where the request streams."""
    if request.streams:
        return "".join([part.text async for part in model.astream(request.prompt)])
    return str((await model.ainvoke(request.prompt)).text)


async def ask_llamaindex(llm: LLM, request: SoakRequest) -> str:
    """Return the text of an answer, read as it comes where the request streams."""
    messages = [ChatMessage(role="user", content=request.prompt)]
    if request.streams:
        return "".join([part.delta or "" async for part in await llm.astream_chat(messages)])
    return (await llm.achat(messages)).message.content or ""
