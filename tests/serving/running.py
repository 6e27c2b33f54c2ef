"""The server in a thread of its own, and an upstream that keeps the very bytes that it was sent."""

import asyncio
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import uvicorn
from numpy.typing import NDArray

from shared_router import Router, RoutingPolicy
from shared_router.serving.run import base_url, listening_socket, server_config
from shared_router.serving.served import Served
from shared_router.serving.upstream import Upstream

HARD, EASY = "HARD q1", "easy q2"


class FixedRouter(Router):
    """Give each question the score that it was told, and others 0.5."""

    name = "fixed"
    blocking = False

    def __init__(self, scores: Mapping[str, float]) -> None:
        self.scores = scores

    def win_probability(self, queries: Sequence[str]) -> NDArray[np.float64]:
        return np.array([self.scores.get(query, 0.5) for query in queries])


@contextmanager
def running(served: Served) -> Iterator[str]:
    """Serve in a block; gives the base URL."""
    server = uvicorn.Server(server_config(served))
    listening = listening_socket("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server must start"
        threading.Event().wait(0.01)
    try:
        yield base_url(listening)
    finally:
        server.should_exit = True
        thread.join()


@dataclass
class WireUpstream:
    """Answer every request with the same bytes, and keep what came.

    Attributes:
        answer: The whole of an HTTP answer, with its head.
        heads: The heads that came.
        bodies: The bodies that came.
        hung_up: Set when a client leaves while it is made to wait.
    """

    answer: bytes
    stalls: bool = False
    heads: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    hung_up: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def listening(self) -> Iterator[str]:
        """Listen in a block; gives the base URL."""
        loop = asyncio.new_event_loop()
        server = loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        finally:
            loop.call_soon_threadsafe(server.close)
            loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(loop)])
            loop.call_soon_threadsafe(loop.call_later, 0.05, loop.stop)
            thread.join()
            loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line
            )
            self.heads.append(head)
            self.bodies.append(await reader.readexactly(length))
            writer.write(self.answer)
            await writer.drain()
            if self.stalls:
                await reader.read()
                self.hung_up.set()
        finally:
            writer.close()


@dataclass
class Between:
    """An upstream, and a server before it.

    Attributes:
        upstream: The upstream.
        wire: Its base URL.
        url: The server's base URL.
    """

    upstream: WireUpstream
    wire: str
    url: str

    def answering(self, answer: bytes) -> WireUpstream:
        """Have the upstream forget what came, and answer so from now on."""
        self.upstream.answer = answer
        self.upstream.heads.clear()
        self.upstream.bodies.clear()
        return self.upstream


def served(url: str, **others: Any) -> Served:
    policy = RoutingPolicy(FixedRouter({HARD: 0.9, EASY: 0.1}), threshold=0.5)
    strong = Upstream(url, "strong", "sk-strong")
    return Served(policy, strong=strong, weak=Upstream(url, "weak", "sk-weak"), **others)


def asked(text: str) -> list[Any]:
    return [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]


def whole(
    content: bytes, head: bytes = b"content-type: application/json\r\n", status: bytes = b"200 OK"
) -> bytes:
    length = b"content-length: %d\r\nconnection: close\r\n\r\n" % len(content)
    return b"HTTP/1.1 " + status + b"\r\n" + head + length + content


def asked_of(head: bytes) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Return a request's first line, and its headers without those that are about its connection."""
    first, *lines = head.rstrip().split(b"\r\n")
    pairs = [(name.lower(), value) for name, _, value in (line.partition(b":") for line in lines)]
    others = (b"host", b"accept-encoding", b"connection")
    return first, sorted(pair for pair in pairs if pair[0] not in others)
