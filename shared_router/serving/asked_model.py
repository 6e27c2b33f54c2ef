"""What a request's `model` asks for: routing, routing at a threshold, or one of the two models itself."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from shared_router.choices import shown_kind
from shared_router.errors import InvalidInputError, UnknownNameError

AUTO = "auto"
PREFIX = "router-"

_THRESHOLD = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_ROUTED = re.compile(rf"(.+?)-({_THRESHOLD})")
"""A small threshold is written 1e-05 by the clients, so that the last dash does not end the name."""


@dataclass(frozen=True, slots=True)
class AskedModel:
    """What is asked for.

    Attributes:
        router: The router to score with; None is the server's own.
        threshold: The cost threshold, in [0, 1]; None is the server's own.
        route: The model that is asked for by its name, which no router is asked about.
    """

    router: str | None = None
    threshold: float | None = None
    route: str | None = None


def asked_model(name: object, *, models: Mapping[str, str], routers: Collection[str]) -> AskedModel:
    """Read a request's model.

    Args:
        name: `"auto"`, `"router-<name>-<threshold>"` as RouteLLM's clients send it, `"strong"`, `"weak"`, or
            one of the upstreams' own models.
        models: `"strong"` or `"weak"` by the upstream's own name of the model.
        routers: The routers that may be named.

    Raises:
        InvalidInputError: If it is no text, or its threshold no number in [0, 1].
        UnknownNameError: If it is none of these. What was sent is not repeated.
    """
    if not isinstance(name, str):
        raise InvalidInputError(f"model must be a text, got {shown_kind(name)}")
    if name == AUTO:
        return AskedModel()
    route = name if name in models.values() else models.get(name)
    if route is not None:
        return AskedModel(route=route)
    if name.startswith(PREFIX):
        return _routed(name.removeprefix(PREFIX), routers)
    known = [AUTO, f"{PREFIX}<name>-<threshold>", *dict.fromkeys([*models.values(), *models])]
    raise UnknownNameError(f"model must be one of {known}, got a text of {len(name)} characters")


def _routed(rest: str, routers: Collection[str]) -> AskedModel:
    found = _ROUTED.fullmatch(rest)
    threshold = -1.0 if found is None else float(found[2])
    if found is None or not 0 <= threshold <= 1:
        raise InvalidInputError(
            f"model must be {PREFIX}<name>-<threshold> with a threshold in [0, 1], for example "
            f"{PREFIX}{min(routers, default='static-v2')}-0.3"
        )
    if found[1] not in routers:
        raise UnknownNameError(f"the router in {PREFIX}<name>-<threshold> must be one of {sorted(routers)}")
    return AskedModel(router=found[1], threshold=abs(threshold))
