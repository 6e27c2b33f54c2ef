"""Clients that hold on, send too much, ask for what is not theirs, or come from a page in a browser."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest

from shared_router import TokenPrices
from shared_router.resilience.budgets.budget import Budget
from shared_router.serving import bounded_connections, received_body
from tests.serving.running import EASY, HARD, Between, WireUpstream, asked, running, served, whole

ANSWER = b'{"id":"x","choices":[]}'
PRICES = {"strong": TokenPrices(10, 10), "weak": TokenPrices(1, 1)}
CHAT = json.dumps({"model": "auto", "messages": asked(HARD)}).encode()


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", int(url.split(":")[2].split("/")[0]))) as connection:
        connection.settimeout(10)
        yield connection


def post(length: int) -> bytes:
    return b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n" % length


def rest_of(connection: socket.socket) -> bytes:
    received = b""
    try:
        while piece := connection.recv(65536):
            received += piece
    except ConnectionError:  # it was closed while more was on its way
        pass
    return received


@pytest.mark.parametrize("flood", [b"x: " + b"a" * 300_000, b"a: b\r\n" * 50_000, b"x" * 300_000])
def test_headers_without_end_are_cut_off(between: Between, flood: bytes) -> None:
    with connected(between.url) as connection:
        connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\n" + flood)
        received = rest_of(connection)
    assert received == b"" or received.startswith((b"HTTP/1.1 431", b"HTTP/1.1 400"))


def test_headers_behind_a_body_that_never_end_are_cut_off(between: Between) -> None:
    with connected(between.url) as connection:
        head = post(0).replace(b"content-length: 0", b"transfer-encoding: chunked")
        connection.sendall(head + b"1\r\n{\r\n0\r\n" + b"a: b\r\n" * 50_000)
        assert not rest_of(connection).startswith(b"HTTP/1.1 200")


def test_a_body_that_comes_too_slowly_is_refused_and_its_connection_ends(
    between: Between, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(received_body, "WITHIN_S", 0.3)
    monkeypatch.setattr(bounded_connections, "HEADERS_WITHIN_S", 0.3)
    with connected(between.url) as connection:
        connection.sendall(post(1000) + b"{")
        assert connection.recv(65536).startswith(b"HTTP/1.1 408")
        connection.sendall(b" ")  # and goes on as if nothing had been said
        assert rest_of(connection) == b""


class Endless(WireUpstream):
    """Answer without an end."""

    async def _serve(self, reader: Any, writer: Any) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(self.answer)
            while True:
                writer.write(b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n' * 1000)
                await writer.drain()
        except ConnectionError:
            self.hung_up.set()
        finally:
            writer.close()


def test_a_client_that_does_not_read_stops_the_upstream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_connections, "READ_WITHIN_S", 0.5)
    upstream = Endless(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
    budget = Budget(1.0, max_output_tokens=100)
    with (
        upstream.listening() as wire,
        running(served(wire, budget=budget, prices=PRICES)) as url,
        connected(url) as connection,
    ):
        body = CHAT.replace(b'"auto"', b'"auto","stream":true')
        connection.sendall(post(len(body)) + body)
        assert upstream.hung_up.wait(10)
        assert 0 < budget.used() < 0.1  # all that it might have cost: a stream that was cut says no tokens


def test_clients_that_leave_at_any_moment_leave_nothing_behind() -> None:
    stream = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + (
        b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'
    )
    upstream = WireUpstream(stream, stalls=True)
    server_side = served("http://127.0.0.1:1/v1")
    with upstream.listening() as wire:
        server_side = served(wire, budget=Budget(1.0, max_output_tokens=10), prices=PRICES)
        with running(server_side) as url:

            def leave(number: int) -> None:
                body = CHAT.replace(b'"auto"', b'"auto","stream":true')
                with connected(url) as connection:
                    connection.sendall((post(len(body)) + body)[: len(body) + number])
                    time.sleep(number / 2000)

            leaving = [threading.Thread(target=leave, args=(number,)) for number in range(60)]
            for thread in leaving:
                thread.start()
            for thread in leaving:
                thread.join()
            until = time.monotonic() + 20
            while server_side.upstreams.n_on_their_way and time.monotonic() < until:
                time.sleep(0.05)
            assert server_side.upstreams.n_on_their_way == 0


OFFERS = [
    b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAEAAEAAAAIAAAAB\r\n",
    b"connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n",
]


@pytest.mark.parametrize("offer", OFFERS)
@pytest.mark.parametrize("comes_in_pieces", [False, True])
def test_a_request_that_offers_another_protocol_is_answered_as_any_other(
    between: Between, offer: bytes, comes_in_pieces: bool
) -> None:
    """Java's HTTP client offers HTTP/2 with every request."""
    upstream = between.answering(whole(ANSWER))
    request = post(len(CHAT)).replace(b"host: a\r\n", b"host: a\r\n" + offer + b"x-mine: 1\r\n") + CHAT
    with connected(between.url) as connection:
        for number in (1, 2):  # also a second one on its connection
            for piece in [request[:60], request[60:-20], request[-20:]] if comes_in_pieces else [request]:
                connection.sendall(piece)
                time.sleep(0.01)
            received = b""
            while not received.endswith(ANSWER):
                received += connection.recv(65536)
            assert received.startswith(b"HTTP/1.1 200")
            assert len(upstream.bodies) == number
    assert upstream.bodies == [CHAT.replace(b'"auto"', b'"strong"')] * 2
    assert b"x-mine: 1" in upstream.heads[0]
    assert b"h2c" not in upstream.heads[0]


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"CONNECT a:80 HTTP/1.1\r\nhost: a\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b"GET /\xff HTTP/1.1\r\nhost: a\r\n\r\n",
        post(5).replace(b"host: a", b"transfer-encoding: chunked") + b"0\r\n\r\n",
        post(5).replace(b"host: a", b"content-length: 6") + b"{}    ",
    ],
)
def test_what_is_no_request_is_refused_and_ends_its_connection(
    between: Between, request_bytes: bytes
) -> None:
    with connected(between.url) as connection:
        connection.sendall(request_bytes)
        assert rest_of(connection).startswith(b"HTTP/1.1 400")


def test_many_requests_on_one_connection_are_answered_in_order(between: Between) -> None:
    between.answering(whole(ANSWER).replace(b"connection: close\r\n", b""))
    bodies = [json.dumps({"model": "auto", "messages": asked(q)}).encode() for q in (HARD, EASY, HARD)]
    with connected(between.url) as connection:
        connection.sendall(b"".join(post(len(body)) + body for body in bodies))
        received = b""
        while received.count(ANSWER) < 3:
            received += connection.recv(65536)
    models = [line for line in received.split(b"\r\n") if line.startswith(b"x-routellm-model")]
    assert models == [b"x-routellm-model: " + model for model in (b"strong", b"weak", b"strong")]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/chat/completions", 405),
        ("PUT", "/v1/embeddings", 405),
        ("OPTIONS", "/v1/chat/completions", 405),
        ("HEAD", "/healthz", 200),
        ("POST", "/chat/completions", 404),
        ("GET", "/v1/models/", 404),
        ("GET", "/v1/models/gpt-9", 404),
        ("GET", "/docs", 404),
        ("GET", "/%2e%2e/etc/passwd", 404),
        ("GET", "/v1/models/%00%0d%0aset-cookie:%20a=b", 404),
        ("POST", "/v1/messages/batches", 404),
    ],
)
def test_other_methods_and_paths_are_told_in_openais_shape(
    between: Between, method: str, path: str, status: int
) -> None:
    answer = httpx.request(method, between.url.removesuffix("/v1") + path)
    assert answer.status_code == status
    assert "set-cookie" not in answer.headers
    if status > 400 and "messages" not in path:
        assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
    if status == 405:
        assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("name", ["x" * 201, "", "x" * 60_000])
def test_a_conversation_that_is_no_name_is_refused(between: Between, name: str) -> None:
    answer = httpx.post(
        f"{between.url}/chat/completions", content=CHAT, headers={"x-routellm-conversation": name}
    )
    assert answer.status_code == 400
    assert "conversation must be a name" in answer.text


def test_headers_that_say_where_a_client_comes_from_are_not_sent_on(between: Between) -> None:
    upstream = between.answering(whole(ANSWER))
    secret = {"authorization", "x-api-key", "api-key", "cookie", "x-goog-api-key", "proxy-authorization"}
    place = {"x-forwarded-for", "x-forwarded-host", "forwarded", "x-real-ip", "via"}
    named = {"x-hop": "SECRET", "connection": "keep-alive, X-Hop"}
    headers = {**dict.fromkeys(secret | place, "SECRET"), **named, "x-routellm-conversation": "SECRET"}
    httpx.post(f"{between.url}/chat/completions", content=CHAT, headers={**headers, "x-mine": "1"})
    assert b"SECRET" not in upstream.heads[0]
    assert b"x-mine: 1" in upstream.heads[0]


def test_a_packed_body_is_refused_by_its_name(between: Between) -> None:
    answer = httpx.post(f"{between.url}/chat/completions", content=CHAT, headers={"content-encoding": "gzip"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "body_packed")


def test_nothing_of_a_request_is_logged(
    between: Between, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"), ExitStack() as stack:
        for content in (CHAT, b'{"model": SECRET}', b'{"model": "SECRET"}', b"SECRET"):
            for answer in (
                whole(ANSWER),
                whole(b"SECRET"),
                b"SECRET",
                b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nSECRET",
            ):
                between.answering(answer)
                sent = content.replace(b"HARD", b"SECRET")
                httpx.post(
                    f"{between.url}/chat/completions?a=SECRET", content=sent, headers={"x-a": "SECRET"}
                )
        connection = stack.enter_context(connected(between.url))
        connection.sendall(b"SECRET\r\n\r\n")
        rest_of(connection)
    said = [
        record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))
    ]
    assert "SECRET" not in "".join(said) + "".join(capfd.readouterr())
