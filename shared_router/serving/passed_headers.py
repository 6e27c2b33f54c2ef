"""Headers as the bytes that they are: which of a client's are sent on, and which of an answer's come back."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import Response
from uvicorn.protocols.http.httptools_impl import HEADER_VALUE_RE

from shared_router.decisions import RoutingDecision

Header = tuple[bytes, bytes]

OURS = b"x-routellm-"
CONVERSATION = "x-routellm-conversation"

_OF_A_CONNECTION = frozenset(
    (b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection")
    + (b"te", b"trailer", b"transfer-encoding", b"upgrade", b"http2-settings", b"content-length")
)

_NOT_SENT_ON = _OF_A_CONNECTION | frozenset(
    # a client's keys, which are for this server
    (b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key", b"ocp-apim-subscription-key")
    + (b"x-auth-token", b"x-amz-security-token", b"cookie")
    # where it comes from, and how it reached this server
    + (b"host", b"expect", b"accept-encoding", b"origin", b"referer", b"forwarded", b"via", b"x-real-ip")
)

_NOT_PASSED_BACK = _OF_A_CONNECTION | frozenset(
    # what a service says of its own address
    (b"date", b"server", b"set-cookie", b"alt-svc", b"strict-transport-security", b"nel", b"report-to")
)


def sent_on(headers: Iterable[Header]) -> list[Header]:
    """Return a client's headers, names in small letters, as a service is given them."""
    given = list(headers)
    dropped = _named_for_one_connection(given)
    return [
        (name, value)
        for name, value in given
        if name not in _NOT_SENT_ON and name not in dropped and not name.startswith((OURS, b"x-forwarded-"))
    ]


def passed_back(headers: Iterable[Header]) -> list[Header]:
    """Return an answer's headers as a client is given them."""
    given = [(name.lower(), value) for name, value in headers]
    dropped = _named_for_one_connection(given)
    return [
        (name, value)
        for name, value in given
        if name not in _NOT_PASSED_BACK
        and name not in dropped
        and not name.startswith((OURS, b"access-control-"))
        and not HEADER_VALUE_RE.search(value)  # for which uvicorn drops the whole answer
    ]


def decision_headers(
    decision: RoutingDecision, *, upstream_model: str, decision_id: str | None, shows_scores: bool
) -> list[Header]:
    """Return what an answer says of where it came from."""
    told = {"model": decision.model, "reason": decision.reason, "router": decision.router}
    told |= {"upstream-model": upstream_model}
    if shows_scores:
        told |= {"threshold": f"{decision.threshold:.6g}"}
        if decision.win_probability is not None:
            told |= {"win-probability": f"{decision.win_probability:.6g}"}
    if decision_id is not None:
        told |= {"decision-id": decision_id}
    return [(OURS + name.encode(), _value(text)) for name, text in told.items()]


def with_headers(response: Response, headers: list[Header]) -> Response:
    """Return a response with these headers and no others, but for a length that it knows itself."""
    own = [pair for pair in response.raw_headers if pair[0] == b"content-length"]
    response.raw_headers = [*headers, *own]
    return response


def _named_for_one_connection(headers: list[Header]) -> set[bytes]:
    named = (value for name, value in headers if name == b"connection")
    return {token.strip().lower() for value in named for token in value.split(b",")}


def _value(text: str) -> bytes:
    """Return a text as a header can hold it; the name of a router's class or folder can be anything."""
    return "".join(char if char.isascii() and char.isprintable() else "?" for char in text).encode()
