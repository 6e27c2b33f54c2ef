"""What goes wrong with a wrapper made by the book, one test each."""

import asyncio
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.globals import set_llm_cache
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.rate_limiters import BaseRateLimiter
from langchain_core.runnables import RunnableBinding, RunnableLambda

from tests.langchain.fake_tool_models import ChatElm, ChatOak, ChatStone
from tests.langchain.models import CountingRouter, decision_of, routed
from tests.langchain.recorder import Recorder
from tests.langchain.scenarios import TOOLS, Weather

QUESTIONS = ["hard", "easy", "hard"]


@pytest.fixture
def _llm_cache() -> Any:
    set_llm_cache(InMemoryCache())
    yield
    set_llm_cache(None)


@pytest.mark.usefixtures("_llm_cache")
def test_a_cache_never_serves_one_models_answer_for_the_others() -> None:
    model = routed()
    strict: Any = {"configurable": {"routellm_threshold": 0.95}}
    texts = [model.invoke("hard", config=config).text for config in (None, strict, None, strict)]
    assert texts == ["elm-1 says: hard", "oak-1 says: hard"] * 2


@pytest.mark.usefixtures("_llm_cache")
def test_a_cache_holds_the_childs_message_without_our_mark() -> None:
    strong = ChatElm()
    assert decision_of(routed(strong=strong).invoke("hard"))["model"] == "strong"
    assert decision_of(routed(strong=strong).invoke("hard"))["model"] == "strong"
    assert decision_of(strong.invoke("hard")) is None
    assert len(strong.calls) == 1


def test_usage_is_counted_once() -> None:
    """One word sent, three answered."""
    usage = UsageMetadataCallbackHandler()
    routed().invoke("hard", config={"callbacks": [usage]})
    assert usage.usage_metadata["elm-1"]["total_tokens"] == 4


def test_a_chains_stream_shows_each_token_to_callbacks_once_under_the_chains_run() -> None:
    """elm-1, says:, hard, and the empty last chunk."""
    recorder = Recorder()
    chain: Any = ChatPromptTemplate.from_template("{q}") | routed() | StrOutputParser()
    list(chain.stream({"q": "hard"}, config={"callbacks": [recorder]}))
    assert sum(event[0] == "token" for event in recorder.events) == 4
    ((_, run, parent, *_),) = [event for event in recorder.events if event[0] == "model_start"]
    assert parent != 0
    assert run != parent


def test_fallbacks_of_a_routed_model_keep_their_tools() -> None:
    """`with_fallbacks(...)` finds out from bind_tools' return type whether to bind its fallbacks too."""
    failing = routed(strong=ChatElm(error=TimeoutError("down")))
    spare = ChatOak(model="spare")
    bound = failing.with_fallbacks([spare]).bind_tools(TOOLS)
    (call,) = bound.invoke("hard weather").tool_calls
    assert call["name"] == "get_weather"
    assert len(spare.calls) == 1


def test_bound_tools_are_a_binding_and_leave_the_model_as_it_was() -> None:
    model = routed()
    bound: Any = model.bind_tools(TOOLS)
    assert isinstance(bound, RunnableBinding)
    assert bound.bound is model
    assert model.invoke("hard weather").tool_calls == []
    assert repr(bound.kwargs["routellm_bound"]) == "Binding('tools', ['strong', 'weak'])"


def test_tools_may_be_given_by_a_generator() -> None:
    bound = routed().bind_tools(tool for tool in TOOLS)  # type: ignore[arg-type]
    assert bound.invoke("easy weather").tool_calls[0]["name"] == "get_weather"
    assert bound.invoke("hard weather").tool_calls[0]["name"] == "get_weather"


def test_a_runnable_child_with_fallbacks_binds_tools_too() -> None:
    weak = ChatOak(error=TimeoutError("down")).with_fallbacks([ChatOak(model="spare")])
    bound = routed(weak=weak).bind_tools(TOOLS)
    assert bound.invoke("easy weather").tool_calls[0]["name"] == "get_weather"
    assert "spare" in routed(weak=weak).invoke("easy").text


@pytest.mark.parametrize(
    "wrap",
    [
        lambda model: model.bind_tools(TOOLS),
        lambda model: model.bind(seed=7),
        lambda model: model.with_config({"tags": ["x"]}),
        lambda model: model.with_retry(),
        lambda model: model.with_fallbacks([ChatStone()]),
        lambda model: model.with_structured_output(Weather),
        lambda model: RunnableLambda(lambda text: [HumanMessage(text)]) | model,
        lambda model: model.bind_tools(TOOLS).with_retry().with_fallbacks([ChatStone()]),
    ],
)
async def test_one_scoring_pass_survives_whatever_wraps_a_batch(wrap: Any) -> None:
    router = CountingRouter()
    wrapped = wrap(routed(router=router))
    assert len(wrapped.batch(QUESTIONS)) == len(await wrapped.abatch(QUESTIONS)) == 3
    assert len(wrapped.batch(QUESTIONS, [{"tags": ["a"]}, {"tags": ["b"]}, {}])) == 3
    assert len(wrapped.batch(QUESTIONS, {"max_concurrency": 1}, return_exceptions=True)) == 3
    assert router.asked == [QUESTIONS] * 4


def test_a_retry_asks_again_after_the_childs_error_only() -> None:
    strong, router = ChatElm(error=TimeoutError("down")), CountingRouter()
    model = routed(strong=strong, router=router).with_retry(
        stop_after_attempt=3, wait_exponential_jitter=False
    )
    with pytest.raises(TimeoutError):
        model.invoke("hard")
    assert len(strong.calls) == 3


async def test_a_stream_closed_early_closes_the_childs_stream_at_once() -> None:
    recorder = Recorder()
    stream: Any = routed().astream("hard", config={"callbacks": [recorder]})
    await anext(stream)
    await stream.aclose()
    assert recorder.events[-1][0] == "model_error"
    sync_stream: Any = routed().stream("hard", config={"callbacks": [recorder]})
    next(sync_stream)
    sync_stream.close()
    assert recorder.events[-1][:2] == ("model_error", 2)


async def test_a_cancelled_reader_cancels_the_childs_stream() -> None:
    recorder, started = Recorder(), asyncio.Event()

    async def read() -> None:
        model = routed(strong=ChatElm(pause_s=30))
        async for _ in model.astream("hard", config={"callbacks": [recorder]}):
            started.set()

    task = asyncio.create_task(read())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert recorder.events[-1][0] == "model_error"


class _CountingLimiter(BaseRateLimiter):
    def __init__(self) -> None:
        self.acquired = 0

    def acquire(self, *, blocking: bool = True) -> bool:
        self.acquired += 1
        return True

    async def aacquire(self, *, blocking: bool = True) -> bool:
        return self.acquire()


async def test_a_rate_limiter_is_asked_once_a_call_wherever_it_was_set() -> None:
    limiter = _CountingLimiter()
    for model in (routed(strong=ChatElm(rate_limiter=limiter)), routed(rate_limiter=limiter)):
        model.invoke("hard")
        await model.ainvoke("hard")
        list(model.stream("hard"))
    assert limiter.acquired == 6


def test_tokens_are_counted_by_a_child_and_not_by_a_downloaded_tokenizer() -> None:
    assert routed().get_num_tokens("one two three") == 3
    assert routed().get_num_tokens_from_messages([HumanMessage("one two")]) == 3
    mixed = routed(strong=RunnableLambda(lambda _: AIMessage("")))
    assert mixed.get_token_ids("one two") == [0, 1]
    own = routed(custom_get_token_ids=lambda text: [7] * len(text))
    assert (own.get_token_ids("ab"), own.get_num_tokens("ab")) == ([7, 7], 2)
    assert own.get_num_tokens_from_messages([HumanMessage("ab")]) == len("Human: ab")


def test_nothing_can_count_tokens_where_no_child_can() -> None:
    model = routed(
        strong=RunnableLambda(lambda _: AIMessage("")), weak=RunnableLambda(lambda _: AIMessage(""))
    )
    with pytest.raises(ValueError, match="a child must be able to count tokens"):
        model.get_num_tokens("hi")


@pytest.mark.parametrize("sticky", ["tool_loop", "conversation"])
def test_a_model_asked_for_a_tool_gets_its_result_whatever_stands_between(sticky: Any) -> None:
    model = routed(sticky=sticky).bind_tools(TOOLS)
    asked = model.invoke("hard weather")
    summary = HumanMessage("easy", additional_kwargs={"lc_source": "summarization"})
    result = ToolMessage("sunny", tool_call_id=asked.tool_calls[0]["id"])
    answer = model.invoke([summary, asked, result])
    assert decision_of(answer)["model"] == "strong"
    assert decision_of(answer)["reason"] == "sticky"


def test_a_loop_whose_decisions_were_lost_keeps_its_model_by_its_question() -> None:
    model = routed().bind_tools(TOOLS)
    asked = model.invoke("hard weather").model_copy(update={"response_metadata": {}})
    result = ToolMessage("easy", tool_call_id=asked.tool_calls[0]["id"])
    assert decision_of(model.invoke([HumanMessage("hard weather"), asked, result]))["model"] == "strong"


def test_a_conversation_that_need_not_stick_is_scored_each_time() -> None:
    router = CountingRouter()
    model = routed(sticky=False, router=router).bind_tools(TOOLS)
    asked = model.invoke("hard weather")
    model.invoke([HumanMessage("hard weather"), asked, ToolMessage("sunny", tool_call_id="1")])
    assert router.asked == [["hard weather"]] * 2
