"""The demo's LangChain program: a chain of prompt, routed model and parser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared_router.demo.client import TIMEOUT_SECONDS, local_options
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
        from langchain_core.output_parsers import StrOutputParser
        from langchain_core.prompts import ChatPromptTemplate
        from langchain_core.runnables import RunnablePassthrough

        from langchain_routellm import RoutedChatModel
    except ImportError as error:
        raise MissingExtraError.of(error.name or "langchain_core", "demo") from error
    model = RoutedChatModel(
        strong=_chat_openai(strong, max_tokens),
        weak=_chat_openai(weak, max_tokens),
        router=policy.router,
        threshold=policy.threshold,
    )
    prompt = ChatPromptTemplate([("system", _INSTRUCTIONS), ("human", "{question}")])
    library = Library()
    parse = RunnablePassthrough.assign(text=lambda answered: StrOutputParser().invoke(answered["message"]))
    chain = prompt | {"message": model} | parse
    for question in questions:
        answered = chain.invoke({"question": question, "notes": library.nearest(question)})
        message = answered["message"]
        usage = message.usage_metadata or {}
        decision = message.response_metadata["routellm"]
        yield Answer(
            question,
            answered["text"],
            decision["model"],
            decision.get("win_probability"),
            usage.get("input_tokens"),
            usage.get("output_tokens"),
        )


def _chat_openai(endpoint: Endpoint, max_tokens: int) -> Any:
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
        timeout=TIMEOUT_SECONDS,
        **local_options(endpoint),
    )
