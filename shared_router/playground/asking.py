"""Asking the two models of the page, whose errors become this project's, without a key in them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass

import streamlit as st

from shared_router.costs.prices import TokenPrices
from shared_router.errors import InvalidInputError
from shared_router.playground.settings import given_settings
from shared_router.records.collecting.journal import Reply
from shared_router.records.collecting.openai_model import OpenAIModel

_TOUCH_S = 0.2
_MEANINGS = {
    "APIConnectionError": "nobody listens there, or the connection broke",
    "APITimeoutError": "no whole answer in time",
    "APIResponseValidationError": "its answer is no chat completion",
    "AuthenticationError": "the key is not accepted",
    "NotFoundError": "no such model or address",
    "RateLimitError": "too many requests, or nothing left to spend",
}


@dataclass(frozen=True, slots=True)
class TierModels:
    """The strong and the weak model.

    Attributes:
        prices: What each tier's tokens cost.
        temperature: Of the sampling; 0 gives the likeliest answer each time.
    """

    prices: dict[str, TokenPrices]
    temperature: float = 0.0

    def ask(self, tier: str, question: str) -> Reply:
        """Return a tier's answer.

        Args:
            tier: `"strong"` or `"weak"`.
            question: The user's question.

        Raises:
            InvalidInputError: If the server refuses, or does not answer.
            LocalServerError: If the local model does not start.
        """
        given = given_settings()

        def answer() -> Reply:
            at = given.models(tier)
            model = OpenAIModel(
                at.model,
                base_url=at.base_url,
                api_key=at.api_key,
                max_tokens=given.max_tokens,
                temperature=self.temperature,
                prices=self.prices[tier],
            )
            return _answered(tier, model, question)

        with st.spinner(f"Asking the {tier} model..."):
            return _waited_for(answer)


def _answered(tier: str, model: OpenAIModel, question: str) -> Reply:
    from openai import OpenAIError

    try:
        return model(question)
    except OpenAIError as error:
        # by class alone: the text of such an error may hold part of a key
        raise InvalidInputError(
            f"the {tier} model's server must answer, got {_named(error)}; "
            "check --base-url, the model's name and OPENAI_API_KEY"
        ) from None


def _waited_for(answer: Callable[[], Reply]) -> Reply:
    """Wait for an answer as long as nothing else is asked of the page: a server that hangs holds no page.

    Streamlit ends a run of the page only where it touches the page, so it is touched while it waits. A call
    that nobody waits for any more ends by its own timeout.
    """
    found: Future[Reply] = Future()

    def call() -> None:
        try:
            found.set_result(answer())
        except Exception as error:  # noqa: BLE001 - raised again below, in the thread of the page
            found.set_exception(error)

    threading.Thread(target=call, daemon=True, name="playground-chat").start()
    page = st.empty()
    while not found.done():
        wait([found], timeout=_TOUCH_S)
        page.empty()
    return found.result()


def _named(error: Exception) -> str:
    name = type(error).__name__
    return f"{name} ({_MEANINGS[name]})" if name in _MEANINGS else name


def cost_note(reply: Reply) -> str:
    """Return an answer's tokens and dollars in words."""
    if reply.input_tokens is None or reply.output_tokens is None:
        return "The server does not say how many tokens this took."
    dollars = "" if reply.dollars is None else f", ${reply.dollars:.6f}"
    return f"{reply.input_tokens:,} tokens in, {reply.output_tokens:,} out{dollars}"
