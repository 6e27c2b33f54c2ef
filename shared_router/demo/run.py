"""The demo: ten questions through a LangChain chain and a LlamaIndex query engine, and what they cost."""

from __future__ import annotations

import contextlib
import re
import time
from typing import TYPE_CHECKING

from shared_router.demo.arguments import LOCAL_KEY, Endpoint, check_arguments, named_endpoint, prices_of
from shared_router.demo.chain import langchain_answers
from shared_router.demo.local_model import local_model_folder
from shared_router.demo.query_engine import llamaindex_answers
from shared_router.demo.questions import QUESTIONS
from shared_router.demo.server import serve
from shared_router.demo.table import Prices, header, line, total
from shared_router.errors import InvalidInputError, MissingExtraError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from shared_router.policy import RoutingPolicy

_PROGRAMS = (
    ("LangChain: prompt | RoutedChatModel | parser", langchain_answers),
    ("LlamaIndex: VectorStoreIndex query engine with RoutedLLM", llamaindex_answers),
)


_SAME_MODEL = """\
Both tiers are the same small model here, so the answers are alike and often wrong. The routing, the HTTP
calls and the token counts are real. To ask other models, set OPENAI_API_KEY and run
  routellm demo --strong MODEL --weak MODEL [--base-url URL]
"""


def run(arguments: argparse.Namespace, policy: RoutingPolicy) -> None:
    """Ask the questions and print the tables.

    Args:
        arguments: The options of `shared_router.demo.arguments`.
        policy: The router and the threshold.

    Raises:
        InvalidInputError: If an option breaks its rule, or a server refuses to answer.
        MissingExtraError: If a package that the demo needs is not installed.
        LocalServerError: If the local model's server does not answer.
    """
    check_arguments(arguments)
    prices = Prices(prices_of(arguments, "strong"), prices_of(arguments, "weak"))
    _ = policy.router  # a router that cannot be loaded is told before the model is
    started = time.monotonic()
    with _endpoints(arguments) as (strong, weak):
        print(_introduction(strong, weak, policy.router_name, policy.threshold))
        for title, answers_of in _PROGRAMS:
            print(f"\n{title}\n{header()}")
            answers = []
            with _server_errors():
                for answer in answers_of(QUESTIONS, strong, weak, policy, max_tokens=arguments.max_tokens):
                    answers.append(answer)
                    print(line(answer, prices), flush=True)
            print(total(answers, prices))
    print(f"\n{_notes(arguments, strong, weak)}\nTook {time.monotonic() - started:.0f} s.")


@contextlib.contextmanager
def _endpoints(arguments: argparse.Namespace) -> Iterator[tuple[Endpoint, Endpoint]]:
    """Give the strong and the weak endpoint; the local server runs only where a tier needs it."""
    strong, weak = named_endpoint(arguments, "strong"), named_endpoint(arguments, "weak")
    if strong is not None and weak is not None:
        yield strong, weak
        return
    with serve(local_model_folder()) as server:
        local = {
            tier: Endpoint(
                server.model, server.base_url, LOCAL_KEY, prices_of(arguments, tier), is_local=True
            )
            for tier in ("strong", "weak")
        }
        yield strong or local["strong"], weak or local["weak"]


@contextlib.contextmanager
def _server_errors() -> Iterator[None]:
    """Turn what a model's server refuses into an error of this project."""
    try:
        from openai import OpenAIError
    except ImportError as error:
        raise MissingExtraError.of("openai", "demo") from error
    try:
        yield
    except OpenAIError as error:
        # by class alone: the text of such an error may hold part of a key
        raise InvalidInputError(
            f"the models' servers must answer, got {type(error).__name__}; "
            "check --base-url, the models' names and OPENAI_API_KEY"
        ) from error


def _introduction(strong: Endpoint, weak: Endpoint, router: str, threshold: float) -> str:
    return (
        f"strong: {strong.model} at {without_password(strong.base_url)}\n"
        f"weak:   {weak.model} at {without_password(weak.base_url)}\n"
        f"router: {router}, threshold {threshold:g}: strong iff P(win) >= {threshold:g}"
    )


def without_password(url: str) -> str:
    """Return a URL as it may be shown."""
    return re.sub(r"//[^/@]*@", "//", url)


def _notes(arguments: argparse.Namespace, strong: Endpoint, weak: Endpoint) -> str:
    notes = _SAME_MODEL if strong.is_local and weak.is_local else ""
    return (
        f"{notes}Prices: {arguments.strong_price} (strong) and {arguments.weak_price} (weak) dollars per "
        "million input,output tokens;\nset them with --strong-price and --weak-price."
    )
