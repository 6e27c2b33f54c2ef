"""The OpenAI-compatible services behind the server: what is sent to them, and what comes back, unread."""

from __future__ import annotations

import asyncio
import ssl
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx

from shared_router.errors import InvalidInputError

_NOT_SENT_ON = frozenset(
    ("host", "content-length", "authorization", "x-api-key", "api-key", "cookie", "accept-encoding")
    + ("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer")
    + ("transfer-encoding", "upgrade", "expect", "x-routellm-conversation")
)
"""A client's headers that are about its own connection, or are its key for this server."""

_NOT_PASSED_BACK = frozenset(
    ("connection", "keep-alive", "proxy-authenticate", "te", "trailer", "transfer-encoding", "upgrade")
    + ("content-length", "date", "server", "set-cookie")
)

_CONNECT_S = 5.0
_SILENT_S = 600.0
_KEPT_S = 20.0


@dataclass(frozen=True, slots=True)
class Upstream:
    """A service and the model that is asked of it.

    Attributes:
        url: Its base URL, for example `https://host/v1`.
        model: The model's name there.
        key: What it is asked with; None sends no key. Not in the repr.

    Raises:
        InvalidInputError: If the URL is no http(s) URL, or holds a name, a password or a query.
    """

    url: str
    model: str
    key: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Check the URL; a key must not stand in it, for it is logged and shown."""
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidInputError(
                "an upstream must be an http or https URL, such as http://localhost:8000/v1"
            )
        if parts.username or parts.password or parts.query:
            raise InvalidInputError(
                "an upstream's URL must hold no key; set ROUTELLM_STRONG_API_KEY or ROUTELLM_WEAK_API_KEY"
            )
        if not self.model or not self.model.isprintable():
            raise InvalidInputError("an upstream's model must be a name of printable characters")

    def address(self, path: str) -> str:
        """Return where a path of OpenAI's API is, such as `/chat/completions`."""
        return self.url.rstrip("/") + path


class UpstreamError(Exception):
    """A service answered with an error, which is passed on as it is.

    Args:
        status_code: Its HTTP status, or that of an error event in a stream.
        headers: Its headers.
        content: Its body. Not in the message.
        body: The body as JSON, where it is such.
    """

    def __init__(
        self, status_code: int, headers: httpx.Headers, content: bytes, body: Mapping[str, object]
    ) -> None:
        super().__init__(f"an upstream answered with status {status_code}")
        self.status_code = status_code
        self.headers = headers
        self.content = content
        self.body = body

    @property
    def response(self) -> UpstreamError:
        """What holds the headers, as clients' errors do."""
        return self


class Upstreams:
    """Send requests to services, over connections that are kept.

    Each connection has a client of its own: a pool of httpx's takes the longer for a request the more
    connections it has, with two hundred of them seven milliseconds of a processor.

    Args:
        connections: How many requests may be on their way at once; others wait.
    """

    def __init__(self, *, connections: int = 1000) -> None:
        self._room = asyncio.Semaphore(connections)
        self._free: defaultdict[str, list[httpx.AsyncClient]] = defaultdict(list)
        self._all: set[httpx.AsyncClient] = set()
        self._certificates = ssl.create_default_context()  # once: it takes ten milliseconds to read them

    async def send(
        self, upstream: Upstream, path: str, content: bytes, headers: Iterable[tuple[str, str]]
    ) -> SentRequest:
        """Send a request, and return the answer as its headers come; its body is still to be read.

        Raises:
            httpx.HTTPError: If the service cannot be reached or is silent.
        """
        sent = [(name, value) for name, value in headers if name.lower() not in _NOT_SENT_ON]
        # what is read for tokens must not be packed
        sent.append(("accept-encoding", "identity"))
        if upstream.key is not None:
            sent.append(("authorization", f"Bearer {upstream.key}"))
        await self._room.acquire()
        try:
            free = self._free[upstream.url]
            client = free.pop() if free else self._new_client()
            try:
                request = client.build_request("POST", upstream.address(path), content=content, headers=sent)
                response = await client.send(request, stream=True)
            except BaseException:
                free.append(client)
                raise
        except BaseException:
            self._room.release()
            raise
        return SentRequest(response, lambda: self._done(free, client))

    async def close(self) -> None:
        """Close all connections."""
        await asyncio.gather(*(client.aclose() for client in self._all))

    def _new_client(self) -> httpx.AsyncClient:
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=_KEPT_S)
        timeout = httpx.Timeout(_SILENT_S, connect=_CONNECT_S)
        client = httpx.AsyncClient(limits=limits, timeout=timeout, verify=self._certificates)
        client.headers.clear()
        self._all.add(client)
        return client

    def _done(self, free: list[httpx.AsyncClient], client: httpx.AsyncClient) -> None:
        free.append(client)
        self._room.release()


class SentRequest:
    """A request on its way, and its answer's head.

    Args:
        response: The answer.
        done: Gives its connection to the next request.

    Attributes:
        status: Its HTTP status.
        headers: Its headers.
    """

    def __init__(self, response: httpx.Response, done: Callable[[], None]) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self._response = response
        self._done: Callable[[], None] | None = done

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the answer's bytes as they come."""
        async for piece in self._response.aiter_raw():
            if piece:
                yield piece

    async def whole(self) -> bytes:
        """Return all of the answer's bytes, and close it."""
        try:
            return b"".join([piece async for piece in self.pieces()])
        finally:
            await self.close()

    async def close(self) -> None:
        """End the request; one whose answer was not read to its end gives up its connection."""
        done, self._done = self._done, None
        if done is None:
            return
        try:
            with suppress(RuntimeError, httpx.HTTPError):  # its reader may be ending just now
                await self._response.aclose()
        finally:
            done()


def passed_back(headers: httpx.Headers) -> list[tuple[bytes, bytes]]:
    """Return an answer's headers as a client is given them."""
    return [(name, value) for name, value in headers.raw if name.decode().lower() not in _NOT_PASSED_BACK]
