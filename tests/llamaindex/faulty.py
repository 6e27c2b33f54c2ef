"""A routed LLM over two real clients of a provider that fails as told, and who watches it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.llms import LLM
from llama_index.llms.openai_like import OpenAILike

from llamaindex_routellm import RoutedLLM
from shared_router import CallEnd, Resilience, TokenPrices, WatchedCall
from shared_router.testing import FixedRouter
from tests.fault_server import FaultServer
from tests.faults import Fault
from tests.provider_answers import answer_text

PRICES = {"strong": TokenPrices(10.0, 10.0), "weak": TokenPrices(1.0, 1.0)}
QUESTION = "A HARD question, q7"
MESSAGES = [ChatMessage(role="user", content=QUESTION)]
BY_STRONG, BY_WEAK = answer_text("q7", "strong"), answer_text("q7", "weak")


class Heard:
    """An observer that remembers what it was told."""

    wants_answers = True

    def __init__(self) -> None:
        self.calls: list[WatchedCall] = []
        self.ends: list[CallEnd] = []

    def decided(self, call: WatchedCall) -> None:
        self.calls.append(call)

    def ended(self, call: WatchedCall, end: CallEnd) -> None:
        assert call in self.calls
        self.ends.append(end)

    @property
    def end(self) -> CallEnd:
        """How the one call ended that there was."""
        assert len(self.calls) == len(self.ends) == 1
        return self.ends[0]


def child(server: FaultServer, model: str, **settings: Any) -> OpenAILike:
    """Return a real client that makes no retries of its own, unless it is told to."""
    given = {
        "is_chat_model": True,
        "is_function_calling_model": True,
        "max_retries": 0,
        "timeout": 5.0,
        # a connection that is kept for the next call would outlive its test's event loop
        "async_http_client": httpx.AsyncClient(limits=httpx.Limits(max_keepalive_connections=0)),
        "additional_kwargs": {"stream_options": {"include_usage": True}},
        **settings,
    }
    return OpenAILike(model=model, api_base=server.url, api_key="none", **given)


def routed(
    server: FaultServer, *, llms: Sequence[LLM] = (), routes: type[RoutedLLM] = RoutedLLM, **settings: Any
) -> RoutedLLM:
    """Return a routed LLM that sends what says HARD to the strong model; resilient unless told otherwise."""
    strong, weak = llms or (child(server, "strong"), child(server, "weak"))
    given = {
        "router": FixedRouter(lambda query: 0.9 if "HARD" in query else 0.1),
        "threshold": 0.5,
        "resilience": Resilience(failures=None),
        **settings,
    }
    return routes(strong=strong, weak=weak, **given)


def strong_fails(server: FaultServer, *kinds: str, at: int | None = None) -> None:
    """Have the strong model's next requests fail."""
    server.plan.script("strong", [Fault(kind, at=at) for kind in kinds])  # type: ignore[arg-type]
