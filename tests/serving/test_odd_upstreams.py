"""Upstreams that break off, go on for ever, do not speak HTTP, redirect, or are named wrongly."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from shared_router import Resilience, TokenPrices
from shared_router.errors import InvalidInputError
from shared_router.resilience.budgets.budget import Budget
from shared_router.serving import routed_requests, sent_requests
from shared_router.serving.upstream import Upstream
from tests.serving.running import HARD, Between, WireUpstream, asked, running, served, whole

PRICES = {"strong": TokenPrices(10, 10), "weak": TokenPrices(1, 1)}
BODY = {"model": "auto", "messages": asked(HARD)}
STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
CONTENT = b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'


class Endless(WireUpstream):
    """Answer without an end, the same piece again and again."""

    piece = CONTENT * 100

    async def _serve(self, reader: Any, writer: Any) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(self.answer)
            while True:
                writer.write(self.piece)
                await writer.drain()
        except ConnectionError:
            self.hung_up.set()
        finally:
            writer.close()


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (b"", 502, "upstream_cut"),
        (b"HELLO\r\n\r\n", 502, "upstream_cut"),
        (b"HTTP/1.1 200 OK\r\ncont", 502, "upstream_cut"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc", 502, "upstream_cut"),
        (b"HTTP/1.1 999 Odd\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", 502, "upstream_cut"),
        (whole(b"", b"location: http://example.invalid/\r\n", b"308 Moved"), 502, "upstream_redirects"),
    ],
)
def test_an_upstream_that_gives_no_answer_is_told_with_the_decision(
    between: Between, answer: bytes, status: int, code: str
) -> None:
    between.answering(answer)
    found = httpx.post(f"{between.url}/chat/completions", json=BODY)
    assert (found.status_code, found.json()["error"]["code"]) == (status, code)
    assert found.headers["x-routellm-model"] == "strong"
    assert found.headers["x-routellm-reason"] == "score"
    assert "location" not in found.headers


def test_an_upstreams_own_error_says_where_the_request_had_gone(between: Between) -> None:
    between.answering(whole(b"slow", b"retry-after: 7\r\n", b"429 Too Many Requests"))
    found = httpx.post(f"{between.url}/chat/completions", json=BODY)
    assert (found.status_code, found.text, found.headers["retry-after"]) == (429, "slow", "7")
    assert found.headers["x-routellm-upstream-model"] == "strong"


def test_what_an_upstream_says_in_our_name_or_of_its_address_does_not_pass(between: Between) -> None:
    head = b"x-routellm-model: evil\r\nset-cookie: a=b\r\nalt-svc: h3\r\nstrict-transport-security: a\r\n"
    head += b"access-control-allow-origin: *\r\nconnection: close, x-hop\r\nx-hop: 1\r\n"
    head += b"x-odd: a\x01b\r\nx-kept: 1\r\n"
    between.answering(whole(b"{}", head))
    found = httpx.post(f"{between.url}/chat/completions", json=BODY)
    assert found.status_code == 200
    assert found.headers.get_list("x-routellm-model") == ["strong"]
    names = {"set-cookie", "alt-svc", "strict-transport-security", "access-control-allow-origin", "x-hop"}
    assert not (names | {"x-odd"}) & set(found.headers)
    assert found.headers["x-kept"] == "1"


@contextmanager
def before(upstream: WireUpstream, **others: Any) -> Iterator[str]:
    with upstream.listening() as wire, running(served(wire, **others)) as url:
        yield f"{url}/chat/completions"


@pytest.mark.parametrize("kind", [b"text/event-stream", b"application/json"])
def test_an_answer_without_an_end_is_cut_at_the_deadline(kind: bytes) -> None:
    upstream = Endless(b"HTTP/1.1 200 OK\r\ncontent-type: " + kind + b"\r\n\r\n")
    only_bounded = Resilience(deadline=1.0, max_attempts=1, failures=None)
    with before(upstream, resilience=only_bounded) as url:
        with httpx.stream("POST", url, json={**BODY, "stream": True}) as answer:
            assert answer.status_code == 200
            with pytest.raises(httpx.RemoteProtocolError):
                sum(len(piece) for piece in answer.iter_raw())
        assert upstream.hung_up.wait(10)


@pytest.mark.parametrize("rules", [{"timeout": 0.3}, {"deadline": 0.3}])
@pytest.mark.parametrize("answer", [b"", STREAM, STREAM + b": waiting\n\n"])
def test_an_upstream_that_says_nothing_is_late_also_where_its_stream_has_begun(
    rules: dict[str, float], answer: bytes
) -> None:
    upstream = WireUpstream(answer, stalls=True)
    resilience = Resilience(**rules, max_attempts=1, failures=None)  # type: ignore[arg-type]
    with before(upstream, resilience=resilience) as url:
        found = httpx.post(url, json={**BODY, "stream": True})
        assert (found.status_code, found.json()["error"]["code"]) == (504, "upstream_timeout")
        assert upstream.hung_up.wait(10)


def test_a_stream_passes_on_although_its_kind_is_not_named(between: Between) -> None:
    upstream = WireUpstream(
        STREAM.replace(b"content-type: text/event-stream\r\n", b"") + CONTENT, stalls=True
    )
    with before(upstream) as url, httpx.stream("POST", url, json={**BODY, "stream": True}) as answer:
        assert next(answer.iter_raw()) == CONTENT


def test_a_whole_answer_that_is_larger_than_what_is_kept_passes_on(
    monkeypatch: pytest.MonkeyPatch, between: Between
) -> None:
    monkeypatch.setattr(sent_requests, "MOST_KEPT_BYTES", 1000)
    content = json.dumps({"choices": [], "pad": "x" * 300_000}).encode()
    between.answering(whole(content))
    assert httpx.post(f"{between.url}/chat/completions", json=BODY).content == content


def test_a_stream_without_content_passes_on_once_enough_of_it_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(routed_requests, "MOST_HELD_BYTES", 1000)
    upstream = WireUpstream(STREAM + b": waiting\n\n" * 200, stalls=True)
    with (
        before(upstream, resilience=Resilience()) as url,
        httpx.stream("POST", url, json={**BODY, "stream": True}) as answer,
    ):
        assert next(answer.iter_raw()).startswith(b": waiting")


def test_a_stream_that_breaks_off_is_left_without_an_end_and_logged_without_its_words(
    between: Between, caplog: pytest.LogCaptureFixture
) -> None:
    cut = STREAM.replace(b"\r\n\r\n", b"\r\ntransfer-encoding: chunked\r\n\r\n") + b"%x\r\n" % len(CONTENT)
    between.answering(cut + CONTENT + b"\r\n")
    with caplog.at_level(logging.WARNING), pytest.raises(httpx.RemoteProtocolError):
        httpx.post(f"{between.url}/chat/completions", json={**BODY, "stream": True})
    assert "an answer broke off: RemoteProtocolError" in caplog.text
    assert HARD not in caplog.text


@pytest.mark.parametrize(
    ("usage", "dollars"),
    [
        (b'{"prompt_tokens":10,"completion_tokens":5}', 15e-5),
        (b'{"prompt_tokens":1' + b"0" * 400 + b',"completion_tokens":5}', 5e-5),
        (b'{"prompt_tokens":true,"completion_tokens":5}', 5e-5),
        (b'{"prompt_tokens":-7,"completion_tokens":5.5}', 0.0),
    ],
)
def test_tokens_that_cannot_be_are_none(usage: bytes, dollars: float) -> None:
    budget = Budget(1.0, max_output_tokens=100)
    upstream = WireUpstream(whole(b'{"usage":' + usage + b"}"))
    with before(upstream, budget=budget, prices=PRICES) as url:
        assert httpx.post(url, json=BODY).status_code == 200
    assert budget.used() == pytest.approx(dollars, abs=1e-9)


def test_a_long_streams_tokens_are_read_from_its_end() -> None:
    usage = b'data: {"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5}}\n\ndata: [DONE]\n\n'
    budget = Budget(1.0, max_output_tokens=100)
    upstream = WireUpstream(STREAM + CONTENT * 5000 + usage)
    with before(upstream, budget=budget, prices=PRICES) as url:
        httpx.post(url, json={**BODY, "stream": True})
    assert budget.used() == pytest.approx(15e-5, abs=1e-9)


@pytest.mark.parametrize("has_proxy", [True, False])
def test_an_upstream_is_asked_through_the_proxy_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch, has_proxy: bool
) -> None:
    upstream = WireUpstream(whole(b"{}"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with upstream.listening() as wire:
        proxy = WireUpstream(whole(b'{"by":"proxy"}'))
        with proxy.listening() as at, running(served(wire)) as url, httpx.Client(trust_env=False) as client:
            monkeypatch.setenv("HTTP_PROXY", at.removesuffix("/v1"))
            if not has_proxy:
                monkeypatch.setenv("NO_PROXY", "127.0.0.1")
            answer = client.post(f"{url}/chat/completions", json=BODY)
        assert answer.content == (b'{"by":"proxy"}' if has_proxy else b"{}")
        if has_proxy:
            assert proxy.heads[0].startswith(b"POST " + wire.encode() + b"/chat/completions HTTP/1.1")


@pytest.mark.parametrize("prefix", ["", "/", "/v1", "/v1/", "/api/openai/v1", "/a%20b/v1"])
def test_an_upstream_may_stand_under_any_path(prefix: str) -> None:
    upstream = WireUpstream(whole(b"{}"))
    with upstream.listening() as wire, running(served(wire.removesuffix("/v1") + prefix)) as url:
        assert httpx.post(f"{url}/chat/completions", json=BODY).status_code == 200
    assert upstream.heads[0].startswith(b"POST " + prefix.rstrip("/").encode() + b"/chat/completions HTTP")


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("ftp://a/v1", "an http or https URL"),
        ("localhost:8000/v1", "an http or https URL"),
        ("http:///v1", "an http or https URL"),
        ("http://a:99999/v1", "an http or https URL"),
        ("http://a:x/v1", "an http or https URL"),
        ("http://[::1/v1", "an http or https URL"),
        ("http://a b/v1", "an http or https URL"),
        ("http://a\n/v1", "an http or https URL"),
        ("http://a/v1#x", "an http or https URL"),
        ("http://me:s3cret@a/v1", "must hold no key"),
        ("http://a/v1?key=s3cret", "must hold no key"),
        ("http://a/v1/chat/completions", r"ends in /completions; leave that away|must be a base URL"),
        ("http://a/v1/embeddings/", "must be a base URL"),
    ],
)
def test_an_upstreams_url_that_is_none_is_refused_and_not_repeated(url: str, rule: str) -> None:
    with pytest.raises(InvalidInputError, match=rule) as caught:
        Upstream(url, "m")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("key", ["a b", "a\nb", "ключ", "“sk-1”"])
def test_a_key_that_no_header_can_hold_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(InvalidInputError, match="printable ASCII") as caught:
        Upstream("http://a/v1", "m", key)
    assert key not in str(caught.value)
