"""Tools and schemas, bound by each child in its own way and carried to the call as one argument.

A provider's tool format is its own: tools that one child converted are noise to the other. So each
child binds what the caller gave, once, and the call picks the child with its binding. What one child
refuses goes to those that take it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.runnables import Runnable
from langchain_core.runnables.base import RunnableBindingBase
from langchain_core.utils.function_calling import convert_to_openai_tool

from shared_router import CapabilityError

BINDING_KEY = "routellm_bound"
"""The keyword argument that carries a `Binding` from `bind_tools` to the call."""

# How a child says that it cannot bind what it was given: another provider's tool, an unknown method.
_REFUSALS = (NotImplementedError, ValueError, TypeError, LookupError, AttributeError)


class Binding:
    """The children that can do what was bound, by name, and what that was.

    Args:
        models: The children as `bind_tools` or `with_structured_output` returned them.
        need: `"tools"` or `"structured_output"`.
        given: The tools, or the schema, as the caller gave them.
    """

    def __init__(self, models: Mapping[str, Runnable[Any, Any]], need: str, given: object = None) -> None:
        self.models = models
        self.need = need
        self.given = given
        first = next(iter(models.values()))
        self._tools = first.kwargs.get("tools") if isinstance(first, RunnableBindingBase) else None

    @property
    def output_type(self) -> Any:
        """What the bound children return."""
        return next(iter(self.models.values())).OutputType

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments that a routed model's own binding holds: this one, and `tools` for who looks.

        LangGraph finds out by `tools` whether a model that it is given has been bound, and to what.
        """
        shown = {} if self._tools is None else {"tools": self._tools}
        return {BINDING_KEY: self, **shown}

    def of_call(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        """Return a call's arguments without the tools that only show what is bound."""
        tools = kwargs.get("tools")
        # a copy of the binding holds equal tools
        if tools is None or not (tools is self._tools or tools == self._tools):
            return kwargs
        return {name: value for name, value in kwargs.items() if name != "tools"}

    def __getstate__(self) -> dict[str, Any]:
        """Keep of tools in a pickle what models are told: their functions may be nowhere to import."""
        told = self.given
        if isinstance(told, list):
            try:
                told = [convert_to_openai_tool(tool) for tool in told]
            except _REFUSALS:  # a provider's own tool, of whose calls nothing can be checked
                told = None
        return {**self.__dict__, "given": told}

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
        What is bound; a child that refuses is left out.

    Raises:
        CapabilityError: If no child can be bound, with what each of them said.
        Exception: What the children's own method raises, where all say the same of what they were given.
    """
    models = {}
    refusals: dict[str, Exception] = {}
    for name, child in children.items():
        try:
            models[name] = getattr(child, method)(*args, **kwargs)
        except _REFUSALS as error:
            refusals[name] = error
    if not models:
        raise _refusal(refusals, need)
    return Binding(models, need, args[0] if args else None)


def _refusal(refusals: Mapping[str, Exception], need: str) -> Exception:
    first, *others = refusals.values()
    unable = (NotImplementedError, AttributeError)  # a Runnable need not have the method
    if not isinstance(first, unable) and all(_same(first, error) for error in others):
        return first  # a mistake in what was given, of which one provider's words say enough
    said = "; ".join(f"{name}: {type(error).__name__}: {error}" for name, error in refusals.items())
    who = " and ".join(refusals)
    refusal = CapabilityError(f"a model must be able to serve the request, and {who} cannot: {need} ({said})")
    refusal.__cause__ = first
    return refusal


def _same(first: Exception, other: Exception) -> bool:
    return type(first) is type(other) and str(first) == str(other)
