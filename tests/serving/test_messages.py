"""Anthropic's clients ask the server as they ask Anthropic, and what is asked of the provider is theirs."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import anthropic
import httpx
import pytest

from shared_router import Resilience, TokenPrices
from shared_router.resilience.budgets.budget import Budget
from tests.serving.running import EASY, HARD, Between, WireUpstream, asked_of, running, served, whole

ANSWER = (
    b'{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[{"type":"text",'
    b'"text":"a"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":100,'
    b'"cache_creation_input_tokens":20,"cache_read_input_tokens":80,"output_tokens":50}}'
)
START = (
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","type":"message",'
    b'"role":"assistant","model":"claude","content":[],"stop_reason":null,"stop_sequence":null,'
    b'"usage":{"input_tokens":100,"cache_read_input_tokens":100,"output_tokens":1}}}\n\n'
)
EVENTS = START + (
    b'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
    b'"content_block":{"type":"text","text":""}}\n\n'
    b'event: ping\ndata: {"type":"ping"}\n\n'
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
    b'"delta":{"type":"text_delta","text":"a"}}\n\n'
    b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
    b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn",'
    b'"stop_sequence":null},"usage":{"output_tokens":50}}\n\n'
    b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
)
OVERLOADED = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"late"}}\n\n'
STREAM = b"content-type: text/event-stream\r\n"
TOOL: Any = {"name": "weather", "input_schema": {"type": "object"}}
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
PRICES = {"strong": TokenPrices(10, 100, cached_input_per_million_tokens=1), "weak": TokenPrices(1, 1)}


def said(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


def message(**others: Any) -> Callable[[anthropic.Anthropic, str], object]:
    return lambda client, model: client.messages.create(
        **{"model": model, "max_tokens": 9, "messages": said(HARD), **others}
    )


def stream(client: anthropic.Anthropic, model: str) -> object:
    with client.messages.stream(model=model, max_tokens=9, messages=said(HARD), tools=[TOOL]) as events:
        return events.get_final_message()


ASKED: dict[str, Callable[[anthropic.Anthropic, str], object]] = {
    "plain": message(),
    "settings": message(system="Be brief.", temperature=0.1, stop_sequences=["x"], metadata={"user_id": "u"}),
    "tools": message(tools=[TOOL], tool_choice={"type": "auto"}),
    "an image": message(messages=[{"role": "user", "content": [{"type": "text", "text": HARD}, IMAGE]}]),
    "unknown fields": message(extra_body={"new": {"deep": [1e300, None, "é"]}}),
    "a beta": message(extra_headers={"anthropic-beta": "context-1m-2025-08-07"}),
    "a stream": stream,
    "a count": lambda client, model: client.messages.count_tokens(model=model, messages=said(HARD)),
}


@pytest.mark.parametrize("kind", ["api_key", "auth_token"])
@pytest.mark.parametrize("case", ASKED)
def test_a_request_of_anthropics_client_reaches_an_upstream_as_it_would_without_the_server(
    between: Between, monkeypatch: pytest.MonkeyPatch, case: str, kind: str
) -> None:
    for variable in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    answer = b'{"input_tokens":3}' if case == "a count" else EVENTS if case == "a stream" else ANSWER
    head = STREAM if case == "a stream" else b"content-type: application/json\r\n"
    upstream = between.answering(whole(answer, head))
    for base, key, model in ((between.wire, "sk-strong", "strong"), (between.url, "mine", "auto")):
        made = anthropic.Anthropic(
            base_url=base.removesuffix("/v1"),
            max_retries=0,
            **{kind: key},  # type: ignore[arg-type]
        )
        with made as client:
            ASKED[case](client, model)
    straight, through = (asked_of(head) for head in upstream.heads)
    assert through == straight
    assert upstream.bodies[0] == upstream.bodies[1]


@pytest.fixture
def ask() -> Iterator[Callable[..., tuple[httpx.Response, WireUpstream]]]:
    with ExitStack() as stack:

        def asked(
            messages: list[Any], answer: bytes = ANSWER, head: bytes = b"", **others: Any
        ) -> tuple[httpx.Response, WireUpstream]:
            upstream = WireUpstream(whole(answer, head))
            wire = stack.enter_context(upstream.listening())
            url = stack.enter_context(running(served(wire, **others)))
            body = {"model": "auto", "max_tokens": 1000, "messages": messages, "stream": head == STREAM}
            return httpx.post(f"{url}/messages", json=body), upstream

        yield asked


RESULT = {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": HARD}]}
USE = {"type": "tool_use", "id": "t", "name": "weather", "input": {}}


@pytest.mark.parametrize(
    ("messages", "model"),
    [
        (said(HARD), "strong"),
        ([*said(HARD), {"role": "assistant", "content": "a"}, *said(EASY)], "weak"),
        ([{"role": "user", "content": [IMAGE, {"type": "text", "text": EASY}]}], "weak"),
        (
            [*said(EASY), {"role": "assistant", "content": [USE]}, {"role": "user", "content": [RESULT]}],
            "weak",
        ),
        ([{"role": "user", "content": [RESULT, {"type": "text", "text": EASY}]}], "weak"),
    ],
)
def test_a_message_is_routed_on_what_its_user_wrote_last_and_never_on_a_tools_result(
    ask: Callable[..., tuple[httpx.Response, WireUpstream]], messages: list[Any], model: str
) -> None:
    answer, upstream = ask(messages)
    assert answer.headers["x-routellm-model"] == model
    assert json.loads(upstream.bodies[0])["model"] == model
    assert answer.content == ANSWER


def test_a_streams_bytes_are_passed_on(ask: Callable[..., tuple[httpx.Response, WireUpstream]]) -> None:
    assert ask(said(HARD), EVENTS, STREAM)[0].content == EVENTS


@pytest.mark.parametrize(("answer", "head"), [(ANSWER, b""), (EVENTS, STREAM)])
def test_a_budget_counts_the_tokens_that_anthropic_counts_beside_each_other(
    ask: Callable[..., tuple[httpx.Response, WireUpstream]], answer: bytes, head: bytes
) -> None:
    """The first answer: 100 new tokens and 20 written at 10 dollars a million, 80 read at 1, 50 at 100:
    .0012 + .00008 + .005 dollars. The second: 100 new, 100 read: .001 + .0001 + .005.
    """
    budget = Budget(1.0, max_output_tokens=1000)
    ask(said(HARD), answer, head, budget=budget, prices=PRICES)
    assert budget.used() == pytest.approx(0.0061 if head else 0.00628, abs=1e-8)


def test_an_error_before_a_streams_content_moves_on(
    ask: Callable[..., tuple[httpx.Response, WireUpstream]],
) -> None:
    answer, upstream = ask(said(HARD), START + OVERLOADED, STREAM, resilience=Resilience())
    assert [json.loads(body)["model"] for body in upstream.bodies] == ["strong", "weak"]
    assert answer.content == START + OVERLOADED  # the last one that was asked: its word stands


def test_the_servers_own_errors_are_in_anthropics_shape(between: Between) -> None:
    with (
        anthropic.Anthropic(base_url=between.url[:-3], api_key="k", max_retries=0) as client,
        pytest.raises(anthropic.NotFoundError, match="model must be one of") as caught,
    ):
        client.messages.create(model="claude-9", max_tokens=5, messages=said(HARD))
    assert isinstance(caught.value.body, dict)
    assert caught.value.body["type"] == "error"
    assert caught.value.body["error"]["type"] == "not_found_error"
