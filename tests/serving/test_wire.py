"""What reaches a provider through the server is what reaches it without, and what comes back is too.

Each case is sent twice, to an upstream that records its bytes: straight, and through the server.
"""

import gzip
from collections.abc import Callable
from typing import Any

import httpx
import openai
import pytest

from tests.serving.running import HARD, Between, asked, asked_of, whole

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo=", "detail": "low"}}
TOOL: Any = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"a": 1}'}}
ANSWER = b'{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[]}'
EVENTS = b'data: {"id":"x","choices":[{"index":0,"delta":{"content":"a"}}]}\n\ndata: [DONE]\n\n'


def chat(**others: Any) -> Callable[[openai.OpenAI, str], object]:
    return lambda client, model: client.chat.completions.create(
        model=model, **{"messages": asked(HARD), **others}
    )


def stream(**others: Any) -> Callable[[openai.OpenAI, str], object]:
    return lambda client, model: list(
        client.chat.completions.create(model=model, messages=asked(HARD), stream=True, **others)
    )


ASKED: dict[str, Callable[[openai.OpenAI, str], object]] = {
    "plain": chat(),
    "settings": chat(temperature=0.1, max_completion_tokens=7, seed=2**60, logit_bias={"50256": -100}, n=2),
    "odd numbers": chat(temperature=1e-7, extra_body={"x": 1e300, "y": -0.0, "z": 10**40}),
    "unknown fields": chat(extra_body={"reasoning_split": True, "new": {"deep": [None, {"a": "é\u2028"}]}}),
    "unicode": chat(messages=[{"role": "user", "content": "\U0001f600 ünïcödé \u0000 \u202e"}]),
    "tools": chat(tools=[TOOL], tool_choice="auto", parallel_tool_calls=False),
    "a tool's answer": chat(
        messages=[
            *asked(HARD),
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "c1", "content": "rain"},
        ],
        tools=[TOOL],
    ),
    "an image": chat(messages=[{"role": "user", "content": [{"type": "text", "text": HARD}, IMAGE]}]),
    "a schema": chat(response_format={"type": "json_schema", "json_schema": {"name": "a", "schema": {}}}),
    "headers": chat(
        extra_headers={"x-mine": "1", "openai-beta": "assistants=v2", "http-referer": "https://a"}
    ),
    "a query": chat(extra_query={"api-version": "2025-01-01 preview", "a": "b&c"}),
    "a stream": stream(),
    "a stream with its tokens": stream(stream_options={"include_usage": True}, tools=[TOOL]),
    "embeddings": lambda client, model: client.embeddings.create(model="e", input=["a", "b"], dimensions=3),
}


@pytest.mark.parametrize("case", ASKED)
def test_a_request_of_openais_client_reaches_an_upstream_as_it_would_without_the_server(
    between: Between, case: str
) -> None:
    answer = ANSWER.replace(b'"choices"', b'"data":[{"embedding":[1.0],"index":0}],"choices"')
    is_stream = "stream" in case
    head = b"content-type: text/event-stream\r\n" if is_stream else b"content-type: application/json\r\n"
    upstream = between.answering(whole(EVENTS if is_stream else answer, head))
    for base, key, model in ((between.wire, "sk-strong", "strong"), (between.url, "anything", "auto")):
        with openai.OpenAI(base_url=base, api_key=key, max_retries=0) as client:
            ASKED[case](client, model)
    straight, through = (asked_of(head) for head in upstream.heads)
    assert through == straight
    assert upstream.bodies[0] == upstream.bodies[1]


SENT = {
    "duplicate keys": b'{"model":"auto","a":1,"messages":[],"a":2,"messages":[{"role":"user"}]}',
    "order and space": b'\r\n { "z" : 1 ,\t"model"\n:  "auto" , "messages": [ ] , "a" : [ ] }\n\r\n\t ',
    "numbers": b'{"model":"auto","a":[1e400,-1E-400,1.0,-0,NaN,-Infinity,1e5],"b":' + b"9" * 5000 + b"}",
    "escapes": b'{"mod\\u0065l":"auto","a":"\\u00e9\\/\\ud83d\\ude00 \\ud800","messages":[]}',
    "a byte order mark": b'\xef\xbb\xbf{"model":"auto","messages":[]}',
    "depth": b'{"model":"auto","a":' + b"[" * 500 + b"]" * 500 + b"}",
    "no messages": b'{"model":"auto","input":"x"}',
    "odd limits": b'{"model":"auto","n":1' + b"0" * 400 + b',"max_tokens":"7","stream":"yes","messages":3}',
}


@pytest.mark.parametrize("comes_in_pieces", [False, True])
@pytest.mark.parametrize("case", SENT)
def test_the_bytes_of_any_body_are_sent_on(between: Between, case: str, comes_in_pieces: bool) -> None:
    upstream = between.answering(whole(ANSWER))
    body = SENT[case]
    content = iter([body[:9], body[9:40], body[40:]]) if comes_in_pieces else body
    answer = httpx.post(f"{between.url}/chat/completions", content=content)
    assert answer.status_code == 200
    model = answer.headers["x-routellm-model"].encode()
    assert upstream.bodies == [body.replace(b'"auto"', b'"%s"' % model)]


ANSWERED = {
    "whole": whole(b'{"id" : "x", "odd":[1e400, NaN, 1.0, "\\u00fc\xc3\xbc"], "id":"y" }\n\t '),
    "no JSON": whole(b"\xff\x00 not JSON"),
    "a byte order mark": whole(b"\xef\xbb\xbf{}"),
    "packed": whole(gzip.compress(ANSWER), b"content-type: application/json\r\ncontent-encoding: gzip\r\n"),
    "no kind": b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + ANSWER,
    "no length": b"HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n" + ANSWER,
    "nothing": whole(b""),
    "no content": b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n",
    "after an early hint": b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + whole(ANSWER),
    "headers twice": whole(ANSWER, b"x-a: 1\r\nX-A: 2\r\nx-request-id: req_1\r\nopenai-processing-ms: 7\r\n"),
    "header of bytes": whole(ANSWER, b"x-a: \xe9\xff!\r\n"),
    "429": whole(
        b'{"error":{"message":"slow", "code":null}}',
        b"retry-after: 7\r\nretry-after-ms: 7000\r\nx-ratelimit-remaining-tokens: 0\r\nx-should-retry: 0\r\n",
        b"429 Too Many Requests",
    ),
    "401": whole(
        b'{"error":{"code":"invalid_api_key"}}', b"www-authenticate: Bearer\r\n", b"401 Unauthorized"
    ),
    "500 in HTML": whole(b"<h1>Oops</h1>", b"content-type: text/html\r\n", b"500 Internal Server Error"),
    "529": whole(b'{"error":{"type":"overloaded_error"}}', b"", b"529 Overloaded"),
    "empty 503": whole(b"", b"retry-after: Thu, 26 Nov 2026 06:00:00 GMT\r\n", b"503 Service Unavailable"),
    "events": whole(
        b': hi\n\nevent: a\ndata: {"choices": []}\r\n\r\nid: 3\rdata: [DONE]\r\r',
        b"content-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n",
    ),
    "an error among events": whole(
        b'data: {"error":{"message":"late", "type":"server_error"}}\n\n',
        b"content-type: text/event-stream\r\n",
    ),
}


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("case", ANSWERED)
def test_an_answer_comes_back_as_it_would_without_the_server(
    between: Between, case: str, streams: bool
) -> None:
    body = {"model": "strong", "messages": asked(HARD), "stream": streams}
    between.answering(ANSWERED[case])
    straight, through = (_answer_of(f"{base}/chat/completions", body) for base in (between.wire, between.url))
    assert through == straight


def _answer_of(url: str, body: dict[str, Any]) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Return an answer's status, its headers without its connection's and ours, and its bytes."""
    with httpx.stream("POST", url, json=body) as answer:
        content = b"".join(answer.iter_raw())
    others = (b"connection", b"transfer-encoding", b"content-length", b"date", b"server", b"x-routellm-")
    headers = [(name.lower(), value) for name, value in answer.headers.raw]
    return answer.status_code, [pair for pair in headers if not pair[0].startswith(others)], content
