"""Answering this page alone: other sites that the browser has open are refused, and the page loads from here.

The page reads files by path and may spend a key, and any site can make a browser send requests to this
machine. A request must name this machine as its host, which a name that was rebound to its address does not,
and come from the page itself, which no other site can claim. What the page loads is bounded by a content
security policy, so that even markup that slipped through could fetch nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HERE = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?")
_REFUSAL = "the playground answers its own page on this machine alone; open http://127.0.0.1 and its port\n"
# Streamlit builds its styles and Vega its pictures as the page runs; the report is a frame of data
_POLICY = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "connect-src 'self' ws://{host} data: blob:; base-uri 'self'; form-action 'self'; object-src 'none'; "
    "frame-ancestors 'none'"
)


class OwnPage:
    """Let through what comes from the page itself, and say what the page may load.

    Args:
        app: The application behind it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it with status 403."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not is_own(host, headers.get("origin")):
            await _refuse(scope, receive, send)
            return

        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent = MutableHeaders(scope=message)
                sent["content-security-policy"] = _POLICY.format(host=host)
                sent["referrer-policy"] = "no-referrer"
            await send(message)

        await self.app(scope, receive, send_with_policy)


def is_own(host: str, origin: str | None) -> bool:
    """Return whether a request names this machine and comes from the page, or from no site at all.

    Args:
        host: The header `Host`; its port may be another where the page is seen through a tunnel.
        origin: The header `Origin`; None where there is none, as a browser opens a page and as programs ask.
    """
    return _HERE.fullmatch(host) is not None and origin in (None, f"http://{host}")


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()  # the opening handshake, which closing answers with status 403
        await send({"type": "websocket.close", "code": 1008})
        return
    await PlainTextResponse(_REFUSAL, status_code=403)(scope, receive, send)
