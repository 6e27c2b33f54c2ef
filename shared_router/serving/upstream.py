"""The OpenAI-compatible services behind the server: what is sent to them, and what comes back, unread."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
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
    """Send requests to services, over connections that are kept."""

    def __init__(self, *, connections: int = 1000) -> None:
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections // 4)
        timeout = httpx.Timeout(_SILENT_S, connect=_CONNECT_S, pool=_CONNECT_S)
        # the environment's proxies and certificates are for whoever set them, and so are netrc's keys not
        self._client = httpx.AsyncClient(limits=limits, timeout=timeout, follow_redirects=False)
        self._client.headers.clear()

    async def send(
        self, upstream: Upstream, path: str, content: bytes, headers: Iterable[tuple[str, str]]
    ) -> httpx.Response:
        """Send a request, and return the answer as its headers come; its body is still to be read.

        Raises:
            httpx.HTTPError: If the service cannot be reached or is silent.
        """
        sent = [(name, value) for name, value in headers if name.lower() not in _NOT_SENT_ON]
        # what is read for tokens must not be packed
        sent.append(("accept-encoding", "identity"))
        if upstream.key is not None:
            sent.append(("authorization", f"Bearer {upstream.key}"))
        request = self._client.build_request("POST", upstream.address(path), content=content, headers=sent)
        return await self._client.send(request, stream=True)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()


def passed_back(headers: httpx.Headers) -> list[tuple[bytes, bytes]]:
    """Return an answer's headers as a client is given them."""
    return [(name, value) for name, value in headers.raw if name.decode().lower() not in _NOT_PASSED_BACK]


async def pieces_of(response: httpx.Response) -> AsyncIterator[bytes]:
    """Yield an answer's bytes as they come."""
    async for piece in response.aiter_raw():
        if piece:
            yield piece
