"""The models behind a routed model: what may be one, and what is true of all of them."""

import warnings
from collections.abc import Container, Iterable, Mapping
from typing import Any, cast

from langchain_core.language_models import BaseChatModel, BaseLanguageModel, ModelProfile
from langchain_core.language_models.base import LangSmithParams
from langchain_core.runnables import Runnable

from shared_router import IgnoredArgumentWarning, InvalidInputError, SameModelWarning

SHARED_SETTINGS = ("disable_streaming", "output_version", "rate_limiter", "verbose")
"""Settings of every chat model that act in a child's own call, so a routed model passes them on."""


def checked_children(
    strong: object, weak: object, settings: Mapping[str, Any]
) -> dict[str, Runnable[Any, Any]]:
    """Return the children by name, or copies of them that have the settings given to the routed model.

    Raises:
        InvalidInputError: If one is missing or is no chat model, or cannot hold the settings.

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


def shared_profile(children: Iterable[object]) -> ModelProfile | None:
    """Return what every child's profile promises: flags that all set, the smallest of limits.

    A key on which profiles say different things, or that one lacks, promises nothing and is left out.
    """
    profiles = [getattr(child, "profile", None) for child in children]
    if not all(profiles):
        return None
    first, *others = [dict(profile) for profile in profiles if profile]
    shared = {
        key: _shared_value([value, *(other[key] for other in others)])
        for key, value in first.items()
        if all(key in other for other in others)
    }
    return ModelProfile(**{key: value for key, value in shared.items() if value is not None})  # type: ignore[typeddict-item]


def shared_ls_params(children: Iterable[object], **kwargs: Any) -> LangSmithParams:
    """Return the tracing parameters that all children have in common, and both models' names.

    No run of a routed model's own exists that they could be written on: they are for code that asks a
    model who it is.
    """
    params = [child._get_ls_params(**kwargs) for child in children if isinstance(child, BaseChatModel)]
    names = [str(each.get("ls_model_name", "unnamed")) for each in params]
    shared = {
        key: value
        for key, value in (params[0] if params else {}).items()
        if all(each.get(key) == value for each in params)
    }
    pair = {"ls_provider": "routellm", "ls_model_name": " | ".join(names), "ls_model_type": "chat"}
    return cast("LangSmithParams", {**pair, **shared})


def _checked_child(name: str, child: object) -> Runnable[Any, Any]:
    answers_in_text = isinstance(child, BaseLanguageModel) and not isinstance(child, BaseChatModel)
    if isinstance(child, Runnable) and not answers_in_text:
        return child
    got = child.__name__ if isinstance(child, type) else type(child).__name__
    raise InvalidInputError(
        f"{name} must be a chat model or a Runnable from messages to an AIMessage, got {got}; "
        f"pass {name}=ChatOpenAI(...) or another provider's chat model"
    )


def _with_settings(name: str, child: Runnable[Any, Any], settings: Mapping[str, Any]) -> Runnable[Any, Any]:
    if not settings:
        return child
    if not isinstance(child, BaseChatModel):
        raise InvalidInputError(
            f"{', '.join(settings)} must be given to a chat model, got {name}={type(child).__name__}; "
            "set it on the models inside"
        )
    return child.model_copy(update=dict(settings))


def _shared_value(values: list[Any]) -> Any:
    if all(isinstance(value, bool) for value in values):
        return all(values)
    if all(type(value) is int for value in values):
        return min(values)
    return values[0] if all(value == values[0] for value in values) else None
