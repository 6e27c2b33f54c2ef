"""What a monitor says when something is no longer as it was, and saying it without holding anybody up."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

_logger = logging.getLogger(__name__)

_KEPT = 100


@dataclass(frozen=True, slots=True)
class DriftAlarm:
    """What a monitor says, once.

    Attributes:
        kind: `"scores"` where the traffic's scores are others than the policy was made on, `"tenant"` where
            one tenant's requests go strong more often than they may, `"promise"` where graded answers show
            that the loss is above the bound that was promised.
        n: After how many observations.
        e_value: The evidence; it would be this large by chance once in as many times.
        expected: The share that should go strong, in [0, 1]; of a promise the bound.
        seen: The share that has gone strong; of a promise the mean loss.
        tenant: Whose requests; None but for a tenant's.
    """

    kind: Literal["scores", "tenant", "promise"]
    n: int
    e_value: float
    expected: float
    seen: float
    tenant: str | None = None

    def __str__(self) -> str:
        """Say it in one sentence; a tenant is not named, for logs outlive consent."""
        shares = f"a share of {self.seen:.3f} of {self.n} went strong, {self.expected:.3f} should"
        said = {
            "scores": f"the scores are no longer those that the policy was made on; {shares}",
            "tenant": f"a tenant's requests go strong more often than they may; {shares}",
            "promise": f"the promise is broken: {self.n} graded requests lose {self.seen:.3g} on average, at "
            f"most {self.expected:.3g} was promised",
        }
        evidence = f"{self.e_value:,.0f}" if self.e_value < 1e6 else "a million or more"
        return f"{said[self.kind]} (evidence {evidence} to 1)"


class Alarms:
    """Keep the latest alarms; log them and call back in a thread that lives only while there are any.

    What the callback raises ends that thread, and is shown as any thread's last error is; the next alarm is
    told all the same. A copy or a pickle has no thread and nothing left to tell.

    Args:
        callback: Called with each alarm, one after the other; None calls nobody.
    """

    _thread: threading.Thread | None

    def __init__(self, callback: Callable[[DriftAlarm], object] | None) -> None:
        self.callback = callback
        self.latest: deque[DriftAlarm] = deque(maxlen=_KEPT)
        self._start()

    def raise_alarm(self, alarm: DriftAlarm) -> None:
        """Keep an alarm, and leave the telling to a thread: a log may be as slow as a pager."""
        self.latest.append(alarm)
        with self._lock:
            self._untold.append(alarm)
            if self._thread is None:
                self._start_thread()

    def __getstate__(self) -> dict[str, Any]:
        """Leave the thread, its lock and what it has yet to tell out of copies."""
        return {"callback": self.callback, "latest": self.latest.copy()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take what `__getstate__` gave."""
        self.__dict__.update(state)
        self._start()

    def _start(self) -> None:
        self._lock = threading.Lock()
        self._untold: deque[DriftAlarm] = deque(maxlen=_KEPT)
        self._thread = None

    def _start_thread(self) -> None:
        self._thread = threading.Thread(target=self._tell, name="routellm-alarms", daemon=True)
        self._thread.start()

    def _tell(self) -> None:
        try:
            while (alarm := self._next()) is not None:
                _logger.warning("%s", alarm)
                if self.callback is not None:
                    self.callback(alarm)
        finally:
            with self._lock:
                if self._thread is threading.current_thread():  # the callback has failed
                    self._thread = None
                    if self._untold:
                        self._start_thread()

    def _next(self) -> DriftAlarm | None:
        with self._lock:
            if self._untold:
                return self._untold.popleft()
            self._thread = None
            return None
