"""Steering for a block of code: another threshold, or a model by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from llamaindex_routellm.memory import DecisionMemory
from shared_router import InvalidInputError, RoutingRequest


@dataclass(frozen=True, slots=True)
class Override:
    """What a block of code has said of its calls.

    Attributes:
        threshold: Their cost threshold, in [0, 1]; None leaves the policy's.
        route: The model they go to; None leaves that to the policy.
    """

    threshold: float | None = None
    route: str | None = None


NOTHING = Override()
_overrides: ContextVar[tuple[tuple[DecisionMemory, Override], ...]] = ContextVar(
    "routellm_override", default=()
)


@contextmanager
def overriding(memory: DecisionMemory, threshold: float | None, route: str | None) -> Iterator[None]:
    """Steer one LLM's calls in a block and in the tasks and threads it starts.

    Args:
        memory: Which LLM's: two may share a policy, and none shares its memory.
        threshold: Their cost threshold, in [0, 1].
        route: The model they go to.

    Raises:
        InvalidInputError: If nothing is said, or the threshold is outside its rule.
        UnknownNameError: If the policy has no such model.
    """
    if threshold is None and route is None:
        raise InvalidInputError("override must be given a threshold or a route, got neither")
    # refuses what no call could be given
    memory.policy.decide(RoutingRequest(threshold=threshold, route=route))
    outer = override_of(memory)
    inner = Override(
        outer.threshold if threshold is None else threshold, outer.route if route is None else route
    )
    token = _overrides.set(((memory, inner), *_overrides.get()))
    try:
        yield
    finally:
        _overrides.reset(token)


def override_of(memory: DecisionMemory) -> Override:
    """Return what the innermost block around says of an LLM's calls."""
    for overridden, override in _overrides.get():
        if overridden is memory:
            return override
    return NOTHING
