"""A batch is shared out: each child answers its share by its own `batch`, within the caller's limit."""

import threading
import time
from typing import Any

import pytest

from tests.langchain.fake_tool_models import ChatElm, ChatOak
from tests.langchain.models import CountingRouter, decision_of, routed

QUESTIONS = ["hard", "easy", "hard", "easy", "hard", "hard"]
TEXTS = [f"elm-1 says: {q}" if q == "hard" else f"oak-1 says: {q}" for q in QUESTIONS]


class NativeBatch(ChatElm):
    """A model that answers many inputs better than one by one."""

    def batch(self, inputs: Any, config: Any = None, **kwargs: Any) -> Any:
        self._calls.append({"batch": inputs})
        return super().batch(inputs, config, **kwargs)


def test_a_childs_own_batch_answers_its_share() -> None:
    strong = NativeBatch()
    model = routed(strong=strong)
    assert [answer.text for answer in model.batch(QUESTIONS)] == TEXTS
    assert [call["batch"] for call in strong.calls if "batch" in call] == [["hard"] * 4]


async def test_each_answer_carries_its_own_decision() -> None:
    model = routed(router=CountingRouter(lambda query: len(query) / 100), threshold=0.05)
    questions = ["a" * n for n in (1, 9, 5, 3)]
    for answers in (model.batch(questions), await model.abatch(questions)):
        decisions = [decision_of(answer) for answer in answers]
        assert [decision["win_probability"] for decision in decisions] == [0.01, 0.09, 0.05, 0.03]
        assert [decision["model"] for decision in decisions] == ["weak", "strong", "strong", "weak"]


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_a_limit_on_concurrency_holds_over_both_children(limit: int) -> None:
    lock, running, most = threading.Lock(), 0, 0

    class Slow(ChatOak):
        def _answer(self, *args: Any, **kwargs: Any) -> Any:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            time.sleep(0.01)
            with lock:
                running -= 1
            return super()._answer(*args, **kwargs)

    model = routed(strong=Slow(), weak=Slow())
    assert len(model.batch(QUESTIONS, {"max_concurrency": limit})) == len(QUESTIONS)
    assert most <= limit


async def test_an_error_of_one_child_is_raised_or_stands_in_its_place() -> None:
    model = routed(strong=ChatElm(error=TimeoutError("down")))
    for answers in (
        model.batch(QUESTIONS, return_exceptions=True),
        await model.abatch(QUESTIONS, return_exceptions=True),
    ):
        assert [isinstance(answer, TimeoutError) for answer in answers] == [q == "hard" for q in QUESTIONS]
    with pytest.raises(TimeoutError):
        model.batch(QUESTIONS)
    with pytest.raises(TimeoutError):
        await model.abatch(QUESTIONS)


def test_a_request_that_cannot_be_decided_fails_before_any_child_is_asked() -> None:
    strong = ChatElm()
    with pytest.raises(ValueError, match="Invalid input type"):
        routed(strong=strong).batch(["hard", 42])
    assert strong.calls == []
