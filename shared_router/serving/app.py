"""The server's application: OpenAI's paths, who may use them, and errors in the shape its clients read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from shared_router.serving.asked_model import AUTO, PREFIX, asked_model
from shared_router.serving.raw_headers import headers_of, with_headers
from shared_router.serving.refusals import RefusedError, add_errors
from shared_router.serving.request_body import RequestBody, read_body
from shared_router.serving.routed_requests import ChatRequest, PassedAnswer, routed
from shared_router.serving.served import Client, Served
from shared_router.serving.upstream import passed_back
from shared_router.tenants import tenant_scope

_CONVERSATION = "x-routellm-conversation"
_KEYS_IN_QUERY = ("key", "api_key", "api-key", "token", "access_token")


def create_app(served: Served) -> FastAPI:
    """Return the application.

    Args:
        served: What it serves; it is closed when the application ends.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(lambda: served.policies.own.router)  # so that no first request waits for it
        yield
        await served.close()

    app = FastAPI(title="routellm", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)

    @app.post("/v1/chat/completions")
    async def chat(request: Request) -> Response:
        client = _client(served, request)
        body = await _body(request, served.max_body_bytes)
        return await _unless_gone(request, lambda: _chat(served, request, client, body))

    @app.post("/v1/embeddings")
    async def embeddings(request: Request) -> Response:
        _client(served, request)
        body = await _body(request, served.max_body_bytes)
        return await _unless_gone(request, lambda: _embeddings(served, request, body))

    @app.get("/v1/models")
    async def models(request: Request) -> Response:
        _client(served, request)
        names = [AUTO, *(f"{PREFIX}{name}-<threshold>" for name in sorted(served.policies.names))]
        names += [service.model for service in served.services.values()]
        rows = [{"id": name, "object": "model", "created": 0, "owned_by": "routellm"} for name in names]
        return JSONResponse({"object": "list", "data": rows})

    @app.get("/healthz")
    async def health() -> Response:
        return JSONResponse({"status": "ok"})

    @app.get("/metrics")
    async def metrics(request: Request) -> Response:
        _client(served, request)
        content, kind = served.metrics()
        return Response(content, media_type=kind)

    add_errors(app)
    return app


async def _chat(served: Served, request: Request, client: Client, body: RequestBody) -> Response:
    by_model = {service.model: tier for tier, service in served.services.items()}
    asked = asked_model(body.values["model"], models=by_model, routers=served.policies.names)
    conversation = request.headers.get(_CONVERSATION)
    chat = ChatRequest(body, headers_of(request), asked, client.threshold, conversation)
    with tenant_scope(client.name):
        answer = await routed(
            chat,
            policy=served.policies.named(asked.router),
            rules=client.rules,
            upstreams=served.upstreams,
            services=served.services,
        )
    return _passed(served, answer)


async def _embeddings(served: Served, request: Request, body: RequestBody) -> Response:
    """Pass a request for embeddings on to the service whose model it names, else to the strong one's."""
    named = body.values["model"]
    service = next((s for s in served.services.values() if s.model == named), served.services["strong"])
    sent = await served.upstreams.send(service, "/embeddings", body.text.encode(), headers_of(request))
    content = await sent.whole()
    return with_headers(Response(content, sent.status), passed_back(sent.headers))


def _passed(served: Served, answer: PassedAnswer) -> Response:
    decision = answer.decision
    told = {"model": decision.model, "reason": decision.reason, "router": decision.router}
    told |= {"upstream-model": served.services[decision.model].model}
    if served.shows_scores:
        told |= {"threshold": f"{decision.threshold:.6g}"}
        if decision.win_probability is not None:
            told |= {"win-probability": f"{decision.win_probability:.6g}"}
    if answer.decision_id is not None:
        told |= {"decision-id": answer.decision_id}
    # a name of a router's own class or folder can hold anything
    ours = [
        (
            f"x-routellm-{name}".encode(),
            value.encode("ascii", "replace").replace(b"\n", b"?").replace(b"\r", b"?"),
        )
        for name, value in told.items()
    ]
    return with_headers(StreamingResponse(answer.pieces, answer.status), [*answer.headers, *ours])


def _header_value(text: str) -> bytes:
    """Return a text as a header can hold it; the name of a router's class or folder can be anything."""
    return "".join(char if char.isascii() and char.isprintable() else "?" for char in text).encode()


def _client(served: Served, request: Request) -> Client:
    if any(name in request.query_params for name in _KEYS_IN_QUERY):
        raise RefusedError(400, "a key must be in the Authorization header, never in a URL", "key_in_url")
    given = request.headers.get("authorization", "")
    scheme, _, key = given.partition(" ")
    client = served.client(key.strip() if scheme.lower() == "bearer" else "")
    if client is None:
        raise RefusedError(401, "a request must have a key of this server as Bearer token", "invalid_api_key")
    return client


async def _body(request: Request, most: int) -> RequestBody:
    too_large = RefusedError(413, f"a request's body must be at most {most:,} bytes", "body_too_large")
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > most:
        raise too_large
    content = bytearray()
    try:
        with anyio.fail_after(_BODY_WITHIN_S):
            async for piece in request.stream():
                content += piece
                if len(content) > most:
                    raise too_large
    except TimeoutError:
        raise RefusedError(
            408, f"a request's body must come within {_BODY_WITHIN_S:g} seconds", "body_too_slow"
        ) from None
    return read_body(bytes(content))


_BODY_WITHIN_S = 30.0


async def _unless_gone(request: Request, answer: Callable[[], Awaitable[Response]]) -> Response:
    """Return an answer, unless its client hangs up meanwhile: the upstream is then asked no longer."""
    answering = asyncio.ensure_future(answer())
    leaving = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if answering.done():
            return answering.result()
        return Response(status_code=499)  # nobody reads it
    finally:
        leaving.cancel()
        if not answering.done():
            answering.cancel()
            await asyncio.wait({answering})


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
