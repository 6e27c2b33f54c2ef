"""Requests to the services behind the server, and what comes back, unread."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial

import httpx

from shared_router.serving.passed_headers import Header
from shared_router.serving.refusals import RefusedError
from shared_router.serving.upstream import Upstream

_CONNECT_S = 5.0
_SILENT_S = 600.0
_KEPT_S = 20.0
_UNPACKED = (b"accept-encoding", b"identity")  # for what is read for tokens must not be packed
MOST_KEPT_BYTES = 16 * 1024 * 1024


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

    Attributes:
        n_on_their_way: How many are.
    """

    def __init__(self, *, connections: int = 1000) -> None:
        self.n_on_their_way = 0
        self._room = asyncio.Semaphore(connections)
        self._free: defaultdict[str, list[httpx.AsyncClient]] = defaultdict(list)
        self._all: set[httpx.AsyncClient] = set()
        self._certificates = httpx.create_ssl_context()  # once: it takes ten milliseconds to read them

    async def send(
        self,
        upstream: Upstream,
        path: str,
        content: bytes,
        headers: Iterable[Header],
        *,
        query: bytes = b"",
        key_in: str = "authorization",
    ) -> SentRequest:
        """Send a request, and return the answer as its headers come; its body is still to be read.

        Args:
            upstream: Whom to ask.
            path: What of its API.
            content: The request's body.
            headers: The client's, as far as they are sent on.
            query: The URL's.
            key_in: The header that holds the key.

        Raises:
            httpx.HTTPError: If the service cannot be reached, is silent, or does not speak HTTP.
            RefusedError: If it redirects: nothing is sent to an address that nobody has named.
        """
        sent = [*headers, _UNPACKED, *upstream.key_header(key_in)]
        client, done = await self._begin(upstream.url)
        try:
            address = upstream.address(path, query)
            request = client.build_request("POST", address, content=content, headers=sent)
            response = await client.send(request, stream=True)
        except BaseException:
            done()
            raise
        asked = SentRequest(response, done)
        try:
            _check_status(response)
        except BaseException:
            await asked.close()
            raise
        return asked

    async def close(self) -> None:
        """Close all connections."""
        await asyncio.gather(*(client.aclose() for client in self._all))

    async def _begin(self, url: str) -> tuple[httpx.AsyncClient, Callable[[], None]]:
        """Return a connection's client, and what gives it back."""
        await self._room.acquire()
        self.n_on_their_way += 1
        try:
            free = self._free[url]
            client = free.pop() if free else self._new_client()
        except BaseException:
            self._leave()
            raise
        return client, partial(self._done, free, client)

    def _new_client(self) -> httpx.AsyncClient:
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=_KEPT_S)
        timeout = httpx.Timeout(_SILENT_S, connect=_CONNECT_S)
        client = httpx.AsyncClient(limits=limits, timeout=timeout, verify=self._certificates)
        client.headers.clear()
        self._all.add(client)
        return client

    def _done(self, free: list[httpx.AsyncClient], client: httpx.AsyncClient) -> None:
        free.append(client)
        self._leave()

    def _leave(self) -> None:
        self.n_on_their_way -= 1
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
        self._pieces = response.aiter_raw()
        self._done: Callable[[], None] | None = done

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the answer's bytes as they come."""
        while piece := await self.piece():
            yield piece

    async def piece(self) -> bytes:
        """Return the next of the answer's bytes as they come; none of them at its end."""
        async for piece in self._pieces:
            if piece:
                return piece
        return b""

    async def whole(self) -> tuple[bytes, bool]:
        """Return the answer's bytes and whether these are all; of very many the rest is not read."""
        content = bytearray()
        async for piece in self._pieces:
            content += piece
            if len(content) > MOST_KEPT_BYTES:
                return bytes(content), False
        await self.close()
        return bytes(content), True

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


def _check_status(response: httpx.Response) -> None:
    if response.is_redirect and "location" in response.headers:
        raise RefusedError(
            502,
            "an upstream's URL must be the one that answers, and it redirects; give the other to serve",
            "upstream_redirects",
        )
    if not 200 <= response.status_code < 600:
        raise httpx.RemoteProtocolError("a status must be 200 to 599")
