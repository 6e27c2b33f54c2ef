import asyncio
import copy
import pickle
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from llama_index.core import Settings
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, ImageBlock, LogProb, TextBlock
from llama_index.core.callbacks import CallbackManager, TokenCountingHandler
from llama_index.core.llms import LLM
from llama_index.core.llms.callbacks import llm_chat_callback
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import BaseTool, FunctionTool

from llamaindex_routellm import CascadedLLM, RoutedLLM, RoutedTokens
from shared_router import (
    CapabilityError,
    GivenAnswer,
    InvalidInputError,
    PlanTimeoutError,
    RoutingPolicy,
    ScorerOutputError,
    ScorerTimeoutError,
    TokenPrices,
    TokenUsage,
    UnknownNameError,
)
from shared_router.testing import FixedRouter
from tests.answer_scorers import (
    BAD_ARGUMENTS,
    accepts,
    accepts_easy,
    broken,
    never,
    not_a_number,
    rejects,
    slow,
)
from tests.llamaindex.cascaded import cascaded, models_of, told
from tests.llamaindex.fakes import HARD, FakeChat, FakeCompletion
from tests.llamaindex.indexes import index_of_documents
from tests.llamaindex.test_differential import CASES, CHILDREN, FLOWS, Sum, answered, look
from tests.llamaindex.test_savings import PRICES, Billing, billing

EASY_QUESTION, HARD_QUESTION = "What is 2+2?", f"{HARD}: what is 2+2?"
EASY, HARDER = [ChatMessage(content=EASY_QUESTION)], [ChatMessage(content=HARD_QUESTION)]
TOOLS: list[BaseTool] = [FunctionTool.from_defaults(look)]


@pytest.mark.parametrize(("flow", "kind"), CASES)
@pytest.mark.parametrize("scorer", [accepts, rejects])
@pytest.mark.filterwarnings("ignore:The `json` method is deprecated")  # core's StructuredLLM calls it
async def test_a_cascades_answer_is_the_models(
    flow: str, kind: str, scorer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every way to call it, weak answers used and rejected: the same texts, parts and tokens."""
    monkeypatch.setattr(Settings, "_callback_manager", None)

    async def said(llm: LLM) -> tuple[list[str], list[tuple[int, int]]]:
        counter = TokenCountingHandler(tokenizer=str.split)
        llm.callback_manager = Settings.callback_manager = CallbackManager([counter])
        try:
            answer = await answered(FLOWS[flow](llm))
        except NotImplementedError as error:
            answer = [repr(error)]
        return answer, [
            (each.prompt_token_count, each.completion_token_count) for each in counter.llm_token_counts
        ]

    alone, tokens = await said(CHILDREN[kind]())
    rule: Any = "pass" if scorer is accepts else "score"  # no tool of these flows is called Sum
    model = CascadedLLM(strong=CHILDREN[kind](), weak=CHILDREN[kind](), scorer=scorer, on_tool_calls=rule)
    answer, counted = await said(model)
    assert answer == alone
    if not flow.startswith(("query", "chat ")):
        # where an old release cannot do it at all, the weak model's error sends it to the strong one
        cannot = alone[:1] == ["NotImplementedError('stream_call is not supported by default.')"]
        assert len(counted) == (1 if scorer is accepts and not cannot else 2) * len(tokens)


async def _responses(llm: Any, messages: list[ChatMessage]) -> list[Any]:
    """Return what each way to call an LLM answers; of a stream its last chunk."""
    text = messages[-1].content
    return [
        llm.chat(messages),
        await llm.achat(messages),
        list(llm.stream_chat(messages))[-1],
        [chunk async for chunk in await llm.astream_chat(messages)][-1],
        llm.complete(text),
        await llm.acomplete(text),
        list(llm.stream_complete(text))[-1],
        [chunk async for chunk in await llm.astream_complete(text)][-1],
        llm.chat_with_tools(TOOLS, chat_history=messages),
        await llm.achat_with_tools(TOOLS, chat_history=messages),
        list(llm.stream_chat_with_tools(TOOLS, chat_history=messages))[-1],
        [chunk async for chunk in await llm.astream_chat_with_tools(TOOLS, chat_history=messages)][-1],
    ]


@pytest.mark.parametrize("deadline", [None, 60.0])
@pytest.mark.parametrize(
    ("messages", "asked", "reason"),
    [(EASY, ["weak"], "score"), (HARDER, ["weak", "strong"], "escalated:score")],
)
async def test_every_response_tells_who_was_asked_and_why(
    messages: Any, asked: list[str], reason: str, deadline: Any
) -> None:
    for response in await _responses(cascaded(deadline=deadline), messages):
        assert (told(response)["model"], told(response)["reason"]) == (asked[-1], reason)
        assert models_of(response) == asked
        assert "big" in str(response) if asked[-1] == "strong" else "small" in str(response)
        assert "plan" not in told(response)


async def test_every_call_is_told_with_its_score_and_dollars() -> None:
    """1,000 tokens read and 100 written: weak 0.0013 dollars, strong ten times that."""
    llm = cascaded(**billing(), prices=PRICES)
    for response in (await _responses(llm, HARDER))[:4]:
        assert told(response)["calls"] == [
            {"model": "weak", "score": 0.1, "dollars": pytest.approx(0.0013)},
            {"model": "strong", "score": None, "dollars": pytest.approx(0.013)},
        ]
        assert told(response)["dollars"] == pytest.approx(0.0143)
        assert (told(response)["threshold"], told(response)["scorer"]) == (0.5, "Check(accepts_easy)")
        assert "router" not in told(response)
    for response in (await _responses(llm, EASY))[:4]:
        assert told(response)["dollars"] == pytest.approx(0.0013)


async def test_tokens_are_counted_once_for_each_call_that_was_made() -> None:
    """All strong would have been one strong call each: the rejected weak answers are paid beside."""
    llm = cascaded(**billing())
    with RoutedTokens() as tokens:
        llm.chat(HARDER)
        await llm.achat(HARDER)
        list(llm.stream_chat(HARDER))
        llm.predict(PromptTemplate("{query_str}"), query_str=EASY_QUESTION)
    assert tokens.usage == {"weak": TokenUsage(4, 4000, 400), "strong": TokenUsage(3, 3000, 300)}
    savings = tokens.savings(PRICES)
    assert savings.dollars_spent == pytest.approx(4 * 0.0013 + 3 * 0.013)
    assert savings.dollars_all_strong == pytest.approx(4 * 0.013)
    assert savings.strong_fraction == 0.75


async def test_nothing_of_a_rejected_answer_is_in_a_stream() -> None:
    llm = cascaded()
    template = PromptTemplate("{query_str}")
    for question, who in ((EASY_QUESTION, "small"), (HARD_QUESTION, "big")):
        assert "".join(llm.stream(template, query_str=question)) == f"{who} says so"
        parts = [part async for part in await llm.astream(template, query_str=question)]
        assert "".join(parts) == f"{who} says so"
        deltas = [chunk.delta for chunk in llm.stream_chat([ChatMessage(content=question)])]
        assert len(deltas) == 3
        assert "".join(str(delta) for delta in deltas) == f"{who} says so"
        engine: Any = index_of_documents().as_query_engine(llm=llm, streaming=True)
        assert "".join(engine.query(question).response_gen) == f"{who} says so"


async def test_route_streams_the_routers_choice_alone() -> None:
    router = FixedRouter(lambda question: 0.9 if HARD in question else 0.1)
    llm = cascaded(scorer=never, on_stream="route", router=router, router_threshold=0.5)
    for messages, who in ((EASY, "weak"), (HARDER, "strong")):
        chunks = list(llm.stream_chat(messages))
        chunks += [chunk async for chunk in await llm.astream_chat(messages)]
        assert {tuple(models_of(chunk)) for chunk in chunks} == {(who,)}


class Replying(FakeChat):
    """Answer with what it is given."""

    response: Any = None

    def _answer(self, messages: Any, kwargs: dict[str, Any]) -> ChatResponse:
        super()._answer(messages, kwargs)
        given: ChatResponse = self.response
        return given.model_copy()


def _reply(text: str = "half an ans", raw: Any = None, **extra: Any) -> ChatResponse:
    return ChatResponse(message=ChatMessage(role="assistant", content=text, additional_kwargs=extra), raw=raw)


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (_reply(""), "empty"),
        (_reply(raw={"choices": [{"finish_reason": "length"}]}), "cut_short"),
        (_reply(raw={"stop_reason": "max_tokens"}), "cut_short"),
        (_reply(raw={"status": "incomplete"}), "cut_short"),
        (_reply(raw={"choices": [{"message": {"refusal": "I will not"}}]}), "withheld"),
        (_reply(raw={"choices": [{"finish_reason": "content_filter"}]}), "withheld"),
        (_reply("I'm sorry, but I can't help with that."), "refused"),
    ],
)
async def test_an_answer_that_nobody_could_use_is_rejected_unread(response: Any, reason: str) -> None:
    llm = cascaded(weak=Replying(model="small", response=response), scorer=accepts)
    text = llm.predict(PromptTemplate("{query_str}"), query_str=EASY_QUESTION)
    assert text == "big says so"
    for answer in (llm.chat(EASY), await llm.achat(EASY)):
        assert told(answer)["reason"] == f"escalated:{reason}"


class Cut(FakeChat):
    """Stream an answer that is cut short, with the reason before the tokens, as OpenAI does."""

    def _chunks(self, answer: ChatResponse) -> list[ChatResponse]:
        *chunks, last = super()._chunks(answer)
        why = last.model_copy(update={"raw": {"choices": [{"finish_reason": "length"}]}})
        usage = {"prompt_tokens": 1000, "completion_tokens": 100}
        tokens = last.model_copy(update={"raw": {"choices": [], "usage": usage}, "delta": ""})
        return [*chunks, why, tokens]


async def test_a_stream_that_was_cut_short_is_rejected_however_it_is_read() -> None:
    llm = cascaded(weak=Cut(model="small"), strong=Billing(model="big"), scorer=accepts, prices=PRICES)
    last = list(llm.stream_chat(EASY))[-1]
    assert told(last)["reason"] == "escalated:cut_short"
    assert told(last)["calls"][0]["dollars"] == pytest.approx(0.0013)
    template = PromptTemplate("{query_str}")
    assert "".join(llm.stream(template, query_str=EASY_QUESTION)) == "big says so"
    parts = [part async for part in await llm.astream(template, query_str=EASY_QUESTION)]
    assert "".join(parts) == "big says so"


class Failing(FakeChat):
    """Fail when it is asked, or while it is read."""

    late: bool = False

    def _answer(self, messages: Any, kwargs: dict[str, Any]) -> ChatResponse:
        if not self.late:
            raise ConnectionError("down")
        return super()._answer(messages, kwargs)

    def _chunks(self, answer: ChatResponse) -> Any:
        yield super()._chunks(answer)[0]
        raise ConnectionError("down")


async def test_a_weak_model_that_fails_is_passed_over() -> None:
    for response in await _responses(cascaded(weak=Failing(model="small")), EASY):
        assert told(response)["reason"] == "escalated:error:ConnectionError"
        assert models_of(response) == ["weak", "strong"]
    late = cascaded(weak=Failing(model="small", late=True))
    assert [chunk.message.content for chunk in late.stream_chat(EASY)][-1] == "big says so"


def test_a_strong_model_that_fails_is_the_callers_to_know() -> None:
    with pytest.raises(ConnectionError):
        cascaded(strong=Failing(model="big")).chat(HARDER)


@pytest.mark.parametrize("scorer", [broken, not_a_number, slow])
async def test_a_scorer_that_fails_leaves_the_answer_to_the_rule(scorer: Any) -> None:
    for rule in ("strong", "weak"):
        llm = cascaded(scorer=scorer, on_scorer_error=rule, scorer_timeout=0.05)
        for response in (llm.chat(EASY), await llm.achat(EASY)):
            assert told(response)["model"] == rule
            assert "scorer_error:" in told(response)["reason"]
    with pytest.raises((KeyError, ScorerOutputError, ScorerTimeoutError)):
        cascaded(scorer=scorer, on_scorer_error="raise", scorer_timeout=0.05).chat(EASY)


class Slow(FakeChat):
    """Answer after half a second."""

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        time.sleep(0.5)
        return self._answer(messages, kwargs)

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        await asyncio.sleep(0.5)
        return self._answer(messages, kwargs)


async def test_a_deadline_bounds_the_whole_plan() -> None:
    llm = cascaded(strong=Slow(model="big"), deadline=0.2)
    for response in (llm.chat(HARDER), await llm.achat(HARDER)):
        assert (told(response)["model"], told(response)["reason"]) == ("weak", "deadline")
        assert models_of(response) == ["weak", "strong"]
    late = cascaded(weak=Slow(model="small"), strong=Slow(model="big"), deadline=0.05)
    with pytest.raises(PlanTimeoutError):
        late.chat(EASY)
    with pytest.raises(PlanTimeoutError):
        await late.achat(EASY)


@pytest.mark.parametrize(
    ("called", "valid"),
    [
        ({"name": "look", "kwargs": {"at": "it"}}, True),
        ({"name": "look", "kwargs": {"it": "at"}}, False),
        ({"name": "lok", "kwargs": {"at": "it"}}, False),
    ],
)
def test_a_weak_answer_that_calls_tools_is_scored_by_their_schemas(called: Any, valid: bool) -> None:
    llm = cascaded(weak=FakeChat(model="small", tool_calls=[dict(called)]), scorer=broken)
    response = llm.chat_with_tools(TOOLS, user_msg=EASY_QUESTION)
    assert told(response)["model"] == ("weak" if valid else "strong")
    assert told(response)["calls"][0]["score"] == float(valid)
    passing = cascaded(weak=FakeChat(model="small", tool_calls=[dict(called)]), on_tool_calls="pass")
    response = passing.chat_with_tools(TOOLS, user_msg=HARD_QUESTION)
    assert told(response)["reason"] == "tool_calls"
    assert [call.tool_name for call in passing.get_tool_calls_from_response(response)] == [called["name"]]


async def test_tools_are_called_once_and_only_by_an_accepted_answer() -> None:
    looked: list[str] = []

    def look(at: str) -> str:
        """Look something up."""
        looked.append(at)
        return f"found {at}"

    tools: list[BaseTool] = [FunctionTool.from_defaults(look)]
    bad, good = ({"name": "look", "kwargs": kwargs} for kwargs in ({"it": "bad"}, {"at": "good"}))
    llm = cascaded(
        weak=FakeChat(model="small", tool_calls=[dict(bad), dict(bad)]),
        strong=FakeChat(model="big", tool_calls=[dict(good), dict(good)]),
    )
    llm.predict_and_call(tools, user_msg=EASY_QUESTION)
    await llm.apredict_and_call(tools, user_msg=EASY_QUESTION)
    assert looked == ["good", "good"]


async def test_structured_output_is_scored_as_the_object_it_is() -> None:
    read: list[str] = []

    def scorer(question: str, answer: str) -> float:
        read.append(answer)
        return accepts_easy(question, answer)

    def model(name: str, n: int) -> FakeChat:
        return FakeChat(model=name, tool_calls=[{"name": "Sum", "kwargs": {"n": n}} for _ in range(8)])

    llm, template = (
        cascaded(weak=model("small", 4), strong=model("big", 5), scorer=scorer),
        PromptTemplate("{q}"),
    )
    for question, n in ((EASY_QUESTION, 4), (HARD_QUESTION, 5)):
        assert llm.structured_predict(Sum, template, q=question) == Sum(n=n)
        assert await llm.astructured_predict(Sum, template, q=question) == Sum(n=n)
        response = llm.as_structured_llm(Sum).chat([ChatMessage(content=question)])
        assert response.raw == Sum(n=n)
        assert models_of(response) == ["weak", "strong"][: 1 + (n == 5)]
    assert Sum.model_validate_json(read[0]) == Sum(n=4)


def test_an_object_that_cannot_be_parsed_is_passed_over() -> None:
    weak = FakeChat(model="small", calls_functions=False, answers=["no object"])
    strong = FakeChat(model="big", calls_functions=False, answers=['{"n": 5}'])
    llm = cascaded(weak=weak, strong=strong, scorer=accepts)
    assert llm.structured_predict(Sum, PromptTemplate("{q}"), q=EASY_QUESTION) == Sum(n=5)


def test_the_question_is_scored_and_not_the_documents_around_it() -> None:
    asked: list[str] = []

    def scorer(question: str, answer: str) -> float:
        asked.append(question)
        return 1.0

    index_of_documents().as_query_engine(llm=cascaded(scorer=scorer)).query(EASY_QUESTION)
    assert asked == [EASY_QUESTION]


@pytest.mark.parametrize(("rule", "model"), [("strong", "strong"), ("weak", "weak")])
def test_a_question_with_an_image_is_not_for_a_scorer_of_text(rule: Any, model: str) -> None:
    asked = [ChatMessage(blocks=[TextBlock(text="What is this?"), ImageBlock(image=b"\x89PNG")])]
    response = cascaded(scorer=broken, on_scorer_error=rule).chat(asked)
    assert told(response)["reason"] == "scorer_cannot_read:images"
    assert models_of(response) == [model]
    with pytest.raises(CapabilityError, match="images"):
        cascaded(scorer=accepts, on_scorer_error="raise").chat(asked)


def test_a_router_before_it_spares_hard_questions_the_weak_call() -> None:
    router = FixedRouter(lambda question: 0.9 if HARD in question else 0.1)
    llm = cascaded(scorer=rejects, router=router, router_threshold=0.5)
    assert models_of(llm.chat(HARDER)) == ["strong"]
    response = llm.chat(EASY)
    assert models_of(response) == ["weak", "strong"]
    found = told(response)
    assert (found["router"], found["router_threshold"], found["win_probability"]) == ("fixed", 0.5, 0.1)
    policy = RoutingPolicy(router, threshold=0.95)
    assert models_of(cascaded(scorer=accepts, policy=policy).chat(HARDER)) == ["weak"]


def test_a_block_of_code_is_steered_and_hears_of_decisions() -> None:
    llm = cascaded(scorer=lambda question, answer: 0.3)
    assert models_of(llm.chat(EASY)) == ["weak", "strong"]
    with llm.override(threshold=0.9), llm.capture() as decisions:
        assert told(llm.chat(EASY))["threshold"] == 0.9
    assert [(each.model, each.threshold, each.reason) for each in decisions] == [("weak", 0.9, "score")]
    for name in ("strong", "weak"):
        with llm.override(route=name):
            response = llm.chat(EASY)
            assert (models_of(response), told(response)["reason"]) == ([name], "route")


def test_a_request_that_one_model_alone_can_serve_is_not_judged() -> None:
    llm = cascaded(weak=FakeCompletion(), scorer=broken)
    assert models_of(llm.chat_with_tools(TOOLS, user_msg=EASY_QUESTION)) == ["strong"]


def test_several_answers_are_asked_for_where_the_scorer_wants_them() -> None:
    class Three:
        n_answers = 3

        def good_enough(self, question: str, answers: Sequence[GivenAnswer]) -> float:
            return len({each.text for each in answers}) / len(answers)

    response = cascaded(scorer=Three(), threshold=0.9).chat(EASY)
    assert [(call["model"], call["score"]) for call in told(response)["calls"]] == [
        ("weak", pytest.approx(1 / 3)),
        ("weak", None),
        ("weak", None),
    ]


def test_log_probabilities_are_asked_for_and_read() -> None:
    read: list[GivenAnswer] = []

    class Confident:
        reads = ("token_log_probabilities",)

        def good_enough(self, question: str, answers: Sequence[GivenAnswer]) -> float:
            read.extend(answers)
            return 1.0

    class Telling(FakeChat):
        def _answer(self, messages: Any, kwargs: dict[str, Any]) -> ChatResponse:
            assert kwargs["logprobs"] is True
            likeliest = [LogProb(token="4", logprob=-0.1), LogProb(token="5", logprob=-2.5)]
            answer = super()._answer(messages, kwargs)
            return answer.model_copy(update={"logprobs": [likeliest]})

    cascaded(weak=Telling(model="small"), scorer=Confident()).chat(EASY)
    assert read[0].token_log_probabilities == (-0.1,)
    assert read[0].runner_up_log_probabilities == (-2.5,)


def test_a_scorer_for_another_model_is_refused() -> None:
    class Fitted:
        model = "small"

        def good_enough(self, question: str, answers: Sequence[GivenAnswer]) -> float:
            return 1.0

    llm = cascaded(scorer=Fitted())
    assert models_of(llm.chat(EASY)) == ["weak"]
    for change in (
        lambda: cascaded(scorer=Fitted(), weak=FakeChat(model="other")),
        lambda: setattr(llm, "weak", FakeChat(model="other")),
    ):
        with pytest.raises(InvalidInputError, match=r"must judge the model that it was fitted for \(small\)"):
            change()


@pytest.mark.parametrize(
    "changes",
    [
        *BAD_ARGUMENTS,
        {"models": {"a": FakeChat(), "b": FakeChat()}},
        {"weak": "small"},
        {"rate_limiter": object()},
    ],
)
def test_bad_arguments_are_refused(changes: Any) -> None:
    with pytest.raises((InvalidInputError, UnknownNameError)):
        cascaded(**changes)


def test_an_argument_is_changed_under_its_rule() -> None:
    llm = cascaded(scorer=rejects)
    llm.scorer = accepts
    assert models_of(llm.chat(HARDER)) == ["weak"]
    llm.threshold = 0.0  # type: ignore[misc]
    assert models_of(llm.chat(HARDER)) == ["weak", "strong"]
    for name, value in {"threshold": 2, "scorer": 1, "deadline": 0, "on_stream": "x"}.items():
        with pytest.raises(InvalidInputError):
            setattr(llm, name, value)


def test_it_is_copied_pickled_and_written_as_data() -> None:
    llm = cascaded(threshold=0.25, deadline=30.0)
    made: list[Callable[[], Any]] = [
        lambda: copy.deepcopy(llm),
        lambda: pickle.loads(pickle.dumps(llm)),  # noqa: S301
        lambda: CascadedLLM.from_dict(llm.to_dict()),
        lambda: llm.model_copy(),
    ]
    for make in made:
        other = make()
        assert isinstance(other, CascadedLLM)
        assert (other.threshold, other._cascading.deadline) == (0.25, 30.0)
        assert models_of(other.chat(HARDER)) == ["weak", "strong"]
    assert "sk-secret" not in str(llm.to_dict()) + repr(llm)
    assert llm.class_name() == "CascadedLLM"
    assert isinstance(llm, RoutedLLM)


def test_dollars_are_left_out_where_nobody_can_know_them() -> None:
    response = cascaded(prices={"strong": TokenPrices(10.0, 30.0), "weak": TokenPrices(1.0, 3.0)}).chat(
        HARDER
    )
    assert [call["dollars"] for call in told(response)["calls"]] == [None, None]
    assert "dollars" not in told(response)
    one = cascaded(weak=Billing(model="small"), prices=PRICES).chat(EASY)
    assert told(one)["dollars"] == pytest.approx(0.0013)
