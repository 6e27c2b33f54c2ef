"""What a call may cost, held until it is known what it did cost."""

from __future__ import annotations

import logging
import math
import os
import threading
from collections.abc import Callable

from shared_router.resilience.budgets.money import in_dollars, rounded_up

_log = logging.getLogger(__name__)


class Reservation:
    """What one call may cost at most, taken from a budget until it ends.

    It never raises, never waits, and only its first end counts. One that is forgotten counts in full.

    Args:
        amount: Billionths of a dollar.
        put_back: Puts back what was not needed.

    Attributes:
        dollars: What was reserved.
    """

    __slots__ = ("_amount", "_lock", "_open", "_process", "_put_back")

    def __init__(self, amount: int, put_back: Callable[[int], None]) -> None:
        self._amount = amount
        self._put_back = put_back
        self._open = True
        self._lock = threading.Lock()
        self._process = os.getpid()

    @property
    def dollars(self) -> float:
        """What was reserved, in dollars."""
        return in_dollars(self._amount)

    def settle(self, dollars: float | None) -> None:
        """Say what the call cost, and put the rest back.

        Args:
            dollars: What it cost, >= 0. None where that is not known, as of one that was cancelled or took
                too long: the provider bills it, and the whole bound counts.
        """
        known = dollars is not None and math.isfinite(dollars) and dollars >= 0
        cost = rounded_up(dollars) if known and dollars is not None else self._amount
        if self._ends():
            if cost > self._amount:
                _log.warning(
                    "a call cost %.9f dollars and had reserved %.9f as its bound; max_output_tokens must be "
                    "what the provider is asked for too",
                    in_dollars(cost),
                    self.dollars,
                )
            if cost != self._amount:
                self._put_back(self._amount - cost)

    def release(self) -> None:
        """Put everything back: no model was asked, or the provider refused and bills nothing."""
        if self._ends():
            self._put_back(self._amount)

    def _ends(self) -> bool:
        with self._lock:
            ends, self._open = self._open, False
        return ends and self._process == os.getpid()  # a fork's copy is the parent's call
