"""Tools and schemas, bound by each child in its own way and carried to the call as one argument.

A provider's tool format is its own: tools that one child converted are noise to the other. So each
child binds what the caller gave, once, and the call picks the child with its binding.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from langchain_core.runnables import Runnable

from shared_router import CapabilityError

BINDING_KEY = "routellm_bound"
"""The keyword argument that carries a `Binding` from `bind_tools` to the call."""


class Binding:
    """The children that can do what was bound, by name, and what that was.

    Args:
        models: The children as `bind_tools` or `with_structured_output` returned them.
        need: `"tools"` or `"structured_output"`.
    """

    def __init__(self, models: Mapping[str, Runnable[Any, Any]], need: str) -> None:
        self.models = models
        self.need = need

    @property
    def output_type(self) -> Any:
        """What the bound children return."""
        return next(iter(self.models.values())).OutputType

    def __repr__(self) -> str:
        """Stay short: a traced chain shows this where the children would show all their settings."""
        return f"Binding({self.need!r}, {sorted(self.models)})"


def bind_children(
    children: Mapping[str, Runnable[Any, Any]], need: str, method: str, /, *args: Any, **kwargs: Any
) -> Binding:
    """Bind every child that can be bound, now, so that a mistake shows here and not at a later request.

    Args:
        children: The children by name.
        need: `"tools"` or `"structured_output"`.
        method: The child's method that binds.
        *args: What the method is called with.
        **kwargs: What the method is called with.

    Returns:
        What is bound; a child that does not implement the method is left out.

    Raises:
        CapabilityError: If no child implements it.
        Exception: What a child's own method raises, for example of a tool that is none.
    """
    models = {}
    for name, child in children.items():
        with suppress(NotImplementedError):
            if hasattr(child, method):  # a Runnable need not be a chat model
                models[name] = getattr(child, method)(*args, **kwargs)
    if not models:
        who = " and ".join(children)
        raise CapabilityError(f"a model must be able to serve the request, and {who} cannot: {need}")
    return Binding(models, need)
