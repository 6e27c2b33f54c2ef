"""Which errors move on: by their status, their class's name, their cause, whoever made them."""

import asyncio
import http.client
import json
import socket
from typing import Any

import httpx
import openai
import pytest
from langchain_core import exceptions as langchain_exceptions

from shared_router import CallTimeoutError, PlanTimeoutError, RouterUnavailableError
from shared_router.resilience.errors_that_move_on import kind_of, may_be_billed, retry_after_of

REQUEST = httpx.Request("POST", "http://models.test/v1/chat/completions")


def with_status(status: int, cls: type[Exception] = Exception, **about: Any) -> Exception:
    """Return an error that holds an HTTP status."""
    error = cls("no text of it is read")
    error.status_code = status  # type: ignore[attr-defined]
    for name, value in about.items():
        setattr(error, name, value)
    return error


def of_openai(cls: Any, status: int, **body: Any) -> Exception:
    """Return an error of openai's client, as it raises it."""
    error = cls("message", response=httpx.Response(status, request=REQUEST), body=body or None)
    assert isinstance(error, Exception)
    return error


def of_langchain(name: str) -> Exception:
    """Return an error of langchain-core by its class's name, which is all that is read of it."""
    known = getattr(langchain_exceptions, name, None)  # most came after 1.4
    error = (known or type(name, (langchain_exceptions.LangChainException,), {}))("message")
    assert isinstance(error, Exception)
    return error


def caused(error: Exception, cause: Exception) -> Exception:
    """Return an error that was raised from another."""
    error.__cause__ = cause
    return error


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 529])
def test_a_status_of_a_provider_in_trouble_moves_on(status: int) -> None:
    assert kind_of(with_status(status)) is not None


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 409, 413, 422])
def test_a_status_over_the_request_or_the_key_does_not_even_with_a_cause_that_would(status: int) -> None:
    assert kind_of(with_status(status)) is None
    assert kind_of(caused(with_status(status), ConnectionError("reset"))) is None


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ConnectionError("down"), "connection"),
        (ConnectionResetError("reset"), "connection"),
        (socket.gaierror("no such host"), "connection"),
        (http.client.IncompleteRead(b""), "connection"),
        (TimeoutError("late"), "timeout"),
        (asyncio.TimeoutError(), "timeout"),
        (CallTimeoutError("late"), "timeout"),
        (PlanTimeoutError("late"), "timeout"),
        (httpx.ConnectError("down"), "connection"),
        (httpx.ReadError("reset"), "connection"),
        (httpx.RemoteProtocolError("cut"), "connection"),
        (httpx.ReadTimeout("late"), "timeout"),
        (httpx.PoolTimeout("busy"), "timeout"),
        (openai.APIConnectionError(request=REQUEST), "connection"),
        (openai.APITimeoutError(REQUEST), "timeout"),
        (of_openai(openai.RateLimitError, 429), "rate_limit"),
        (of_openai(openai.InternalServerError, 503), "server"),
        (openai.APIError("in a stream", REQUEST, body={"type": "server_error"}), "server"),
        (of_openai(openai.APIStatusError, 200, error={"type": "overloaded_error"}), "server"),
        (of_langchain("ModelRateLimitError"), "rate_limit"),
        (of_langchain("ModelAPIError"), "server"),
        (of_langchain("ModelConnectionError"), "connection"),
        (of_langchain("ModelTimeoutError"), "timeout"),
        (json.JSONDecodeError("a page", "<html>", 0), "server"),
    ],
)
def test_an_error_of_a_provider_in_trouble_is_known_by_its_class(error: Exception, kind: str) -> None:
    assert kind_of(error) == kind


@pytest.mark.parametrize(
    "error",
    [
        of_openai(openai.BadRequestError, 400),
        of_openai(openai.AuthenticationError, 401),
        of_openai(openai.PermissionDeniedError, 403),
        of_openai(openai.NotFoundError, 404),
        of_langchain("ModelAuthenticationError"),
        langchain_exceptions.ContextOverflowError("long"),
        langchain_exceptions.OutputParserException("no JSON in the answer"),
        caused(
            langchain_exceptions.OutputParserException("no JSON in the answer"),
            json.JSONDecodeError("words", "words", 0),
        ),
        RouterUnavailableError("a router's, not a model's"),
        ValueError("mistake"),
        TypeError("mistake"),
        NotImplementedError(),
        RuntimeError("who knows"),
        RecursionError(),
        OSError("disk"),
    ],
)
def test_a_mistake_of_the_program_or_the_request_does_not_move_on(error: Exception) -> None:
    assert kind_of(error) is None


def test_a_wrapper_is_known_by_its_cause() -> None:
    assert kind_of(caused(RuntimeError("wrapped"), httpx.ConnectError("down"))) == "connection"
    assert kind_of(caused(ValueError("wrapped"), caused(RuntimeError(), with_status(503)))) == "server"


def test_what_was_merely_being_handled_is_no_cause() -> None:
    """A program that asks a model while it handles its own connection error may still make a mistake."""
    error = ValueError("mistake")
    error.__context__ = ConnectionError("the program's own")
    assert kind_of(error) is None


def test_causes_in_a_circle_end() -> None:
    one, two = RuntimeError("one"), RuntimeError("two")
    one.__cause__, two.__cause__ = two, one
    assert kind_of(one) is None


@pytest.mark.parametrize(
    "error", [asyncio.CancelledError(), KeyboardInterrupt(), GeneratorExit(), SystemExit()]
)
def test_what_ends_a_program_or_a_task_never_moves_on(error: BaseException) -> None:
    assert kind_of(error) is None


@pytest.mark.parametrize(
    "error",
    [
        of_openai(openai.BadRequestError, 400, code="content_filter"),
        with_status(400, body={"error": {"code": "ResponsibleAIPolicyViolation"}}),
        of_langchain("ModelRefusalError"),
    ],
)
def test_content_that_was_withheld_is_a_kind_of_its_own(error: Exception) -> None:
    assert kind_of(error) == "refusal"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("throttlingException", "rate_limit"),
        ("ThrottlingException", "rate_limit"),
        ("internalServerException", "server"),
        ("modelStreamErrorException", "server"),
        ("modelTimeoutException", "timeout"),
        ("validationException", None),
        ("AccessDeniedException", None),
    ],
)
def test_an_exception_in_a_stream_of_bedrocks_is_told_by_its_code(code: str, kind: str | None) -> None:
    """Botocore gives each of them the status 400."""
    error = Exception()
    error.response = {  # type: ignore[attr-defined]
        "Error": {"Code": code},
        "ResponseMetadata": {"HTTPStatusCode": 400},
    }
    assert kind_of(error) == kind


def test_statuses_are_read_where_each_library_keeps_them() -> None:
    boto = with_status(0)
    boto.response = {"ResponseMetadata": {"HTTPStatusCode": 503}}  # type: ignore[attr-defined]
    google = Exception()
    google.code = 429  # type: ignore[attr-defined]
    aiohttp = Exception()
    aiohttp.status = 500  # type: ignore[attr-defined]
    response = httpx.Response(503, request=REQUEST)
    raised = httpx.HTTPStatusError("no", request=REQUEST, response=response)
    assert [kind_of(each) for each in (boto, google, aiohttp, raised)] == [
        "server",
        "rate_limit",
        "server",
        "server",
    ]


def test_how_long_a_provider_asks_to_be_left_alone_is_read_in_seconds() -> None:
    def after(**headers: str) -> float | None:
        response = httpx.Response(
            429, request=REQUEST, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )
        return retry_after_of(openai.RateLimitError("slow", response=response, body=None))

    assert after(retry_after="20") == 20.0
    assert after(retry_after_ms="1500") == 1.5
    assert after(retry_after="Wed, 21 Oct 2026 07:28:00 GMT") is None
    assert after(retry_after="-3") is None
    assert after() is None
    assert retry_after_of(ValueError("mistake")) is None


def test_only_what_was_refused_or_never_reached_cannot_have_been_billed() -> None:
    free = [with_status(429), with_status(400), httpx.ConnectError("down"), ConnectionError("down")]
    free += [
        ConnectionRefusedError(),
        caused(openai.APIConnectionError(request=REQUEST), httpx.ConnectError("")),
    ]
    assert not any(may_be_billed(error) for error in free)
    billed = [httpx.ReadTimeout("late"), httpx.RemoteProtocolError("cut"), ConnectionResetError()]
    billed += [CallTimeoutError("late"), RuntimeError("who knows")]
    assert all(may_be_billed(error) for error in billed)
