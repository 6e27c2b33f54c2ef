"""Headers as the bytes that they are: what a client sent, and what an answer is given."""

from __future__ import annotations

from fastapi import Request, Response


def headers_of(request: Request) -> list[tuple[str, str]]:
    """Return a request's headers as they were written, in order, names that stand there twice too."""
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]


def with_headers(response: Response, headers: list[tuple[bytes, bytes]]) -> Response:
    """Return a response with these headers and no others, but for a length that it knows itself."""
    own = [pair for pair in response.raw_headers if pair[0] == b"content-length"]
    response.raw_headers = [*headers, *own]
    return response
