"""One connection of an HTTP/1.1 server, as far as a provider's clients need it, and how it can break."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from asyncio import StreamReader, StreamWriter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_REASONS = {200: "OK", 429: "Too Many Requests", 500: "Internal Server Error", 503: "Service Unavailable"}
_SENT_S = 0.02
"""How long a broken connection is left to deliver what was sent before."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A client's connection."""

    reader: StreamReader
    writer: StreamWriter

    async def request(self) -> tuple[str, str, bytes]:
        """Return the next request's method, path and body."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        lines = [line.partition(":") for line in head.split("\r\n")]
        length = next((int(value) for name, _, value in lines if name.lower() == "content-length"), 0)
        method, path, _ = head.split(" ", 2)
        return method, path, await self.reader.readexactly(length)

    async def send(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        """Answer with JSON."""
        await self.send_bytes(status, json.dumps(body).encode(), headers)

    async def send_bytes(
        self, status: int, body: bytes, headers: Mapping[str, str] | None = None, *, share: float = 1.0
    ) -> None:
        """Answer with bytes that are said to be JSON, or with the first share of them."""
        known = {"Content-Type": "application/json", "Content-Length": str(len(body)), **(headers or {})}
        self._head(status, known)
        self.writer.write(body[: round(share * len(body))])
        await self.writer.drain()

    def begin_events(self) -> None:
        """Begin a stream of server-sent events."""
        self._head(200, {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"})

    async def send_event(self, data: str) -> None:
        """Send one event."""
        event = f"data: {data}\n\n".encode()
        self.writer.write(f"{len(event):x}\r\n".encode() + event + b"\r\n")
        await self.writer.drain()

    async def end_events(self) -> None:
        """End a stream as the protocol has it."""
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()

    async def client_left(self, seconds: float | None) -> bool:
        """Wait so long, or for ever; return whether the client has left before."""
        try:
            await asyncio.wait_for(self.reader.read(1), seconds)
        except asyncio.TimeoutError:
            return False
        return True

    async def cut(self) -> None:
        """Close the connection in the middle of what is being sent."""
        await self.writer.drain()
        self.writer.close()

    async def reset(self) -> None:
        """Close it so that the client reads a reset and no end."""
        await self.writer.drain()
        await asyncio.sleep(_SENT_S)
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Error')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.writer.write("\r\n".join([*lines, "", ""]).encode())
