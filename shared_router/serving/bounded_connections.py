"""Connections that cannot be held for nothing: who sends nothing, too much, or reads nothing is cut off.

uvicorn closes a connection that is idle after an answer; one that never sends a first request, or sends it a
byte a minute, it keeps for ever, and ten thousand of those are all a server can hold. It also keeps headers
of any size, and waits for ever for a client that does not read what it has asked for.

And it loses the body of a request that offers another protocol, as Java's HTTP client does with each one
(`Upgrade: h2c`): such a request is read anew as one that offers none, which HTTP lets a server do.
"""

from __future__ import annotations

import asyncio
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADERS_WITHIN_S = 10.0
READ_WITHIN_S = 60.0
MOST_HEADER_BYTES = 64 * 1024

_INVALID = "Invalid HTTP request received."
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class BoundedProtocol(HttpToolsProtocol):
    """Speak HTTP with whoever sends the headers of each request, and reads its answer, in time."""

    _timer: asyncio.TimerHandle | None = None
    _reading: asyncio.TimerHandle | None = None
    _n_unread = 0
    _method = b""

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for headers."""
        super().connection_made(transport)
        self._wait_for_headers()

    def data_received(self, data: bytes) -> None:
        """Begin to wait anew where a request begins on a connection that was idle."""
        if self._timer is None and self._is_idle:
            self._wait_for_headers()
        self._n_unread += len(data)
        self._unset_keepalive_if_required()
        self._parse(data)
        if self._n_unread > MOST_HEADER_BYTES and not self.transport.is_closing():
            if self._is_idle:  # else it would stand inside an answer
                self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_headers_complete(self) -> None:
        """Wait no longer."""
        if self.parser.should_upgrade():  # it is read anew, see `_parse`
            self._method = self.parser.get_method()
            return
        self._stop_waiting()
        self._n_unread = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Count anew: what grows beside a body is headers behind it."""
        self._n_unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Say that a request is whole, except for one that is read anew."""
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def pause_writing(self) -> None:
        """Begin to wait for a client that does not read."""
        super().pause_writing()
        self._reading = self.loop.call_later(READ_WITHIN_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Wait no longer: it reads."""
        self._stop_reading()
        super().resume_writing()

    def on_response_complete(self) -> None:
        """Close a connection in time also where its client does not read the last of an answer."""
        super().on_response_complete()
        if self.transport.is_closing() and self.transport.get_write_buffer_size():
            self._reading = self._reading or self.loop.call_later(READ_WITHIN_S, self.transport.abort)

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that was idle, at once where its client has not read its last answer."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        super().timeout_keep_alive_handler()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        self._stop_reading()
        super().connection_lost(exc)

    def _parse(self, data: bytes) -> None:
        while True:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                if self._method != b"CONNECT":
                    data = self._head_without_offer() + data[offer.args[0] :]
                    self.parser = httptools.HttpRequestParser(self)
                    continue
                self.send_400_response(_INVALID)
            except httptools.HttpParserError:
                self.send_400_response(_INVALID)
            return

    def _head_without_offer(self) -> bytes:
        kept = [
            pair for pair in self.headers if pair[0] not in (b"connection", b"upgrade", b"http2-settings")
        ]
        lines = [b"%s: %s\r\n" % pair for pair in kept]
        return b"".join([self._method, b" ", self.url, b" HTTP/1.1\r\n", *lines, b"\r\n"])

    @property
    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _wait_for_headers(self) -> None:
        self._timer = self.loop.call_later(HEADERS_WITHIN_S, self._cut_off)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _stop_reading(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _cut_off(self) -> None:
        self._timer = None
        if self._is_idle and self.transport is not None and not self.transport.is_closing():
            self.transport.close()
