"""The rules that need no score, strongest first: they decide before a router is asked.

A caller's own choice, a request that one model alone can serve, a conversation that must not change models,
no question at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from shared_router.choices import check_list, is_number, shown, shown_kind
from shared_router.decisions import RoutingRequest, check_threshold
from shared_router.errors import CapabilityError, InvalidInputError, UnknownNameError
from shared_router.tenants import checked_name
from shared_router.text import is_blank


class Ruling(NamedTuple):
    """What a rule says.

    Attributes:
        model: The model that the request goes to.
        reason: The decision's reason.
    """

    model: str
    reason: str


def ruling_of(request: RoutingRequest, models: tuple[str, ...], on_no_query: str) -> Ruling | None:
    """Apply the rules to a request, after a check of its own settings.

    Args:
        request: The request.
        models: All models that the policy has, best first.
        on_no_query: The model for a request without a question.

    Returns:
        The ruling, or None where a score must decide.

    Raises:
        InvalidInputError: If the request's threshold or its known win probability is outside [0, 1], or its
            tenant or conversation is no name.
        UnknownNameError: If it names a model that is none.
        CapabilityError: If no model can serve it.
    """
    if request.query is not None and not isinstance(request.query, str):
        raise InvalidInputError(f"a question must be text or None, got {shown_kind(request.query)}")
    if request.tenant is not None:
        checked_name("tenant", request.tenant)
    if request.conversation is not None:
        checked_name("conversation", request.conversation)
    candidates = _candidates(request, models)
    if request.route is not None:
        return Ruling(request.route, "route")
    if len(candidates) == 1:
        return Ruling(candidates[0], f"capability:{request.needs}")
    if request.sticky_to is not None and request.sticky_to in candidates:
        return Ruling(request.sticky_to, "sticky")
    if request.query is None or is_blank(request.query):
        return Ruling(among(candidates, on_no_query), "no_query")
    p = request.win_probability
    if p is not None and not (is_number(p) and 0 <= p <= 1):
        raise InvalidInputError(f"win_probability must be in [0, 1], got {shown(p)}")
    return None


def among(candidates: Sequence[str], model: str) -> str:
    """Return a rule's model, or the best of those that can serve the request where it cannot."""
    return model if model in candidates else candidates[0]


def guarded_model(request: RoutingRequest, verdict: Ruling, models: Sequence[str]) -> str:
    """Return the model that a guard's verdict means for a request.

    Args:
        request: The request, checked.
        verdict: What the guard said, or the rule for one that failed.
        models: All models that the policy has, best first.

    Raises:
        CapabilityError: If the guard names a model that cannot serve it: another one would be one it vetoed.
    """
    candidates = request.candidates or models
    if verdict.reason == "guard" and verdict.model not in candidates:
        raise CapabilityError(
            f"a guard must name a model that can serve the request, and {verdict.model} cannot: "
            f"{request.needs}"
        )
    return among(candidates, verdict.model)


def _candidates(request: RoutingRequest, models: tuple[str, ...]) -> tuple[str, ...]:
    if request.threshold is not None:
        check_threshold(request.threshold)
    if request.route is not None and not (isinstance(request.route, str) and request.route in models):
        raise UnknownNameError(f"route must be one of {list(models)}, got {shown(request.route)}")
    candidates = models if request.candidates is None else request.candidates
    if candidates is not models:
        check_list("candidates", candidates)
        if not all(isinstance(name, str) and name in models for name in candidates):
            raise UnknownNameError(
                f"candidates must be among {list(models)}, got [{', '.join(map(shown, candidates))}]"
            )
    if not candidates or (request.route is not None and request.route not in candidates):
        who = request.route or " and ".join(models)
        raise CapabilityError(f"a model must be able to serve the request, and {who} cannot: {request.needs}")
    return candidates
