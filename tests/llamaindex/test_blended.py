"""A blend of LLMs: the longest answer is ranked best."""

import asyncio
import copy
import pickle
import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, ImageBlock, TextBlock
from llama_index.core.prompts import PromptTemplate
from pydantic import BaseModel

from llamaindex_routellm import BlendedLLM, RoutedTokens
from shared_router import InvalidInputError, PlanTimeoutError, TokenPrices, UnknownNameError
from tests.llamaindex.cascaded import models_of, told
from tests.llamaindex.fakes import FakeChat, FakeCompletion
from tests.llamaindex.indexes import index_of_documents
from tests.llamaindex.test_cascades import TOOLS, Replying, _reply, _responses
from tests.llamaindex.test_savings import Billing

ASKED = [ChatMessage(content="What is 2+2?")]
TEMPLATE = PromptTemplate("{query_str}")


def by_length(question: str, answers: Sequence[str]) -> list[float]:
    """Prefer long answers."""
    return [float(len(answer)) for answer in answers]


def joined(question: str, answers: Sequence[str]) -> str:
    """Write all answers down."""
    return " and ".join(answers)


def blended(**changes: Any) -> BlendedLLM:
    """Return a blend of three chat models; `bigger` has the longest answer."""
    models = {"a": FakeChat(model="big"), "b": FakeChat(model="bigger"), "c": FakeChat(model="tiny")}
    return BlendedLLM(**{"models": models, "ranker": by_length, **changes})


async def test_every_way_to_call_it_answers_with_the_best_answer() -> None:
    for response in await _responses(blended(), ASKED):
        assert (told(response)["model"], told(response)["reason"]) == ("b", "ranked")
        assert told(response)["ranker"] == "by_length"
        assert models_of(response) == ["a", "b", "c"]
        assert "bigger" in str(response)


async def test_every_way_to_call_it_answers_with_what_a_fuser_wrote() -> None:
    for response in await _responses(blended(fuser=joined, top_k=2), ASKED):
        assert told(response)["reason"] == "fused:b,c"
        assert told(response)["model"] == "joined"
        assert models_of(response) == ["a", "b", "c", "joined"]
        assert "bigger" in str(response)
        assert " and tiny" in str(response)


async def test_an_llm_fuses_by_a_prompt_with_the_best_answers_in_it() -> None:
    fuser = FakeChat(model="fuser")
    for response in await _responses(blended(fuser=fuser), ASKED):
        assert told(response)["model"] == "fuser"
        assert models_of(response) == ["a", "b", "c", "fuser"]
        assert "fuser" in str(response)
    assert "<answer_1>\nbigger says so" in str(fuser.prompts[0][0].content)


async def test_a_text_and_a_stream_of_texts_are_blended_too() -> None:
    fused = blended(fuser=joined, top_k=2), "bigger says so and tiny says so"
    for llm, text in ((blended(), "bigger says so"), fused):
        assert llm.predict(TEMPLATE, query_str="q") == text
        assert await llm.apredict(TEMPLATE, query_str="q") == text
        assert "".join(llm.stream(TEMPLATE, query_str="q")) == text
        assert "".join([part async for part in await llm.astream(TEMPLATE, query_str="q")]) == text
        engine: Any = index_of_documents().as_query_engine(llm=llm)
        assert str(engine.query("q")) == text


async def test_a_stream_of_the_best_answer_comes_as_it_was_written() -> None:
    deltas = [chunk.delta for chunk in blended().stream_chat(ASKED)]
    assert len(deltas) == 3
    assert "".join(map(str, deltas)) == "bigger says so"
    fused = [chunk async for chunk in await blended(fuser=joined, top_k=2).astream_chat(ASKED)]
    assert [chunk.delta for chunk in fused] == ["bigger says so and tiny says so"]


def test_every_call_is_on_the_bill() -> None:
    """1,000 tokens read and 100 written, 1 and 3 dollars a million: 0.0013 dollars a call."""
    prices = dict.fromkeys(("a", "b", "fuser"), TokenPrices(1.0, 3.0))
    models = {"a": Billing(model="big"), "b": Billing(model="bigger")}
    response = blended(models=models, prices=prices).chat(ASKED)
    assert [call["dollars"] for call in told(response)["calls"]] == pytest.approx([0.0013, 0.0013])
    assert told(response)["dollars"] == pytest.approx(0.0026)
    response = blended(models=models, prices=prices, fuser=Billing(model="f")).chat(ASKED)
    assert told(response)["dollars"] == pytest.approx(0.0039)
    response = blended(models=models, prices=prices, fuser=joined).chat(ASKED)
    assert told(response)["calls"][-1] == {"model": "joined", "score": None, "dollars": 0.0}
    assert told(response)["dollars"] == pytest.approx(0.0026)


def test_tokens_are_counted_once_for_each_call_that_was_made() -> None:
    llm = blended(models={"a": Billing(model="big"), "b": Billing(model="bigger")})
    with RoutedTokens() as tokens:
        llm.chat(ASKED)
        list(llm.stream_chat(ASKED))
    assert {name: usage.input_tokens for name, usage in tokens.usage.items()} == {"a": 2000, "b": 2000}


async def test_the_models_are_asked_at_the_same_time() -> None:
    together = threading.Barrier(2, timeout=5)

    class Together(FakeChat):
        def _answer(self, messages: Any, kwargs: dict[str, Any]) -> ChatResponse:
            together.wait()
            return super()._answer(messages, kwargs)

    models = {"a": Together(model="big"), "b": Together(model="bigger")}
    assert told(blended(models=models).chat(ASKED))["model"] == "b"


@pytest.mark.parametrize("bad", [Replying(response=_reply("")), Replying(response=None)])
async def test_an_answer_that_fails_leaves_the_blend(bad: Any) -> None:
    """A reply that is None raises where it is copied."""
    models = {"bad": bad, "a": FakeChat(model="big"), "b": FakeChat(model="bigger")}
    llm = blended(models=models)
    for response in (llm.chat(ASKED), await llm.achat(ASKED)):
        assert told(response)["model"] == "b"
        assert told(response)["calls"][0]["score"] is None
    alone = blended(models={"bad": bad, "a": FakeChat(model="big")}).chat(ASKED)
    assert told(alone)["reason"] == "only_answer"


async def test_where_every_model_fails_the_first_ones_error_is_raised() -> None:
    llm = blended(models={"a": Replying(response=None), "b": Replying(response=None)})
    with pytest.raises(AttributeError):
        llm.chat(ASKED)
    with pytest.raises(AttributeError):
        await llm.achat(ASKED)


class Slow(FakeChat):
    """Answer after half a second."""

    def chat(self, *args: Any, **kwargs: Any) -> Any:
        time.sleep(0.5)
        return super().chat(*args, **kwargs)

    async def achat(self, *args: Any, **kwargs: Any) -> Any:
        await asyncio.sleep(0.5)
        return await super().achat(*args, **kwargs)


async def test_a_model_that_is_late_leaves_the_blend() -> None:
    models = {"slow": Slow(model="slow"), "a": FakeChat(model="big"), "b": FakeChat(model="bigger")}
    llm = blended(models=models, deadline=0.2)
    for response in (llm.chat(ASKED), await llm.achat(ASKED)):
        assert told(response)["model"] == "b"
    late = blended(models={"a": Slow(model="s"), "b": Slow(model="t")}, deadline=0.05)
    with pytest.raises(PlanTimeoutError):
        late.chat(ASKED)
    with pytest.raises(PlanTimeoutError):
        await late.achat(ASKED)


def _broken(question: str, answers: Sequence[str]) -> list[float]:
    raise KeyError("broken")


async def test_a_ranker_or_a_fuser_that_fails_leaves_the_answer_to_the_rule() -> None:
    for rule, name in (("first", "a"), ("c", "c")):
        llm = blended(ranker=_broken, on_scorer_error=rule)
        for response in (llm.chat(ASKED), await llm.achat(ASKED)):
            assert (told(response)["model"], told(response)["reason"]) == (name, "ranker_error:KeyError")
    with pytest.raises(KeyError):
        blended(ranker=_broken, on_scorer_error="raise").chat(ASKED)
    for fuser in (Replying(response=None), lambda question, answers: ""):
        response = blended(fuser=fuser).chat(ASKED)
        assert told(response)["model"] == "b"
        assert told(response)["reason"].startswith("fuser_error:")


class Sum(BaseModel):
    """A sum."""

    total: int


def test_an_object_is_ranked_and_never_fused() -> None:
    read: list[list[str]] = []

    def ranker(question: str, answers: Sequence[str]) -> list[float]:
        read.append(list(answers))
        return [0.0, 1.0]

    models = {
        name: FakeChat(model=name, tool_calls=[{"name": "Sum", "kwargs": {"total": n}}])
        for n, name in enumerate("ab")
    }
    llm = blended(models=models, ranker=ranker, fuser=joined)
    found = llm.structured_predict(Sum, TEMPLATE, query_str="q")
    assert found == Sum(total=1)
    assert Sum.model_validate_json(read[0][0]) == Sum(total=0)


@pytest.mark.parametrize(("first", "second"), [({"at": "x"}, "a"), ({"town": 1}, "b")])
async def test_calls_of_tools_are_ranked_by_their_schemas_and_never_fused(first: Any, second: str) -> None:
    def llm() -> BlendedLLM:
        calls = {"a": first, "b": {"at": "y"}}
        models: dict[str, Any] = {
            name: FakeChat(model=name, tool_calls=[{"name": "look", "kwargs": each}])
            for name, each in calls.items()
        }
        return blended(models={**models, "c": FakeChat(model="c")}, ranker=_broken, fuser=joined)

    for response in (
        llm().chat_with_tools(TOOLS, chat_history=ASKED),
        await llm().achat_with_tools(TOOLS, chat_history=ASKED),
    ):
        assert (told(response)["model"], told(response)["reason"]) == (second, "tool_calls")


def test_an_image_is_not_ranked_by_who_reads_words_alone() -> None:
    message = ChatMessage(blocks=[TextBlock(text="what is it?"), ImageBlock(image=b"x")])
    response = blended().chat([message])
    assert (told(response)["model"], told(response)["reason"]) == ("a", "ranker_cannot_read:images")


def test_one_model_can_be_asked_for() -> None:
    llm = blended()
    with llm.override(route="c"):
        response = llm.chat(ASKED)
    assert models_of(response) == ["c"]
    assert told(response)["reason"] == "route"
    with pytest.raises(UnknownNameError), llm.override(route="z"):
        llm.chat(ASKED)


def test_decisions_are_told_under_a_model_that_there_is() -> None:
    for fuser, name in ((None, "b"), (joined, "b"), (FakeChat(model="fuser"), "fuser")):
        llm = blended(fuser=fuser)
        with llm.capture() as decisions:
            llm.chat(ASKED)
        assert [decision.model for decision in decisions] == [name]


def test_a_rule_that_is_assigned_holds_from_then_on() -> None:
    llm = blended()
    llm.ranker = lambda question, answers: [-float(len(answer)) for answer in answers]
    assert told(llm.chat(ASKED))["model"] == "a"
    llm.fuser = joined
    assert told(llm.chat(ASKED))["reason"] == "fused:a,c,b"
    with pytest.raises(InvalidInputError, match="top_k"):
        llm.top_k = 0
    other = llm.model_copy(update={"fuser": None})
    assert told(other.chat(ASKED))["reason"] == "ranked"


def test_a_copy_blends_as_before() -> None:
    llm = blended(fuser=joined, top_k=2)
    for other in (copy.copy(llm), copy.deepcopy(llm), pickle.loads(pickle.dumps(llm))):
        assert told(other.chat(ASKED))["reason"] == "fused:b,c"


def test_a_model_that_only_completes_is_blended_too() -> None:
    llm = blended(models={"a": FakeCompletion(model="big"), "b": FakeCompletion(model="bigger")})
    assert told(llm.complete("q"))["model"] == "b"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"models": None}, "must be of models by name"),
        ({"models": {"a": FakeChat(model="a")}}, "two models or more"),
        ({"ranker": None}, "a ranker or a fuser"),
        ({"ranker": 3}, "ranker must be a function"),
        ({"fuser": 3}, "fuser must be a function"),
        ({"top_k": 0}, "top_k must be"),
        ({"on_scorer_error": "z"}, "on_scorer_error must be one of"),
        ({"deadline": 0}, "deadline must be"),
        ({"scorer_timeout": "1"}, "scorer_timeout must be"),
        ({"router": "static-v2"}, "asks every model, got router"),
        ({"threshold": 0.5}, "asks every model, got threshold"),
        ({"threshold": 0.0}, "asks every model, got threshold"),
        ({"models": [FakeChat(model="a"), FakeChat(model="b")]}, "must be of models by name, got list"),
        (
            {
                "models": {"fuser": FakeChat(model="a"), "b": FakeChat(model="b")},
                "fuser": FakeChat(model="c"),
            },
            'must not be called "fuser"',
        ),
        ({"models": {"raise": FakeChat(model="a"), "b": FakeChat(model="b")}}, "must have a name"),
        ({"ranker": None, "rankr": by_length}, "did you mean ranker"),
        ({"budget": object()}, "cannot carry out budget"),
        ({"resilience": object()}, "cannot carry out resilience"),
        ({"observers": ["log.jsonl"]}, "cannot carry out observers"),
        ({"strong": FakeChat(model="a")}, "strong"),
    ],
)
def test_arguments_that_break_a_rule_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        blended(**arguments)
