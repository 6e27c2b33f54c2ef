"""LangChain models that answer with the cheaper of two models wherever it is enough."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from langchain_routellm.chat_models import RoutedChatModel
from langchain_routellm.runnables import RoutedRunnable, RouteLLMRouter
from langchain_routellm.savings import SavingsCallback, savings

if TYPE_CHECKING:
    from langchain_routellm.decisions import RouteLLMDecisionModel
    from langchain_routellm.middleware import RouteLLMMiddleware

# These need more than langchain-core, so they are imported when they are asked for.
_LAZY = {"RouteLLMDecisionModel": "decisions", "RouteLLMMiddleware": "middleware"}

__all__ = [
    "RouteLLMDecisionModel",
    "RouteLLMMiddleware",
    "RouteLLMRouter",
    "RoutedChatModel",
    "RoutedRunnable",
    "SavingsCallback",
    "savings",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
