"""LLM routing for LlamaIndex: one LLM over two, each question answered by the one worth its price.

The way of a call, a file a step:

    chat, predict, tools, structured   a public method of `RoutedLLM` (`llm`) receives the untouched call
    query                              the user's question in it, by templates, open spans and messages
    capabilities, override             which models can serve the call, and what a `with` block asks for
    memory, no_question                the policy decides, once for each question and each conversation
    routing, route                     the chosen model's own method gets the untouched call
    metadata, answers, savings         the decision on its response, as an event, and as a bill

`CascadedLLM` (`cascades`) walks a plan of the core's instead; `planning` makes its calls by the same methods.
"""

from llamaindex_routellm.calls import LLMCall
from llamaindex_routellm.cascades import CascadedLLM
from llamaindex_routellm.llm import RoutedLLM
from llamaindex_routellm.metadata import RoutingDecisionEvent
from llamaindex_routellm.savings import RoutedTokens
from llamaindex_routellm.structured import RoutedStructuredLLM

__all__ = [
    "CascadedLLM",
    "LLMCall",
    "RoutedLLM",
    "RoutedStructuredLLM",
    "RoutedTokens",
    "RoutingDecisionEvent",
]
