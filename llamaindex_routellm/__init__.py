"""LLM routing for LlamaIndex: one LLM over two, each question answered by the one worth its price.

The way of a call, a file a step:

    chat, predict, tools, structured   a public method of `RoutedLLM` (`llm`) receives the untouched call
    query                              the user's question in it, by templates, open spans and messages
    capabilities, override             which models can serve the call, and what a `with` block asks for
    memory, no_question                the policy decides, once for each question and each conversation
    routing, route                     the chosen model's own method gets the untouched call
    metadata, answers, savings         the decision on its response, as an event, and as a bill

`CascadedLLM` (`cascades`) walks a plan of the core's instead; `planning` makes its calls by the same methods.
So does `BlendedLLM` (`blends`), by `blending`.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from shared_router import MissingExtraError

if find_spec("llama_index") is None:
    raise MissingExtraError.of("llama_index", "llamaindex")

from llamaindex_routellm.calls import LLMCall
from llamaindex_routellm.llm import RoutedLLM
from llamaindex_routellm.metadata import RoutingDecisionEvent
from llamaindex_routellm.savings import RoutedTokens
from llamaindex_routellm.structured import RoutedStructuredLLM

if TYPE_CHECKING:
    from llamaindex_routellm.blends import BlendedLLM
    from llamaindex_routellm.cascades import CascadedLLM

__all__ = [
    "BlendedLLM",
    "CascadedLLM",
    "LLMCall",
    "RoutedLLM",
    "RoutedStructuredLLM",
    "RoutedTokens",
    "RoutingDecisionEvent",
]


_LAZY = {"BlendedLLM": "llamaindex_routellm.blends", "CascadedLLM": "llamaindex_routellm.cascades"}
"""Names whose modules are imported at their first use: a program that only routes does not wait for them."""


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)
