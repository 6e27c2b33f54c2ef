"""The provider that fails as told, asked by the OpenAI client that programs ask providers with."""

import json
import urllib.request
from collections.abc import Iterator

import openai
import pytest

from tests.fault_server import FaultServer
from tests.faults import Fault, Kind, RandomFaults
from tests.provider_answers import answer_text

httpx = pytest.importorskip("httpx")

STREAM_ERRORS = (openai.APIError, httpx.TransportError, json.JSONDecodeError)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


@pytest.fixture
def client(server: FaultServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=server.url, api_key="none", max_retries=0, timeout=0.5) as made:
        yield made


def ask(client: openai.OpenAI, text: str = "Question q7") -> str | None:
    answer = client.chat.completions.create(model="m", messages=[{"role": "user", "content": text}])
    return answer.choices[0].message.content


def read(client: openai.OpenAI) -> list[str]:
    """Return the texts of a stream's parts; what was read before an error is in its `args`."""
    parts = client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": "q7"}], stream=True
    )
    texts: list[str] = []
    try:
        texts.extend(part.choices[0].delta.content or "" for part in parts)
    except STREAM_ERRORS as error:
        error.args = (texts,)
        raise
    return texts


def test_an_answer_repeats_its_request_and_names_its_model(client: openai.OpenAI) -> None:
    assert ask(client) == answer_text("q7", "m") == "q7 by m: one two three four five"


def test_a_stream_begins_with_an_empty_part_and_holds_the_same_text(client: openai.OpenAI) -> None:
    texts = read(client)
    assert texts[0] == ""
    assert "".join(texts) == answer_text("q7", "m")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("400"), openai.BadRequestError),
        (Fault("401"), openai.AuthenticationError),
        (Fault("403"), openai.PermissionDeniedError),
        (Fault("429"), openai.RateLimitError),
        (Fault("500"), openai.InternalServerError),
        (Fault("503"), openai.InternalServerError),
        (Fault("content_filter"), openai.BadRequestError),
        (Fault("reset"), openai.APIConnectionError),
        (Fault("cut"), openai.APIConnectionError),
        (Fault("stall"), openai.APITimeoutError),
        (Fault("slow", seconds=2), openai.APITimeoutError),
        (Fault("bad_json"), json.JSONDecodeError),
        (Fault("eof"), json.JSONDecodeError),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_a_whole_answer_fails_as_its_client_says_it_does(
    server: FaultServer, client: openai.OpenAI, fault: Fault, error: type[Exception]
) -> None:
    server.plan.script("m", [fault])
    with pytest.raises(error):
        ask(client)
    assert ask(client) == answer_text("q7", "m"), "the script has ended"
    assert [each.fault.kind for each in server.asked] == [fault.kind, "none"]


def test_a_429_says_when_to_come_back_iff_it_is_told_to(server: FaultServer, client: openai.OpenAI) -> None:
    server.plan.script("m", [Fault("429", seconds=3), Fault("429")])
    waits = []
    for _ in range(2):
        with pytest.raises(openai.RateLimitError) as raised:
            ask(client)
        waits.append(raised.value.response.headers.get("retry-after"))
    assert waits == ["3", None]


@pytest.mark.parametrize("kind", ["cut", "reset", "stall", "error_event", "bad_json"])
@pytest.mark.parametrize(
    ("at", "before"), [(0, []), (1, [""]), (2, ["", "q7 "]), (4, ["", "q7 ", "by ", "m: "])]
)
def test_a_stream_breaks_after_as_many_parts_as_told(
    server: FaultServer, client: openai.OpenAI, kind: Kind, at: int, before: list[str]
) -> None:
    server.plan.script("m", [Fault(kind, at=at)])
    with pytest.raises(STREAM_ERRORS) as raised:
        read(client)
    assert raised.value.args[0] == before


def test_a_stream_can_end_as_if_it_were_whole(server: FaultServer, client: openai.OpenAI) -> None:
    server.plan.script("m", [Fault("eof", at=3)])
    assert read(client) == ["", "q7 ", "by "]


def test_an_answer_can_hold_no_choices(server: FaultServer, client: openai.OpenAI) -> None:
    server.plan.script("m", [Fault("no_choices")])
    answer = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "q7"}])
    assert answer.choices == []


def test_a_client_that_leaves_is_counted(server: FaultServer, client: openai.OpenAI) -> None:
    server.plan.script("m", [Fault("stall")])
    with pytest.raises(openai.APITimeoutError):
        ask(client)
    ask(client)
    assert server.hung_up == 1


def test_it_bills_what_a_model_began_and_nothing_before(server: FaultServer, client: openai.OpenAI) -> None:
    """Two words are asked and 8 answered; a 500 and a reset cost nothing, an answer that is cut does."""
    server.plan.script("m", [Fault("500"), Fault("reset"), Fault("cut")])
    for _ in range(3):
        with pytest.raises(openai.APIError):
            ask(client)
    ask(client)
    whole = server.asked[3].billed_tokens
    assert [each.billed_tokens for each in server.asked] == [0, 0, whole, whole]
    assert whole > 8


def test_chance_fails_the_share_that_it_should_and_always_the_same_requests() -> None:
    """Of 4,000 at a half, four standard deviations are 4 * sqrt(4000) / 2 = 126."""
    chance = RandomFaults(share=0.5, faults=(Fault("500"), Fault("429")), seed=1)
    kinds = [chance.of(f"q{n}", "m", 1).kind for n in range(4000)]
    assert abs(kinds.count("none") - 2000) < 126
    assert abs(kinds.count("500") - 1000) < 126
    assert kinds == [chance.of(f"q{n}", "m", 1).kind for n in range(4000)]
    assert kinds != [chance.of(f"q{n}", "m", 2).kind for n in range(4000)]


def test_it_is_told_and_asked_over_http(server: FaultServer, client: openai.OpenAI) -> None:
    plan = {"share": 1.0, "seed": 3, "faults": [{"kind": "500"}]}
    root = server.url.removesuffix("/v1")
    told = urllib.request.Request(f"{root}/plan", json.dumps(plan).encode(), method="POST")
    urllib.request.urlopen(told).close()
    with pytest.raises(openai.InternalServerError):
        ask(client)
    with urllib.request.urlopen(f"{root}/asked") as answer:
        asked = json.load(answer)
    assert asked["asked"] == [
        {
            "request": "q7",
            "model": "m",
            "fault": {"kind": "500", "at": None, "seconds": None},
            "streams": False,
            "billed_tokens": 0,
        }
    ]
