import asyncio
import math
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from shared_router import (
    Answer,
    Ask,
    Blend,
    Blending,
    BlendPolicy,
    CapabilityError,
    Deadline,
    Fuse,
    GivenAnswer,
    InvalidInputError,
    PlanRequest,
    PlanTimeoutError,
    RoutingRequest,
    ScorerOutputError,
    ScorerTimeoutError,
    Use,
    ablended,
    blended,
    made_blend,
    plan_decision,
)

MODELS = ("a", "b", "c", "d")
TEXTS = {"a": "one", "b": "three", "c": "four!!", "d": "eleven"}
Error = Exception


def by_length(question: str, answers: Sequence[str]) -> list[float]:
    return [float(len(answer)) for answer in answers]


def joined(question: str, answers: Sequence[str]) -> str:
    return f"{question}: {' + '.join(answers)}"


class Models:
    """Answer with given texts, answers or errors, and note who is asked."""

    def __init__(self, blending: Blending, answers: dict[str, Any] | None = None) -> None:
        self.blending = blending
        self.answers = {**TEXTS, **(answers or {})}
        self.deadline = Deadline()
        self.written: Answer | None = None
        self.asked: list[str] = []

    def ask_all(self, asks: Sequence[Ask]) -> list[Answer]:
        return [self._answer(ask.model) for ask in asks]

    async def aask_all(self, asks: Sequence[Ask]) -> list[Answer]:
        return self.ask_all(asks)

    def fuse(self, step: Fuse) -> Answer:
        return self._fused(self.blending.fused(step, self.deadline))

    async def afuse(self, step: Fuse) -> Answer:
        return self._fused(await self.blending.afused(step, self.deadline))

    def _answer(self, model: str) -> Answer:
        self.asked.append(model)
        given = self.answers[model]
        if isinstance(given, Answer):
            return given
        if isinstance(given, Exception):
            return Answer.failed(model, given)
        return Answer(model, given if isinstance(given, GivenAnswer) else GivenAnswer(given), dollars=1.0)

    def _fused(self, found: str | Exception) -> Answer:
        if self.written is not None:  # as of a model that chats
            return self.written
        if isinstance(found, Exception):
            return Answer.failed("fuser", found)
        return Answer("fuser", GivenAnswer(found))


def _calls(model: str, *, valid: bool) -> Answer:
    return Answer(model, GivenAnswer(""), valid_tool_calls=valid)


def _run(answers: dict[str, Any] | None = None, *, request: PlanRequest | None = None, **rules: Any) -> Use:
    """Return what a blend comes to, driven in a thread and in an event loop alike."""
    rules = {"ranker": by_length, "fuser": None, "by_model": False, **rules}
    written, deadline = rules.pop("fused", None), rules.pop("fuser_deadline", Deadline())
    blend, blending = made_blend(rules.pop("models", MODELS), **rules)
    asked = PlanRequest("q") if request is None else request
    models, others = Models(blending, answers), Models(blending, answers)
    for each in (models, others):
        each.written, each.deadline = written, deadline
    found = blended(blend.steps(asked), models, blending=blending, deadline=Deadline(60.0))
    again = asyncio.run(ablended(blend.steps(asked), others, blending=blending, deadline=Deadline(60.0)))
    assert found == again
    assert models.asked == others.asked
    assert isinstance(found, Use)
    return found


def test_the_answer_that_is_ranked_first_is_used() -> None:
    """Lengths 3, 5, 6 and 6: of the two longest the earlier."""
    found = _run()
    assert (found.answer.model, found.reason) == ("c", "ranked")
    assert [(call.model, call.score, call.dollars) for call in found.calls] == [
        ("a", 3.0, 1.0),
        ("b", 5.0, 1.0),
        ("c", 6.0, 1.0),
        ("d", 6.0, 1.0),
    ]


def test_the_best_answers_are_fused_best_first() -> None:
    found = _run(fuser=joined, top_k=2)
    assert (found.answer.model, found.reason) == ("fuser", "fused:c,d")
    assert found.answer.given.text == "q: four!! + eleven"
    assert [call.model for call in found.calls] == ["a", "b", "c", "d", "fuser"]


def test_three_answers_are_fused_where_nothing_is_said() -> None:
    assert _run(fuser=joined).reason == "fused:c,d,b"


def test_of_one_answer_nothing_is_made() -> None:
    assert _run(top_k=1).reason == "ranked"
    assert _run(fuser=joined, top_k=1).reason == "ranked"


def test_without_a_ranker_the_first_models_answers_are_fused() -> None:
    found = _run(fuser=joined, ranker=None, top_k=2)
    assert found.reason == "fused:a,b"
    assert [call.score for call in found.calls] == [None] * 5


@pytest.mark.parametrize(
    "bad",
    [
        ValueError("no"),
        PlanTimeoutError("late"),
        "",
        "   ",
        GivenAnswer("half an ans", finish_reason="length"),
        GivenAnswer("no", finish_reason="content_filter"),
        "I'm sorry, but I can't help with that.",
    ],
)
def test_an_answer_that_cannot_be_used_leaves_the_blend(bad: Any) -> None:
    found = _run({"c": bad})
    assert (found.answer.model, found.reason) == ("d", "ranked")
    assert [call.score for call in found.calls] == [3.0, 5.0, None, 6.0]


def test_one_answer_that_is_left_is_used_unranked() -> None:
    found = _run({"a": ValueError(), "b": "", "d": ValueError()}, fuser=joined)
    assert (found.answer.model, found.reason) == ("c", "only_answer")


def test_where_all_calls_fail_the_first_models_error_is_raised() -> None:
    errors: dict[str, Any] = {name: ValueError(name) for name in MODELS}
    with pytest.raises(ValueError, match="^a$"):
        _run(errors)


def test_where_no_answer_can_be_used_the_first_is_all_the_same() -> None:
    found = _run({"a": ValueError(), "b": "", "c": "I'm sorry, I can't help with that.", "d": ""})
    assert (found.answer.model, found.reason) == ("b", "only_unusable:empty")


def test_equal_answers_need_no_ranker_and_no_fuser() -> None:
    def never(question: str, answers: Sequence[str]) -> list[float]:
        raise AssertionError

    found = _run(dict.fromkeys(MODELS, "same") | {"b": " same "}, ranker=never, fuser=joined)
    assert (found.answer.model, found.reason) == ("a", "same_answer")


def test_calls_of_tools_are_judged_by_their_schemas_and_never_fused() -> None:
    found = _run({"a": _calls("a", valid=False), "b": _calls("b", valid=True)}, fuser=joined)
    assert (found.answer.model, found.reason) == ("b", "tool_calls")
    assert [call.score for call in found.calls] == [0.0, 1.0, None, None]


def test_calls_that_fit_no_schema_leave_the_blend() -> None:
    found = _run({"c": _calls("c", valid=False)})
    assert (found.answer.model, found.reason) == ("d", "ranked")
    every = {name: _calls(name, valid=False) for name in MODELS}
    assert _run(every).reason == "only_unusable:tool_calls"


def _failing(question: str, answers: Sequence[str]) -> list[float]:
    raise LookupError("broken")


@pytest.mark.parametrize(("rule", "model"), [("first", "b"), ("c", "c"), ("a", "b")])
def test_where_the_ranker_fails_the_rule_says_whose_answer_is_used(rule: str, model: str) -> None:
    found = _run({"a": ValueError()}, ranker=_failing, on_scorer_error=rule, fuser=joined)
    assert (found.answer.model, found.reason) == (model, "ranker_error:LookupError")


def test_a_rankers_error_may_be_raised() -> None:
    with pytest.raises(LookupError, match="broken"):
        _run(ranker=_failing, on_scorer_error="raise")
    request = PlanRequest("q", holds=frozenset({"images"}))
    with pytest.raises(CapabilityError, match="_failing cannot: images"):
        _run(ranker=_failing, on_scorer_error="raise", request=request)


@pytest.mark.parametrize(
    "scores",
    [[1.0], [1.0] * 5, ["x"] * 4, ["3", "2", "1", "0"], [math.nan] * 4, [math.inf] * 4, "1234", 3.0, None],
)
def test_what_is_no_ranking_is_a_rankers_error(scores: Any) -> None:
    assert _run(ranker=lambda question, answers: scores).reason == "ranker_error:ScorerOutputError"
    with pytest.raises(ScorerOutputError, match="a ranker must return"):
        _run(ranker=lambda question, answers: scores, on_scorer_error="raise")


def test_a_late_ranker_is_a_rankers_error() -> None:
    waiting = threading.Event()

    def late(question: str, answers: Sequence[str]) -> list[float]:
        waiting.wait(10)
        return by_length(question, answers)

    found = _run(ranker=late, scorer_timeout=0.01)
    waiting.set()
    assert found.reason == f"ranker_error:{ScorerTimeoutError.__name__}"


def test_a_question_that_holds_more_than_words_is_not_ranked() -> None:
    found = _run(request=PlanRequest("q", holds=frozenset({"images"})), fuser=joined)
    assert (found.answer.model, found.reason) == ("a", "ranker_cannot_read:images")


@pytest.mark.parametrize("fused", ["", "  ", None, ["x"], LookupError("no")])
def test_where_the_fuser_fails_the_best_answer_is_used(fused: Any) -> None:
    def fuse(question: str, answers: Sequence[str]) -> Any:
        if isinstance(fused, Exception):
            raise fused
        return fused

    name = "LookupError" if isinstance(fused, Exception) else "ScorerOutputError"
    found = _run(fuser=fuse)
    assert (found.answer.model, found.reason) == ("c", f"fuser_error:{name}")
    with pytest.raises((LookupError, ScorerOutputError)):
        _run(fuser=fuse, on_scorer_error="raise")


@pytest.mark.parametrize(
    "fused",
    [
        GivenAnswer(""),
        GivenAnswer("a start", finish_reason="length"),
        GivenAnswer("a start", finish_reason="content_filter"),
        GivenAnswer("I'm sorry, but I can't help with that."),
    ],
)
def test_a_fused_answer_that_cannot_be_used_leaves_the_best_one_and_its_bill(fused: GivenAnswer) -> None:
    written = Answer("fuser", fused, dollars=2.0)
    found = _run(fuser=joined, fused=written)
    assert (found.answer.model, found.reason) == ("c", "fuser_error:ScorerOutputError")
    assert (found.calls[-1].model, found.calls[-1].dollars) == ("fuser", 2.0)
    with pytest.raises(ScorerOutputError, match="a fuser must write an answer, got one that is"):
        _run(fuser=joined, fused=written, on_scorer_error="raise")


def test_a_fuser_that_is_later_than_the_deadline_leaves_the_best_answer() -> None:
    waiting = threading.Event()

    def late(question: str, answers: Sequence[str]) -> str:
        waiting.wait(10)
        return joined(question, answers)

    found = _run(fuser=late, fuser_deadline=Deadline(0.01))
    waiting.set()
    assert (found.answer.model, found.reason) == ("c", "fuser_error:ScorerTimeoutError")


def test_what_is_to_be_an_object_is_ranked_and_not_fused() -> None:
    found = _run(fuser=joined, request=PlanRequest("q", in_words=False))
    assert (found.answer.model, found.reason) == ("c", "ranked")


def test_only_models_that_can_serve_the_request_are_asked() -> None:
    found = _run(request=PlanRequest("q", candidates=("a", "b")))
    assert [call.model for call in found.calls] == ["a", "b"]


@pytest.mark.parametrize(
    "asked",
    [
        RoutingRequest("q", route="c"),
        RoutingRequest("q", candidates=("c",)),
        RoutingRequest("q", sticky_to="c"),
    ],
)
def test_what_is_decided_without_a_score_is_asked_of_one_model(asked: RoutingRequest) -> None:
    decision = BlendPolicy(MODELS).decide(asked)
    found = _run(request=PlanRequest("q", decision=decision, candidates=asked.candidates))
    assert [call.model for call in found.calls] == ["c"]
    assert found.reason == decision.reason


def test_a_request_without_a_question_goes_to_one_model() -> None:
    decision = BlendPolicy(MODELS, on_no_query="d").decide(RoutingRequest(None))
    found = _run(request=PlanRequest(None, decision=decision))
    assert (found.answer.model, found.reason) == ("d", "no_query")


def test_a_question_is_blended_whatever_stands_before() -> None:
    decision = BlendPolicy(MODELS).decide("q")
    assert decision.reason == "score"
    assert _run(request=PlanRequest("q", decision=decision)).reason == "ranked"


def test_a_blend_tells_its_ranker_and_every_call() -> None:
    blend = Blend(MODELS, ranker=by_length)
    found = _run()
    told = plan_decision(
        blend, PlanRequest("q"), model=found.answer.model, reason=found.reason, calls=found.calls
    ).as_metadata()
    assert {key: told[key] for key in ("model", "reason", "ranker", "dollars")} == {
        "model": "c",
        "reason": "ranked",
        "ranker": "by_length",
        "dollars": 4.0,
    }
    assert "threshold" not in told
    assert told["calls"][1] == {"model": "b", "score": 5.0, "dollars": 1.0}


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"models": ["a"]}, "two models or more"),
        ({"models": ["a", "a"]}, "two models or more"),
        ({"models": "ab"}, "must be a list of texts"),
        ({"models": ["a", " "]}, "must have a name that is neither blank"),
        ({"models": ["a", "first"]}, 'nor "first" or "raise"'),
        ({"models": ["raise", "b"]}, 'nor "first" or "raise"'),
        ({"models": ["a", "fuser"], "by_model": True, "fuser": joined}, 'must not be called "fuser"'),
        ({"ranker": None}, "a ranker or a fuser"),
        ({"ranker": "pairrm"}, "ranker must be a function"),
        ({"ranker": dict}, "ranker must be an object"),
        ({"fuser": 3}, "fuser must be a function"),
        ({"top_k": 0}, "top_k must be a whole number >= 1"),
        ({"top_k": 2.0}, "top_k must be a whole number >= 1"),
        ({"top_k": True}, "top_k must be a whole number >= 1"),
        ({"on_scorer_error": "strong"}, "on_scorer_error must be one of"),
        ({"scorer_timeout": 0}, "scorer_timeout must be seconds"),
        ({"deadline": -1.0}, "deadline must be seconds"),
    ],
)
def test_rules_that_are_none_are_refused(rules: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        _run(**rules)
