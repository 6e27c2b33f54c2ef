"""The models behind a routed model: what may be one, and what is true of all of them."""

import warnings
from collections.abc import Container, Mapping
from typing import Any

from langchain_core.language_models import BaseChatModel, BaseLanguageModel
from langchain_core.runnables import Runnable

from shared_router import IgnoredArgumentWarning, InvalidInputError, MissingExtraError, SameModelWarning

SHARED_SETTINGS = ("disable_streaming", "output_version", "rate_limiter", "verbose")
"""Settings of every chat model that act in a child's own call, so a routed model passes them on."""


def checked_children(
    strong: object, weak: object, settings: Mapping[str, Any]
) -> dict[str, Runnable[Any, Any]]:
    """Return the children by name, or copies of them that have the settings given to the routed model.

    Raises:
        InvalidInputError: If one is missing or is no chat model, or cannot hold the settings.
        MissingExtraError: If one is a "provider:model" string and langchain is not installed.

    Warns:
        SameModelWarning: If both are one object.
    """
    if strong is weak and strong is not None:
        warnings.warn(
            "strong and weak must be two models for routing to save anything, got one object twice",
            SameModelWarning,
            stacklevel=3,
        )
    return {
        name: _with_settings(name, _checked_child(name, child), settings)
        for name, child in (("strong", strong), ("weak", weak))
    }


def split_settings(
    others: Mapping[str, Any], *, known: Container[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Sort the constructor's further arguments: the routed model's own, and those its children must have.

    Args:
        others: The arguments.
        known: The names of the routed model's fields.

    Raises:
        InvalidInputError: If there is a cache: keyed by the routed model it would serve one child's
            answer for the other's.

    Warns:
        IgnoredArgumentWarning: If an argument is no field of a chat model.
    """
    if others.get("cache") is not None:
        raise InvalidInputError(
            "cache must be set on the children, where it is keyed by the model that answers, got one for "
            "both; pass strong=ChatOpenAI(..., cache=...) and weak=..., or use set_llm_cache"
        )
    ignored = sorted(name for name in others if name not in known)
    if ignored:
        warnings.warn(
            f"a routed model answers with its children, so {', '.join(ignored)} must be set on strong and "
            "weak; ignored here",
            IgnoredArgumentWarning,
            stacklevel=3,
        )
    own = {name: value for name, value in others.items() if name in known}
    # a setting's default on the routed model is no wish about its children
    return own, {name: own[name] for name in SHARED_SETTINGS if own.get(name)}


def _checked_child(name: str, child: object) -> Runnable[Any, Any]:
    if isinstance(child, str):
        return _model_called(child)
    answers_in_text = isinstance(child, BaseLanguageModel) and not isinstance(child, BaseChatModel)
    if isinstance(child, Runnable) and not answers_in_text:
        return child
    got = child.__name__ if isinstance(child, type) else type(child).__name__
    raise InvalidInputError(
        f"{name} must be a chat model or a Runnable from messages to an AIMessage, got {got}; "
        f"pass {name}=ChatOpenAI(...) or another provider's chat model"
    )


def _model_called(provider_and_model: str) -> BaseChatModel:
    try:
        from langchain.chat_models import init_chat_model
    except ImportError as error:
        raise MissingExtraError.of("langchain", "agents") from error
    return init_chat_model(provider_and_model)


def _with_settings(name: str, child: Runnable[Any, Any], settings: Mapping[str, Any]) -> Runnable[Any, Any]:
    if not settings:
        return child
    if not isinstance(child, BaseChatModel):
        raise InvalidInputError(
            f"{', '.join(settings)} must be given to a chat model, got {name}={type(child).__name__}; "
            "set it on the models inside"
        )
    return child.model_copy(update=dict(settings))
