"""A routed model under `Resilience` and observers: by every entry point, each promise of its own."""

import asyncio
import copy
import pickle
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.runnables import ConfigurableField, RunnableLambda
from langchain_core.tools import tool
from pydantic import BaseModel

from langchain_routellm import RoutedChatModel, RoutedRunnable
from shared_router import CallTimeoutError, DecisionLog, InvalidInputError, Resilience, TokenPrices
from tests.langchain.fake_tool_models import ChatElm, ChatOak
from tests.langchain.listening import BadRequestError, Listener, RateLimitError, reason_of
from tests.langchain.models import CountingRouter, decision_of, routed

FALLBACK = "fallback:strong->weak:RateLimitError"
PRICES = {"strong": TokenPrices(10.0, 10.0), "weak": TokenPrices(1.0, 1.0)}


@tool
def lookup(word: str) -> str:
    """Look a word up."""
    return word


class Answer(BaseModel):
    """An answer."""

    text: str


def down(**changes: Any) -> RoutedChatModel:
    """Return a routed model whose strong child, elm, is down."""
    given = {"strong": ChatElm(error=RateLimitError("down")), "resilience": Resilience(), "prices": PRICES}
    return routed(**{**given, **changes})


def _added(chunks: Any) -> Any:
    first, *others = chunks
    return sum(others, first)


async def _agathered(chunks: Any) -> list[Any]:
    return [chunk async for chunk in chunks]


async def by_every_entry_point(model: RoutedChatModel) -> dict[str, Any]:
    """Return the message of one hard question by each way to ask it."""
    hard, easy = "hard: why?", "why?"
    done = {0: None, 1: None}
    for at, answer in model.batch_as_completed([hard, easy]):
        done[at] = answer
    adone = {at: answer async for at, answer in model.abatch_as_completed([hard, easy])}
    events = [event async for event in model.astream_events(hard, version="v2")]
    ended = [event for event in events if event["event"] == "on_chat_model_end"]
    generated = model.generate([[HumanMessage(hard)], [HumanMessage(easy)]])
    agenerated = await model.agenerate([[HumanMessage(hard)], [HumanMessage(easy)]])
    return {
        "invoke": model.invoke(hard),
        "ainvoke": await model.ainvoke(hard),
        "stream": _added(list(model.stream(hard))),
        "astream": _added(await _agathered(model.astream(hard))),
        "batch": model.batch([hard, easy])[0],
        "abatch": (await model.abatch([easy, hard]))[1],
        "batch_as_completed": done[0],
        "abatch_as_completed": adone[0],
        "astream_events": ended[-1]["data"]["output"],
        "stream_events_v3": model.stream_events(hard, version="v3").output,
        "astream_events_v3": await (await model.astream_events(hard, version="v3")).output,
        "generate": generated.generations[0][0].message,  # type: ignore[union-attr]
        "agenerate": agenerated.generations[0][0].message,  # type: ignore[union-attr]
        "bind_tools": model.bind_tools([lookup]).invoke(hard),
        "_generate": model._generate([HumanMessage(hard)]).generations[0].message,
        "_agenerate": (await model._agenerate([HumanMessage(hard)])).generations[0].message,
    }


async def test_every_entry_point_answers_with_the_other_model_and_says_so_at_its_price() -> None:
    listener = Listener(wants_answers=True)
    model = down(observers=[listener], resilience=Resilience(failures=None))
    for entry_point, message in (await by_every_entry_point(model)).items():
        told = decision_of(message)
        assert (told["model"], told["reason"]) == ("weak", FALLBACK), entry_point
        assert told["dollars"] == pytest.approx(message.usage_metadata["total_tokens"] * 1e-6), entry_point
        assert told["decision_id"] in listener.ended_ids, entry_point
        assert "oak-1 says" in message.text or message.tool_calls, entry_point
    assert set(listener.outcomes) == {"answered"}
    hard = [end for end in listener.ends if end.decision.win_probability == 0.9]
    assert all(end.decision.reason == FALLBACK and end.provider_model == "oak-1" for end in hard)
    assert all(end.dollars is not None and end.answer is not None for end in hard)


async def test_with_observers_alone_every_entry_point_tells_each_call_once() -> None:
    listener = Listener()
    answers = await by_every_entry_point(routed(observers=[listener], prices=PRICES))
    assert {decision_of(message)["model"] for message in answers.values()} == {"strong"}
    assert set(listener.outcomes) == {"answered"}


def test_a_failed_call_is_told_once_and_its_error_is_the_childs() -> None:
    listener, error = Listener(), BadRequestError("no")
    model = routed(strong=ChatElm(error=error), observers=[listener], resilience=Resilience())
    for ask in (model.invoke, lambda text: list(model.stream(text)), lambda text: model.batch([text])):
        with pytest.raises(BadRequestError) as raised:
            ask("hard: why?")
        assert raised.value is error
    assert listener.outcomes == ["failed"] * 3
    assert listener.asked == [[("strong", "BadRequestError")]] * 3


async def test_where_both_are_down_the_first_error_is_raised_with_the_second_as_its_context() -> None:
    first, second = RateLimitError("one"), ConnectionError("two")
    model = down(strong=ChatElm(error=first), weak=ChatOak(error=second))
    for ask in (
        lambda: asyncio.to_thread(model.invoke, "hard: why?"),
        lambda: model.ainvoke("hard: why?"),
        lambda: asyncio.to_thread(lambda: list(model.stream("hard: why?"))),
        lambda: _agathered(model.astream("hard: why?")),
    ):
        with pytest.raises(RateLimitError) as raised:
            await ask()
        assert raised.value is first
        assert first.__context__ is second
        first.__context__ = None


def test_an_error_in_a_batch_is_its_own_inputs() -> None:
    model = down(weak=ChatOak(error=ConnectionError("down")))
    one, two = model.batch(["hard: why?", "why?"], return_exceptions=True)
    assert isinstance(one, RateLimitError)
    assert isinstance(two, ConnectionError)


class Cut(ChatElm):
    """A model whose stream breaks off, after chunks that are given."""

    chunks: list[Any] = []

    def _stream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Iterator[Any]:
        self._calls.append({"messages": messages})
        for chunk in self.chunks:
            piece = ChatGenerationChunk(message=chunk)
            if run_manager:
                run_manager.on_llm_new_token(piece.text, chunk=piece)
            yield piece
        raise ConnectionResetError("cut")

    async def _astream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[Any]:
        for chunk in self._stream(messages):
            yield chunk


NO_CONTENT: list[Any] = [
    [],
    [AIMessageChunk(content="")],
    [AIMessageChunk(content=""), AIMessageChunk(content="", response_metadata={"model_name": "elm-1"})],
    [AIMessageChunk(content=[{"type": "text", "text": "", "index": 0}])],
]
CONTENT: list[Any] = [
    AIMessageChunk(content="The sky"),
    AIMessageChunk(content=[{"type": "text", "text": "The sky", "index": 0}]),
    AIMessageChunk(content="", additional_kwargs={"reasoning_content": "Let me think"}),
    AIMessageChunk(content=[{"type": "thinking", "thinking": "Let me", "index": 0}]),
    AIMessageChunk(
        content="",
        tool_call_chunks=[{"name": "lookup", "args": "", "id": "1", "index": 0, "type": "tool_call_chunk"}],
    ),
]


@pytest.mark.parametrize("chunks", NO_CONTENT)
async def test_a_stream_that_breaks_off_before_any_content_moves_on_without_a_trace(
    chunks: list[Any],
) -> None:
    model = routed(strong=Cut(chunks=chunks), resilience=Resilience())
    alone = routed(strong=ChatElm())
    for read in (list(model.stream("hard: why?")), await _agathered(model.astream("hard: why?"))):
        assert reason_of(read[0]) == "fallback:strong->weak:ConnectionResetError"
        assert [chunk.text for chunk in read] == [chunk.text for chunk in alone.stream("why?")] or (
            "".join(chunk.text for chunk in read) == "oak-1 says: hard: why?"
        )


@pytest.mark.parametrize("chunk", CONTENT)
async def test_after_the_first_content_the_error_is_the_childs_and_no_other_model_is_asked(
    chunk: Any,
) -> None:
    listener = Listener()
    model = routed(
        strong=Cut(chunks=[AIMessageChunk(content=""), chunk]), resilience=Resilience(), observers=[listener]
    )
    read: list[Any] = []
    with pytest.raises(ConnectionResetError):
        read.extend(model.stream("hard: why?"))
    with pytest.raises(ConnectionResetError):
        await _agathered(model.astream("hard: why?"))
    assert [piece.content for piece in read] == ["", chunk.content]
    assert model.weak.calls == []  # type: ignore[attr-defined]
    assert listener.outcomes == ["failed", "failed"]
    assert all(end.first_content_s is not None for end in listener.ends)


class Reads(BaseCallbackHandler):
    """Read tokens as they are written."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def on_llm_new_token(self, token: Any, **kwargs: Any) -> None:
        self.read.append(token)


class CutInvoke(Cut):
    """A model that streams inside invoke, as `streaming=True` has it."""

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> Any:
        for _ in self._stream(messages, stop, run_manager):
            pass


def test_what_a_callback_has_read_is_not_followed_by_another_models_answer() -> None:
    reads = Reads()
    model = routed(strong=CutInvoke(chunks=[AIMessageChunk(content="The sky")]), resilience=Resilience())
    with pytest.raises(ConnectionResetError):
        model.invoke("hard: why?", {"callbacks": [reads]})
    assert reads.read == ["The sky"]
    assert reason_of(model.invoke("hard: why?")).startswith("fallback:"), "and where nobody reads it moves on"


class Slow(ChatElm):
    """A model that takes its time."""

    def _generate(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        self._calls.append({"messages": messages})
        time.sleep(self.pause_s)
        return ChatOak()._generate(messages)

    async def _agenerate(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        await asyncio.sleep(self.pause_s)
        return ChatOak()._generate(messages)

    def _stream(self, messages: Any, *args: Any, **kwargs: Any) -> Iterator[Any]:
        time.sleep(self.pause_s)
        yield from ChatOak()._stream(messages)

    async def _astream(self, messages: Any, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        await asyncio.sleep(self.pause_s)
        for chunk in ChatOak()._stream(messages):
            yield chunk


async def test_a_model_that_is_late_is_given_up_and_the_other_one_answers() -> None:
    model = routed(strong=Slow(pause_s=0.6), resilience=Resilience(timeout={"strong": 0.05}, failures=None))
    answers = {
        "invoke": await asyncio.to_thread(model.invoke, "hard: why?"),
        "ainvoke": await model.ainvoke("hard: why?"),
        "stream": await asyncio.to_thread(lambda: next(model.stream("hard: why?"))),
        "astream": (await _agathered(model.astream("hard: why?")))[0],
    }
    for entry_point, answer in answers.items():
        assert reason_of(answer) == "fallback:strong->weak:CallTimeoutError", entry_point
    assert model.call_health.abandoned == 2, "a call that blocks cannot be stopped"


async def test_a_deadline_bounds_all_models_together() -> None:
    model = routed(
        strong=Slow(pause_s=5.0), weak=Slow(pause_s=5.0), resilience=Resilience(timeout=0.2, deadline=0.3)
    )
    asks: list[Any] = [
        lambda: asyncio.to_thread(model.invoke, "hard: why?"),
        lambda: model.ainvoke("hard: why?"),
    ]
    for ask in asks:
        began = time.perf_counter()
        with pytest.raises(CallTimeoutError):
            await ask()
        assert time.perf_counter() - began < 2.0


async def test_a_cancelled_call_is_told_once_and_never_moves_on() -> None:
    listener = Listener()
    model = routed(
        strong=Slow(pause_s=60.0), resilience=Resilience(timeout=30.0, deadline=60.0), observers=[listener]
    )
    for ask in (model.ainvoke("hard: why?"), _agathered(model.astream("hard: why?"))):
        task = asyncio.ensure_future(ask)
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert listener.outcomes == ["cancelled", "cancelled"]
    assert model.weak.calls == []  # type: ignore[attr-defined]


def test_a_reader_that_stops_early_has_cancelled_the_call() -> None:
    listener = Listener()
    chunks = routed(resilience=Resilience(), observers=[listener]).stream("hard: why?")
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]
    assert listener.outcomes == ["cancelled"]


def test_a_model_that_keeps_failing_is_left_alone_by_threads_and_loops_alike() -> None:
    model = down(resilience=Resilience(failures=3))
    threads = [threading.Thread(target=model.invoke, args=("hard: why?",)) for _ in range(3)]
    for thread in threads:
        thread.start()
        thread.join()
    answer = asyncio.run(model.ainvoke("hard: why?"))
    assert reason_of(answer) == "fallback:strong->weak:breaker"
    bound = model.bind_tools([lookup])
    assert reason_of(bound.invoke("hard: why?")) == "fallback:strong->weak:breaker"
    assert len(model.strong.calls) == 3  # type: ignore[attr-defined]
    assert model.call_health.breakers == {"strong": "open", "weak": "closed"}
    model.strong = ChatElm()  # another model, of which nothing is known
    assert reason_of(model.invoke("hard: why?")) == "score"


def test_a_structured_answer_is_the_other_models_too() -> None:
    listener = Listener()
    model = down(observers=[listener])
    parsed = model.with_structured_output(Answer).invoke("hard: why?")
    assert isinstance(parsed, Answer)
    raw: Any = model.with_structured_output(Answer, include_raw=True).invoke("hard: why?")
    assert decision_of(raw["raw"])["reason"] == FALLBACK
    assert [end.decision.model for end in listener.ends] == ["weak", "weak"]
    assert all(end.usage is not None and end.dollars is not None for end in listener.ends)


def test_no_model_is_asked_that_cannot_do_what_the_request_needs() -> None:
    class NoTools(ChatOak):
        def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
            raise NotImplementedError

    model = down(weak=NoTools())
    with pytest.raises(RateLimitError):
        model.bind_tools([lookup]).invoke("hard: why?")
    image = HumanMessage(
        [{"type": "text", "text": "hard"}, {"type": "image_url", "image_url": "data:image/png;base64,AA"}]
    )
    blind = down(weak=ChatOak(profile={"image_inputs": False}))
    with pytest.raises(RateLimitError):
        blind.invoke([image])


def test_a_conversation_whose_model_failed_goes_back_to_it_when_it_is_there() -> None:
    model = down(sticky="conversation", resilience=Resilience(failures=None))
    first = model.invoke([HumanMessage("hard: why?")])
    assert reason_of(first) == FALLBACK
    model.strong.error = None  # type: ignore[attr-defined]
    again = model.invoke([HumanMessage("hard: why?"), first, HumanMessage("hard: and how?")])
    assert (decision_of(again)["model"], reason_of(again)) == ("strong", "score")


def test_a_tool_loop_moves_on_too_and_then_stays_with_the_model_that_answered() -> None:
    model = down(strong=ChatElm(), resilience=Resilience(failures=None))
    bound = model.bind_tools([lookup])
    asked: Any = bound.invoke([HumanMessage("hard: lookup sky")])
    assert (decision_of(asked)["model"], bool(asked.tool_calls)) == ("strong", True)
    signed = asked.model_copy(
        update={
            "content": [
                {"type": "thinking", "thinking": "Hm", "signature": "x"},
                {"type": "text", "text": "."},
            ]
        }
    )
    model.strong.error = RateLimitError("down")  # type: ignore[attr-defined]
    result = ToolMessage("blue", tool_call_id=asked.tool_calls[0]["id"])
    answer = bound.invoke([HumanMessage("hard: lookup sky"), signed, result])
    assert reason_of(answer) == FALLBACK
    sent = model.weak.calls[-1]["messages"]  # type: ignore[attr-defined]
    assert sent[1].content == [{"type": "text", "text": "."}], "no other model takes what elm has signed"


def test_two_routed_models_that_fall_back_to_each_other_end() -> None:
    error = RateLimitError("down")
    one = down(strong=ChatElm(error=error), resilience=Resilience(failures=None))
    other = down(strong=ChatElm(error=error), weak=one, resilience=Resilience(failures=None))
    one.weak = other
    for ask in (one.invoke, lambda text: list(one.stream(text)), lambda text: asyncio.run(one.ainvoke(text))):
        with pytest.raises(RateLimitError) as raised:
            ask("hard: why?")
        assert raised.value is error


def test_a_childs_own_fallbacks_have_the_first_word() -> None:
    listener = Listener()
    child: Any = ChatElm(error=RateLimitError("down")).with_fallbacks([ChatElm(model="backup")])
    model = routed(
        strong=child,
        resilience=Resilience(),
        observers=[listener],
        prices={**PRICES, "backup": TokenPrices(5, 5)},
    )
    told = decision_of(model.invoke("hard: why?"))
    assert (told["model"], told["reason"]) == ("backup", "fallback:strong->backup:RateLimitError")
    (end,) = listener.ends
    assert (end.decision.model, end.decision.reason) == ("backup", told["reason"])
    assert end.dollars == told["dollars"]


def test_langchains_own_fallbacks_around_a_routed_model_still_come_after_it() -> None:
    model = down(weak=ChatOak(error=ConnectionError("down")))
    around: Any = model.with_fallbacks([ChatElm(model="last")])
    assert around.invoke("hard: why?").text.startswith("last says")
    assert around.bind_tools([lookup]).invoke("hard: why?").text or True


def test_what_is_not_given_costs_nothing_and_is_nowhere() -> None:
    model = routed()
    assert model.call_rules is None
    assert "decision_id" not in decision_of(model.invoke("hard: why?"))


def test_what_was_given_survives_copies_pickles_and_assignment() -> None:
    model = down()
    for twin in (
        copy.copy(model),
        copy.deepcopy(model),
        model.model_copy(),
        pickle.loads(pickle.dumps(model)),
    ):
        assert reason_of(twin.invoke("hard: why?")) == FALLBACK
    model.resilience = None
    with pytest.raises(RateLimitError):
        model.invoke("hard: why?")
    model.resilience = Resilience()
    assert reason_of(model.invoke("hard: why?")) == FALLBACK
    with pytest.raises(InvalidInputError, match="resilience must be a Resilience or None"):
        model.resilience = True  # type: ignore[assignment]


def test_a_chain_that_fails_is_run_anew_as_the_other_one() -> None:
    def broken(value: Any) -> Any:
        raise RateLimitError("down")

    listener = Listener()
    chains = RoutedRunnable(
        strong=RunnableLambda(broken),
        weak=RunnableLambda(lambda value: AIMessage("from weak")),
        router=CountingRouter(),
        threshold=0.5,
        resilience=Resilience(),
        observers=[listener],
    )
    assert reason_of(chains.invoke("hard: why?")) == FALLBACK
    assert reason_of(chains.batch(["hard: why?", "why?"])[0]) == FALLBACK
    assert listener.outcomes == ["answered"] * 3


def test_an_answer_that_was_withheld_moves_on_where_that_is_chosen() -> None:
    class Withholding(ChatElm):
        def _answer(self, *args: Any, **kwargs: Any) -> AIMessage:
            answer = super()._answer(*args, **kwargs)
            return answer.model_copy(update={"response_metadata": {"finish_reason": "content_filter"}})

    assert reason_of(routed(strong=Withholding(), resilience=Resilience()).invoke("hard: why?")) == "score"
    moving = Resilience(refusals=True)
    answer = routed(strong=Withholding(), resilience=moving).invoke("hard: why?")
    assert reason_of(answer) == "fallback:strong->weak:WithheldAnswerError"
    kept = routed(strong=Withholding(), weak=ChatOak(error=ConnectionError("down")), resilience=moving)
    assert kept.invoke("hard: why?").response_metadata["finish_reason"] == "content_filter"


def test_a_field_that_is_configured_for_one_call_leaves_breakers_and_logs_what_they_are(
    tmp_path: Path,
) -> None:
    log = tmp_path / "decisions.jsonl"
    model = down(resilience=Resilience(failures=2), observers=[log])
    configured: Any = model.configurable_fields(threshold=ConfigurableField(id="threshold"))
    config: Any = {"configurable": {"threshold": 0.4}}
    reasons = [reason_of(configured.invoke("hard: why?", config)) for _ in range(3)]
    assert reasons == [FALLBACK, FALLBACK, "fallback:strong->weak:breaker"]
    assert isinstance(model.observers[0], DecisionLog)
    model.observers[0].close()
    assert len(log.read_text("utf-8").splitlines()) == 3
