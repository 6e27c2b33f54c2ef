"""What users do with a chat model, each as one function of the model and a run's config."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from operator import itemgetter
from typing import Any

from langchain_core.caches import InMemoryCache
from langchain_core.globals import set_llm_cache
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda, RunnableParallel, RunnablePassthrough
from langchain_core.tools import tool
from pydantic import BaseModel

from tests.langchain.fake_tool_models import ChatStone

Scenario = Callable[[Any, Any], Any | Awaitable[Any]]
SCENARIOS: dict[str, Scenario] = {}

QUESTION = "What is the weather in Rome in 3 days?"
CONVERSATION = [SystemMessage("Be brief."), HumanMessage("Hi"), AIMessage("Hello"), HumanMessage(QUESTION)]
INPUTS = [{"q": "one"}, {"q": "two"}, {"q": "three"}]
PROMPT = ChatPromptTemplate.from_messages([("system", "Be brief."), ("user", "{q}")])


class Weather(BaseModel):
    """The weather of a place."""

    place: str
    days: int


WEATHER_SCHEMA = {
    "title": "weather",
    "description": "The weather of a place.",
    "type": "object",
    "properties": {"place": {"type": "string"}},
    "required": ["place"],
}


@tool
def get_weather(place: str) -> str:
    """Get the weather of a place."""
    return f"sunny in {place}"


@tool
def add_numbers(first: int, second: int) -> int:
    """Add two numbers."""
    return first + second


TOOLS = [get_weather, add_numbers]


def scenario(run: Scenario) -> Scenario:
    """Add a scenario under its function's name."""
    SCENARIOS[run.__name__] = run
    return run


def simple(name: str, run: Scenario) -> None:
    """Add a scenario of one expression."""
    SCENARIOS[name] = run


@contextmanager
def _llm_cache() -> Iterator[None]:
    set_llm_cache(InMemoryCache())
    try:
        yield
    finally:
        set_llm_cache(None)


async def all_of(chunks: Any) -> list[Any]:
    return [chunk async for chunk in chunks]


def _structured(model: Any, schema: Any = Weather, **kwargs: Any) -> Any:
    return model.with_structured_output(schema, **kwargs)


def _plain_events(events: list[Any]) -> list[Any]:
    return [{key: event[key] for key in ("event", "name", "tags", "metadata", "data")} for event in events]


simple("invoke_text", lambda m, c: m.invoke(QUESTION, c))
simple("invoke_messages", lambda m, c: m.invoke(CONVERSATION, c))
simple("invoke_dicts", lambda m, c: m.invoke([{"role": "user", "content": QUESTION}], c))
simple("invoke_prompt_value", lambda m, c: m.invoke(PROMPT.invoke({"q": QUESTION}), c))
simple("invoke_without_a_config", lambda m, c: m.invoke(QUESTION))
simple("invoke_with_stop", lambda m, c: m.invoke(QUESTION, c, stop=["Rome"]))
simple("invoke_with_arguments", lambda m, c: m.invoke(QUESTION, c, model="other", seed=7))
simple("invoke_a_bad_input", lambda m, c: m.invoke(42, c))
simple("ainvoke", lambda m, c: m.ainvoke(CONVERSATION, c))
simple("ainvoke_with_stop", lambda m, c: m.ainvoke(QUESTION, c, stop=["Rome"]))
simple("stream", lambda m, c: list(m.stream(QUESTION, c)))
simple("stream_with_stop", lambda m, c: list(m.stream(QUESTION, c, stop=["Rome"])))
simple("astream", lambda m, c: all_of(m.astream(QUESTION, c)))
simple("transform", lambda m, c: list(m.transform(iter([QUESTION]), c)))
simple("batch", lambda m, c: m.batch(["one", "two"], c))
simple(
    "batch_with_configs", lambda m, c: m.batch(["one", "two"], [{**c, "tags": ["a"]}, {**c, "tags": ["b"]}])
)
simple("batch_with_exceptions", lambda m, c: m.batch(["one", 42], c, return_exceptions=True))
simple("abatch", lambda m, c: m.abatch(["one", "two"], c))
simple("batch_as_completed", lambda m, c: sorted(m.batch_as_completed(["one", "two"], c)))
simple("abatch_as_completed", lambda m, c: all_of(m.abatch_as_completed(["one"], c)))
simple("generate", lambda m, c: m.generate([CONVERSATION, [HumanMessage("Hi")]], callbacks=c["callbacks"]))
simple("generate_tagged", lambda m, c: m.generate([CONVERSATION], callbacks=c["callbacks"], tags=["x"]))
simple("agenerate", lambda m, c: m.agenerate([CONVERSATION], stop=["Rome"], callbacks=c["callbacks"]))
simple(
    "generate_prompt", lambda m, c: m.generate_prompt([PROMPT.invoke({"q": "one"})], callbacks=c["callbacks"])
)
simple("generate_nothing", lambda m, c: m.generate([]))
simple("chain", lambda m, c: (PROMPT | m | StrOutputParser()).invoke({"q": QUESTION}, c))
simple("chain_ainvoke", lambda m, c: (PROMPT | m | StrOutputParser()).ainvoke({"q": QUESTION}, c))
simple("chain_stream", lambda m, c: list((PROMPT | m | StrOutputParser()).stream({"q": QUESTION}, c)))
simple("chain_astream", lambda m, c: all_of((PROMPT | m | StrOutputParser()).astream({"q": QUESTION}, c)))
simple("chain_batch", lambda m, c: (PROMPT | m | StrOutputParser()).batch(INPUTS, c))
simple("map", lambda m, c: RunnableParallel(a=m).invoke(QUESTION, c))
simple("inside_a_function", lambda m, c: RunnableLambda(lambda q: m.invoke(q)).invoke(QUESTION, c))
simple("bind", lambda m, c: m.bind(stop=["Rome"]).invoke(QUESTION, c))
simple("with_config", lambda m, c: m.with_config({"tags": ["x"]}).invoke(QUESTION, c))
simple("with_retry", lambda m, c: m.with_retry(stop_after_attempt=2).invoke(QUESTION, c))
simple("with_fallbacks", lambda m, c: m.with_fallbacks([ChatStone()]).invoke(QUESTION, c))
simple("tools", lambda m, c: m.bind_tools([get_weather, add_numbers]).invoke(QUESTION, c))
simple(
    "tools_forced", lambda m, c: m.bind_tools([get_weather, add_numbers], tool_choice="any").invoke("Hi", c)
)
simple(
    "tools_named",
    lambda m, c: m.bind_tools([get_weather, add_numbers], tool_choice="add_numbers").invoke("Hi", c),
)
simple("tools_stream", lambda m, c: list(m.bind_tools([get_weather]).stream(QUESTION, c)))
simple("tools_with_stop", lambda m, c: m.bind_tools([get_weather]).invoke("Hi to Rome", c, stop=["Rome"]))
simple("tools_then_bind", lambda m, c: m.bind_tools([get_weather]).bind(seed=7).invoke(QUESTION, c))
simple(
    "structured_json",
    lambda m, c: m.with_structured_output(Weather, method="json_schema").invoke(QUESTION, c),
)
simple(
    "structured_tools",
    lambda m, c: m.with_structured_output(Weather, method="function_calling").invoke(QUESTION, c),
)
simple("structured", lambda m, c: _structured(m).invoke(QUESTION, c))
simple("structured_schema", lambda m, c: _structured(m, WEATHER_SCHEMA).invoke(QUESTION, c))
simple("structured_json", lambda m, c: _structured(m, method="json_schema").invoke(QUESTION, c))
simple("structured_tools", lambda m, c: _structured(m, method="function_calling").invoke(QUESTION, c))
simple("structured_raw", lambda m, c: _structured(m, include_raw=True).invoke(QUESTION, c))
simple("structured_stream", lambda m, c: list(_structured(m, WEATHER_SCHEMA).stream(QUESTION, c)))
simple("structured_astream", lambda m, c: all_of(_structured(m).astream(QUESTION, c)))
simple("structured_batch", lambda m, c: _structured(m).batch([QUESTION, "two"], c))
simple("count_text", lambda m, c: (m.get_num_tokens(QUESTION), m.get_token_ids(QUESTION)))
simple("count_messages", lambda m, c: m.get_num_tokens_from_messages(CONVERSATION))
simple("profile", lambda m, c: m.profile)
simple("tracing_parameters", lambda m, c: m._get_ls_params(stop=["Rome"]))
simple("v3_events", lambda m, c: list(m.stream_events(QUESTION, c, version="v3")))


@scenario
def map_with_passthrough(model: Any, config: Any) -> Any:
    answer: Any = itemgetter("q") | model
    chain: Any = RunnableParallel(q=RunnablePassthrough()) | RunnablePassthrough.assign(answer=answer)
    return chain.invoke(QUESTION, config)


@scenario
def stream_closed_early(model: Any, config: Any) -> Any:
    stream = model.stream(QUESTION, config)
    first = next(stream)
    stream.close()
    return first


@scenario
async def astream_closed_early(model: Any, config: Any) -> Any:
    stream = model.astream(QUESTION, config)
    first = await anext(stream)
    await stream.aclose()
    return first


@scenario
def cached(model: Any, config: Any) -> Any:
    with _llm_cache():
        return [model.invoke(QUESTION, config) for _ in range(2)]


@scenario
async def cached_async(model: Any, config: Any) -> Any:
    with _llm_cache():
        return [await model.ainvoke(QUESTION, config) for _ in range(2)]


@scenario
async def events_v2(model: Any, config: Any) -> Any:
    return _plain_events(await all_of(model.astream_events(QUESTION, config, version="v2")))


@scenario
async def events_v1(model: Any, config: Any) -> Any:
    return _plain_events(await all_of(model.astream_events(QUESTION, config, version="v1")))


@scenario
async def events_v2_of_a_chain(model: Any, config: Any) -> Any:
    chain = PROMPT | model | StrOutputParser()
    return _plain_events(await all_of(chain.astream_events({"q": QUESTION}, config, version="v2")))


@scenario
async def events_v2_of_structured_output(model: Any, config: Any) -> Any:
    return _plain_events(await all_of(_structured(model).astream_events(QUESTION, config, version="v2")))


@scenario
async def events_v3_async(model: Any, config: Any) -> Any:
    return await all_of(await model.astream_events(QUESTION, config, version="v3"))


@scenario
async def at_once(model: Any, config: Any) -> Any:
    return await asyncio.gather(*(model.ainvoke(f"question {i}") for i in range(20)))


@scenario
def tool_loop(model: Any, config: Any) -> Any:
    bound = model.bind_tools([get_weather])
    messages: list[Any] = [HumanMessage(QUESTION)]
    messages.append(bound.invoke(messages, config))
    (call,) = messages[-1].tool_calls
    messages.append(ToolMessage(get_weather.invoke(call["args"]), tool_call_id=call["id"]))
    return [*messages, bound.invoke(messages, config)]


@scenario
def retried(model: Any, config: Any) -> Any:
    failing = model.bind(seed=7) | RunnableLambda(_fail)
    return failing.with_retry(stop_after_attempt=2, wait_exponential_jitter=False).invoke(QUESTION, config)


def _fail(message: Any) -> Any:
    raise TimeoutError(message.text)
