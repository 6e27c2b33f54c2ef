"""A shadow sample: asked after the answer, within its budget, logged, and never at the caller's cost."""

from __future__ import annotations

import asyncio
import copy
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from shared_router import (
    Bill,
    Budget,
    DecisionLog,
    InvalidInputError,
    RoutingDecision,
    Shadow,
    ShadowReply,
    TokenPrices,
    TokenUsage,
)
from shared_router.proof.shadow_watch import ShadowWatch
from shared_router.telemetry import read_log
from tests.telemetry.calls import a_call, an_end

PRICES = {"strong": TokenPrices(2.0, 8.0), "weak": TokenPrices(0.2, 0.8)}
MODELS = ("strong", "weak")


class Other:
    """The other model: answers 10 tokens read and 50 written, and knows whom it was asked as."""

    def __init__(self, text: str | None = "Four.", error: BaseException | None = None) -> None:
        self.text, self.error = text, error
        self.asked: list[str] = []
        self.threads: set[str] = set()

    def __call__(self, model: str) -> ShadowReply:
        self.asked.append(model)
        self.threads.add(threading.current_thread().name)
        if self.error is not None:
            raise self.error
        return ShadowReply(self.text, TokenUsage(1, 10, 50))


@pytest.fixture
def log(tmp_path: Path) -> DecisionLog:
    return DecisionLog(tmp_path / "log.jsonl", key="a key of sixteen bytes")


def beside(shadow: Shadow, log: DecisionLog, **options: Any) -> ShadowWatch:
    return shadow.beside(MODELS, observers=[log], bill=Bill(PRICES, MODELS), **options)


def call(watch: ShadowWatch, log: DecisionLog, other: Other, model: str = "weak", **ended: Any) -> str:
    """Make a call whose shadow is asked of `other`, as an adapter does."""
    made = a_call(model=model)
    end = an_end(made, answer="It is 4.", **ended)
    for each in (log, watch):
        each.decided(made)
    if watch.draws():
        watch.keep(made.decision_id, other)
    for each in (log, watch):
        each.ended(made, end)
    return made.decision_id


def lines(shadow: Shadow, log: DecisionLog) -> list[dict[str, Any]]:
    assert shadow.drain(10)
    assert log.flush()
    return [json.loads(line) for line in log.path.read_text("ascii").splitlines()]


def test_a_weak_call_is_asked_of_the_strong_model_too_in_another_thread(log: DecisionLog) -> None:
    """10 tokens at 2 dollars a million and 50 at 8: .00002 + .0004 = .00042."""
    shadow, other = Shadow(share=1), Other()
    name = call(beside(shadow, log), log, other)
    found = next(line for line in lines(shadow, log) if "shadow" in line)
    assert {key: found[key] for key in ("shadow", "model", "share", "input_tokens", "output_tokens")} == {
        "shadow": name,
        "model": "strong",
        "share": 1.0,
        "input_tokens": 10,
        "output_tokens": 50,
    }
    assert found["dollars"] == pytest.approx(0.00042)
    assert (other.asked, other.threads) == (["strong"], {"routellm-shadow"})


def test_a_strong_call_is_asked_of_the_weak_model(log: DecisionLog) -> None:
    shadow, other = Shadow(share=1), Other()
    call(beside(shadow, log), log, other, model="strong")
    assert shadow.drain(10)
    assert other.asked == ["weak"]


def test_a_judge_sees_both_orders_and_both_answers_have_its_grade(log: DecisionLog) -> None:
    """It prefers the answer that says "Four", wherever it stands: the shadow has 1 and the answer 0."""
    asked: list[str] = []

    def judge(prompt: str) -> str:
        asked.append(prompt)
        return "[[A]]" if prompt.index("Four") < prompt.index("It is 4") else "[[B]]"

    shadow = Shadow(share=1, judge=judge)
    call(beside(shadow, log), log, Other())
    lines(shadow, log)
    (row,) = read_log(log.path)
    assert row.shadows[0].score == 1.0
    assert [(each.score, each.source) for each in row.feedback] == [(0.0, "judge")]
    assert len(asked) == 2
    assert (shadow.health.logged, shadow.health.graded) == (1, 1)


def test_a_grade_is_given_to_each_answer_by_itself(log: DecisionLog) -> None:
    shadow = Shadow(share=1, grade=lambda question, answer: len(answer) / 10)
    call(beside(shadow, log), log, Other())
    lines(shadow, log)
    (row,) = read_log(log.path)
    assert (row.feedback[0].score, row.shadows[0].score) == (0.8, 0.5)


@pytest.mark.parametrize("judge", [lambda _prompt: "no idea", lambda _prompt: 1 / 0])
def test_a_judge_that_fails_leaves_the_shadow_without_a_grade(log: DecisionLog, judge: Any) -> None:
    shadow = Shadow(share=1, judge=judge)
    call(beside(shadow, log), log, Other())
    assert [("shadow" in line, "score" in line) for line in lines(shadow, log)] == [
        (False, False),
        (True, False),
    ]
    assert (shadow.health.failed, shadow.health.graded) == (1, 0)


def test_a_model_that_fails_is_counted_and_nothing_is_logged(log: DecisionLog) -> None:
    shadow = Shadow(share=1)
    call(beside(shadow, log), log, Other(error=ConnectionError("the secret prompt")))
    assert all("shadow" not in line for line in lines(shadow, log))
    assert (shadow.health.failed, shadow.health.error) == (1, "ConnectionError")


@pytest.mark.parametrize("ended", [{"outcome": "failed"}, {"outcome": "cancelled"}])
def test_a_call_that_has_no_answer_has_no_shadow(log: DecisionLog, ended: dict[str, Any]) -> None:
    shadow, other = Shadow(share=1), Other()
    call(beside(shadow, log), log, other, **ended)
    assert shadow.drain(10)
    assert other.asked == []


@pytest.mark.parametrize("reason", ["guard", "guard_error:TimeoutError"])
def test_what_a_guard_has_vetoed_is_asked_of_no_other_model(log: DecisionLog, reason: str) -> None:
    shadow, other = Shadow(share=1), Other()
    watch = beside(shadow, log)
    made = a_call(decision=RoutingDecision("strong", None, 0.5, "fixed", reason))
    watch.decided(made)
    watch.keep(made.decision_id, other)
    watch.ended(made, an_end(made))
    assert shadow.drain(10)
    assert other.asked == []


@pytest.mark.parametrize("error", [SystemExit(3), asyncio.CancelledError()])
def test_a_model_that_would_end_a_thread_ends_no_sample(log: DecisionLog, error: BaseException) -> None:
    """Two threads, three such calls, and the fourth is asked all the same."""
    budget = Budget(1.0, per="day", on_hard="raise", max_output_tokens=100)
    shadow = Shadow(share=1.0, budget=budget)
    watch = beside(shadow, log)
    for _ in range(3):
        call(watch, log, Other(error=error))
    call(watch, log, Other())
    assert len([line for line in lines(shadow, log) if "shadow" in line]) == 1
    assert (shadow.health.failed, shadow.health.error) == (3, type(error).__name__)


def test_a_shadow_that_its_closing_loop_cancels_is_counted(log: DecisionLog) -> None:
    shadow = Shadow(share=1.0)
    watch = beside(shadow, log)

    async def hangs(_model: str) -> ShadowReply:
        await asyncio.sleep(60)
        raise AssertionError

    async def once() -> None:
        made = a_call(model="weak")
        watch.akeep(made.decision_id, hangs)
        watch.ended(made, an_end(made, answer="It is 4."))
        await asyncio.sleep(0)

    asyncio.run(once())
    assert shadow.drain(10)
    assert (shadow.health.failed, shadow.health.error) == (1, "CancelledError")


def test_shadows_keep_to_their_own_budget(log: DecisionLog) -> None:
    """A shadow of 12 tokens read may read 24 and write 100: 24 * 2 + 100 * 8 = 848 millionths; it then costs
    420. Of a budget of 2,000 three fit: 1,260 are spent then, and 848 are not left."""
    budget = Budget(0.002, per="month", on_hard="raise", max_output_tokens=100)
    shadow, other = Shadow(share=1, budget=budget), Other()
    watch = beside(shadow, log)
    for _ in range(8):
        call(watch, log, other)
        assert shadow.drain(10)
    assert (len(other.asked), shadow.health.over_budget) == (3, 5)
    assert budget.used() <= 0.002


def test_too_many_that_wait_are_dropped_and_the_caller_waits_for_none(log: DecisionLog) -> None:
    """One is being asked and one may wait; of ten calls that come meanwhile eight are dropped."""
    go, began = threading.Event(), threading.Event()

    class Slow(Other):
        def __call__(self, model: str) -> ShadowReply:
            began.set()
            assert go.wait(10)
            return super().__call__(model)

    shadow, slow = Shadow(share=1, workers=1, max_waiting=1), Slow()
    watch = beside(shadow, log)
    call(watch, log, slow)
    assert began.wait(10)
    for _ in range(9):
        call(watch, log, slow)
    go.set()
    assert shadow.drain(10)
    assert (len(slow.asked), shadow.health.dropped) == (2, 8)


def test_a_share_is_drawn_and_a_seed_draws_it_again(log: DecisionLog) -> None:
    first, second = (Shadow(share=0.1, seed=7) for _ in range(2))
    drawn = [first.draws() for _ in range(2000)]
    assert drawn == [second.draws() for _ in range(2000)]
    assert 150 < sum(drawn) < 250
    assert first.health.drawn == sum(drawn)
    assert copy.deepcopy(first) is first


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"share": 0}, r"share must be in \(0, 1\], got 0; leave shadow= out"),
        ({"share": 2}, "share must be"),
        ({"judge": "gpt"}, "judge must be a function"),
        ({"judge": print, "grade": print}, "a judge or a grade, got both"),
        ({"budget": Budget(1.0)}, "must be a Budget with max_output_tokens"),
        ({"workers": 0}, "workers must be a whole number >= 1"),
        ({"log": "log.jsonl"}, "log must be a DecisionLog"),
    ],
)
def test_an_argument_outside_its_rule_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        Shadow(**arguments)


def test_a_sample_without_a_log_is_refused_with_the_remedy() -> None:
    with pytest.raises(InvalidInputError, match=r'observers=\["decisions.jsonl"\], or Shadow\(log='):
        Shadow().beside(MODELS)


def test_a_budget_without_prices_is_refused(log: DecisionLog) -> None:
    shadow = Shadow(budget=Budget(1.0, max_output_tokens=10))
    with pytest.raises(InvalidInputError, match=r"prices must name every model .* \['strong', 'weak'\]"):
        shadow.beside(MODELS, observers=[log])
