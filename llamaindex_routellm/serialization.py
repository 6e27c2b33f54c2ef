"""What is written of a routed LLM: never a key.

LlamaIndex's own LLMs hold their keys as plain fields, so their `to_dict`, repr and pickles hold them too.
A routed LLM describes its models by class and name, and pickles them without what names itself a secret:
where it is unpickled, they read their keys from the environment, as they do when they are constructed.
"""

from __future__ import annotations

import inspect
import pickle
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from llama_index.core.llms import LLM
from pydantic import SecretBytes, SecretStr

from llamaindex_routellm.base import RoutingLLM
from shared_router import InvalidInputError

_SECRET = re.compile(
    r"(^|_)(key|secret|password|credentials?|headers|auth|authorization)(_|$)|api_?keys?|token$", re.I
)
# Handlers hold prompts and connections, which belong to the process.
_OF_THE_PROCESS = ("callback_manager", "rate_limiter")


def description(llm: LLM) -> dict[str, str]:
    """Describe a model by its class and its name; nothing is asked of its provider."""
    name = getattr(llm, "model", None) or getattr(llm, "model_name", None)
    return {"class_name": type(llm).__name__, **({"model": name} if isinstance(name, str) else {})}


def reduced(
    routed_class: Callable[..., LLM], children: Mapping[str, LLM], arguments: Mapping[str, Any]
) -> tuple[Any, ...]:
    """Return what `__reduce__` must: how to construct a routed LLM again, without keys.

    Args:
        routed_class: The class to construct.
        children: Its models by name.
        arguments: Its other arguments.

    Raises:
        InvalidInputError: If an argument or a model's field cannot be pickled; LlamaIndex would drop it, and
            fail or format another prompt at the first call after.
    """
    by_identity = {id(llm): _saved(llm) for llm in children.values()}
    saved = {name: by_identity[id(llm)] for name, llm in children.items()}
    _check_picklable(arguments)
    for name, model in saved.items():
        if isinstance(model, _SavedModel):
            _check_picklable({f"{name}.{field}": value for field, value in model.fields.items()})
    return _reconstructed, (routed_class, saved, dict(arguments))


@dataclass(frozen=True, slots=True)
class _SavedModel:
    """What a pickle keeps of a model."""

    llm_class: type[LLM]
    fields: Mapping[str, Any]

    def restore(self) -> LLM:
        """Construct the model, which makes its client and looks for its key."""
        fields = {name: _restored(value) for name, value in self.fields.items()}
        taken = inspect.signature(self.llm_class.__init__).parameters
        takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in taken.values())
        llm = self.llm_class(**{name: value for name, value in fields.items() if takes_all or name in taken})
        for name, value in fields.items():
            if not takes_all and name not in taken:
                setattr(llm, name, value)
        return llm


def _reconstructed(routed_class: Callable[..., LLM], saved: dict[str, Any], arguments: dict[str, Any]) -> LLM:
    by_identity = {id(model): _restored(model) for model in saved.values()}
    llms = {name: by_identity[id(model)] for name, model in saved.items()}
    return routed_class(**constructor_names(llms), **arguments)


def constructor_names(children: Mapping[str, LLM]) -> dict[str, Any]:
    """Return models by name as the arguments that construct a routed LLM over them."""
    return dict(children) if set(children) == {"strong", "weak"} else {"models": dict(children)}


def _restored(value: Any) -> Any:
    return value.restore() if isinstance(value, _SavedModel) else value


def _saved(value: Any) -> Any:
    """Return a model without keys, headers and what belongs to this process, or a field's value."""
    if isinstance(value, LLM) and not isinstance(value, RoutingLLM):  # which pickles without keys itself
        fields = {name: _saved(field) for name, field in without_secrets(value.__dict__).items()}
        return _SavedModel(
            type(value), {name: field for name, field in fields.items() if name not in _OF_THE_PROCESS}
        )
    return value


def _check_picklable(values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        try:
            pickle.dumps(value)
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            raise InvalidInputError(
                f"{name} must be picklable where a RoutedLLM is pickled, got {type(value).__name__}; "
                "give the name or folder of a saved router, and functions that a module defines"
            ) from error


def without_secrets(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a model's fields without those that name themselves a secret, at any depth."""
    return {
        name: _value_without_secrets(value)
        for name, value in fields.items()
        if not (isinstance(name, str) and _SECRET.search(name)) and not _is_secret(value)
    }


def _value_without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return without_secrets(value)
    if isinstance(value, list):
        return [_value_without_secrets(each) for each in value if not _is_secret(each)]
    return value


def _is_secret(value: object) -> bool:
    return isinstance(value, SecretStr | SecretBytes)
