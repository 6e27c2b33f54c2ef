"""One chat request: decided, sent, moved on where its model fails, and passed back as it comes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio

from shared_router.decisions import RoutingDecision, RoutingRequest
from shared_router.messages import question_of
from shared_router.serving.answer_bytes import (
    TAIL_BYTES,
    events_of,
    facts_of_answer,
    facts_of_stream,
    has_content,
)
from shared_router.serving.upstream import SentRequest, Upstream, UpstreamError, Upstreams, passed_back

if TYPE_CHECKING:
    from shared_router.policy import RoutingPolicy
    from shared_router.resilience.attempts import Attempts
    from shared_router.resilience.call_rules import CallRules
    from shared_router.serving.asked_model import AskedModel
    from shared_router.serving.request_body import RequestBody

CHAT = "/chat/completions"
_ERROR_STATUS = 502
"""For an error that came as an event of a stream whose status was 200, before any content."""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A request that is not decided yet.

    Attributes:
        body: What was sent.
        headers: Its headers.
        asked: What its model's name asks for.
        threshold: The threshold of whose key it is; the request's own goes first.
        conversation: The caller's name of the conversation.
    """

    body: RequestBody
    headers: list[tuple[str, str]]
    asked: AskedModel
    threshold: float | None = None
    conversation: str | None = None

    def routing_request(self) -> RoutingRequest:
        """Return what the policy is asked."""
        messages = self.body.messages
        threshold = self.threshold if self.asked.threshold is None else self.asked.threshold
        return RoutingRequest(
            question_of(messages),
            threshold,
            self.asked.route,
            messages=messages,
            conversation=self.conversation,
        )


@dataclass(frozen=True, slots=True)
class PassedAnswer:
    """An answer on its way back.

    Attributes:
        status: Its HTTP status.
        headers: Its headers.
        decision: Which model answers, and why.
        decision_id: The decision's name in the log; None without one.
        pieces: Its bytes.
    """

    status: int
    headers: list[tuple[bytes, bytes]]
    decision: RoutingDecision
    decision_id: str | None
    pieces: AsyncIterator[bytes]


async def routed(
    request: ChatRequest,
    *,
    policy: RoutingPolicy,
    rules: CallRules,
    upstreams: Upstreams,
    services: Mapping[str, Upstream],
) -> PassedAnswer:
    """Decide a request and send it; return when there is something to pass back.

    Raises:
        RouterError: If it cannot be decided, or a budget refuses it.
        UpstreamError: If the service that is asked answers with an error.
        httpx.HTTPError: If it cannot be reached.
    """
    size = None if rules.budgets is None else request.body.size()
    asked = await rules.aask(request.routing_request(), size)
    attempts = await asked.abegin(await policy.adecide(asked.request))
    while True:
        try:
            with attempts.asking():
                return await _answer(request, attempts, upstreams, services[attempts.model])
        except Exception as error:  # noqa: BLE001  # raised again unless another model is asked
            if not await attempts.afailed(error):
                raise attempts.error from None
        except BaseException:
            attempts.cancelled()
            raise


async def _answer(
    request: ChatRequest, attempts: Attempts, upstreams: Upstreams, service: Upstream
) -> PassedAnswer:
    """Send a request to one service, and read what must be read before it can be passed back."""
    with anyio.fail_after(attempts.timeout_s):
        sent = await upstreams.send(service, CHAT, request.body.for_model(service.model), request.headers)
        try:
            if sent.status >= 400:
                raise _refused(sent, await sent.whole())
            if not sent.headers.get("content-type", "").startswith("text/event-stream"):
                content = await sent.whole()
                _told(attempts, facts_of_answer(content))
                return _passed(sent, attempts, _one(content))
            pieces = sent.pieces()
            held = await _held_back(pieces, attempts, sent)
        except BaseException:
            await sent.close()
            raise
    return _passed(sent, attempts, _streamed(held, pieces, sent, attempts))


async def _held_back(pieces: AsyncIterator[bytes], attempts: Attempts, sent: SentRequest) -> bytes:
    """Return a stream's bytes up to its first content, while another model may still be asked."""
    held = b""
    while attempts.can_move_on:
        piece = await anext(pieces, b"")
        if not piece:
            break
        held += piece
        for event in events_of(held[: held.rfind(b"\n") + 1]):
            if isinstance(event.get("error"), dict):
                raise UpstreamError(_ERROR_STATUS, sent.headers, json.dumps(event).encode(), event)
            if has_content(event):
                return held
    return held


async def _streamed(
    held: bytes, pieces: AsyncIterator[bytes], sent: SentRequest, attempts: Attempts
) -> AsyncIterator[bytes]:
    """Yield a stream's bytes as they come, and say how it ended."""
    tail = held[-TAIL_BYTES:]
    attempts.first_content()
    try:
        if held:
            yield held
        while True:
            with anyio.fail_after(attempts.timeout_s):  # one that goes on for ever is cut off at the deadline
                piece = await anext(pieces, b"")
            if not piece:
                break
            tail = (tail + piece)[-TAIL_BYTES:]
            yield piece
    except Exception as error:
        await attempts.afailed(error)
        raise
    except BaseException:  # the client has gone
        attempts.cancelled()
        raise
    else:
        _told(attempts, facts_of_stream(tail))
    finally:
        await sent.close()


async def _one(content: bytes) -> AsyncIterator[bytes]:
    yield content


def _told(attempts: Attempts, facts: Any) -> None:
    attempts.answered(facts.usage, provider_model=facts.provider_model, fingerprint=facts.fingerprint)


def _passed(sent: SentRequest, attempts: Attempts, pieces: AsyncIterator[bytes]) -> PassedAnswer:
    return PassedAnswer(
        sent.status, passed_back(sent.headers), attempts.decision, attempts.decision_id, pieces
    )


def _refused(sent: SentRequest, content: bytes) -> UpstreamError:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        body = {}
    return UpstreamError(sent.status, sent.headers, content, body if isinstance(body, dict) else {})
