"""Who really answered: a child's own fallback, or one that a middleware put in, and not the chosen child.

A call's runs say which model each of them asked. The watch stands first among a call's callbacks, so that
what comes after it, a history, a tracer, a savings counter, sees the decision on the message already.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler, BaseCallbackManager
from langchain_core.language_models import BaseChatModel
from langchain_core.outputs import LLMResult
from langchain_core.runnables import RunnableConfig, RunnableSequence, RunnableWithFallbacks
from langchain_core.runnables.base import RunnableBindingBase
from langchain_core.runnables.configurable import DynamicRunnable
from typing_extensions import override

from langchain_routellm.answer_facts import has_content, message_in
from langchain_routellm.metadata import DecisionMetadata
from langchain_routellm.savings import is_counting
from langchain_routellm.templates import TemplateRuns


class AnswerWatch(BaseCallbackHandler):
    """Find out which model answers a call, and write the decision on the message that callbacks see.

    Args:
        metadata: The call's decision.
        names: What decisions call the models, by the names that their runs have.
        anyone: Whether a model that is not among them may answer, under its own name.
    """

    run_inline = True  # a few additions: not worth a thread each in asynchronous runs
    ignore_chain = ignore_retriever = ignore_agent = ignore_custom_event = ignore_retry = True

    def __init__(self, metadata: DecisionMetadata, names: Mapping[str, str], *, anyone: bool = False) -> None:
        self.metadata = metadata
        self.names = names
        self.anyone = anyone
        self._runs: dict[UUID, str | None] = {}

    @override
    def on_chat_model_start(
        self,
        serialized: dict[str, Any],
        messages: list[list[Any]],
        *,
        run_id: UUID,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        name = str((metadata or {}).get("ls_model_name") or (serialized or {}).get("name"))
        known = self.names.get(name, name if self.anyone else None)
        self._runs[run_id] = self.metadata.answered_by = known

    @override
    def on_llm_new_token(self, token: Any, *, chunk: Any = None, **kwargs: Any) -> None:
        if not self.metadata.was_heard:
            self.metadata.was_heard = bool(token) or has_content(getattr(chunk, "message", None))

    @override
    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        self._runs.pop(run_id, None)
        self.metadata.error = self.metadata.error or type(error).__name__

    @override
    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        self.metadata.answered_by = self._runs.pop(run_id, None)
        self.metadata.message = message_in(response)
        # new lists: a cache may hold the old ones
        response.generations[:] = [
            [self.metadata.add_to(each) for each in answers] for answers in response.generations
        ]


def watched(
    config: RunnableConfig,
    metadata: DecisionMetadata,
    children: Mapping[str, Any],
    *,
    always: bool = False,
    anyone: bool = False,
) -> RunnableConfig:
    """Return a call's config with a watch on who answers, where anybody can tell the difference.

    Args:
        config: The call's config.
        metadata: The call's decision.
        children: All children by name.
        always: Whether to watch even where nobody listens.
        anyone: Whether a model that is no child may answer.
    """
    chosen = str(metadata.decision["model"])
    callbacks = config.get("callbacks")
    child = children[chosen]
    if (
        not (callbacks or always or is_counting())
        and isinstance(child, BaseChatModel)
        and not child.callbacks
    ):
        return config
    handlers = callbacks.handlers if isinstance(callbacks, BaseCallbackManager) else callbacks
    heard = any(not isinstance(handler, TemplateRuns) for handler in handlers or ())
    fallbacks = has_fallbacks(child)
    if not (heard or always or fallbacks or is_counting() or getattr(child, "callbacks", None)):
        return config
    watch = AnswerWatch(metadata, _names(chosen, children) if fallbacks or anyone else {}, anyone=anyone)
    if not isinstance(callbacks, BaseCallbackManager):
        return {**config, "callbacks": [watch, *(callbacks or [])]}
    manager = callbacks.copy()
    manager.handlers = [watch, *manager.handlers]
    manager.inheritable_handlers = [watch, *manager.inheritable_handlers]
    return {**config, "callbacks": manager}


def has_fallbacks(child: object) -> bool:
    """Tell whether another model than a child's first may answer for it."""
    return not isinstance(child, BaseChatModel) and len(run_names(child)) > 1


def fallbacks_of(children: Mapping[str, Any]) -> set[str]:
    """Return the names of the models that may answer in the place of children."""
    return {name for child in children.values() if has_fallbacks(child) for name in run_names(child)}


def run_names(child: Any, **bound: Any) -> list[str]:
    """Return the names that a child's runs may have, the one to expect first.

    Args:
        child: The child.
        **bound: What it is called with, which may name another model.
    """
    if isinstance(child, BaseChatModel):
        named = child._get_ls_params(**bound).get("ls_model_name")
        return [str(named or child.get_name())]
    if isinstance(child, RunnableWithFallbacks):
        return [name for runnable in child.runnables for name in run_names(runnable, **bound)]
    if isinstance(child, RunnableBindingBase):
        return run_names(child.bound, **{**child.kwargs, **bound})
    if isinstance(child, RunnableSequence):  # the model of a chain is the step that is one
        return [name for step in child.steps for name in run_names(step)]
    return run_names(child.default, **bound) if isinstance(child, DynamicRunnable) else []


def _names(chosen: str, children: Mapping[str, Any]) -> dict[str, str]:
    """Return what decisions call a model by its run's name: a child's own name before a fallback's."""
    expected = {name: run_names(child)[:1] for name, child in children.items()}
    inside = {name: name for name in run_names(children[chosen])}
    others = {run: name for name, runs in expected.items() for run in runs}
    return {**inside, **others, **{run: chosen for run in expected[chosen]}}
