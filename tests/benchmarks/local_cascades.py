"""A cascade through both frameworks over a real server, with the bill of each call.

Both models are the demo's SmolLM2-135M: the weak one may write 32 tokens and the strong one 64, at the prices
of a small and a large hosted model. So the answers are poor; the HTTP calls, finish reasons and tokens are
real. The scorer is a check with the right word of each answer.

Run: python -m tests.benchmarks.local_cascades
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import httpx
from langchain_core.prompts import ChatPromptTemplate
from langchain_openai import ChatOpenAI
from llama_index.core.base.llms.types import ChatMessage
from llama_index.llms.openai_like import OpenAILike
from pydantic import SecretStr

from langchain_routellm import CascadedChatModel
from llamaindex_routellm import CascadedLLM
from shared_router import TokenPrices
from shared_router.demo.local_model import local_model_folder
from shared_router.demo.server import LocalServer, serve
from tests.benchmarks.measure import report_rows

PRICES = {"weak": TokenPrices(0.15, 0.60), "strong": TokenPrices(2.50, 10.00)}
WEAK_TOKENS, STRONG_TOKENS = 32, 64
RIGHT_WORDS = {
    "What is the capital of France?": "Paris",
    "Translate 'good morning' into Spanish.": "Buenos",
    "Which planet is known as the Red Planet?": "Mars",
    "Why is the sky blue? Answer in three sentences.": "scatter",
    "What is 17 plus 25?": "42",
}


def says_the_right_word(question: str, answer: str) -> float:
    """Return 1 where an answer says what it should, else 0: a check of one's own, as `scorer=` takes it."""
    return float(RIGHT_WORDS[question].lower() in answer.lower())


def chat_openai(server: LocalServer, client: httpx.Client, max_tokens: int) -> ChatOpenAI:
    """Return LangChain's model for the server."""
    return ChatOpenAI(
        model=server.model,
        base_url=server.base_url,
        api_key=SecretStr("none-needed"),
        max_completion_tokens=max_tokens,
        temperature=0,
        http_client=client,
    )


def openai_like(server: LocalServer, client: httpx.Client, max_tokens: int) -> OpenAILike:
    """Return LlamaIndex's model for the server."""
    return OpenAILike(
        model=server.model,
        api_base=server.base_url,
        api_key="none-needed",
        max_tokens=max_tokens,
        temperature=0,
        is_chat_model=True,
        context_window=8192,
        http_client=client,
    )


@contextlib.contextmanager
def local_server() -> Iterator[tuple[LocalServer, httpx.Client]]:
    """Serve the demo's model, with a client that no proxy stands before."""
    with (
        serve(local_model_folder(), progress=False) as server,
        httpx.Client(trust_env=False, timeout=120.0) as client,
    ):
        yield server, client


def langchain_decisions(server: LocalServer, client: httpx.Client) -> Iterator[dict[str, Any]]:
    """Ask through `prompt | model`."""
    model = CascadedChatModel(
        strong=chat_openai(server, client, STRONG_TOKENS),
        weak=chat_openai(server, client, WEAK_TOKENS),
        scorer=says_the_right_word,
        prices=PRICES,
        query_keys=["question"],
    )
    prompt = ChatPromptTemplate([("system", "Answer briefly."), ("human", "{question}")])
    for question in RIGHT_WORDS:
        yield (prompt | model).invoke({"question": question}).response_metadata["routellm"]


def llamaindex_decisions(server: LocalServer, client: httpx.Client) -> Iterator[dict[str, Any]]:
    """Ask by `chat`."""
    llm = CascadedLLM(
        strong=openai_like(server, client, STRONG_TOKENS),
        weak=openai_like(server, client, WEAK_TOKENS),
        scorer=says_the_right_word,
        prices=PRICES,
    )
    for question in RIGHT_WORDS:
        messages = [
            ChatMessage(role="system", content="Answer briefly."),
            ChatMessage(role="user", content=question),
        ]
        yield llm.chat(messages).additional_kwargs["routellm"]


def main() -> None:
    """Ask, and print the bill of each call."""
    rows = []
    with local_server() as (server, client):
        for framework, decisions in (
            ("LangChain", langchain_decisions(server, client)),
            ("LlamaIndex", llamaindex_decisions(server, client)),
        ):
            for question, told in zip(RIGHT_WORDS, decisions, strict=True):
                rows.append(
                    {
                        "framework": framework,
                        "question": question,
                        "answered by": told["model"],
                        "reason": told["reason"],
                        "calls (score, millionths of a dollar)": "; ".join(map(_shown, told["calls"])),
                        "together": f"{told['dollars'] * 1e6:.1f}",
                    }
                )
    report_rows("local_cascades", rows)


def _shown(call: dict[str, Any]) -> str:
    score = "unscored" if call["score"] is None else f"{call['score']:.1f}"
    return f"{call['model']} ({score}, {call['dollars'] * 1e6:.1f})"


if __name__ == "__main__":
    main()
