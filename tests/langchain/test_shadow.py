"""`shadow=`: by every entry point the call is also asked of the other model, where nobody waits for it."""

from __future__ import annotations

import asyncio
import copy
import pickle
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage

from langchain_routellm import CascadedChatModel, RoutedChatModel
from shared_router import DecisionLog, InvalidInputError, LoggedDecision, RoutingPolicy, Shadow, read_log
from shared_router.proof.would import WouldDecide
from tests.langchain.fake_tool_models import ChatElm, ChatOak
from tests.langchain.models import routed
from tests.langchain.test_resilience import PRICES, by_every_entry_point


@pytest.fixture
def log(tmp_path: Path) -> DecisionLog:
    return DecisionLog(tmp_path / "log.jsonl", key="a key of sixteen bytes")


def shadowed(log: DecisionLog, shadow: Shadow, **changes: Any) -> RoutedChatModel:
    given = {"strong": ChatElm(), "prices": PRICES, "observers": [log], "shadow": shadow}
    return routed(**{**given, **changes})


def logged(log: DecisionLog) -> list[LoggedDecision]:
    assert log.flush()
    return list(read_log(log.path))


async def test_every_entry_point_has_a_shadow_of_the_other_model(log: DecisionLog) -> None:
    shadow = Shadow(share=1)
    await by_every_entry_point(shadowed(log, shadow))
    assert await shadow.adrain(20)
    rows = logged(log)
    assert len(rows) == shadow.health.drawn == shadow.health.logged > 20
    for row in rows:
        (found,) = row.shadows
        assert {row.model, found.model} == {"strong", "weak"}
        assert found.share == 1.0
        assert found.dollars


def test_both_answers_are_graded_and_the_answer_names_its_decision(log: DecisionLog) -> None:
    shadow = Shadow(share=1, grade=lambda _question, answer: float("elm" in answer.lower()))
    answer = shadowed(log, shadow).invoke("hard: why?")
    assert shadow.drain(20)
    (row,) = logged(log)
    assert row.id == answer.response_metadata["routellm"]["decision_id"]
    assert [each.source for each in row.feedback] == ["judge"]
    assert row.shadows[0].score is not None


def test_a_shadow_that_is_slow_or_fails_is_no_matter_to_the_answer(log: DecisionLog) -> None:
    answered = threading.Event()

    class Slow(ChatOak):
        def _generate(self, *args: Any, **kwargs: Any) -> Any:
            raise ConnectionError("down" if answered.wait(20) else "waited for")

    shadow = Shadow(share=1)
    model = shadowed(log, shadow, weak=Slow())
    began = time.perf_counter()
    assert isinstance(model.invoke("hard: why?"), AIMessage)
    assert time.perf_counter() - began < 20, "the answer came before the shadow's"
    answered.set()
    assert shadow.drain(20)
    assert (shadow.health.failed, shadow.health.error) == (1, "ConnectionError")
    assert logged(log)[0].shadows == ()


class Counting(BaseCallbackHandler):
    """Counts the runs that a caller hears of."""

    def __init__(self) -> None:
        self.started = 0

    def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
        self.started += 1


@pytest.mark.parametrize("is_async", [False, True])
def test_the_callers_callbacks_hear_of_their_own_call_alone(log: DecisionLog, is_async: bool) -> None:
    shadow, heard = Shadow(share=1), Counting()
    model = shadowed(log, shadow)

    async def ask() -> None:
        await model.ainvoke("hard: why?", config={"callbacks": [heard]})
        assert await shadow.adrain(20)

    if is_async:
        asyncio.run(ask())
    else:
        model.invoke("hard: why?", config={"callbacks": [heard]})
        assert shadow.drain(20)
    assert (heard.started, shadow.health.logged) == (1, 1)


def test_a_small_share_leaves_most_calls_alone(log: DecisionLog) -> None:
    """Drawn by seed 0 at 5 in 100: some of 100 calls, and by far not all."""
    shadow = Shadow(share=0.05, seed=0)
    model = shadowed(log, shadow)
    for _ in range(100):
        model.invoke("hard: why?")
    assert shadow.drain(20)
    assert 1 <= shadow.health.logged <= 15
    assert sum(bool(row.shadows) for row in logged(log)) == shadow.health.logged


def test_a_shadow_is_taken_away_by_assignment(log: DecisionLog) -> None:
    shadow = Shadow(share=1)
    model = shadowed(log, shadow)
    model.shadow = None
    model.invoke("hard: why?")
    assert shadow.health.drawn == 0


def test_a_shadow_without_a_log_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="a shadow sample must have a decision log"):
        routed(shadow=Shadow())


def test_something_that_is_no_shadow_is_refused(log: DecisionLog) -> None:
    with pytest.raises(InvalidInputError, match="shadow must be a Shadow or None, got float"):
        routed(observers=[log], shadow=0.02)


def test_another_policy_is_asked_what_it_would_have_done(log: DecisionLog) -> None:
    """Everything goes where it goes; a threshold that nothing reaches would have sent it weak."""
    model = routed(strong=ChatElm(), observers=[log], would={"cheap": RoutingPolicy(threshold=1.0)})
    answer = model.invoke("hard: why?")
    assert answer.response_metadata["routellm"]["model"] == "strong"
    assert model.call_rules is not None
    (others,) = [each for each in model.call_rules.observers if isinstance(each, WouldDecide)]
    assert others.drain(20)
    assert logged(log)[0].would == {"cheap": "weak"}


@pytest.mark.parametrize("again", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_has_its_shadows_and_other_policies_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again: Any
) -> None:
    monkeypatch.setenv("ROUTELLM_LOG_KEY", "a key of sixteen bytes")
    given = {"observers": [DecisionLog(tmp_path / "log.jsonl")], "would": RoutingPolicy(threshold=1.0)}
    copied = again(routed(strong=ChatElm(), shadow=Shadow(share=1), **given))
    copied.invoke("hard: why?")
    assert copied.shadow.drain(20)
    assert copied.shadow.health.logged == 1
    assert sum(isinstance(each, WouldDecide) for each in copied.call_rules.observers) == 1


@pytest.mark.parametrize(("accepted", "shadows"), [(1.0, ["strong"]), (0.0, [])])
def test_a_cascade_has_shadows_of_the_model_that_it_did_not_ask(
    log: DecisionLog, accepted: float, shadows: list[str]
) -> None:
    shadow = Shadow(share=1)
    model = CascadedChatModel(
        strong=ChatElm(), weak=ChatOak(), scorer=lambda _q, _a: accepted, observers=[log], shadow=shadow
    )
    model.invoke("why?")
    assert shadow.drain(20)
    assert [each.model for each in logged(log)[0].shadows] == shadows
