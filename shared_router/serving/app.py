"""The server's application: its paths, and how a request to each is answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.middleware.cors import CORSMiddleware

from shared_router.resilience.attempts import Attempts
from shared_router.serving.asked_model import asked_model
from shared_router.serving.callers import client_of
from shared_router.serving.chat_api import ANTHROPIC, OPENAI, ChatApi
from shared_router.serving.error_answers import add_errors
from shared_router.serving.passed_headers import (
    CONVERSATION,
    Header,
    decision_headers,
    passed_back,
    sent_on,
    with_headers,
)
from shared_router.serving.passed_response import PassedResponse
from shared_router.serving.received_body import received_body
from shared_router.serving.refusals import RefusedError
from shared_router.serving.request_body import RequestBody
from shared_router.serving.routed_requests import ChatRequest, PassedAnswer, routed
from shared_router.serving.served import Client, Served
from shared_router.serving.while_there import while_there
from shared_router.tenants import tenant_scope


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

    app = FastAPI(
        title="routellm",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    _add_what_is_asked(app, served)
    _add_what_is_told(app, served)
    add_errors(app)
    if served.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=sorted(served.origins),
            allow_methods=["GET", "POST"],
            allow_headers=["*"],
            expose_headers=["*"],
        )
    return app


def _add_what_is_asked(app: FastAPI, served: Served) -> None:
    @app.post("/v1/chat/completions")
    async def chat(request: Request) -> Response:
        return await _asked(served, request, partial(_routed, OPENAI))

    @app.post("/v1/messages")
    async def messages(request: Request) -> Response:
        return await _asked(served, request, partial(_routed, ANTHROPIC))

    @app.post("/v1/messages/count_tokens")
    async def count_tokens(request: Request) -> Response:
        return await _asked(served, request, _token_count)

    @app.post("/v1/embeddings")
    async def embeddings(request: Request) -> Response:
        return await _asked(served, request, _embeddings)


def _add_what_is_told(app: FastAPI, served: Served) -> None:
    @app.get("/v1/models")
    async def models(request: Request) -> Response:
        client_of(served, request)
        rows = [_model(name) for name in served.model_names()]
        return JSONResponse({"object": "list", "data": rows})

    @app.get("/v1/models/{name:path}")
    async def model(request: Request, name: str) -> Response:
        client_of(served, request)
        asked_model(name, models=served.by_model, routers=served.policies.names)
        return JSONResponse(_model(name))

    @app.api_route("/healthz", methods=["GET", "HEAD"])
    async def health() -> Response:
        return JSONResponse({"status": "ok"})

    @app.get("/metrics")
    async def metrics(request: Request) -> Response:
        client_of(served, request)
        content, kind = served.metrics()
        return Response(content, media_type=kind)


def _model(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "routellm"}


Answering = Callable[[Served, Request, Client, RequestBody], Coroutine[Any, Any, Response]]


async def _asked(served: Served, request: Request, answer: Answering) -> Response:
    """Answer a request with a body, from whoever may ask, for as long as its client is there."""
    client = client_of(served, request)
    body = await received_body(request, served.max_body_bytes)
    found = await while_there(request.receive, answer(served, request, client, body))
    return found or Response(status_code=499)  # which nobody reads


async def _routed(
    api: ChatApi, served: Served, request: Request, client: Client, body: RequestBody
) -> Response:
    asked = asked_model(body.values["model"], models=served.by_model, routers=served.policies.names)
    chat = ChatRequest(
        api,
        body,
        request.headers.raw,
        request.scope["query_string"],
        asked,
        client.threshold,
        request.headers.get(CONVERSATION),
    )

    def told(answer: Attempts | PassedAnswer) -> list[Header]:
        return decision_headers(
            answer.decision,
            upstream_model=served.services[answer.decision.model].model,
            decision_id=answer.decision_id,
            shows_scores=served.shows_scores,
        )

    def failed(attempts: Attempts) -> None:
        request.state.decided = told(attempts)  # for the answer that says so

    with tenant_scope(client.name):
        answer = await routed(
            chat,
            policy=served.policies.named(asked.router),
            rules=client.rules,
            upstreams=served.upstreams,
            services=served.services,
            failed=failed,
        )
    headers = [*answer.headers, *told(answer)]
    if answer.content is not None:
        return with_headers(Response(answer.content, answer.status), headers)
    return PassedResponse(answer.pieces, answer.status, headers, give_up=answer.give_up)


async def _embeddings(served: Served, request: Request, client: Client, body: RequestBody) -> Response:
    """Pass a request for embeddings on to the service whose model it names, else to the strong one's."""
    if client.rules.budgets is not None:
        raise RefusedError(
            403, "embeddings are not counted, so that nobody with a budget may ask for them", "not_counted"
        )
    tier = served.by_model.get(str(body.values["model"]), "strong")
    return await _passed_on(served, request, "/embeddings", tier, body.text.encode())


async def _token_count(served: Served, request: Request, client: Client, body: RequestBody) -> Response:
    """Pass a request to count tokens, which costs nothing, on to the model it names, else to the strong."""
    del client
    asked = asked_model(body.values["model"], models=served.by_model, routers=served.policies.names)
    tier = asked.route or "strong"
    content = body.for_model(served.services[tier].model)
    return await _passed_on(served, request, "/messages/count_tokens", tier, content)


async def _passed_on(served: Served, request: Request, path: str, tier: str, content: bytes) -> Response:
    headers = request.headers.raw
    sent = await served.upstreams.send(
        served.services[tier],
        path,
        content,
        sent_on(headers),
        query=request.scope["query_string"],
        key_in=ANTHROPIC.key_header(headers) if path.startswith(ANTHROPIC.path) else "authorization",
    )
    return PassedResponse(sent.pieces(), sent.status, passed_back(sent.headers.raw), give_up=sent.close)
