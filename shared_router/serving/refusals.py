"""Errors as OpenAI's clients read them: an upstream's own as it came, ours in the same shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from shared_router.errors import (
    BudgetExceededError,
    BudgetStoreError,
    CallTimeoutError,
    CapabilityError,
    InvalidInputError,
    RouterError,
    UnknownNameError,
)
from shared_router.serving.raw_headers import with_headers
from shared_router.serving.upstream import UpstreamError, passed_back

_STATUSES: Mapping[type[Exception], tuple[int, str]] = {
    BudgetExceededError: (429, "budget_exceeded"),
    BudgetStoreError: (503, "budget_unavailable"),
    CallTimeoutError: (504, "upstream_timeout"),
    UnknownNameError: (404, "model_not_found"),
    CapabilityError: (400, "not_capable"),
    InvalidInputError: (400, "invalid_request"),
}


class RefusedError(Exception):
    """A request is not answered.

    Args:
        status: The HTTP status that says so.
        message: The rule.
        code: One word for programs.
    """

    def __init__(self, status: int, message: str, code: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def add_errors(app: FastAPI) -> None:
    """Have an application answer with errors in this shape."""
    app.add_exception_handler(UpstreamError, _upstreams_own)
    for kind in (httpx.TimeoutException, TimeoutError):
        app.add_exception_handler(kind, _late)
    app.add_exception_handler(httpx.HTTPError, _unreachable)
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(RouterError, _of_ours)


async def _upstreams_own(_: Request, error: Any) -> Response:
    return with_headers(Response(error.content, error.status_code), passed_back(error.headers))


async def _late(_: Request, error: Exception) -> Response:
    del error
    return _error(504, "the upstream must answer in time, and did not", "upstream_timeout")


async def _unreachable(_: Request, error: Exception) -> Response:
    del error
    return _error(502, "the upstream must be reachable, and is not", "upstream_unreachable")


async def _refused(_: Request, error: Any) -> Response:
    return _error(error.status, str(error), error.code)


async def _of_ours(_: Request, error: Exception) -> Response:
    told = (said for kind, said in _STATUSES.items() if isinstance(error, kind))
    status, code = next(told, (500, "router_error"))
    return _error(status, str(error), code)


def _error(status: int, message: str, code: str) -> Response:
    kind = "invalid_request_error" if status < 500 else "server_error"
    return JSONResponse(
        {"error": {"message": message, "type": kind, "param": None, "code": code}}, status_code=status
    )
