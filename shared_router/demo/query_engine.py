"""The demo's LlamaIndex program: a query engine over the documents with a routed model."""

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


def llamaindex_answers(
    questions: Sequence[str], strong: Endpoint, weak: Endpoint, policy: RoutingPolicy, *, max_tokens: int
) -> Iterator[Answer]:
    """Ask through a LlamaIndex query engine over the documents.

    Args:
        questions: What to ask, n questions.
        strong: Where the strong model is.
        weak: Where the weak model is.
        policy: The router and the threshold.
        max_tokens: Longest answer, in tokens, >= 1.

    Yields:
        n answers, in order, each as it comes.

    Raises:
        MissingExtraError: If LlamaIndex's packages are not installed.
    """
    try:
        from llama_index.core import Document, VectorStoreIndex

        from llamaindex_routellm import RoutedLLM
    except ImportError as error:
        raise MissingExtraError.of(error.name or "llama_index", "demo") from error
    library = Library()
    index = VectorStoreIndex.from_documents(
        [Document(text=text) for text in library.texts], embed_model=_embedding(library)
    )
    with contextlib.ExitStack() as clients:
        model = RoutedLLM(
            strong=_openai_like(strong, max_tokens, clients),
            weak=_openai_like(weak, max_tokens, clients),
            router=policy.router,
            threshold=policy.threshold,
        )
        engine = index.as_query_engine(llm=model, similarity_top_k=1)
        for question in questions:
            with _usage() as usage, model.capture() as decisions:
                text = str(engine.query(question))
            yield Answer(
                question,
                text,
                decisions[0].model,
                decisions[0].win_probability,
                usage.get("prompt_tokens"),
                usage.get("completion_tokens"),
            )


def _openai_like(endpoint: Endpoint, max_tokens: int, clients: contextlib.ExitStack) -> Any:
    try:
        from llama_index.llms.openai_like import OpenAILike
    except ImportError as error:
        raise MissingExtraError.of(error.name or "llama_index.llms.openai_like", "demo") from error
    return OpenAILike(
        model=endpoint.model,
        api_base=endpoint.base_url,
        api_key=endpoint.api_key,
        max_tokens=max_tokens,
        is_chat_model=True,
        context_window=8192,
        **client_options(endpoint, clients),
    )


@contextlib.contextmanager
def _usage() -> Iterator[dict[str, int]]:
    """Sum the token counts that the models' answers report inside the block, by their name."""
    from llama_index.core.instrumentation.event_handlers import BaseEventHandler
    from llama_index.core.instrumentation.events.llm import LLMChatEndEvent
    from llama_index_instrumentation import get_dispatcher

    counts: dict[str, int] = {}

    class UsageHandler(BaseEventHandler):
        def handle(self, event: Any, **kwargs: Any) -> None:
            del kwargs
            if not isinstance(event, LLMChatEndEvent) or event.response is None:
                return
            for name in ("prompt_tokens", "completion_tokens"):
                if name in event.response.additional_kwargs:
                    counts[name] = counts.get(name, 0) + event.response.additional_kwargs[name]

    handler, dispatcher = UsageHandler(), get_dispatcher()
    dispatcher.add_event_handler(handler)
    try:
        yield counts
    finally:
        dispatcher.event_handlers = [one for one in dispatcher.event_handlers if one is not handler]


def _embedding(library: Library) -> Any:
    """Return the library's embedder as LlamaIndex takes one."""
    from llama_index.core.embeddings import BaseEmbedding

    class WordEmbedding(BaseEmbedding):
        def _get_text_embedding(self, text: str) -> list[float]:
            row: list[float] = library.embedder.embed([text])[0].tolist()
            return row

        def _get_query_embedding(self, query: str) -> list[float]:
            return self._get_text_embedding(query)

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return self._get_text_embedding(query)

    return WordEmbedding()
