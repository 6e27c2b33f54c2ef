"""LangChain models that answer with the cheaper of two models wherever it is enough.

The way of a call:
    routing      `RoutedChatModel.invoke`, `.stream`, ... take the untouched input
    query        finds the user's own question in its messages
    capabilities, memory, override    what only one model can do, what goes on, what this call asks for
    policy       of the core: pins and rules first, else the router's win probability against the threshold
    calls, batches    the chosen child is called as it is, with the tools that `binding` bound for it
    metadata     writes the decision on its answer, and into its run

With `resilience=`, `budget=` or `observers=` a call takes one step more: `asking` holds what it may cost,
`carrying` stands where the child would and asks another one where it is down, `first_content` holds a stream
back until nothing can move on, and `attempt` tells how it ended.

A `CascadedChatModel` differs in how a call is sent: `cascading` walks a plan of the core's, `planning` makes
its calls, and `at_hand` hands on a weak answer that will do. So does a `BlendedChatModel`, by `blending`.

`langchain_routellm.decisions` is imported by its own name: not every langchain-core has decision models.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from shared_router import MissingExtraError

if find_spec("langchain_core") is None:
    raise MissingExtraError.of("langchain_core", "langchain")

from langchain_routellm.chat_models import RoutedChatModel
from langchain_routellm.routers import RouteLLMRouter
from langchain_routellm.runnables import RoutedRunnable
from langchain_routellm.savings import SavingsCallback, savings

if TYPE_CHECKING:
    from langchain_routellm.blends import BlendedChatModel
    from langchain_routellm.cascades import CascadedChatModel
    from langchain_routellm.middleware import RouteLLMMiddleware

__all__ = [
    "BlendedChatModel",
    "CascadedChatModel",
    "RouteLLMMiddleware",
    "RouteLLMRouter",
    "RoutedChatModel",
    "RoutedRunnable",
    "SavingsCallback",
    "savings",
]


_LAZY = {
    "BlendedChatModel": "langchain_routellm.blends",
    "CascadedChatModel": "langchain_routellm.cascades",
    "RouteLLMMiddleware": "langchain_routellm.middleware",  # it needs langchain
}
"""Names whose modules are imported at their first use: a program that only routes does not wait for them."""


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)
