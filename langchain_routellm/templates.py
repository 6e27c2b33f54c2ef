"""The variables of a prompt template, for the model that comes after it in a chain.

A template's text is scored with the question in it, and "You are a helpful expert ..." around a hard
question makes it look easier. The prompt value that reaches a model does not say what was filled in, so the
runs are watched: a template's run and a model's have the chain's run in common. That costs each run of a
chain a few microseconds, so it is done only once a model asks for it by `query_keys`.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler, BaseCallbackManager
from langchain_core.messages import BaseMessage
from langchain_core.prompt_values import PromptValue
from langchain_core.runnables import RunnableConfig
from pydantic import BaseModel
from typing_extensions import override

_KEPT = 4096
"""Runs remembered at most: those of calls that were cancelled never end."""


class TemplateRuns(BaseCallbackHandler):
    """Remember what the templates of running chains were filled with."""

    run_inline = True  # a few additions: not worth a thread each in asynchronous runs
    ignore_llm = ignore_chat_model = ignore_retriever = ignore_agent = ignore_custom_event = True

    def __init__(self) -> None:
        self._filled: OrderedDict[UUID, Any] = OrderedDict()
        self._parents: OrderedDict[UUID, UUID] = OrderedDict()
        self._lock = threading.Lock()

    @override
    def on_chain_start(
        self,
        serialized: dict[str, Any],
        inputs: dict[str, Any],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **kwargs: Any,
    ) -> None:
        if parent_run_id is None:
            return
        with self._lock:
            self._parents[run_id] = parent_run_id
            if kwargs.get("run_type") == "prompt":
                self._filled[parent_run_id] = _with_partials(inputs, serialized)
            for kept in (self._parents, self._filled):
                while len(kept) > _KEPT:
                    kept.popitem(last=False)

    @override
    def on_chain_end(self, outputs: dict[str, Any], *, run_id: UUID, **kwargs: Any) -> None:
        self._forget(run_id)

    @override
    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        self._forget(run_id)

    def filled_in(self, run_id: UUID | None) -> Any:
        """Return what the nearest template around or before a run was filled with, or None."""
        with self._lock:
            while run_id is not None:
                if run_id in self._filled:
                    return self._filled[run_id]
                run_id = self._parents.get(run_id)
        return None

    def _forget(self, run_id: UUID) -> None:
        with self._lock:
            self._filled.pop(run_id, None)
            self._parents.pop(run_id, None)


_RUNS = TemplateRuns()
_watching: ContextVar[TemplateRuns] = ContextVar("routellm_templates", default=_RUNS)


@cache
def watch_templates() -> None:
    """Watch the templates of this process's chains from now on."""
    from langchain_core.tracers.context import register_configure_hook

    register_configure_hook(_watching, inheritable=True)  # type: ignore[arg-type]


def filled_in(config: RunnableConfig) -> Any:
    """Return what the template before a call in its chain was filled with, or None where there is none."""
    callbacks = config.get("callbacks")
    return _RUNS.filled_in(callbacks.parent_run_id) if isinstance(callbacks, BaseCallbackManager) else None


def _with_partials(inputs: Any, serialized: Mapping[str, Any] | None) -> Any:
    """Return a template's variables with the texts that it was filled with before."""
    kwargs = (serialized or {}).get("kwargs")
    partials = kwargs.get("partial_variables") if isinstance(kwargs, Mapping) else None
    return {**partials, **inputs} if partials and isinstance(inputs, Mapping) else inputs


def variable(filled: Any, keys: Sequence[str]) -> Any:
    """Return the value of the first of these variables that a template, or a chain, was given.

    Args:
        filled: The variables by name; a template of one variable may be given its value alone.
        keys: The names, best first.

    Returns:
        The value, or None where there is none.
    """
    if isinstance(filled, str | BaseMessage):
        return filled
    values = named_values(filled)
    return next((values[key] for key in keys if values.get(key) is not None), None)


def named_values(state: Any) -> Mapping[str, Any]:
    """Return the values in a chain's input or a graph's state by name: a mapping's or an object's fields."""
    if isinstance(state, Mapping):
        return state
    if is_dataclass(state) and not isinstance(state, type):
        return {each.name: getattr(state, each.name) for each in fields(state)}
    is_state = isinstance(state, BaseModel) and not isinstance(state, BaseMessage | PromptValue)
    return vars(state) if is_state else {}
