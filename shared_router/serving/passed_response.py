"""An answer that is passed on piece by piece, until its end, its client's or its upstream's."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
from fastapi import Response
from starlette.types import Receive, Scope, Send

from shared_router.errors import RouterError
from shared_router.serving.passed_headers import Header
from shared_router.serving.while_there import while_there

_LOG = logging.getLogger(__name__)


class PassedResponse(Response):
    """Send an answer's bytes as they come.

    Args:
        pieces: The bytes.
        status: The HTTP status.
        headers: The headers.
        give_up: Ends the upstream's request, whether or not a byte of it was asked for; without effect on
            one that has ended.
    """

    def __init__(
        self,
        pieces: AsyncIterator[bytes],
        status: int,
        headers: list[Header],
        *,
        give_up: Callable[[], Awaitable[None]],
    ) -> None:
        super().__init__(status_code=status)
        self.raw_headers = headers
        self._pieces = pieces
        self._give_up = give_up

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; one that breaks off is left without an end, so that its client knows."""
        del scope
        try:
            await while_there(receive, self._pass_on(send))
        except (httpx.HTTPError, TimeoutError, RouterError) as error:
            _LOG.warning("an answer broke off: %s", type(error).__name__)  # its text may hold what was asked
        finally:
            await self._give_up()

    async def _pass_on(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for piece in self._pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
