"""LangChain models that answer with the cheaper of two models wherever it is enough.

`langchain_routellm.decisions` is imported by its own name: not every langchain-core has decision models.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from langchain_routellm.chat_models import RoutedChatModel
from langchain_routellm.runnables import RoutedRunnable, RouteLLMRouter
from langchain_routellm.savings import SavingsCallback, savings

if TYPE_CHECKING:
    from langchain_routellm.middleware import RouteLLMMiddleware

__all__ = [
    "RouteLLMMiddleware",
    "RouteLLMRouter",
    "RoutedChatModel",
    "RoutedRunnable",
    "SavingsCallback",
    "savings",
]


def __getattr__(name: str) -> Any:
    if name != "RouteLLMMiddleware":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # it needs langchain, which is imported when it is asked for
    return import_module("langchain_routellm.middleware").RouteLLMMiddleware
