"""A request's body as it comes: bounded in size and in time."""

from __future__ import annotations

import asyncio

import anyio
from fastapi import Request

from shared_router.serving.refusals import RefusedError
from shared_router.serving.request_body import RequestBody, is_large, read_body

WITHIN_S = 30.0


async def received_body(request: Request, most: int) -> RequestBody:
    """Return a request's body.

    Args:
        request: The request.
        most: How many bytes it may have.

    Raises:
        RefusedError: If it is larger, comes too slowly, or is packed.
        InvalidInputError: If it is no JSON object that names a model.
    """
    packing = request.headers.get("content-encoding", "identity")
    if packing.strip().lower() != "identity":
        raise RefusedError(415, "a request's body must not be packed, for it is read here", "body_packed")
    content = await _content(request, most)
    if is_large(content):
        return await asyncio.to_thread(read_body, content)
    return read_body(content)


async def _content(request: Request, most: int) -> bytes:
    too_large = RefusedError(413, f"a request's body must be at most {most:,} bytes", "body_too_large")
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > most:
        raise too_large
    content = bytearray()
    try:
        with anyio.fail_after(WITHIN_S):
            async for piece in request.stream():
                content += piece
                if len(content) > most:
                    raise too_large
    except TimeoutError:
        raise RefusedError(
            408, f"a request's body must come within {WITHIN_S:g} seconds", "body_too_slow"
        ) from None
    return bytes(content)
