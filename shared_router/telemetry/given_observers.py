"""Who an adapter is told to tell of its calls: observers, and files that are decision logs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from shared_router.choices import shown_kind
from shared_router.errors import InvalidInputError
from shared_router.observers import Observer
from shared_router.telemetry.decision_log import DecisionLog


def observers_of(given: Sequence[Observer | str | Path]) -> tuple[Observer, ...]:
    """Return observers as an adapter asks them.

    Args:
        given: Observers; a path among them becomes a `DecisionLog` of that file.

    Raises:
        InvalidInputError: If one is something else, or a path is none of a log.
    """
    if isinstance(given, str | Path) or not isinstance(given, Sequence):
        raise InvalidInputError(
            f"observers must be a list, got {shown_kind(given)}; put what watches in a list"
        )
    return tuple(DecisionLog(each) if isinstance(each, str | Path) else _checked(each) for each in given)


def _checked(observer: Observer) -> Observer:
    methods = [getattr(observer, name, None) for name in ("decided", "ended")]
    if isinstance(observer, type) or not all(map(callable, methods)):
        raise InvalidInputError(
            f"an observer must have the methods decided and ended, got {shown_kind(observer)}; see Observer"
        )
    return observer
