"""The demo's LangChain program: a chain of prompt, routed model and parser."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from shared_router.demo.client import client_options
from shared_router.demo.library import Library
from shared_router.demo.table import Answer
from shared_router.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shared_router.demo.arguments import Endpoint
    from shared_router.policy import RoutingPolicy

_INSTRUCTIONS = "Answer in one short sentence. Notes that may help: {notes}"


def langchain_answers(
    questions: Sequence[str], strong: Endpoint, weak: Endpoint, policy: RoutingPolicy, *, max_tokens: int
) -> Iterator[Answer]:
    """Ask through a LangChain chain: `prompt | model | parser`, with the nearest document as a note.

    Args:
        questions: What to ask, n questions.
        strong: Where the strong model is.
        weak: Where the weak model is.
        policy: The router and the threshold.
        max_tokens: Longest answer, in tokens, >= 1.

    Yields:
        n answers, in order, each as it comes.

    Raises:
        MissingExtraError: If LangChain's packages are not installed.
    """
    try:
        from langchain_core.prompts import ChatPromptTemplate
        from langchain_core.runnables import RunnablePassthrough

        from langchain_routellm import RoutedChatModel
    except ImportError as error:
        raise MissingExtraError.of(error.name or "langchain_core", "demo") from error
    library = Library()
    prompt = ChatPromptTemplate([("system", _INSTRUCTIONS), ("human", "{question}")])
    with contextlib.ExitStack() as clients:
        model = RoutedChatModel(
            strong=_chat_openai(strong, max_tokens, clients),
            weak=_chat_openai(weak, max_tokens, clients),
            router=policy.router,
            threshold=policy.threshold,
        )
        chain = RunnablePassthrough.assign(message=prompt | model) | _parsed
        for question in questions:
            yield chain.invoke({"question": question, "notes": library.nearest(question)})


def _parsed(asked: dict[str, Any]) -> Answer:
    """Turn the chain's question and message into an answer: the parser of this chain."""
    message = asked["message"]
    decision = message.response_metadata["routellm"]
    usage = message.usage_metadata or {}
    return Answer(
        asked["question"],
        message.text,
        decision["model"],
        decision.get("win_probability"),
        usage.get("input_tokens"),
        usage.get("output_tokens"),
    )


def _chat_openai(endpoint: Endpoint, max_tokens: int, clients: contextlib.ExitStack) -> Any:
    try:
        from langchain_openai import ChatOpenAI
        from pydantic import SecretStr
    except ImportError as error:
        raise MissingExtraError.of(error.name or "langchain_openai", "demo") from error
    return ChatOpenAI(
        model=endpoint.model,
        base_url=endpoint.base_url,
        api_key=SecretStr(endpoint.api_key),
        max_completion_tokens=max_tokens,
        **client_options(endpoint, clients),
    )
