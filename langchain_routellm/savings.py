"""What routing saved: tokens counted from callbacks, dollars by the prices given.

It sees what any LangChain tracer sees, so it counts through chains, agents and graphs, each call once,
retries included. It cannot see what a provider bills for a call that failed or was abandoned.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from typing_extensions import override

from langchain_routellm.metadata import METADATA_KEY
from langchain_routellm.prices import Prices, token_usage
from langchain_routellm.running import RunningCalls
from shared_router import Bill, RejectedCalls, Savings, TokenUsage, savings_of


class SavingsCallback(BaseCallbackHandler):
    """Count the tokens of routed calls by model; calls that nothing routed are left out.

    Args:
        prices: What the models cost, by name: `"strong"`, `"weak"`, and a child's own fallback by the name
            that its runs have; needed by `report` alone.
        answer_length_ratio: How many tokens the strong model writes where the weak one writes one, > 0.
        strong: The name of the strong model, the best of named ones.

    Attributes:
        usage: Tokens by the name of the model that answered, cached and reasoning tokens apart.
        unmetered_calls: Calls whose dollars are missing from a report: their provider reported no tokens, or
            a fallback answered, in a child or around the routed model, for which there is no price.

    Raises:
        InvalidInputError: If `prices` are something other than TokenPrices by model.
    """

    run_inline = True  # a few additions: not worth a thread each in asynchronous runs

    def __init__(
        self, prices: Prices | None = None, *, answer_length_ratio: float = 1.0, strong: str = "strong"
    ) -> None:
        named = list(prices) if isinstance(prices, Mapping) else []
        Bill(prices, [strong, *(name for name in named if name == "weak")], named)  # checks them
        self.prices = prices
        self.answer_length_ratio = answer_length_ratio
        self.strong = strong
        self.usage: dict[str, TokenUsage] = {}
        self.unmetered_calls = 0
        self._models = RunningCalls()
        self._unpriced: set[str] = set()
        self._rejected = RejectedCalls()
        self._lock = threading.Lock()

    def report(self) -> Savings:
        """Return the bill so far, beside the estimate of it had every call gone to the strong model.

        Raises:
            InvalidInputError: If a model's price is missing, or the ratio is no positive number.
        """
        return savings_of(
            {name: usage for name, usage in self.usage.items() if name not in self._unpriced},
            self.prices or {},
            answer_length_ratio=self.answer_length_ratio,
            strong=self.strong,
            rejected=self._rejected.usage,
        )

    @override
    def on_chat_model_start(
        self,
        serialized: dict[str, Any],
        messages: list[list[Any]],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        told = metadata or {}
        model, plan = told.get(f"{METADATA_KEY}_model"), told.get(f"{METADATA_KEY}_plan")
        with self._lock:
            self._models.start(run_id, parent_run_id, model, plan=plan)

    @override
    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        with self._lock:
            call = self._models.end(run_id)
            if call is None:
                return
            if call.model is None:  # a fallback around the routed model, which nobody has priced
                self.unmetered_calls += 1
                return
            usage, model = _usage_in(response), answered_model(response) or call.model
            if model != call.model and model not in (self.prices or {}):
                self._unpriced.add(model)
            self.unmetered_calls += usage is None or model in self._unpriced
            counted = usage or TokenUsage(calls=1)
            self.usage[model] = self.usage.get(model, TokenUsage()) + counted
            self._rejected.add(call.plan, model, counted)

    @override
    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        with self._lock:
            self._models.fail(run_id)


@contextmanager
def savings(
    prices: Prices | None = None, *, answer_length_ratio: float = 1.0, strong: str = "strong"
) -> Iterator[SavingsCallback]:
    """Count all routed calls inside a `with` block, without passing callbacks around.

    Args:
        prices: As in `SavingsCallback`.
        answer_length_ratio: As in `SavingsCallback`.
        strong: As in `SavingsCallback`.

    Yields:
        The callback that counts; its `report()` gives the dollars.

    Raises:
        InvalidInputError: If `prices` are something other than TokenPrices by model.
    """
    counting = SavingsCallback(prices, answer_length_ratio=answer_length_ratio, strong=strong)
    _hook_in()
    token = _active.set(counting)
    try:
        yield counting
    finally:
        _active.reset(token)


_active: ContextVar[SavingsCallback | None] = ContextVar("routellm_savings", default=None)


@cache
def _hook_in() -> None:
    """Let LangChain see the counter of the block it runs in.

    It keeps every hook for good, so there is one for all blocks; and its tracers take as long to import as
    this package, so they are left until a block is entered.
    """
    from langchain_core.tracers.context import register_configure_hook

    register_configure_hook(_active, inheritable=True)


def is_counting() -> bool:
    """Tell whether the code is inside a `savings()` block."""
    return _active.get() is not None


def answered_model(response: LLMResult) -> str | None:
    """Return the model that an answer says it is by, as the call's watch has written it there."""
    for generations in response.generations:
        for generation in generations:
            if isinstance(generation, ChatGeneration):
                decision = generation.message.response_metadata.get(METADATA_KEY)
                model = decision.get("model") if isinstance(decision, dict) else None
                return model if isinstance(model, str) else None
    return None


def _usage_in(response: LLMResult) -> TokenUsage | None:
    for generations in response.generations:
        for generation in generations:
            if isinstance(generation, ChatGeneration) and isinstance(generation.message, AIMessage):
                usage = generation.message.usage_metadata
                return token_usage(usage) if usage else None
    return None
