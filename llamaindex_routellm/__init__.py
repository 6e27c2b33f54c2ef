"""LLM routing for LlamaIndex: one LLM over two, each question answered by the one worth its price."""

from llamaindex_routellm.llm import RoutedLLM
from llamaindex_routellm.query import LLMCall
from llamaindex_routellm.routing import RoutingDecisionEvent
from llamaindex_routellm.structured import RoutedStructuredLLM
from llamaindex_routellm.usage import RoutedTokens

__all__ = ["LLMCall", "RoutedLLM", "RoutedStructuredLLM", "RoutedTokens", "RoutingDecisionEvent"]
