"""`ChatOpenAI` children under `Resilience`, against a real server that fails as it is told to."""

import asyncio
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from langchain_routellm import RoutedChatModel
from shared_router import Resilience
from tests.fault_server import FaultServer
from tests.faults import Fault
from tests.langchain.listening import Listener, reason_of
from tests.langchain.models import CountingRouter, decision_of

HARD = "hard: why?"


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """A provider."""
    with FaultServer() as running:
        yield running


def routed_over(server: FaultServer, *, max_retries: int = 0, **changes: Any) -> RoutedChatModel:
    """Return a routed model over two models of a provider."""

    def child(name: str) -> ChatOpenAI:
        return ChatOpenAI(
            model=name,
            base_url=server.url,
            api_key=SecretStr("none"),
            max_retries=max_retries,
            stream_usage=True,
        )

    given = {"strong": child("strong"), "weak": child("weak"), "router": CountingRouter(), "threshold": 0.5}
    return RoutedChatModel(**{**given, "resilience": Resilience(failures=None), **changes})


async def by_each(model: RoutedChatModel) -> dict[str, Any]:
    """Return the answers of the ways to ask, streams added up."""
    chunks = await asyncio.to_thread(lambda: list(model.stream(HARD)))
    achunks = [chunk async for chunk in model.astream(HARD)]
    return {
        "invoke": await asyncio.to_thread(model.invoke, HARD),
        "ainvoke": await model.ainvoke(HARD),
        "stream": sum(chunks[1:], chunks[0]),
        "astream": sum(achunks[1:], achunks[0]),
    }


@pytest.mark.parametrize(
    ("fault", "errors"),
    [
        (Fault("429"), {"RateLimitError", "OpenAIRateLimitError"}),
        (Fault("500"), {"InternalServerError", "OpenAIAPIError"}),
        (Fault("503"), {"InternalServerError", "OpenAIAPIError"}),
        (Fault("reset"), {"APIConnectionError", "OpenAIConnectionError"}),
        (Fault("bad_json"), {"JSONDecodeError"}),
    ],
)
async def test_a_provider_in_trouble_is_answered_by_the_other_model(
    server: FaultServer, fault: Fault, errors: set[str]
) -> None:
    listener = Listener()
    server.plan.always["strong"] = fault
    answers = await by_each(routed_over(server, observers=[listener]))
    for entry_point, answer in answers.items():
        told = decision_of(answer)
        assert told["model"] == "weak", entry_point
        assert told["reason"].startswith("fallback:strong->weak:"), entry_point
    assert reason_of(answers["invoke"]).rpartition(":")[2] in errors
    assert all(end.provider_model is not None and end.usage is not None for end in listener.ends)


@pytest.mark.parametrize("kind", ["400", "401", "403"])
async def test_a_mistake_over_the_request_or_the_key_is_the_callers(server: FaultServer, kind: Any) -> None:
    server.plan.always["strong"] = Fault(kind)
    model = routed_over(server)
    with pytest.raises(openai.APIStatusError):
        await model.ainvoke(HARD)
    with pytest.raises(openai.APIStatusError):
        await asyncio.to_thread(lambda: list(model.stream(HARD)))
    assert "weak" not in server.models_asked


@pytest.mark.parametrize("at", [0, 1])
async def test_a_stream_that_is_cut_before_its_first_word_moves_on(server: FaultServer, at: int) -> None:
    server.plan.always["strong"] = Fault("cut", at=at)
    answers = await by_each(routed_over(server))
    alone = await routed_over(server).ainvoke("why?")
    for entry_point in ("stream", "astream"):
        assert decision_of(answers[entry_point])["model"] == "weak", entry_point
        assert alone.text.split()[0] in answers[entry_point].text


@pytest.mark.parametrize(("at", "error"), [(0, "ValueError"), (1, "CutStreamError")])
async def test_a_stream_that_ends_before_its_first_word_as_if_it_were_whole_moves_on(
    server: FaultServer, at: int, error: str
) -> None:
    """Where not one chunk came, LangChain raises a ValueError of its own."""
    server.plan.always["strong"] = Fault("eof", at=at)
    answers = await by_each(routed_over(server))
    for entry_point in ("stream", "astream"):
        assert reason_of(answers[entry_point]) == f"fallback:strong->weak:{error}", entry_point


async def test_a_stream_that_is_cut_after_its_first_word_is_not_written_anew(server: FaultServer) -> None:
    server.plan.always["strong"] = Fault("cut", at=3)
    model = routed_over(server)
    reads: list[Any] = [
        lambda: asyncio.to_thread(lambda: list(model.stream(HARD))),
        lambda: _agathered(model.astream(HARD)),
    ]
    for read in reads:
        with pytest.raises(Exception, match="closed|peer|incomplete|Connection") as raised:
            await read()
        assert type(raised.value).__module__.startswith(("httpx", "openai", "httpcore"))
    assert "weak" not in server.models_asked


@pytest.mark.parametrize(("max_retries", "requests"), [(2, 6), (0, 2)])
async def test_retries_stay_the_clients_own_and_are_not_multiplied(
    server: FaultServer, max_retries: int, requests: int
) -> None:
    """A client that asks 1 + `max_retries` times, twice: 6 requests where it retries twice, 2 where never."""
    server.plan.always |= {"strong": Fault("500"), "weak": Fault("500")}
    with pytest.raises(openai.InternalServerError) as raised:
        await routed_over(server, max_retries=max_retries).ainvoke(HARD)
    assert isinstance(raised.value.__context__, openai.InternalServerError)
    assert len(server.models_asked) == requests


async def test_a_server_that_hangs_is_given_up_in_time_and_its_client_hangs_up(server: FaultServer) -> None:
    server.plan.always["strong"] = Fault("stall")
    model = routed_over(server, resilience=Resilience(timeout={"strong": 0.3}, failures=None))
    for entry_point, answer in (await by_each(model)).items():
        assert decision_of(answer)["model"] == "weak", entry_point
    assert model.call_health.abandoned == 0, "a client that takes a time ends by itself"


async def test_a_client_that_would_retry_is_given_up_in_time_too(server: FaultServer) -> None:
    server.plan.always["strong"] = Fault("stall")
    model = routed_over(server, max_retries=5, resilience=Resilience(timeout={"strong": 0.3}, failures=None))
    answer = await asyncio.wait_for(asyncio.to_thread(model.invoke, HARD), 5.0)
    assert reason_of(answer) == "fallback:strong->weak:CallTimeoutError"
    assert model.call_health.abandoned == 1


async def test_what_a_content_filter_withheld_moves_on_where_that_is_chosen(server: FaultServer) -> None:
    server.plan.always["strong"] = Fault("content_filter")
    answers = await by_each(routed_over(server, resilience=Resilience(refusals=True)))
    assert decision_of(answers["invoke"])["model"] == "weak"
    assert decision_of(answers["ainvoke"])["model"] == "weak"
    with pytest.raises(openai.BadRequestError):
        await routed_over(server).ainvoke(HARD)


async def test_a_hundred_calls_at_once_are_each_answered_once(server: FaultServer) -> None:
    listener = Listener()
    server.plan.always["strong"] = Fault("500")
    model = routed_over(server, observers=[listener], resilience=Resilience())
    answers = await asyncio.gather(*(model.ainvoke(f"hard: {at}") for at in range(100)))
    assert {decision_of(answer)["model"] for answer in answers} == {"weak"}
    assert listener.outcomes == ["answered"] * 100
    assert model.call_health.breakers["strong"] == "open"


async def _agathered(chunks: Any) -> list[Any]:
    return [chunk async for chunk in chunks]
