"""A model's server that answers with something else, never ends, or points elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import openai
import pytest

from shared_router.records.collecting.openai_model import OpenAIModel
from tests.records.collecting.faulty_server import QuietServer

ANSWER = b'{"choices": [{"message": {"content": "Paris"}}]}'


@contextmanager
def server(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """Answer every request in a test's own way; yields the address."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            """Print nothing."""

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            answer(self)

    with QuietServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}/v1"
        listening.shutdown()


def send(handler: BaseHTTPRequestHandler, body: bytes, *, length: int | None = None) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.end_headers()
    handler.wfile.write(body)


def ask(url: str, *, timeout_s: float = 30.0) -> str:
    return OpenAIModel("m", base_url=url, api_key="k", timeout_s=timeout_s)("Where?").text


def test_an_answer_is_read_and_something_else_is_an_error_of_the_client() -> None:
    with server(lambda to: send(to, ANSWER)) as url:
        assert ask(url) == "Paris"
    with (
        server(lambda to: send(to, b"<html>Log in</html>")) as url,
        pytest.raises(openai.APIResponseValidationError, match="a chat completion must be JSON"),
    ):
        ask(url)


def test_an_answer_that_comes_byte_by_byte_ends_at_the_timeout() -> None:
    """Each byte is in time, and all of them are not."""

    def drip(to: BaseHTTPRequestHandler) -> None:
        send(to, b"", length=10_000)
        for _ in range(200):
            to.wfile.write(b" ")
            time.sleep(0.05)

    with server(drip) as url, pytest.raises(openai.APITimeoutError):
        ask(url, timeout_s=0.5)


def test_an_answer_that_stops_in_the_middle_is_an_error_of_the_connection() -> None:
    with server(lambda to: send(to, ANSWER, length=10_000)) as url:
        with pytest.raises(openai.APIConnectionError) as raised:
            ask(url)
        assert not isinstance(raised.value, openai.APITimeoutError)


def test_an_answer_without_an_end_is_read_no_further_than_its_bound() -> None:
    sent = 0

    def flood(to: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        send(to, b"", length=1 << 40)
        while True:
            to.wfile.write(bytes(1 << 20))
            sent += 1 << 20

    with server(flood) as url, pytest.raises(openai.APIResponseValidationError):
        ask(url)
    assert sent < 1 << 28


def test_a_prompt_does_not_follow_where_the_server_points() -> None:
    followed: list[str] = []

    def elsewhere(to: BaseHTTPRequestHandler) -> None:
        followed.append(to.path)
        send(to, ANSWER)

    with server(elsewhere) as other:

        def point(to: BaseHTTPRequestHandler) -> None:
            to.send_response(307)
            to.send_header("Location", f"{other}/chat/completions")
            to.send_header("Content-Length", "0")
            to.end_headers()

        with server(point) as url, pytest.raises(openai.APIStatusError):
            ask(url)
    assert followed == []
