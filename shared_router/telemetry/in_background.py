"""Ended calls on their way to OpenTelemetry, in a thread: a span takes longer than a route."""

from __future__ import annotations

import atexit
import logging
import weakref
from collections.abc import Callable

from shared_router.observers import CallEnd, WatchedCall
from shared_router.telemetry.handing_over import HandingOver

_logger = logging.getLogger(__name__)

_MOST_WAITING = 10_000
_LONGEST_FAREWELL_S = 5.0


class InBackground:
    """Tell of ended calls in a thread; what telling raises is counted and logged, as where a caller waits.

    Args:
        tell: Tells of one.

    Attributes:
        failures: How often it raised an error.
    """

    def __init__(self, tell: Callable[[WatchedCall, CallEnd], None]) -> None:
        self._tell = tell
        self.failures = 0
        self._handing_over: HandingOver[tuple[WatchedCall, CallEnd]] = HandingOver(
            self._work, max_waiting=_MOST_WAITING, max_size=_MOST_WAITING
        )
        # now, so that it goes before the exporter that was set up before closes
        atexit.register(_flush, weakref.ref(self))

    def put(self, call: WatchedCall, end: CallEnd) -> None:
        """Hand an ended call over; it is left out where too many wait."""
        if not self._handing_over.put((call, end)) and self._handing_over.dropped == 1:
            _logger.warning("spans are made too slowly; some decisions are left out of traces and metrics")

    def flush(self, timeout_s: float) -> bool:
        """Wait until all that was handed over has been told; return whether it has."""
        return self._handing_over.drain(timeout_s)

    def _work(self, ended: list[tuple[WatchedCall, CallEnd]]) -> None:
        for call, end in ended:
            try:
                self._tell(call, end)
            # whatever a span processor raises: the calls after it must be told
            except Exception as error:  # noqa: BLE001
                self.failures += 1
                if self.failures & (self.failures - 1) == 0:  # the 1st, 2nd, 4th, 8th ...
                    kind = type(error).__name__
                    _logger.warning("telemetry raised %s (%d failures so far)", kind, self.failures)


def _flush(background: weakref.ref[InBackground]) -> None:
    if (kept := background()) is not None:
        kept.flush(_LONGEST_FAREWELL_S)
