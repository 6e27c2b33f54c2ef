"""What a scorer must be before it is asked anything: a call of two arguments, and honest about itself.

A scorer that could never answer would send every question to the strong model, one warning a question; it is
refused where it is given instead.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import get_args

from shared_router.choices import shown, shown_kind
from shared_router.errors import InvalidInputError
from shared_router.scorers.protocol import Reads

_READS = get_args(Reads)


def check_callable(function: object, *, arguments: str) -> None:
    """Check that a scorer, or its `good_enough`, can be asked for a number.

    Args:
        function: What will be called with two arguments by position.
        arguments: Their names, for the message: `"(question, answer)"`.

    Raises:
        InvalidInputError: If it cannot be called so, or is asynchronous.
    """
    if not callable(function) or isinstance(function, type):
        raise InvalidInputError(
            "scorer must have good_enough(question, answers) or be a function (question, answer) -> float, "
            f"got {shown_kind(function)}"
        )
    if _is_async(function):
        raise InvalidInputError(
            f"scorer must be a plain function of {arguments}, got an async one; it is asked in a thread of "
            "its own, where it may block"
        )
    try:
        inspect.signature(function).bind("", "")
    except ValueError:  # built-in, and silent about its arguments
        return
    except TypeError as error:
        raise InvalidInputError(
            f"scorer must take two arguments, {arguments}, and this one cannot: {error}"
        ) from error


def checked_reads(reads: object) -> frozenset[Reads]:
    """Return what a scorer says that it reads beyond text.

    Raises:
        InvalidInputError: If it is no collection of names that there are.
    """
    found = reads if isinstance(reads, (list, tuple, set, frozenset)) else None
    if found is None or not all(isinstance(each, str) and each in _READS for each in found):
        raise InvalidInputError(
            f"a scorer's reads must be a list of some of {list(_READS)}, got {shown(reads)}"
        )
    return frozenset(found)


def _is_async(function: Callable[..., object]) -> bool:
    called: Callable[..., object] = getattr(function, "func", function)  # a functools.partial's own
    return any(
        inspect.iscoroutinefunction(each) or inspect.isasyncgenfunction(each)
        for each in (called, type(called).__call__)
    )
