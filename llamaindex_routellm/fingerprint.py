"""What tells routed LLMs apart that may answer differently: a hash of their models and rules, without keys.

LlamaIndex's ingestion cache knows a step by what is dumped of it, and must not give one LLM's output for
another's. Equal settings have one hash in every process, unless they hold what no other process has: an
object that cannot be pickled differs from every other.
"""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from types import FunctionType
from typing import Any
from uuid import uuid4
from weakref import WeakKeyDictionary

from llama_index.core.llms import LLM

from llamaindex_routellm.portable import name_of, portable_models, portable_settings
from shared_router import Router, RoutingPolicy, __version__, router_names

_NO_ANSWERS = ("cache_size", "prices", "resilience", "budget", "observers", "shadow", "would")
"""Settings that change no answer, or only as the hour has it."""

_tokens: WeakKeyDictionary[Any, str] = WeakKeyDictionary()


def fingerprint_of(
    children: Mapping[str, LLM], settings: Mapping[str, Any], *, steered: object = None
) -> str:
    """Return the hash, in hex.

    Args:
        children: The models by name.
        settings: What else a routed LLM is constructed with.
        steered: What the block around says of its calls.
    """
    deciding = {name: value for name, value in settings.items() if name not in _NO_ANSWERS}
    parts = {
        "models": portable_models(children),
        "settings": {**portable_settings(deciding), "router": _router_identity(settings["router"])},
        "steered": repr(steered),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=_identity).encode()).hexdigest()


def _router_identity(router: Router | str | Path | None) -> str:
    if isinstance(router, Router):
        return _identity(router)
    name = str(router or "")
    if not name or name in router_names():
        return f"{name} {__version__}"  # its weights ship with the package
    # a checkpoint's config holds its other files' hashes
    config = Path(name) / "config.json"
    return hashlib.sha256(config.read_bytes()).hexdigest() if config.is_file() else name


def _identity(value: Any) -> str:
    """Return what an object that is no plain data is known by."""
    if isinstance(value, RoutingPolicy):
        return _policy_identity(value)
    if isinstance(value, type):
        return name_of(value)
    if isinstance(value, FunctionType) and "<" not in value.__qualname__:
        return f"{value.__module__}:{value.__qualname__}"
    try:
        return f"{name_of(type(value))} {hashlib.sha256(pickle.dumps(value)).hexdigest()}"
    except (pickle.PicklingError, TypeError, AttributeError):
        return _token(value)


def _policy_identity(policy: RoutingPolicy) -> str:
    named = policy.router_name if policy.router_name in router_names() else _identity(policy.router)
    public = {name: value for name, value in vars(policy).items() if not name.startswith("_")}
    rule = {"class": name_of(type(policy)), "router": named, "threshold": policy.threshold, **public}
    if policy.guard is not None:
        rule |= {"guard": policy.guard, "on_guard_error": policy.on_guard_error}
    return json.dumps(rule, sort_keys=True, default=_identity)


def _token(value: Any) -> str:
    """Return a token of this process's for an object, the same as long as it lives."""
    try:
        return _tokens.setdefault(value, uuid4().hex)
    except TypeError:  # what nothing can refer to weakly is never known again
        return uuid4().hex
