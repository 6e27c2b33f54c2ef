"""The calls that the code is inside of: routed models can be each other's children, and must end."""

from __future__ import annotations

from contextvars import ContextVar, Token
from dataclasses import dataclass

from shared_router.resilience.call_record import CallRecord
from shared_router.resilience.next_model import NextModel


@dataclass(frozen=True, slots=True, eq=False)
class AskedAround:
    """A call that asks a model which has come round to the same adapter.

    Attributes:
        rules: What names the adapter.
        asks: Whom it has asked.
        record: What came of it so far.
    """

    rules: object
    asks: NextModel
    record: CallRecord


class Asking:
    """A block inside which a call's model is asked.

    Args:
        call: The call.
    """

    __slots__ = ("_call", "_token")

    def __init__(self, call: AskedAround) -> None:
        self._call = call

    def __enter__(self) -> None:
        """Say in the code's context that the call is being asked."""
        self._token: Token[tuple[AskedAround, ...]] = _asking.set((*_asking.get(), self._call))

    def __exit__(self, *raised: object) -> None:
        """Forget it."""
        _asking.reset(self._token)


def failed_around(rules: object) -> list[AskedAround]:
    """Return the calls around this one that are the same adapter's, and in which a model has failed."""
    return [call for call in _asking.get() if call.rules is rules and call.record.errors]


_asking: ContextVar[tuple[AskedAround, ...]] = ContextVar("routellm_asking", default=())
