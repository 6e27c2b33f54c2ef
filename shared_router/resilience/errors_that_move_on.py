"""Which errors of a model's call move on to another model, told without any provider's package.

The word is the error's own where it has one: an HTTP status, LangChain's `is_retryable`, the type in an error
event's body. Else it is its class's, by the names that httpx, the providers' clients and the standard library
share, and then its cause's; or where it was raised, of an answer that its client could not read. What nobody
knows is a mistake in the program or the request, and moves nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from shared_router.errors import (
    CallTimeoutError,
    CutStreamError,
    EmptyAnswerError,
    PlanTimeoutError,
    RouterError,
    WithheldAnswerError,
)
from shared_router.resilience.error_facts import aws_code_of, body_words_of, status_of
from shared_router.resilience.unreadable_answers import is_unreadable_answer

Kind = Literal["connection", "timeout", "rate_limit", "server", "refusal"]
"""What is wrong with the model that was asked."""

_STATUSES: Mapping[int, Kind] = {408: "timeout", 425: "server", 429: "rate_limit", 504: "timeout"}

_BODIES: Mapping[str, Kind] = {
    "overloaded_error": "server",
    "api_error": "server",
    "server_error": "server",
    "internal_server_error": "server",
    "service_unavailable": "server",
    "internalServerException": "server",
    "modelStreamErrorException": "server",
    "serviceUnavailableException": "server",
    "timeout_error": "timeout",
    "modelTimeoutException": "timeout",
    "rate_limit_error": "rate_limit",
    "rate_limit_exceeded": "rate_limit",
    "insufficient_quota": "rate_limit",
    "throttlingException": "rate_limit",
}
"""Types in the body of an error that came inside an answer whose status was 200."""

_MISTAKES = ("invalid_request_error", "authentication_error", "permission_error", "not_found_error")
"""Types in such a body that say that the request or the key is wrong."""

_REFUSALS = ("content_filter", "content_policy_violation", "ResponsibleAIPolicyViolation", "invalid_prompt")

_CLASSES: Mapping[str, Kind] = {
    # httpx, and what openai, anthropic, groq, cohere and litellm call theirs
    "TimeoutException": "timeout",
    "TransportError": "connection",
    "APITimeoutError": "timeout",
    "APIConnectionError": "connection",
    "RateLimitError": "rate_limit",
    "TooManyRequestsError": "rate_limit",
    "InternalServerError": "server",
    "ServiceUnavailableError": "server",
    "OverloadedError": "server",
    "APIResponseValidationError": "server",
    # langchain-core's own
    "ModelTimeoutError": "timeout",
    "ModelConnectionError": "connection",
    "ModelRateLimitError": "rate_limit",
    "ModelAPIError": "server",
    # google-api-core
    "DeadlineExceeded": "timeout",
    "GatewayTimeout": "timeout",
    "TooManyRequests": "rate_limit",
    "ResourceExhausted": "rate_limit",
    "ServerError": "server",
    # botocore and aiobotocore
    "HTTPClientError": "connection",
    "ReadTimeoutError": "timeout",
    "ConnectTimeoutError": "timeout",
    # aiohttp, requests and urllib3
    "ServerTimeoutError": "timeout",
    "ClientConnectionError": "connection",
    "ClientPayloadError": "connection",
    "Timeout": "timeout",
    "ChunkedEncodingError": "connection",
    "ProtocolError": "connection",
    "NewConnectionError": "connection",
    # the standard library's
    "TimeoutError": "timeout",
    "ConnectionError": "connection",
    "gaierror": "connection",
    "IncompleteRead": "connection",
    # a body that was to be JSON and is a proxy's page, or was cut
    "JSONDecodeError": "server",
}

_OURS: Mapping[type[RouterError], Kind] = {
    WithheldAnswerError: "refusal",
    EmptyAnswerError: "server",
    CutStreamError: "connection",
    CallTimeoutError: "timeout",
    PlanTimeoutError: "timeout",
}
"""What our own errors say of a model."""

_NO_CHUNKS = "No generation chunks were returned"
"""All that LangChain's `ValueError` says of a stream that ends before its first chunk."""

_REFUSING_CLASSES = ("ModelRefusalError", "ContentFilterFinishReasonError", "ContentPolicyViolationError")

_OF_WORDS = ("OutputParserException",)
"""What is raised over an answer's own words, whatever it says caused it: its provider has answered."""

_NOT_REACHED = frozenset(
    (
        "ConnectError",
        "ConnectTimeout",
        "PoolTimeout",
        "ConnectionRefusedError",
        "gaierror",
        "NewConnectionError",
    )
    + ("EndpointConnectionError", "ConnectTimeoutError", "ClientConnectorError")
)
_BROKEN_OFF = frozenset(("ConnectionResetError", "ConnectionAbortedError", "BrokenPipeError"))

_DEPTH = 10
"""Causes that are followed at most."""


def kind_of(error: BaseException) -> Kind | None:
    """Return what is wrong with the model whose call raised an error, or None where nothing is known to be.

    Args:
        error: What the call raised.

    Returns:
        `"refusal"` for content that was withheld; None for a mistake in the request (400, 401, 403, 404),
        for an error of the program's own, and for a call that was cancelled.
    """
    for each in _with_causes(error):
        if not isinstance(each, Exception):
            return None
        if isinstance(each, RouterError):  # None of a rule of ours, such as a budget's
            return next((kind for cls, kind in _OURS.items() if isinstance(each, cls)), None)
        if type(each) is ValueError and each.args == (_NO_CHUNKS,):
            return "connection"
        known, kind = _own_kind(each)
        if known:
            return kind
        if is_unreadable_answer(each):
            return "server"
    return None


def retry_after_of(error: BaseException) -> float | None:
    """Return how many seconds a provider asks to be left alone, where an error says so in seconds."""
    for each in _with_causes(error):
        headers = getattr(getattr(each, "response", None), "headers", None)
        if headers is None or not hasattr(headers, "get"):
            continue
        for name, unit in (("retry-after-ms", 1e-3), ("retry-after", 1.0), ("Retry-After", 1.0)):
            try:
                seconds = float(headers.get(name)) * unit
            except (TypeError, ValueError):  # none there, or a date
                continue
            if 0 <= seconds < float("inf"):
                return seconds
    return None


def may_be_billed(error: BaseException) -> bool:
    """Tell whether a provider may bill a call that failed: not if it refused it, or was not reached."""
    for each in _with_causes(error):
        if isinstance(each, Exception) and (status_of(each) or 0) >= 400:
            return False
        names = {cls.__name__ for cls in type(each).__mro__}
        if names & _BROKEN_OFF:
            return True
        if names & _NOT_REACHED:
            return False
    return not any(isinstance(each, ConnectionError) for each in _with_causes(error))


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it says it was caused by; never what was merely being handled meanwhile."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen and len(seen) < _DEPTH:
        seen.add(id(each))
        yield each
        members = getattr(each, "exceptions", None)  # a group's first one speaks for it
        grouped = isinstance(members, tuple) and members and isinstance(members[0], BaseException)
        each = members[0] if grouped and members else each.__cause__


def _own_kind(error: Exception) -> tuple[bool, Kind | None]:
    """Return whether an error itself says what is wrong, and what."""
    body, aws = body_words_of(error), aws_code_of(error)
    if aws in _BODIES:  # an exception in a stream of Bedrock's has the status 400, whatever it is
        return True, _BODIES[aws]
    if any(word in _REFUSALS for word in body):
        return True, "refusal"
    status = status_of(error)
    if status is not None and status >= 400:
        return True, _STATUSES.get(status, "server" if status >= 500 else None)
    for word in body:
        if word in _BODIES or word in _MISTAKES:
            return True, _BODIES.get(word)
    names = [cls.__name__ for cls in type(error).__mro__]
    if any(name in _OF_WORDS for name in names):
        return True, None
    if any(name in _REFUSING_CLASSES for name in names):
        return True, "refusal"
    for name in names:
        if name in _CLASSES:
            return True, _CLASSES[name]
    retryable = getattr(error, "is_retryable", None)
    return (True, "server") if retryable is True else (False, None)
