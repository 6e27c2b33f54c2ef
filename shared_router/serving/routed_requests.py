"""One chat request: decided, sent, moved on where its model fails, and passed back as it comes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

from shared_router.decisions import RoutingDecision, RoutingRequest
from shared_router.messages import question_of
from shared_router.serving.answer_bytes import AnswerFacts, StreamEnds, events_of, facts_of_answer
from shared_router.serving.passed_headers import Header, passed_back, sent_on
from shared_router.serving.sent_requests import SentRequest, UpstreamError, Upstreams
from shared_router.serving.upstream import Upstream

if TYPE_CHECKING:
    from shared_router.policy import RoutingPolicy
    from shared_router.resilience.attempts import Attempts
    from shared_router.resilience.budgets.call_size import CallSize
    from shared_router.resilience.call_rules import CallRules
    from shared_router.serving.asked_model import AskedModel
    from shared_router.serving.chat_api import ChatApi
    from shared_router.serving.request_body import RequestBody

_ERROR_STATUS = 502
"""For an error that came as an event of a stream whose status was 200, before any content."""

MOST_HELD_BYTES = 1024 * 1024
"""So much of a stream is read for its first content; after it, it is passed on as it is."""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A request that is not decided yet.

    Attributes:
        api: By which API it came.
        body: What was sent.
        headers: Its headers.
        query: Its URL's query.
        asked: What its model's name asks for.
        threshold: The threshold of whose key it is; the request's own goes first.
        conversation: The caller's name of the conversation.
    """

    api: ChatApi
    body: RequestBody
    headers: list[Header]
    query: bytes
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

    async def read(self, *, is_counted: bool) -> tuple[RoutingRequest, CallSize | None]:
        """Return what the policy is asked, and for a budget how large the call is."""

        def reading() -> tuple[RoutingRequest, CallSize | None]:
            return self.routing_request(), self.body.size() if is_counted else None

        return await asyncio.to_thread(reading) if self.body.is_large else reading()


@dataclass(frozen=True, slots=True)
class PassedAnswer:
    """An answer on its way back.

    Attributes:
        status: Its HTTP status.
        headers: Its headers.
        decision: Which model answers, and why.
        decision_id: The decision's name in the log; None without one.
        content: Its bytes; None where they come piece by piece.
        pieces: The pieces, where `content` is None.
        give_up: Ends them early; without effect after their end.
    """

    status: int
    headers: list[Header]
    decision: RoutingDecision
    decision_id: str | None
    content: bytes | None
    pieces: AsyncIterator[bytes]
    give_up: Callable[[], Awaitable[None]]


async def routed(
    request: ChatRequest,
    *,
    policy: RoutingPolicy,
    rules: CallRules,
    upstreams: Upstreams,
    services: Mapping[str, Upstream],
    failed: Callable[[Attempts], None],
) -> PassedAnswer:
    """Decide a request and send it; return when there is something to pass back.

    Args:
        request: What is asked.
        policy: What decides.
        rules: What the call is made under.
        upstreams: What sends.
        services: Whom to ask, by the policy's models.
        failed: Is told of a call that was decided and ends in an error, before that is raised.

    Raises:
        RouterError: If it cannot be decided, or a budget refuses it.
        UpstreamError: If the service that is asked answers with an error.
        RefusedError: If it redirects.
        httpx.HTTPError: If it cannot be reached.
    """
    question, size = await request.read(is_counted=rules.budgets is not None)
    asked = await rules.aask(question, size)
    attempts = await asked.abegin(await policy.adecide(asked.request))
    while True:
        try:
            with attempts.asking():
                return await _answer(request, attempts, upstreams, services[attempts.model])
        except Exception as error:  # noqa: BLE001  # raised again unless another model is asked
            if not await attempts.afailed(error):
                failed(attempts)
                raise attempts.error from None
        except BaseException:
            attempts.cancelled()
            raise


async def _answer(
    request: ChatRequest, attempts: Attempts, upstreams: Upstreams, service: Upstream
) -> PassedAnswer:
    """Send a request to one service, and read what must be read before it can be passed back."""
    api, body = request.api, request.body
    with anyio.fail_after(attempts.timeout_s):
        sent = await upstreams.send(
            service,
            api.path,
            body.for_model(service.model),
            sent_on(request.headers),
            query=request.query,
            key_in=api.key_header(request.headers),
        )
        try:
            if sent.status >= 400:
                content, _ = await sent.whole()
                raise _refused(sent, content)
            if body.streams or _is_stream(sent):  # some services name no kind of content
                held = await _held_back(sent, attempts, api)
            else:
                held, is_all = await sent.whole()
                if is_all:
                    _told(attempts, facts_of_answer(held, api.read_usage))
                    return _passed(sent, attempts, held, _nothing())
        except BaseException:
            await sent.close()
            raise
    return _passed(sent, attempts, None, _streamed(held, sent, attempts, api))


def _is_stream(sent: SentRequest) -> bool:
    kind: str = sent.headers.get("content-type", "")
    return kind.lower().startswith("text/event-stream")


async def _held_back(sent: SentRequest, attempts: Attempts, api: ChatApi) -> bytes:
    """Return a stream's bytes up to its first content, while another model may be asked or time is short."""
    held, read = b"", 0
    while (attempts.can_move_on or attempts.timeout_s is not None) and len(held) < MOST_HELD_BYTES:
        piece = await sent.piece()
        if not piece:
            break
        held += piece
        ends = max(held.rfind(b"\n"), held.rfind(b"\r")) + 1
        for event in events_of(held[read:ends]):
            if isinstance(event.get("error"), dict) and attempts.can_move_on:
                raise UpstreamError(_ERROR_STATUS, sent.headers, json.dumps(event).encode(), event)
            if api.has_content(event):
                return held
        read = max(read, ends)
    return held


async def _streamed(
    held: bytes, sent: SentRequest, attempts: Attempts, api: ChatApi
) -> AsyncGenerator[bytes, None]:
    """Yield a stream's bytes as they come, and say how it ended."""
    ends = StreamEnds()
    ends.add(held)
    attempts.first_content()
    try:
        if held:
            yield held
        while True:
            with anyio.fail_after(attempts.timeout_s):  # one that goes on for ever is cut off at the deadline
                piece = await sent.piece()
            if not piece:
                break
            ends.add(piece)
            yield piece
    except Exception as error:
        await attempts.afailed(error)
        raise
    else:
        _told(attempts, ends.facts(api.read_usage))


async def _nothing() -> AsyncGenerator[bytes, None]:
    return
    yield b""


def _told(attempts: Attempts, facts: AnswerFacts) -> None:
    attempts.answered(facts.usage, provider_model=facts.provider_model, fingerprint=facts.fingerprint)


def _passed(
    sent: SentRequest, attempts: Attempts, content: bytes | None, pieces: AsyncGenerator[bytes, None]
) -> PassedAnswer:
    async def give_up() -> None:
        await pieces.aclose()
        attempts.cancelled()  # which says nothing of a call that has ended
        await sent.close()

    headers = passed_back(sent.headers.raw)
    return PassedAnswer(
        sent.status, headers, attempts.decision, attempts.decision_id, content, pieces, give_up
    )


def _refused(sent: SentRequest, content: bytes) -> UpstreamError:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        body = {}
    return UpstreamError(sent.status, sent.headers, content, body if isinstance(body, dict) else {})
