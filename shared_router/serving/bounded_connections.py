"""Connections that cannot be held for nothing: whoever does not send a request's headers in time is cut off.

uvicorn closes a connection that is idle after an answer; one that never sends a first request, or sends it a
byte a minute, it keeps for ever, and ten thousand of those are all a server can hold.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADERS_WITHIN_S = 10.0


class BoundedProtocol(HttpToolsProtocol):
    """Speak HTTP with whoever sends the headers of each request within seconds."""

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for headers."""
        super().connection_made(transport)
        self._wait_for_headers()

    def data_received(self, data: bytes) -> None:
        """Begin to wait anew where a request begins on a connection that was idle."""
        if self._timer is None and self._is_idle:
            self._wait_for_headers()
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """Wait no longer."""
        self._stop_waiting()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        super().connection_lost(exc)

    @property
    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _wait_for_headers(self) -> None:
        self._timer = self.loop.call_later(HEADERS_WITHIN_S, self._cut_off)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _cut_off(self) -> None:
        self._timer = None
        if self._is_idle and self.transport is not None and not self.transport.is_closing():
            self.transport.close()
