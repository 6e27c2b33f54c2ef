"""Routed models that the tests share: hard questions go strong, easy ones weak."""

import sys
from typing import Any

from langchain_routellm import RoutedChatModel
from shared_router.testing import FixedRouter
from tests.langchain.fake_tool_models import ChatElm, ChatOak

IN_ASYNC_NODES = sys.version_info >= (3, 11)
"""Whether LangGraph's asynchronous nodes pass their callbacks on: a bare model has none before."""


def by_word(query: str) -> float:
    """Return 0.9 where the query says "hard", 0.1 where it does not."""
    return 0.9 if "hard" in query else 0.1


class CountingRouter(FixedRouter):
    """Route by word and keep every list of queries it was asked."""

    def __init__(self, win_probability: Any = by_word, *, blocking: bool = False) -> None:
        super().__init__(win_probability)
        self.blocking = blocking
        self.asked: list[list[str]] = []

    def win_probability(self, queries: Any) -> Any:
        self.asked.append(list(queries))
        return super().win_probability(queries)


def routed(**changes: Any) -> RoutedChatModel:
    """Return a model whose strong child is elm and whose weak child is oak."""
    return RoutedChatModel(
        **{"strong": ChatElm(), "weak": ChatOak(), "router": CountingRouter(), "threshold": 0.5, **changes}
    )


def decision_of(message: Any) -> Any:
    """Return the decision that a message carries."""
    return message.response_metadata.get("routellm")
