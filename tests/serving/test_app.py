"""OpenAI's clients ask the server as they ask a provider, and what is asked of the provider is theirs."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from shared_router import Resilience, TokenPrices, read_log
from shared_router.resilience.budgets.budget import Budget
from shared_router.serving import bounded_connections
from shared_router.serving.virtual_keys import VirtualKey, hash_of
from shared_router.telemetry.decision_log import DecisionLog
from tests.fault_server import FaultServer
from tests.faults import Fault
from tests.serving.running import EASY, HARD, WireUpstream, asked, running, served


@pytest.fixture
def provider() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


@pytest.fixture
def client(provider: FaultServer) -> Iterator[openai.OpenAI]:
    with (
        running(served(provider.url)) as url,
        openai_client(url) as made,
    ):
        yield made


def openai_client(url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=url, api_key="x", max_retries=0)


@pytest.mark.parametrize(("question", "model"), [(HARD, "strong"), (EASY, "weak")])
def test_a_question_goes_where_its_score_says(
    client: openai.OpenAI, provider: FaultServer, question: str, model: str
) -> None:
    raw = client.chat.completions.with_raw_response.create(model="auto", messages=asked(question))
    answer = raw.parse()
    assert answer.model == model
    assert answer.choices[0].message.content == f"{question[-2:]} by {model}: one two three four five"
    assert raw.headers["x-routellm-model"] == model
    assert raw.headers["x-routellm-upstream-model"] == model
    assert raw.headers["x-routellm-reason"] == "score"
    assert raw.headers["x-routellm-win-probability"] == {"strong": "0.9", "weak": "0.1"}[model]
    assert raw.headers["x-routellm-threshold"] == "0.5"
    assert provider.models_asked == [model]


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("router-fixed-0.05", "strong"),
        ("router-fixed-0.95", "weak"),
        ("strong", "strong"),
        ("weak", "weak"),
    ],
)
def test_a_models_name_says_a_threshold_as_routellms_clients_write_it_or_names_a_model(
    client: openai.OpenAI, name: str, model: str
) -> None:
    question = EASY if name.endswith("0.05") else HARD
    assert client.chat.completions.create(model=name, messages=asked(question)).model == model


def test_a_router_that_ships_can_be_named(client: openai.OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(model="router-static-v1-0.0", messages=asked(EASY))
    assert raw.headers["x-routellm-router"] == "static-v1"
    assert raw.headers["x-routellm-model"] == "strong"


@pytest.mark.parametrize(
    ("name", "kind", "rule"),
    [
        ("gpt-9", openai.NotFoundError, "model must be one of"),
        ("router-fixed-1.5", openai.BadRequestError, r"a threshold in \[0, 1\]"),
        ("router-fixed-nan", openai.BadRequestError, r"a threshold in \[0, 1\]"),
        ("router-fixed", openai.BadRequestError, r"a threshold in \[0, 1\]"),
        ("router-mf-0.3", openai.NotFoundError, r"must be one of \['fixed', 'static-v1', 'static-v2'\]"),
        ("x\r\nset-cookie: a=b", openai.NotFoundError, "a text of 18 characters"),
    ],
)
def test_a_model_that_is_none_is_refused_by_its_rule_and_not_repeated(
    client: openai.OpenAI, provider: FaultServer, name: str, kind: type[openai.APIStatusError], rule: str
) -> None:
    with pytest.raises(kind, match=rule) as caught:
        client.chat.completions.create(model=name, messages=asked(EASY))
    assert "gpt-9" not in str(caught.value)
    assert "set-cookie" not in caught.value.response.headers
    assert provider.asked == []


def test_a_stream_comes_piece_by_piece_with_its_tokens(client: openai.OpenAI) -> None:
    chunks = list(
        client.chat.completions.create(
            model="auto", messages=asked(HARD), stream=True, stream_options={"include_usage": True}
        )
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == "q1 by strong: one two three four five"
    assert chunks[-1].usage is not None
    assert {chunk.model for chunk in chunks} == {"strong"}


def test_tools_are_called_through_it(client: openai.OpenAI) -> None:
    tool: Any = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
    answer = client.chat.completions.create(model="auto", messages=asked(HARD), tools=[tool])
    calls = answer.choices[0].message.tool_calls
    assert calls is not None
    assert calls[0].type == "function"


def test_models_are_listed(client: openai.OpenAI) -> None:
    names = [model.id for model in client.models.list()]
    assert names[0] == "auto"
    assert {"router-fixed-0.5", "strong", "weak"} < set(names)
    for name in names:  # whatever a program offers its users to choose
        assert client.models.retrieve(name).id == name
        client.chat.completions.create(model=name, messages=asked(EASY))


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("429", openai.RateLimitError),
        ("500", openai.InternalServerError),
        ("401", openai.AuthenticationError),
    ],
)
def test_an_upstreams_own_error_is_passed_on(
    client: openai.OpenAI, provider: FaultServer, kind: Any, error: type[openai.APIStatusError]
) -> None:
    provider.plan.script("strong", [Fault(kind)])
    with pytest.raises(error) as caught:
        client.chat.completions.create(model="auto", messages=asked(HARD))
    direct = openai_client(provider.url)
    provider.plan.script("strong", [Fault(kind)])
    with direct, pytest.raises(error) as bare:
        direct.chat.completions.create(model="strong", messages=asked(HARD))
    assert caught.value.body == bare.value.body


@pytest.mark.parametrize("kind", ["429", "500", "503", "reset"])
@pytest.mark.parametrize("stream", [False, True])
def test_with_fallback_the_other_model_answers(provider: FaultServer, kind: Any, stream: bool) -> None:
    provider.plan.script("strong", [Fault(kind)])
    with running(served(provider.url, resilience=Resilience())) as url:
        answer = httpx.post(
            f"{url}/chat/completions", json={"model": "auto", "messages": asked(HARD), "stream": stream}
        )
    assert answer.status_code == 200
    assert answer.headers["x-routellm-model"] == "weak"
    assert answer.headers["x-routellm-reason"].startswith("fallback:strong->weak:")
    assert "by weak" in answer.text if not stream else "weak" in answer.text
    assert provider.models_asked == ["strong", "weak"]


def test_a_stream_that_is_cut_before_its_content_moves_on_and_after_it_does_not(
    provider: FaultServer,
) -> None:
    with running(served(provider.url, resilience=Resilience())) as url:
        body = {"model": "auto", "messages": asked(HARD), "stream": True}
        provider.plan.script("strong", [Fault("cut", at=1)])
        assert '"weak"' in httpx.post(f"{url}/chat/completions", json=body).text
        provider.plan.script("strong", [Fault("cut", at=3)])
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.post(f"{url}/chat/completions", json=body)
    assert provider.models_asked == ["strong", "weak", "strong"]


def test_an_upstream_that_cannot_be_reached_is_told_in_openais_shape() -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    with (
        running(served(f"http://127.0.0.1:{port}/v1")) as url,
        openai_client(url) as made,
        pytest.raises(openai.InternalServerError, match="must be reachable") as caught,
    ):
        made.chat.completions.create(model="auto", messages=asked(HARD))
    assert caught.value.status_code == 502


def test_every_byte_of_a_request_but_its_models_name_and_of_its_answer_passes_through() -> None:
    content = b'{"id":"x", "choices" : [], "odd":\t[1.0, 1e2, "\xc3\xbc\\u00fc"] }\n'
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-odd: Value\r\nconnection: close\r\n"
    upstream = WireUpstream(head + b"content-length: %d\r\n\r\n" % len(content) + content)
    body = (
        b'{ "new_field" : {"deep":[1.0,-0e5]}, "model":"auto","messages":[{"role":"user",'
        b'"content":[{"type":"text","text":"HARD q1"},{"type":"image_url","image_url":{"url":"data:x"}}]}],'
        b'\n"stream":false , "seed":12345678901234567890,"text":"\xe4\xbd\xa0\\ud83d\\ude00" }'
    )
    with upstream.listening() as wire, running(served(wire)) as url:
        answer = httpx.post(
            f"{url}/chat/completions",
            content=body,
            headers={"content-type": "application/json", "x-mine": "1", "authorization": "Bearer mine"},
        )
    assert upstream.bodies == [body.replace(b'"auto"', b'"strong"')]
    assert answer.content == content
    assert answer.headers["x-odd"] == "Value"
    sent = upstream.heads[0].lower()
    assert b"x-mine: 1" in sent
    assert b"authorization: bearer sk-strong" in sent
    assert b"bearer mine" not in sent


def test_a_streams_bytes_pass_through_as_they_come() -> None:
    events = b': hello\n\ndata: {"choices":[{"delta":{"content":"a"}}]}\r\n\r\nevent: odd\ndata: [DONE]\n\n'
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
    upstream = WireUpstream(head + events)
    with upstream.listening() as wire, running(served(wire)) as url:
        answer = httpx.post(f"{url}/chat/completions", json={"model": "auto", "messages": [], "stream": True})
    assert answer.content == events


def test_a_client_that_hangs_up_stops_the_upstream() -> None:
    upstream = WireUpstream(b"", stalls=True)
    with upstream.listening() as wire, running(served(wire)) as url:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(
                f"{url}/chat/completions", json={"model": "auto", "messages": asked(HARD)}, timeout=0.5
            )
        assert upstream.hung_up.wait(5)


def test_a_client_that_leaves_a_stream_stops_the_upstream() -> None:
    event = b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
    upstream = WireUpstream(head + event, stalls=True)
    with upstream.listening() as wire, running(served(wire)) as url:
        body = {"model": "auto", "messages": asked(HARD), "stream": True}
        with httpx.stream("POST", f"{url}/chat/completions", json=body) as answer:
            assert next(answer.iter_raw()) == event
        assert upstream.hung_up.wait(5)


def test_keys_are_asked_for_and_have_thresholds_and_budgets_of_their_own(provider: FaultServer) -> None:
    keys = {
        hash_of("rk-a"): VirtualKey("a", threshold=0.05),
        hash_of("rk-b"): VirtualKey("b", budget={"dollars": 1e-9, "max_output_tokens": 100}),
    }
    prices = {"strong": TokenPrices(10, 10), "weak": TokenPrices(1, 1)}
    with running(served(provider.url, keys=keys, prices=prices)) as url:
        body = {"model": "auto", "messages": asked(EASY)}

        def ask(key: str, path: str = "/chat/completions") -> httpx.Response:
            return httpx.post(f"{url}{path}", json=body, headers={"authorization": f"Bearer {key}"})

        assert ask("rk-a").headers["x-routellm-model"] == "strong"
        assert ask("rk-b").status_code == 429
        assert ask("rk-b").json()["error"]["code"] == "budget_exceeded"
        assert ask("rk-b").headers["x-should-retry"] == "false"
        assert ask("rk-c").status_code == 401
        assert httpx.post(f"{url}/chat/completions", json=body).status_code == 401
        assert httpx.get(f"{url}/models").status_code == 401
        in_url = ask("rk-a", "/chat/completions?api_key=rk-a")
        assert (in_url.status_code, in_url.json()["error"]["code"]) == (400, "key_in_url")
    assert provider.models_asked == ["strong"]


def test_a_budget_for_all_is_kept_and_settled_by_the_answers_own_tokens(provider: FaultServer) -> None:
    prices = {"strong": TokenPrices(10, 10), "weak": TokenPrices(1, 1)}
    budget = Budget(1.0, max_output_tokens=100)
    with running(served(provider.url, prices=prices, budget=budget)) as url:
        answer = httpx.post(f"{url}/chat/completions", json={"model": "auto", "messages": asked(HARD)})
    usage = answer.json()["usage"]
    expected = (usage["prompt_tokens"] + usage["completion_tokens"]) * 10 / 1e6
    assert budget.used() == pytest.approx(expected, rel=1e-3)


def test_decisions_are_logged_without_prompts(provider: FaultServer, tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "log.jsonl")
    with running(served(provider.url, observers=[log])) as url:
        answer = httpx.post(f"{url}/chat/completions", json={"model": "auto", "messages": asked(HARD)})
    log.close()
    (decision,) = read_log([tmp_path / "log.jsonl"]).rows
    assert decision.id == answer.headers["x-routellm-decision-id"]
    assert (decision.model, decision.provider_model) == ("strong", "strong")
    assert HARD not in (tmp_path / "log.jsonl").read_text()


def test_scores_can_be_kept_from_clients(provider: FaultServer) -> None:
    with running(served(provider.url, shows_scores=False)) as url:
        answer = httpx.post(f"{url}/chat/completions", json={"model": "auto", "messages": asked(HARD)})
    assert not {"x-routellm-win-probability", "x-routellm-threshold"} & set(answer.headers)


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"[1]", 400),
        (b'{"messages": []}', 400),
        (b'{"model": 3}', 400),
        (b'{"model": "auto"', 400),
        (b'{"model": "auto"} {}', 400),
        (b'{"model": "auto",}', 400),
        (b'{"model": "auto",' + b'"a": 1,' * 10_000 + b'"b": 1}', 400),
        (b"\xff\xfe", 400),
        (b'{"model":"auto","x":' + b"[" * 200_000, 400),
        (b'{"model": "auto", "pad": "' + b"x" * 2000 + b'"}', 413),
    ],
)
def test_a_body_that_is_none_is_refused(provider: FaultServer, content: bytes, status: int) -> None:
    most = 1000 if status == 413 else 1_000_000
    with running(served(provider.url, max_body_bytes=most)) as url:
        answer = httpx.post(f"{url}/chat/completions", content=content)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]
    assert provider.asked == []


def test_a_body_without_a_length_is_refused_once_it_is_too_large(provider: FaultServer) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 1000

    with running(served(provider.url, max_body_bytes=10_000)) as url:
        assert httpx.post(f"{url}/chat/completions", content=pieces()).status_code == 413


def test_embeddings_are_passed_through() -> None:
    content = b'{"data":[{"embedding":[0.25]}]}'
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n"
    upstream = WireUpstream(head + b"content-length: %d\r\n\r\n" % len(content) + content)
    body = b'{"input": "x", "model":"text-embedding-3-small"}'
    with upstream.listening() as wire, running(served(wire)) as url:
        assert httpx.post(f"{url}/embeddings", content=body).content == content
    assert upstream.bodies == [body]


def test_whoever_sends_no_headers_is_cut_off_and_others_are_answered(
    provider: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_connections, "HEADERS_WITHIN_S", 0.5)
    with running(served(provider.url)) as url, ExitStack() as stack:
        port = int(url.split(":")[2].split("/")[0])
        idle = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(300)]
        for each in idle[::2]:
            each.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\n")
        assert httpx.get(url.replace("/v1", "/healthz")).json() == {"status": "ok"}
        time.sleep(0.8)
        for each in idle:
            each.settimeout(2)
            assert each.recv(1) == b""


def test_many_clients_at_once_each_get_their_own_answer(provider: FaultServer) -> None:
    answers: dict[int, str] = {}
    with running(served(provider.url)) as url, httpx.Client(timeout=30) as client:

        def ask(number: int) -> None:
            body = {"model": "weak", "messages": asked(f"q{number}")}
            found = client.post(f"{url}/chat/completions", json=body).json()
            answers[number] = found["choices"][0]["message"]["content"]

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == {n: f"q{n} by weak: one two three four five" for n in range(100)}


def test_no_key_is_shown(provider: FaultServer) -> None:
    assert "sk-strong" not in repr(served(provider.url).services)
    assert "sk-strong" not in json.dumps(str(served(provider.url).__dict__))
