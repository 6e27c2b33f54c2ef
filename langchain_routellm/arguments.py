"""What a routed model may be given beside its own settings: fields of every chat model, nothing misspelt."""

import warnings
from collections.abc import Container, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from shared_router import IgnoredArgumentWarning, InvalidInputError, UnknownNameError

SHARED_SETTINGS = ("disable_streaming", "output_version", "rate_limiter", "verbose")
"""Settings of every chat model that act in a child's own call, so a routed model passes them on."""

_OF_PROVIDERS = frozenset(
    ("model", "model_name", "stop", "timeout", "request_timeout", "temperature", "api_key", "max_retries")
    + ("verbosity",)
)
"""Arguments of providers' models that must not be taken for slips of ours: `model` is no `models`."""


def split_settings(
    others: Mapping[str, Any], *, known: Iterable[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Sort the constructor's further arguments: the routed model's own, and those its children must have.

    Args:
        others: The arguments.
        known: The names of the routed model's fields.

    Raises:
        InvalidInputError: If there is a cache.
        UnknownNameError: If an argument is none of ours and is spelt almost like one.

    Warns:
        IgnoredArgumentWarning: If an argument is no field of a chat model.
    """
    refuse_cache(others.get("cache"))
    known = set(known)
    ignored = sorted(name for name in others if name not in known)
    for name in ignored:
        refuse_misspelt(name, known)
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


def refuse_cache(cache: object) -> None:
    """Refuse a cache: keyed by the routed model it would serve one child's answer for the other's.

    Raises:
        InvalidInputError: If there is one.
    """
    if cache is not None:
        raise InvalidInputError(
            "cache must be set on the children, where it is keyed by the model that answers, got one for "
            "both; pass strong=ChatOpenAI(..., cache=...) and weak=..., or use set_llm_cache"
        )


def refuse_misspelt(name: str, known: Container[str] | Iterable[str]) -> None:
    """Refuse a name that is almost one of ours: ignored, `treshold=0.3` would route by another threshold.

    Raises:
        UnknownNameError: If it is.
    """
    if name in _OF_PROVIDERS:
        return
    near = get_close_matches(name.lower(), sorted(known), n=1, cutoff=0.75)  # type: ignore[arg-type]
    if near:
        raise UnknownNameError(f"an argument must be one of ours, got {name!r}; did you mean {near[0]!r}?")
