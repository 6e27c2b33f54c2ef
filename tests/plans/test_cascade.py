import logging
import time
from collections.abc import Sequence
from typing import Any

import pytest

from shared_router import (
    Agreement,
    CapabilityError,
    Cascade,
    Deadline,
    GivenAnswer,
    InvalidInputError,
    Judge,
    Judging,
    PlanCall,
    PlanRequest,
    PlanTimeoutError,
    RouterError,
    Score,
    ScorerOutputError,
    ScorerTimeoutError,
)
from tests.plans.scripted import QUESTION, answer, decided, scoring, walk

WEAK, STRONG = answer("weak"), answer("strong")


@pytest.mark.parametrize(
    ("score", "threshold", "models"),
    [
        (0.9, 0.5, ["weak"]),
        (0.5, 0.5, ["weak", "strong"]),  # 1 - .5 >= .5
        (0.51, 0.5, ["weak"]),
        (0.1, 0.5, ["weak", "strong"]),
        (1.0, 0.0, ["weak", "strong"]),  # 1 - 1 >= 0
        (0.1, 1.0, ["weak"]),
        (0.0, 1.0, ["weak", "strong"]),
    ],
)
def test_an_answer_is_rejected_when_its_risk_reaches_the_threshold(
    score: float, threshold: float, models: list[str]
) -> None:
    use, asked = walk(Cascade(scoring(score), threshold=threshold), {"weak": [WEAK], "strong": [STRONG]})
    assert [ask.model for ask in asked] == models == [call.model for call in use.calls]
    assert use.answer.model == models[-1]
    assert use.calls[0].score == score
    assert use.reason == ("score" if models == ["weak"] else "escalated:score")


def test_every_call_is_named_with_its_score_and_its_dollars() -> None:
    weak, strong = answer("weak", dollars=0.001), answer("strong", dollars=0.02)
    use, asked = walk(Cascade(scoring(0.25)), {"weak": [weak], "strong": [strong]})
    assert use.calls == (PlanCall("weak", 0.25, 0.001), PlanCall("strong", None, 0.02))
    assert [ask.last for ask in asked] == [False, True]
    assert asked[1].calls == use.calls[:1]


@pytest.mark.parametrize(
    ("weak", "reason"),
    [
        (answer("weak", ""), "empty"),
        (answer("weak", " \n"), "empty"),
        (answer("weak", "The answer is", finish_reason="length"), "cut_short"),
        (answer("weak", "The answer is", finish_reason="max_tokens"), "cut_short"),
        (answer("weak", "", finish_reason="content_filter"), "withheld"),
        (answer("weak", "I'm sorry, but I can't help with that."), "refused"),
    ],
)
def test_an_answer_that_no_scorer_need_read_goes_on(weak: Any, reason: str) -> None:
    use, _ = walk(Cascade(scoring(1.0)), {"weak": [weak], "strong": [STRONG]})
    assert (use.answer.model, use.reason) == ("strong", f"escalated:{reason}")
    assert use.calls[0] == PlanCall("weak", 0.0)


def test_a_weak_model_that_fails_is_passed_over() -> None:
    failed = answer("weak", error=ConnectionError("down"))
    use, _ = walk(Cascade(scoring(1.0)), {"weak": [failed], "strong": [STRONG]})
    assert (use.answer.model, use.reason) == ("strong", "escalated:error:ConnectionError")


def test_a_strong_model_that_fails_is_the_callers_to_know() -> None:
    failed = answer("strong", error=ConnectionError("down"))
    with pytest.raises(ConnectionError):
        walk(Cascade(scoring(0.0)), {"weak": [WEAK], "strong": [failed]})


def _failing(question: str, answer: str) -> float:
    raise KeyError(question)


def _nan(question: str, answer: str) -> float:
    return float("nan")


def _stopping(question: str, answer: str) -> float:
    raise StopIteration


@pytest.mark.parametrize("scorer", [_failing, _nan, _stopping])
@pytest.mark.parametrize(("rule", "model"), [("strong", "strong"), ("weak", "weak")])
def test_a_scorer_that_fails_leaves_the_answer_to_the_rule(scorer: Any, rule: Any, model: str) -> None:
    use, _ = walk(Cascade(scorer, on_scorer_error=rule), {"weak": [WEAK], "strong": [STRONG]})
    assert use.answer.model == model
    assert "scorer_error:" in use.reason
    assert use.calls[0].score is None


@pytest.mark.parametrize(
    ("scorer", "error"), [(_failing, KeyError), (_nan, ScorerOutputError), (_stopping, ScorerOutputError)]
)
def test_a_scorers_error_is_raised_where_that_is_the_rule(scorer: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        walk(Cascade(scorer, on_scorer_error="raise"), {"weak": [WEAK], "strong": [STRONG]})


def test_a_scorers_failure_is_logged_without_the_question(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        walk(Cascade(_failing), {"weak": [WEAK], "strong": [STRONG]})
    assert "KeyError" in caplog.text
    assert QUESTION not in caplog.text


def _slow(question: str, answer: str) -> float:
    time.sleep(0.5)
    return 1.0


async def test_a_slow_scorer_is_given_up() -> None:
    judging = Judging(Cascade(_slow).scorer, timeout_s=0.01)
    step = Judge("q", (GivenAnswer("a"),))
    assert isinstance(judging.judge(step, Deadline()), ScorerTimeoutError)
    assert isinstance(await judging.ajudge(step, Deadline()), ScorerTimeoutError)
    patient = Judging(Cascade(_slow).scorer, timeout_s=None)
    assert isinstance(patient.judge(step, Deadline(0.01)), ScorerTimeoutError)


async def test_a_scorer_that_does_not_block_is_asked_where_the_caller_stands() -> None:
    class Quick:
        blocking = False

        def good_enough(self, question: str, answers: Sequence[GivenAnswer]) -> Score:
            return Score(0.7, dollars=0.5)

    judging = Judging(Cascade(Quick()).scorer)
    step = Judge("q", (GivenAnswer("a"),))
    assert judging.judge(step, Deadline()) == await judging.ajudge(step, Deadline()) == Score(0.7, 0.5)


def test_a_score_that_cost_money_is_a_call_of_its_own() -> None:
    class Paid:
        name = "self_check"
        blocking = False

        def good_enough(self, question: str, answers: Sequence[GivenAnswer]) -> Score:
            return Score(0.75, dollars=0.5)

    use, _ = walk(Cascade(Paid()), {"weak": [WEAK], "strong": [STRONG]})
    assert use.calls == (PlanCall("weak", 0.75), PlanCall("self_check", dollars=0.5))


def test_an_enormous_answer_is_judged_by_its_two_ends() -> None:
    """A megabyte: 50,000 characters of each end are read."""
    read: list[str] = []

    def scorer(question: str, answer: str) -> float:
        read.append(answer)
        return 1.0

    text = "a" * 500_000 + "b" * 500_000
    use, _ = walk(Cascade(scorer), {"weak": [answer("weak", text)], "strong": []})
    assert read == ["a" * 50_000 + "b" * 50_000]
    assert use.answer.given.text == text


@pytest.mark.parametrize(
    ("valid", "rule", "model"),
    [(True, "score", "weak"), (False, "score", "strong"), (True, "pass", "weak"), (False, "pass", "weak")],
)
def test_an_answer_that_calls_tools_is_scored_by_its_calls(valid: bool, rule: Any, model: str) -> None:
    weak = answer("weak", "", valid_tool_calls=valid)
    use, _ = walk(Cascade(_failing, on_tool_calls=rule), {"weak": [weak], "strong": [STRONG]})
    assert use.answer.model == model
    assert use.calls[0].score == (float(valid) if rule == "score" else None)


class Agreeing:
    """Find the share of answers that say what the first one says; a real scorer's rule in small."""

    n_answers = 4
    blocking = False

    def good_enough(self, question: str, answers: Sequence[GivenAnswer]) -> float:
        return sum(each.text == answers[0].text for each in answers) / 4

    def possible_scores(
        self, question: str, answers: Sequence[GivenAnswer], *, n_more: int
    ) -> tuple[float, float]:
        now = self.good_enough(question, answers)
        return now, now + n_more / 4


@pytest.mark.parametrize(
    ("texts", "n_asked", "model"),
    [
        (["4", "4", "4", "4"], 3, "weak"),  # 3 of 4 agree: 1 - .75 < .3
        (["4", "4", "5", "4"], 4, "weak"),  # .75 in the end
        (["4", "5", "6", "4"], 3, "strong"),  # .25 + .25 at most
    ],
)
def test_samples_that_cannot_matter_are_not_asked_for(texts: list[str], n_asked: int, model: str) -> None:
    """Rejected iff 1 - score >= .3, so that three of four must agree."""
    waiting = {"weak": [answer("weak", each) for each in texts], "strong": [STRONG]}
    use, asked = walk(Cascade(Agreeing(), threshold=0.3), waiting)
    assert sum(ask.n for ask in asked if ask.model == "weak") == n_asked
    assert use.answer.model == model


def test_samples_that_all_fail_are_passed_over_and_the_first_that_does_not_is_used() -> None:
    errors = [answer("weak", error=TimeoutError()) for _ in range(4)]
    use, asked = walk(Cascade(Agreeing(), threshold=0.3), {"weak": errors, "strong": [STRONG]})
    assert (use.answer.model, use.reason) == ("strong", "escalated:error:TimeoutError")
    assert [ask.n for ask in asked] == [2, 1]
    some = [errors[0], *(answer("weak", "4") for _ in range(3))]
    use, _ = walk(Cascade(Agreeing(), threshold=0.3), {"weak": some, "strong": [STRONG]})
    assert (use.answer.model, use.answer.error) == ("weak", None)


def test_log_probabilities_are_asked_for_where_the_scorer_reads_them() -> None:
    class Confident:
        reads = ("token_log_probabilities",)
        blocking = False

        def good_enough(self, question: str, answers: Sequence[GivenAnswer]) -> float:
            return 1.0

    _, asked = walk(Cascade(Confident()), {"weak": [WEAK], "strong": []})
    assert asked[0].settings == {"logprobs": True, "top_logprobs": 2}


@pytest.mark.parametrize(
    ("decision", "candidates", "reason"),
    [
        (decided("strong"), None, "score"),
        (decided("weak", "route", None), None, "route"),
        (decided("weak", "capability:window", None), ("weak",), "capability:window"),
        (decided("weak", "no_query", None), None, "no_query"),
    ],
)
def test_what_is_decided_before_is_one_call(decision: Any, candidates: Any, reason: str) -> None:
    request = PlanRequest(QUESTION, decision, candidates=candidates)
    use, asked = walk(Cascade(_failing), {"weak": [WEAK], "strong": [STRONG]}, request)
    assert [ask.model for ask in asked] == [decision.model]
    assert (use.reason, use.calls) == (reason, (PlanCall(decision.model),))


@pytest.mark.parametrize("reason", ["score", "sticky", "router_error:TimeoutError"])
def test_what_is_decided_weak_is_still_judged(reason: str) -> None:
    request = PlanRequest(QUESTION, decided("weak", reason))
    use, _ = walk(Cascade(scoring(0.0)), {"weak": [WEAK], "strong": [STRONG]}, request)
    assert use.answer.model == "strong"


def test_a_requests_own_threshold_holds() -> None:
    request = PlanRequest(QUESTION, threshold=0.9)
    use, _ = walk(Cascade(scoring(0.3), threshold=0.1), {"weak": [WEAK], "strong": []}, request)
    assert use.answer.model == "weak"
    with pytest.raises(InvalidInputError, match="threshold must be a number in"):
        walk(Cascade(scoring(0.3)), {}, PlanRequest(QUESTION, threshold=1.5))


@pytest.mark.parametrize(("rule", "model"), [("strong", "strong"), ("weak", "weak")])
def test_a_question_that_the_scorer_cannot_read_is_not_judged(rule: Any, model: str) -> None:
    request = PlanRequest(QUESTION, holds=frozenset({"images"}))
    use, asked = walk(
        Cascade(scoring(0.0), on_scorer_error=rule), {"weak": [WEAK], "strong": [STRONG]}, request
    )
    assert [ask.model for ask in asked] == [model]
    assert use.reason == "scorer_cannot_read:images"
    with pytest.raises(CapabilityError, match="images"):
        walk(Cascade(scoring(0.0), on_scorer_error="raise"), {}, request)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_when_no_time_is_left_the_answer_at_hand_is_used() -> None:
    clock = Clock()

    def scorer(question: str, answer: str) -> float:
        clock.now = 2.0
        return 0.1

    request = PlanRequest(QUESTION, deadline=Deadline(1.0, clock=clock))
    use, asked = walk(Cascade(scorer), {"weak": [WEAK], "strong": [STRONG]}, request)
    assert (use.answer.model, use.reason) == ("weak", "deadline")
    assert [ask.model for ask in asked] == ["weak"]


def test_a_strong_model_that_is_late_leaves_the_weak_answer_if_it_can_be_used() -> None:
    late = answer("strong", error=PlanTimeoutError("late"))
    use, _ = walk(Cascade(scoring(0.1)), {"weak": [WEAK], "strong": [late]})
    assert (use.answer.model, use.reason) == ("weak", "deadline")
    assert [call.model for call in use.calls] == ["weak", "strong"]
    request = PlanRequest(QUESTION, deadline=Deadline(60.0))
    with pytest.raises(PlanTimeoutError, match="no answer that can be used"):
        walk(Cascade(scoring(0.1)), {"weak": [answer("weak", "")], "strong": [late]}, request)


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), True, "soon"])
def test_a_time_limit_is_seconds(seconds: Any) -> None:
    with pytest.raises(InvalidInputError, match="deadline must be seconds > 0 or None"):
        Deadline(seconds)
    with pytest.raises(InvalidInputError, match="scorer_timeout must be seconds > 0 or None"):
        Judging(Cascade(scoring(1.0)).scorer, timeout_s=seconds)


@pytest.mark.parametrize(
    "changes",
    [
        {"threshold": 1.5},
        {"threshold": float("nan")},
        {"threshold": "0.5"},
        {"on_scorer_error": "ignore"},
        {"on_tool_calls": "maybe"},
        {"scorer": 0.5},
        {"scorer": None},
    ],
)
def test_a_rule_that_is_none_is_refused(changes: Any) -> None:
    with pytest.raises(RouterError):
        Cascade(**{"scorer": scoring(1.0), **changes})


def test_the_rule_shows() -> None:
    assert repr(Cascade(_nan, threshold=0.3)) == "Cascade(Check(_nan), threshold=0.3)"


def test_the_answer_that_most_samples_give_is_used() -> None:
    samples = [answer("weak", text) for text in ("#### 3", "#### 4", "The answer is 4.")]
    use, _ = walk(Cascade(Agreement(3), threshold=0.5), {"weak": samples, "strong": [STRONG]})
    assert use.answer is samples[1]
    assert [call.score for call in use.calls] == [None, 2 / 3, None]


def test_a_first_sample_that_was_cut_does_not_hide_those_that_agree() -> None:
    cut = answer("weak", "The sum", finish_reason="length")
    samples = [cut, answer("weak", "4"), answer("weak", "4")]
    use, _ = walk(Cascade(Agreement(3), threshold=0.5), {"weak": samples, "strong": [STRONG]})
    assert use.answer is samples[1]
