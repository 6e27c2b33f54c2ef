"""The models behind a routed model: what may be one, and what is true of all of them."""

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from langchain_core.language_models import BaseChatModel, BaseLanguageModel, LanguageModelInput
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable, RunnableSequence, RunnableWithFallbacks
from langchain_core.runnables.base import RunnableBindingBase
from langchain_core.runnables.configurable import DynamicRunnable

from shared_router import InvalidInputError, MissingExtraError, SameModelWarning

Child = Runnable[LanguageModelInput, AIMessage]
"""A model behind a routed one."""

UNNAMED = "unnamed"
"""What a model is called that says no name."""


def checked_children(
    strong: object,
    weak: object,
    settings: Mapping[str, Any],
    models: Mapping[str, object] | None = None,
) -> dict[str, Runnable[Any, Any]]:
    """Return the children by name, or copies of them that have the settings given to the routed model.

    Args:
        strong: The strong model of two, or None where `models` names them.
        weak: The weak model of two, likewise.
        settings: Fields of a chat model that the children must have.
        models: All models by the names that a policy gives them.

    Raises:
        InvalidInputError: If one is missing or is no chat model, or cannot hold the settings; if both ways
            of naming are used.
        MissingExtraError: If one is a "provider:model" string and langchain is not installed.

    Warns:
        SameModelWarning: If two are one object.
    """
    named = named_models(strong, weak, models)
    objects = [id(child) for child in named.values() if child is not None]
    if len(set(objects)) < len(objects):
        warnings.warn(
            f"{' and '.join(named)} must be {'two' if models is None else 'different'} models for routing to "
            "save anything, got one object twice",
            SameModelWarning,
            stacklevel=3,
        )
    return {name: with_settings(name, checked_child(name, child), settings) for name, child in named.items()}


def named_models(strong: object, weak: object, models: object) -> dict[str, Any]:
    """Return the models by name: those given as `models`, else the two.

    Raises:
        InvalidInputError: If `models` names no two, or stands beside another model.
    """
    if models is None:
        return {"strong": strong, "weak": weak}
    by_name = isinstance(models, Mapping) and all(isinstance(name, str) for name in models)
    if not (isinstance(models, Mapping) and by_name and len(models) > 1):
        got = f"{len(models)} of them" if isinstance(models, Mapping) else type(models).__name__
        raise InvalidInputError(f"models must be two or more models by name, got {got}")
    if any(
        child is not None and all(child is not other for other in models.values()) for child in (strong, weak)
    ):
        raise InvalidInputError("models must name all models, got strong= or weak= beside it; give either")
    return dict(models)


def checked_child(name: str, child: object) -> Runnable[Any, Any]:
    """Return a child that is one, or the model that a "provider:model" string names.

    Raises:
        InvalidInputError: If it is missing or is no chat model and no Runnable.
        MissingExtraError: If it is a string and langchain is not installed.
    """
    if isinstance(child, str):
        return _model_called(child)
    answers_in_text = isinstance(child, BaseLanguageModel) and not isinstance(child, BaseChatModel)
    if isinstance(child, Runnable) and not answers_in_text:
        return child
    got = f"the class {child.__name__}" if isinstance(child, type) else type(child).__name__
    raise InvalidInputError(
        f"{name} must be a chat model or a Runnable from messages to an AIMessage, got {got}; "
        f"pass {name}=ChatOpenAI(...) or another provider's chat model"
    )


def with_settings(name: str, child: Runnable[Any, Any], settings: Mapping[str, Any]) -> Runnable[Any, Any]:
    """Return a child, or a copy of it that has these settings.

    Raises:
        InvalidInputError: If it is no chat model and so has no such fields.
    """
    if not settings:
        return child
    if not isinstance(child, BaseChatModel):
        raise InvalidInputError(
            f"{', '.join(settings)} must be given to a chat model, got {name}={type(child).__name__}; "
            "set it on the models inside"
        )
    return child.model_copy(update=dict(settings))


def chat_models_in(child: object) -> Iterator[BaseChatModel]:
    """Yield the chat models that may answer for a child: itself, or those a binding or its fallbacks hold."""
    if isinstance(child, BaseChatModel):
        yield child
    elif isinstance(child, RunnableBindingBase):
        yield from chat_models_in(child.bound)
    elif isinstance(child, RunnableWithFallbacks):
        for runnable in child.runnables:
            yield from chat_models_in(runnable)
    elif isinstance(child, RunnableSequence):
        for step in child.steps:
            yield from chat_models_in(step)
    elif isinstance(child, DynamicRunnable):
        yield from chat_models_in(child.default)


def name_of(child: object) -> str:
    """Return the name of the model that a child asks, `UNNAMED` where it says none."""
    for attribute in ("model_name", "model", "model_id"):
        name = getattr(child, attribute, None)
        if isinstance(name, str) and name:
            return name
    if isinstance(child, BaseChatModel):
        return str(child._get_ls_params().get("ls_model_name", UNNAMED))
    return next((name_of(model) for model in chat_models_in(child)), UNNAMED)


def _model_called(provider_and_model: str) -> BaseChatModel:
    try:
        from langchain.chat_models import init_chat_model
    except ImportError as error:
        raise MissingExtraError.of("langchain", "agents") from error
    return init_chat_model(provider_and_model)
