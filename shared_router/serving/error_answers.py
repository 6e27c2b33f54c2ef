"""What a client is told of an error: an upstream's own as it came, ours in the shape of its API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from shared_router.errors import (
    BudgetExceededError,
    BudgetStoreError,
    CallTimeoutError,
    CapabilityError,
    InvalidInputError,
    RouterError,
    UnknownNameError,
)
from shared_router.serving.passed_headers import passed_back, with_headers
from shared_router.serving.refusals import RefusedError, anthropic_error, openai_error
from shared_router.serving.sent_requests import UpstreamError

_STATUSES: Mapping[type[Exception], tuple[int, str]] = {
    BudgetExceededError: (429, "budget_exceeded"),
    BudgetStoreError: (503, "budget_unavailable"),
    CallTimeoutError: (504, "upstream_timeout"),
    UnknownNameError: (404, "model_not_found"),
    CapabilityError: (400, "not_capable"),
    InvalidInputError: (400, "invalid_request"),
}

_PATHS = "/v1/chat/completions, /v1/messages, /v1/embeddings, /v1/models, /healthz or /metrics"


def add_errors(app: FastAPI) -> None:
    """Have an application answer with errors in these shapes."""
    app.add_exception_handler(UpstreamError, _upstreams_own)
    for kind in (httpx.TimeoutException, TimeoutError):
        app.add_exception_handler(kind, _late)
    app.add_exception_handler(httpx.HTTPError, _unreachable)
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(RouterError, _of_ours)
    app.add_exception_handler(HTTPException, _no_such_path)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(500, _broken)


async def _upstreams_own(request: Request, error: Any) -> Response:
    answer = Response(error.content, error.status_code)
    return with_headers(answer, [*passed_back(error.headers.raw), *_decided(request)])


async def _late(request: Request, error: Exception) -> Response:
    del error
    return _error(request, 504, "the upstream must answer in time, and did not", "upstream_timeout")


async def _unreachable(request: Request, error: Exception) -> Response:
    if isinstance(error, httpx.ConnectError):
        return _error(request, 502, "the upstream must be reachable, and is not", "upstream_unreachable")
    return _error(request, 502, "the upstream must give a whole answer, and broke off", "upstream_cut")


async def _refused(request: Request, error: Any) -> Response:
    return _error(request, error.status, str(error), error.code)


async def _of_ours(request: Request, error: Exception) -> Response:
    told = (said for kind, said in _STATUSES.items() if isinstance(error, kind))
    status, code = next(told, (500, "router_error"))
    answer = _error(request, status, str(error), code)
    if isinstance(error, BudgetExceededError):  # which the clients would ask again at once, twice
        answer.headers["x-should-retry"] = "false"
    return answer


async def _no_such_path(request: Request, error: Any) -> Response:
    if error.status_code == 404:
        return _error(request, 404, f"a path must be one of {_PATHS}", "path_not_found")
    answer = _error(request, error.status_code, f"{error.detail}".lower(), "method_not_allowed")
    answer.headers.update(error.headers or {})
    return answer


async def _gone(request: Request, error: Exception) -> Response:
    del request, error
    return Response(status_code=499)  # nobody reads it


async def _broken(request: Request, error: Exception) -> Response:
    del error  # it is in the server's log, and may hold anything
    return _error(request, 500, "the server failed at this request; its log says how", "server_error")


def _error(request: Request, status: int, message: str, code: str) -> Response:
    shape = anthropic_error if request.url.path.startswith("/v1/messages") else openai_error
    answer = JSONResponse(shape(status, message, code), status_code=status)
    answer.raw_headers += _decided(request)
    return answer


def _decided(request: Request) -> list[tuple[bytes, bytes]]:
    """Return where a request that failed had been sent, in headers; nothing where it was not decided yet."""
    found: list[tuple[bytes, bytes]] = getattr(request.state, "decided", [])
    return found
