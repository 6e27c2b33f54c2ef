"""Who really answered: a child's own fallback, or one that a middleware put in, and not the chosen child.

A call's runs say which model each of them asked. The watch stands first among a call's callbacks, so that
what comes after it, a history, a tracer, a savings counter, sees the decision on the message already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler, BaseCallbackManager
from langchain_core.language_models import BaseChatModel
from langchain_core.outputs import LLMResult
from langchain_core.runnables import RunnableConfig, RunnableWithFallbacks
from typing_extensions import override

from langchain_routellm.children import chat_models_in
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
        name = (metadata or {}).get("ls_model_name")
        known = self.names.get(str(name))
        if known is None and self.anyone and name is not None:
            known = str(name)
        self._runs[run_id] = self.metadata.answered_by = known

    @override
    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        self.metadata.answered_by = self._runs.pop(run_id, None)
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
    handlers = callbacks.handlers if isinstance(callbacks, BaseCallbackManager) else callbacks
    heard = any(not isinstance(handler, TemplateRuns) for handler in handlers or ())
    fallbacks = has_fallbacks(children[chosen])
    if not (heard or always or fallbacks or is_counting() or getattr(children[chosen], "callbacks", None)):
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
    return not isinstance(child, BaseChatModel) and len(list(_alternatives(child))) > 1


def models_of(child: object) -> list[str]:
    """Return the names that a child's runs may have, the one to expect first."""
    if isinstance(child, BaseChatModel):
        return [_run_name(child)]
    return [_run_name(model) for model in _alternatives(child)]


def fallbacks_of(children: Mapping[str, Any]) -> set[str]:
    """Return the names of the models that may answer in the place of children."""
    return {name for child in children.values() if has_fallbacks(child) for name in models_of(child)}


def _names(chosen: str, children: Mapping[str, Any]) -> dict[str, str]:
    """Return what decisions call a model by its run's name: a child's own name before a fallback's."""
    expected = {name: models_of(child)[:1] for name, child in children.items()}
    inside = {name: name for name in models_of(children[chosen])}
    others = {run: name for name, runs in expected.items() for run in runs}
    return {**inside, **others, **{run: chosen for run in expected[chosen]}}


def _alternatives(child: object) -> Iterator[BaseChatModel]:
    """Yield the models of which one answers: a child's fallbacks, not the steps of its chain."""
    if isinstance(child, RunnableWithFallbacks):
        for runnable in child.runnables:
            yield from _alternatives(runnable)
    elif hasattr(child, "bound") and not isinstance(child, BaseChatModel):
        yield from _alternatives(child.bound)
    elif hasattr(child, "steps"):
        for step in child.steps:
            alternatives = list(_alternatives(step))
            if alternatives:  # the model of a chain is the step that is one
                yield from alternatives
    else:
        yield from chat_models_in(child)


def _run_name(model: BaseChatModel) -> str:
    return str(model._get_ls_params().get("ls_model_name"))
