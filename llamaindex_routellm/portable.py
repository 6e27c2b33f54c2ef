"""A routed LLM as data, without keys: what `to_dict` writes and `from_dict` reads.

A workflow's state is kept that way. Models are written as LlamaIndex writes them, but for what names itself
a secret: where they are made again they read their keys from the environment. What is no plain data, such
as a router object, stays the object it is: a dict can hold it and JSON cannot, so that LlamaIndex's pickle
serializer pickles the whole instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from llama_index.core.llms import LLM

from llamaindex_routellm.children import OWN_FIELDS, is_unset
from llamaindex_routellm.serialization import constructor_names, without_secrets
from shared_router import InvalidInputError, TokenPrices


def portable_models(children: Mapping[str, LLM]) -> dict[str, Any]:
    """Return models as data, by name."""
    return {name: portable_model(llm) for name, llm in children.items()}


def portable_model(llm: LLM) -> dict[str, Any]:
    """Return a model as its class's name and its fields, without keys."""
    fields = without_secrets(llm.to_dict())
    own = {name: getattr(llm, name, None) for name in OWN_FIELDS}
    return {
        "class": name_of(type(llm)),
        "fields": {**fields, **{name: value for name, value in own.items() if not is_unset(value)}},
    }


def portable_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return a routed LLM's settings as data, as far as they are data."""
    return {name: _portable(value) for name, value in settings.items()}


def arguments_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what constructs the routed LLM again that data was written of.

    Raises:
        InvalidInputError: If it is not such data, or names a class that is no LLM or cannot be imported.
    """
    models, settings = data.get("models"), data.get("settings")
    if not isinstance(models, Mapping) or not isinstance(settings, Mapping):
        raise InvalidInputError(
            "a RoutedLLM must be made of what to_dict wrote, with its models and settings; "
            "call RoutedLLM(strong=..., weak=...)"
        )
    prices = settings.get("prices")
    if prices is not None:
        prices = {name: TokenPrices(**price) for name, price in prices.items()}
    resilience = settings.get("resilience")
    if isinstance(resilience, Mapping):
        resilience = _resilience()(**resilience)
    children = {name: _model_of(model) for name, model in models.items()}
    return {**constructor_names(children), **settings, "prices": prices, "resilience": resilience}


def name_of(some_class: type) -> str:
    """Return the name that `class_of` finds a class by."""
    return f"{some_class.__module__}:{some_class.__qualname__}"


def class_of(name: str, base: type) -> type[Any]:
    """Return the class of a name.

    Raises:
        InvalidInputError: If there is none, or it is no subclass of `base`.
    """
    module, _, path = name.partition(":")
    try:
        found: Any = import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, ValueError) as error:
        raise InvalidInputError(
            f"a class must be importable by its name, got {name!r}; define it in a module"
        ) from error
    if not isinstance(found, type) or not issubclass(found, base):
        raise InvalidInputError(f"a class must be a {base.__name__}, got {name!r}")
    return found


def _model_of(model: Mapping[str, Any]) -> LLM:
    llm: LLM = class_of(model["class"], LLM).from_dict(dict(model["fields"]))
    return llm


def _resilience() -> type[Any]:
    from shared_router import Resilience  # which a program without it does not load

    return Resilience


def _portable(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, TokenPrices):
        return asdict(value)
    if type(value).__module__.startswith("shared_router.resilience") and isinstance(value, _resilience()):
        # a function is the caller's object, which data cannot hold
        return asdict(value) if value.moves_on is None else value
    if isinstance(value, Mapping):
        return {name: _portable(each) for name, each in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(value)
    return list(value) if isinstance(value, tuple) else value
