"""What is written of a routed LLM: never a key.

LlamaIndex's own LLMs hold their keys as plain fields, so their `to_dict`, repr and pickles hold them too.
A routed LLM describes its models by class and name, and pickles them without what names itself a secret:
where it is unpickled, they read their keys from the environment, as they do when they are constructed.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Mapping
from typing import Any

from llama_index.core.llms import LLM

from shared_router import InvalidInputError

_SECRET = re.compile(r"(^|_)(key|secret|password|credentials?|headers|auth|authorization)(_|$)|token$", re.I)
# Handlers hold what was said and whom it is told to; both belong to the process.
_OF_THE_PROCESS = ("callback_manager", "rate_limiter")


def described(llm: LLM) -> dict[str, str]:
    """Describe a model by its class and its name; nothing is asked of its provider."""
    name = getattr(llm, "model", None) or getattr(llm, "model_name", None)
    return {"class_name": type(llm).__name__, **({"model": name} if isinstance(name, str) else {})}


def pickled(routed_class: type[LLM], strong: LLM, weak: LLM, arguments: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what `__reduce__` must: how to construct a routed LLM again, without keys.

    Args:
        routed_class: The class to construct.
        strong: Its strong model.
        weak: Its weak model.
        arguments: Its other arguments.

    Raises:
        InvalidInputError: If an argument cannot be pickled; LlamaIndex would drop it, and fail at the first
            call after.
    """
    for name, value in arguments.items():
        try:
            pickle.dumps(value)
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            raise InvalidInputError(
                f"{name} must be picklable where a RoutedLLM is pickled, got {type(value).__name__}; "
                "give the name or folder of a saved router, and functions that a module defines"
            ) from error
    models = [strong] if weak is strong else [strong, weak]
    return _unpickled, (routed_class, [(type(llm), _without_secrets(llm)) for llm in models], dict(arguments))


def _unpickled(
    routed_class: Callable[..., LLM],
    models: list[tuple[type[LLM], dict[str, Any]]],
    arguments: dict[str, Any],
) -> LLM:
    llms = [llm_class(**fields) for llm_class, fields in models]
    return routed_class(strong=llms[0], weak=llms[-1], **arguments)


def _without_secrets(llm: LLM) -> dict[str, Any]:
    fields = _open_part(llm.__getstate__()["__dict__"])
    return {name: value for name, value in fields.items() if name not in _OF_THE_PROCESS}


def _open_part(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _open_part(value) if isinstance(value, dict) else value
        for name, value in fields.items()
        if not (isinstance(name, str) and _SECRET.search(name))
    }
